// SPDX-License-Identifier: MIT
// Backward, a node at a time.
//
// grad() does all of it in one call. Here it is shown step by step: which node's turn it is, what it received and from
// which nodes, what its rules made of that, and to which nodes they passed it. Three computations to choose from:
//
//     hand         the contractive penalty of one tanh unit, p = (dh/dx)² with h = tanh(w x), w = 0.25, x = 4: the
//                  numbers of the table in autograd/README.md
//     contractive  a small autoencoder with ‖dh/dx‖² in its loss: the walk goes through the graph of a derivative
//     vae          a small variational autoencoder: gradients flow back through both the mean and the std of the sample
//
// On a terminal every key press shows the next node (q ends, a shows the rest). Elsewhere, or with --all, all nodes are
// printed. --html writes the same graph as a page to click through, --dot for Graphviz.
//
// To try next: follow one parameter. At which node do its shares meet?
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <termios.h>
#include <unistd.h>

#include "autograd/derivatives.h"
#include "autograd/distributions.h"
#include "autograd/grad.h"
#include "autograd/inspect.h"
#include "autograd/kl.h"
#include "autograd/ops.h"
#include "examples/support/args.h"
#include "examples/support/files.h"
#include "nn/linear.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

constexpr std::int64_t kBatch = 4, kPixels = 6, kHidden = 5, kCode = 2;

struct Tiny : nn::Module {
  explicit Tiny(Rng& rng)
      : hidden(child<nn::Linear>("hidden", kPixels, kHidden, rng)),
        mean(child<nn::Linear>("mean", kHidden, kCode, rng)),
        log_var(child<nn::Linear>("log_var", kHidden, kCode, rng)),
        widen(child<nn::Linear>("widen", kCode, kHidden, rng)),
        pixels(child<nn::Linear>("pixels", kHidden, kPixels, rng)) {}
  nn::Linear &hidden, &mean, &log_var, &widen, &pixels;
};

// A number to differentiate, and the parameters to differentiate it by.
struct Computation {
  Var value;
  std::vector<Parameter> parameters;
};

Computation by_hand() {
  const Parameter w("w", Tensor::from({0.25})), x("x", Tensor::from({4.0}));
  const Var h = tanh(Var(w) * Var(x));
  const Var j = grad(sum(h), Var(x), {.create_graph = true});
  return {sum(square(j)), {w, x}};
}

Var vae_loss(const Tiny& model, const Var& x, Rng& noise) {
  const Var h = relu(model.hidden(x));
  const Normal q{model.mean(h), exp(model.log_var(h) * 0.5)};
  const Var z = q.rsample(noise);
  const Bernoulli decoded{model.pixels(relu(model.widen(z)))};
  const Var reconstruction = -mean(sum(decoded.log_prob(x), {1}));
  return reconstruction + mean(sum(kl(q, standard_normal(q)), {1}));
}

Var contractive_loss(const Tiny& model, const Var& x) {
  const auto encode = [&](const Var& v) { return sigmoid(model.mean(sigmoid(model.hidden(v)))); };
  const Var decoded = sigmoid(model.pixels(sigmoid(model.widen(encode(x)))));
  const Var penalty = mean(squared_jacobian_norm(encode, x, {.method = JacobianNorm::exact}));
  return nn::mse_loss(decoded, x) + penalty * 0.1;
}

Computation computation(const std::string& name, const Tiny& model, Rng& rng) {
  if (name == "hand") return by_hand();
  const Var x = constant(rng.uniform({kBatch, kPixels}));
  const Var loss = name == "vae" ? vae_loss(model, x, rng) : contractive_loss(model, x);
  std::vector<Parameter> used;
  for (const Parameter& p : model.parameters())
    if (name == "vae" || !p.name().starts_with("log_var")) used.push_back(p);
  return {loss, used};
}

// While it exists, keys are read one by one, without Return.
class RawTerminal {
 public:
  RawTerminal() {
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  ~RawTerminal() { tcsetattr(STDIN_FILENO, TCSANOW, &before_); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  // The next key, or q at the end of the input.
  static char key() {
    char c = 'q';
    return ::read(STDIN_FILENO, &c, 1) == 1 ? c : 'q';
  }

 private:
  termios before_{};
};

bool same_bits(const std::vector<Var>& a, const std::vector<Var>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!equal(a[i].value(), b[i].value())) return false;
  return true;
}

// Returns whether all steps were shown.
bool show_all(StepThrough& steps, const Computation& computation, bool pause) {
  std::map<const Node*, std::string> names;
  for (const Parameter& p : computation.parameters) names[static_cast<Var>(p).node().get()] = p.name();
  const auto name = [&](const Node& node) {
    const auto found = names.find(&node);
    return found == names.end() ? join(node.op().name, " #", node.id()) : found->second;
  };
  std::optional<RawTerminal> terminal;
  if (pause) terminal.emplace();
  int count = 0;
  for (const BackwardStep& step : steps) {
    std::cout << ++count << ". " << describe_step(step, name) << std::endl;
    if (!terminal) continue;
    switch (RawTerminal::key()) {
      case 'q': return false;
      case 'a': terminal.reset(); break;
      default: break;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::string of = "hand", html, dot;
  bool all = false, same = true;
  Program program({.name = "step_through",
                   .summary = "Shows the walk back over a tape, one node per key press (q ends, a shows the rest).",
                   .trains = false});
  program.flag("--of", of, "which computation", {"hand", "contractive", "vae"});
  program.flag("--all", all, "do not wait for keys");
  program.flag("--html", html, "also write the graph to this file, as a page for a browser");
  program.flag("--dot", dot, "also write the graph to this file, for Graphviz");
  const int code = program.run(argc, argv, [&](const Args& args) {
    Rng rng(args.seed);
    const Tiny model(rng);
    Trace trace;
    const Computation what = computation(of, model, rng);
    const PictureOptions picture{.parameters = what.parameters, .trace = &trace, .title = "step_through --of " + of};
    std::cout << tape_text(what.value, picture) << std::endl;
    if (!html.empty()) write_file(html, tape_html(what.value, picture));
    if (!dot.empty()) write_file(dot, tape_dot(what.value, picture));

    const std::vector<Var> wanted = grad(what.value, what.parameters, {.retain_graph = true});
    StepThrough steps = step_through(what.value, what.parameters);
    if (!show_all(steps, what, !all && isatty(STDIN_FILENO) == 1)) return;
    const std::vector<Var> got = steps.gradients();
    for (std::size_t i = 0; i < got.size(); ++i)
      std::cout << "gradient by " << what.parameters[i].name() << ": " << statistics_of(got[i].value()) << '\n';
    same = same_bits(got, wanted);
    std::cout << (same ? "These are what grad() gives, to the bit.\n" : "grad() gives something else!\n");
  });
  return same ? code : 1;
}
