// SPDX-License-Identifier: MIT
// Trains a small autoencoder on a curve in space, with an op, a layer and an optimizer that are not part of Hourglass.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "ada_belief.h"
#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "distances.h"
#include "log_cosh.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/safetensors.h"
#include "nn/sequential.h"
#include "optim/adam.h"

using namespace hourglass;

namespace {

struct Autoencoder : nn::Module {
  explicit Autoencoder(Rng& rng)
      : encoder(child("encoder", nn::Sequential{Distances(3, 12, rng), nn::Linear(12, 1, rng)})),
        decoder(child("decoder", nn::Sequential{nn::Linear(1, 24, rng), nn::Tanh(), nn::Linear(24, 3, rng)})) {}
  Var operator()(const Var& x) const { return decoder(encoder(x)); }

  nn::Sequential &encoder, &decoder;
};

void differentiate() {
  check_gradients([](const std::vector<Var>& v) { return log_cosh(v[0]); }, {Tensor::from({-30.0, 0.2, 2.0})},
                  {.order = 2, .name = "log_cosh"});
  Rng rng(1);
  Distances layer(3, 2, rng);
  layer.to(Dtype::f64);
  const Parameter centre = layer.parameters().front();
  check_gradients(
      [&](const std::vector<Var>& v) {
        centre.derive([c = v[1]] { return c; });
        return layer(v[0]);
      },
      {rng.normal({4, 3}, 0, 1, Dtype::f64), rng.normal({2, 3}, 0, 1, Dtype::f64)}, {.order = 2, .name = "Distances"});
}

Var curve(Rng& rng) {
  const Tensor t = rng.uniform({256, 1}, -1, 1);
  return constant(concat({t, sin(t * 3), t * t}, 1));
}

// The loss of each step.
std::vector<double> fit(const Autoencoder& model, optim::Optimizer& optimizer, const Var& points, int steps) {
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    const Var loss = nn::mse_loss(model(points), points);
    optimizer.step(grad(loss, model.parameters()));
    losses.push_back(loss.item());
  }
  return losses;
}

template <class Optimizer>
void train(const char* name, double goal) {
  Rng rng(2);
  Autoencoder model(rng);
  const Var points = curve(rng);
  Optimizer optimizer(model.parameters(), {.lr = 0.02});
  const std::vector<double> losses = fit(model, optimizer, points, 300);
  const double first = losses.front(), last = losses.back();
  std::printf("%s: the mean squared error is %.4f at first and %.4f after 300 steps\n", name, first, last);
  check(last < goal * first, name, "the error only fell from ", first, " to ", last);

  const std::filesystem::path file = "consumer.safetensors";
  nn::save_safetensors(file, model.state_dict());
  Autoencoder again(rng);
  again.load_state_dict(nn::load_safetensors(file).tensors);
  check(equal(again(points).value(), model(points).value()), "weights", "came back as others");
}

// Compares some steps of AdaBelief with the paper's formula.
void follow_the_formula() {
  const Parameter w("w", Tensor::from({0.5}));
  AdaBelief optimizer({w}, {.lr = 0.1, .betas = {0.8, 0.9}, .eps = 1e-3});
  double p = 0.5, m = 0, s = 0;
  for (int t = 1; t <= 5; ++t) {
    const double g = p * p - t;
    m = 0.8 * m + 0.2 * g;
    s = 0.9 * s + 0.1 * (g - m) * (g - m) + 1e-3;
    const double m_hat = m / (1 - std::pow(0.8, t)), s_hat = s / (1 - std::pow(0.9, t));
    p -= 0.1 * m_hat / (std::sqrt(s_hat) + 1e-3);
    optimizer.step({constant(Tensor::from({g}))});
    const double got = w.value().item();
    check(std::abs(got - p) < 1e-14, "ada_belief", "step ", t, " leads to ", got, ", the formula to ", p);
  }
}

// A run that is saved, loaded and continued ends with the bits of an uninterrupted run.
void resume() {
  Rng rng(4);
  const Var points = curve(rng);
  Rng a(5), b(5), c(6);
  Autoencoder whole(a), first(b), second(c);
  const AdaBeliefOptions options{.lr = 0.02, .weight_decay = 0.1};
  AdaBelief uninterrupted(whole.parameters(), options), before(first.parameters(), options),
      after(second.parameters(), options);
  fit(whole, uninterrupted, points, 20);

  fit(first, before, points, 10);
  const std::filesystem::path weights = "half.safetensors", state = "half_optimizer.safetensors";
  nn::save_safetensors(weights, first.state_dict());
  nn::save_safetensors(state, before.state_dict());
  second.load_state_dict(nn::load_safetensors(weights).tensors);
  after.load_state_dict(nn::load_safetensors(state).tensors);
  fit(second, after, points, 10);
  const StateDict got = second.state_dict(), wanted = whole.state_dict();
  for (std::size_t i = 0; i < wanted.size(); ++i)
    check(equal(got[i].second, wanted[i].second), "resume", wanted[i].first, " differs");
}

// An exception that one library throws is caught in another.
void fail_well() {
  Rng rng(3);
  Autoencoder model(rng);
  try {
    model(constant(ones({5, 4})));
  } catch (const Error& error) {
    const std::string wanted = "encoder: 0: distances: expects [..., 3], got f32[5, 4]";
    check(error.what() == wanted, "error", "reads '", error.what(), "' and not '", wanted, "'");
    return;
  }
  fail("error", "there was none for a bad shape");
}

}  // namespace

int main() {
  try {
    differentiate();
    train<optim::Adam>("adam", 0.02);
    train<AdaBelief>("ada_belief", 0.02);
    follow_the_formula();
    resume();
    fail_well();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
