// Instruments: pictures of the tape, the walk back in steps, the NaN tracer, the profiler.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "autograd/derivatives.h"
#include "autograd/distributions.h"
#include "autograd/flow.h"
#include "autograd/grad.h"
#include "autograd/inspect.h"
#include "autograd/kl.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "autograd/words.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/sequential.h"
#include "optim/adam.h"
#include "tests/error_of.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using nlohmann::json;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// All ops of this thread, as they come.
class Collector : public Observer {
 public:
  struct Op {
    std::string name;
    std::vector<Operand> operands;
  };
  void on_op(const OpEvent& event) override {
    ops.push_back({std::string(event.op), {event.operands.begin(), event.operands.end()}});
  }
  std::vector<Op> ops;
};

struct Vae : nn::Module {
  explicit Vae(Rng& rng, std::int64_t size = 12, std::int64_t width = 8, std::int64_t code = 3)
      : hidden(child<nn::Linear>("hidden", size, width, rng)),
        mean(child<nn::Linear>("mean", width, code, rng)),
        log_var(child<nn::Linear>("log_var", width, code, rng)),
        widen(child<nn::Linear>("widen", code, width, rng)),
        pixels(child<nn::Linear>("pixels", width, size, rng)) {}
  nn::Linear &hidden, &mean, &log_var, &widen, &pixels;

  Var loss(const Var& x, Rng& noise) const {
    const Var h = relu(hidden(x));
    const Normal q{mean(h), exp(log_var(h) * 0.5)};
    const Var logits = pixels(relu(widen(q.rsample(noise))));
    return (sum(bce_with_logits(logits, x)) + sum(kl(q, standard_normal(q)))) / x.size(0);
  }
};

// A loss with an encoder's Jacobian in it, by way of its rows.
Var contractive(const Vae& model, const Var& x) {
  const auto encode = [&](const Var& v) { return sigmoid(model.mean(sigmoid(model.hidden(v)))); };
  return mean(squared_jacobian_norm(encode, x, {.method = JacobianNorm::exact}));
}

void check_same_bits(const std::vector<Var>& got, const std::vector<Var>& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(got[i].shape() == wanted[i].shape());
    CHECK(equal(got[i].value(), wanted[i].value()));
  }
}

}  // namespace

// ---- observers

TEST_CASE("an observer sees an op's operands in their order, constants among them") {
  const Var a = variable(full({2, 1}, 3.0)), b = constant(full({1, 4}, 5.0)), c = constant(full({1}, 7.0));
  Collector seen;
  sub(a, b);
  sub(b, a);
  lerp(b, c, a);
  mul_add(b, c, constant(full({2, 4}, 1.0)));  // nothing is recorded
  concat({a, a, constant(full({3, 1}, 9.0))}, 0);
  const auto first = [](const Operand& x) { return *x.value.data<float>(); };
  REQUIRE(seen.ops.size() == 5);
  const std::vector<std::vector<float>> wanted{{3, 5}, {5, 3}, {5, 7, 3}, {5, 7, 1}, {3, 3, 9}};
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    CAPTURE(seen.ops[k].name);
    REQUIRE(seen.ops[k].operands.size() == wanted[k].size());
    for (std::size_t i = 0; i < wanted[k].size(); ++i) CHECK(first(seen.ops[k].operands[i]) == wanted[k][i]);
  }
  CHECK(seen.ops[0].operands[0].node == a.node());
  CHECK(!seen.ops[0].operands[1].node);
}

TEST_CASE("observers nest, may go in any order, and leave nothing behind") {
  CHECK(!Observing::active());
  const Var x = variable(scalar(0.5));
  auto outer = std::make_unique<Collector>();
  exp(x);
  auto inner = std::make_unique<Collector>();
  sin(x);
  outer.reset();
  cos(x);
  CHECK(inner->ops.size() == 2);
  inner.reset();
  CHECK(!Observing::active());
  CHECK(detail::watch == nullptr);
  CHECK_THROWS_AS(
      [] {
        const Collector guard;
        fail("test", "thrown while observed");
      }(),
      Error);
  CHECK(!Observing::active());
  exp(x);  // and nobody minds
}

TEST_CASE("an observer sees its own thread alone") {
  const Var x = variable(scalar(0.5));
  Collector here;
  std::thread([&] {
    exp(x);
    Collector there;
    sin(x);
    CHECK(there.ops.size() == 1);
  }).join();
  CHECK(here.ops.empty());
}

TEST_CASE("an op that failed does not lend its operands to the next") {
  const Var a = variable(ones({2})), b = variable(ones({3}));
  Collector seen;
  CHECK_THROWS_AS(mul(a, b), Error);
  neg(b);
  REQUIRE(seen.ops.size() == 1);
  REQUIRE(seen.ops[0].operands.size() == 1);
  CHECK(seen.ops[0].operands[0].node == b.node());
}

TEST_CASE("nodes know how deep in derivatives they were made") {
  const Var x = variable(Tensor::from({0.3, 0.7}));
  const Var y = sum(sin(x));
  const Var g = grad(y, x, {.create_graph = true});
  const Var h = grad(sum(g), x, {.create_graph = true});
  CHECK(y.node()->order() == 0);
  CHECK(g.node()->order() == 1);
  CHECK(h.node()->order() == 2);
  CHECK(sum(h).node()->order() == 0);
  CHECK(walk_order() == 0);
}

// ---- words

TEST_CASE("every op that the table's rows record is described in words, and so are its derivatives") {
  std::set<std::string> ops;
  std::map<std::string, std::size_t> inputs;
  for (const test::Row& row : test::op_table()) {
    Collector seen;
    test::derivatives(row, test::draw_inputs(row), 2);
    for (const Collector::Op& op : seen.ops) {
      ops.insert(op.name);
      inputs[op.name] = std::max(inputs[op.name], op.operands.size());
    }
  }
  CHECK(ops.size() > 80);
  for (const std::string& op : ops) {
    CAPTURE(op);
    CHECK(!formula_of(op).empty());
    for (std::size_t i = 0; i < inputs[op]; ++i) CHECK(!derivative_of(op, static_cast<int>(i)).empty());
  }
  CHECK(derivative_of("mul", 0) == "dy/da = b");
  CHECK(derivative_of("mul", 1) == "dy/db = a");
  CHECK(derivative_of("concat", 7) == derivative_of("concat", 0));
  CHECK(derivative_of("somebody's own", 0).empty());
}

// ---- statistics

TEST_CASE("statistics tell the finite numbers from the rest") {
  const Statistics s = statistics_of(Tensor::from({0.0, 3.0, -1.0, double(NAN), kInfinity, -kInfinity}));
  CHECK(s.count == 6);
  CHECK(s.zeros == 1);
  CHECK(s.nans == 1);
  CHECK(s.infinities == 2);
  CHECK(s.min == -1);
  CHECK(s.max == 3);
  CHECK(s.mean == doctest::Approx(2.0 / 3));
  CHECK(s.norm == doctest::Approx(std::sqrt(10.0)));
  CHECK(join(s) == "-1 to 3, mean 0.667, std 1.7, 16.7 % zeros, 1 NaN, 2 infinite");
  CHECK(join(statistics_of(zeros({0}))) == "empty");
  CHECK(join(statistics_of(full({2}, NAN))) == "nothing finite, 2 NaN");
  CHECK(join(statistics_of(scalar(2.5))) == "2.5");
  CHECK(statistics_of(full({4}, 1e300, Dtype::f64)).norm == doctest::Approx(2e300));
  CHECK(statistics_of(transpose(Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2}))).mean == 2.5);
  CHECK(has_nan(full({2}, NAN)));
  CHECK(!has_nan(full({2}, kInfinity)));
  CHECK(has_infinity(full({2}, -kInfinity)));
  CHECK(!has_infinity(zeros({3}, Dtype::i64)));
}

// ---- pictures

TEST_CASE("the tape as text") {
  const Parameter w("w", Tensor::from({0.25})), x("x", Tensor::from({4.0}));
  Trace trace;
  const Var h = tanh(Var(w) * Var(x));
  const Var j = grad(sum(h), Var(x), {.create_graph = true});
  const Var p = sum(square(j));
  std::string text = tape_text(p, {.parameters = {w, x}, .trace = &trace});
  text = std::regex_replace(text, std::regex("[ ]*(called at|[^ ]*test_inspect|DOCTEST|TestCase)[^\n]*"), "");
  text = std::regex_replace(text, std::regex("  [^ \n]*::[^\n]*"), "");
  CHECK(text.find("node  op          from  gives   values  |gradient|  order") == 0);
  for (const char* const row :
       {"1     w                 f64[1]  0.25    0.0461", "2     x                 f64[1]  4       0.0084",
        "3     mul         1, 2  f64[1]  1       0.0336", "4     tanh        3     f64[1]  0.762   0.08",
        "5     tanh_grad   4     f64[1]  0.42    0.0525      1",
        "6     strong_mul  5, 1  f64[1]  0.105   0.21        1", "7     square      6     f64[1]  0.011   1",
        "8     sum         7     f64[]   0.011   1"}) {
    CAPTURE(text);
    CHECK(text.find(row) != std::string::npos);
  }
  const std::string plain = tape_text(p, {.gradients = false});
  CHECK(plain.find("gradient") == std::string::npos);
  CHECK(plain.find("values") == std::string::npos);
  CHECK(grad(p, Var(w)).item() == doctest::Approx(-0.0461).epsilon(0.01));  // the graph is still there
  CHECK(error_of([] { tape_text(constant(scalar(1))); }) == "tape: f32[] is a constant: there is no tape behind it");
}

TEST_CASE("a Trace knows the line that called an op") {
  Rng rng(0);
  const Vae model(rng);
  Trace trace;
  const int line = __LINE__ + 1;
  const Var y = exp(model.hidden(constant(rng.uniform({2, 12}))));
  const Trace::Note* const own = trace.note(y.node()->id());
  REQUIRE(own != nullptr);
  CHECK(own->path.empty());
  const Trace::Note* const below = trace.note(y.node()->input(0)->id());
  REQUIRE(below != nullptr);
  CHECK(below->path == "hidden");
  const std::string where = trace.line_of(*own), inside = trace.line_of(*below);
  CAPTURE(where);
  CAPTURE(inside);
  // Release builds have functions alone, or a program and an offset where no tool is there to ask.
  const bool has_lines = where.find(".cpp:") != std::string::npos;
#if defined(__linux__) && !defined(NDEBUG)
  CHECK((has_lines || std::system("addr2line --version > /dev/null 2>&1") != 0));
#endif
  if (has_lines) {
    CHECK(where.find(join("tests/autograd/test_inspect.cpp:", line)) == 0);
    CHECK(inside.find(join("tests/autograd/test_inspect.cpp:", line)) == 0);
  } else {
    CHECK(where.find("hourglass::") != 0);
  }
}

TEST_CASE("a tape of a million nodes is printed up to the limit") {
  const Var x = variable(scalar(0.5));
  Var y = x;
  for (int i = 0; i < 1000000; ++i) y = neg(y);
  const std::string text = tape_text(y, {.gradients = false, .limit = 5});
  CHECK(text.find("999996 older nodes are not shown\n") == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') == 7);
  CHECK(text.find("\n1000001") != std::string::npos);
  const std::string with = tape_text(y, {.limit = 5});  // and the gradients of the part that is shown
  CHECK(with.find("1000001  neg  1000000  f32[]  1") != std::string::npos);
}

TEST_CASE("a tape whose derivative is an error is drawn without gradients, and says why") {
  Rng rng(1);
  const Var logits = variable(zeros({3}));
  const Var cost = sum(sample(Bernoulli(logits), rng, score_function()));
  const std::string text = tape_text(cost);
  CHECK(text.find("sample") != std::string::npos);
  CHECK(text.find("no gradients: sample: a gradient has reached a sample of Bernoulli") != std::string::npos);
}

TEST_CASE("names in pictures are quoted") {
  const Parameter odd("a \"b\" <c> & 'd' \\ </script>", Tensor::from({1.0}));
  const Var y = square(Var(odd));
  const std::string dot = tape_dot(y, {.parameters = {odd}}),
                    html = tape_html(y, {.parameters = {odd}, .title = "<&>"});
  CHECK(dot.find("a \\\"b\\\" <c> & 'd' \\\\ </script>") != std::string::npos);
  CHECK(html.find("a &quot;b&quot; &lt;c&gt; &amp; &#39;d&#39; \\ &lt;/script&gt;") != std::string::npos);
  CHECK(html.find("<title>&lt;&amp;&gt;</title>") != std::string::npos);
  CHECK(html.find("<c>") == std::string::npos);
}

namespace {

// Statements of a DOT graph, strictly: names, edges, attributes in quotes or plain words.
void check_dot(const std::string& dot) {
  const std::string quoted = R"re("(?:[^"\\\n]|\\.)*")re", word = "[A-Za-z0-9_]+";
  const std::string attribute = word + "=(?:" + quoted + "|" + word + ")";
  const std::string list = "\\[" + attribute + "(?:, " + attribute + ")*\\]";
  const std::regex statement("  " + word + "(?: -> " + word + ")? " + list + ";");
  std::istringstream lines(dot);
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(line == "digraph tape {");
  bool closed = false;
  while (std::getline(lines, line)) {
    CAPTURE(line);
    CHECK(!closed);
    if (line == "}") closed = true;
    else CHECK(std::regex_match(line, statement));
  }
  CHECK(closed);
}

// Every tag is closed by its own name, attributes are quoted, and nothing is fetched from anywhere.
void check_html(std::string html) {
  CHECK(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
  CHECK(html.find("fetch(") == std::string::npos);
  const std::string namespace_of_svg = "http://www.w3.org/2000/svg";
  for (std::size_t at = 0; (at = html.find("http", at)) != std::string::npos; at += 4)
    CHECK(html.compare(at, namespace_of_svg.size(), namespace_of_svg) == 0);
  for (const std::string element : {"script", "style"})  // what is in these is no markup
    for (std::size_t at = 0; (at = html.find('<' + element, at)) != std::string::npos;) {
      const std::size_t begin = html.find('>', at) + 1, end = html.find("</" + element + '>', begin);
      REQUIRE(end != std::string::npos);
      html.erase(begin, end - begin);
      at = begin;
    }
  const std::regex opening(R"re(([a-zA-Z0-9]+)((?: [a-zA-Z-]+="[^"<>]*")*)(/?))re");
  std::vector<std::string> open;
  for (std::size_t at = html.find('<', 10); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    REQUIRE(end != std::string::npos);
    const std::string tag = html.substr(at + 1, end - at - 1);
    CAPTURE(tag);
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      CHECK(open.back() == tag.substr(1));
      open.pop_back();
      continue;
    }
    std::smatch match;
    REQUIRE(std::regex_match(tag, match, opening));
    if (match[3].length() == 0 && match[1] != "meta") open.push_back(match[1]);
  }
  CHECK(open.empty());
}

json data_of(const std::string& html) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = html.find(begin) + begin.size();
  return json::parse(html.substr(at, html.find("</script>", at) - at));
}

// Boxes of a page, as [left, top, right, bottom].
std::vector<std::vector<double>> boxes_of(const std::string& html) {
  const std::regex rect(R"re(<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)")re");
  std::vector<std::vector<double>> boxes;
  for (auto match = std::sregex_iterator(html.begin(), html.end(), rect); match != std::sregex_iterator(); ++match) {
    const double x = std::stod((*match)[1]), y = std::stod((*match)[2]);
    boxes.push_back({x, y, x + std::stod((*match)[3]), y + std::stod((*match)[4])});
  }
  return boxes;
}

void check_page(const std::string& html, const std::vector<Parameter>& parameters, const std::vector<Var>& gradients) {
  check_html(html);
  const json nodes = data_of(html);
  const std::vector<std::vector<double>> boxes = boxes_of(html);
  REQUIRE(boxes.size() == nodes.size());
  for (std::size_t a = 0; a < boxes.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      CAPTURE(nodes[a]["op"]);
      CAPTURE(nodes[b]["op"]);
      const bool apart = boxes[a][2] <= boxes[b][0] || boxes[b][2] <= boxes[a][0] || boxes[a][3] <= boxes[b][1] ||
                         boxes[b][3] <= boxes[a][1];
      CHECK(apart);
    }
  for (std::size_t k = 0; k < nodes.size(); ++k)
    for (const json& link : nodes[k]["inputs"]) CHECK(boxes[link["to"]][3] < boxes[k][1]);  // inputs stand above
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [&](const json& n) { return n["name"] == parameters[i].name(); });
    CAPTURE(parameters[i].name());
    REQUIRE(found != nodes.end());
    const double norm = hourglass::norm(to(gradients[i].value(), Dtype::f64)).item();
    CHECK((*found)["g"]["norm"].get<double>() == doctest::Approx(norm).epsilon(0.01));
    // From the end of the graph a gradient can be followed to it, each step with its derivative in words.
    std::size_t at = static_cast<std::size_t>(found - nodes.begin()), steps = 0;
    while (at + 1 != nodes.size()) {
      REQUIRE(!nodes[at]["users"].empty());
      const std::size_t user = nodes[at]["users"][0];
      const auto link = std::find_if(nodes[user]["inputs"].begin(), nodes[user]["inputs"].end(),
                                     [&](const json& l) { return l["to"] == at; });
      REQUIRE(link != nodes[user]["inputs"].end());
      CHECK(!(*link)["words"].get<std::string>().empty());
      CHECK((*link)["share"]["norm"].is_number());
      at = user;
      REQUIRE(++steps < nodes.size());
    }
  }
}

}  // namespace

TEST_CASE("the pages of a VAE step and of a contractive step are well formed, and lead from the loss to every weight") {
  Rng rng(3);
  const Vae model(rng);
  const Var x = constant(rng.uniform({4, 12}));
  for (const bool vae : {true, false}) {
    CAPTURE(vae);
    Trace trace;
    const Var loss = vae ? model.loss(x, rng) : contractive(model, x);
    std::vector<Parameter> parameters;
    for (const Parameter& p : model.parameters())
      if (vae || p.name().starts_with("hidden") || p.name().starts_with("mean")) parameters.push_back(p);
    const PictureOptions options{.parameters = parameters, .trace = &trace, .title = "a step"};
    const std::string html = tape_html(loss, options);
    check_page(html, parameters, grad(loss, parameters, {.retain_graph = true}));
    check_dot(tape_dot(loss, options));
    const json nodes = data_of(html);
    const bool second = std::any_of(nodes.begin(), nodes.end(), [](const json& n) { return n["order"] == 1; });
    CHECK(second == !vae);
    CHECK((html.find("class=\"node order1\"") != std::string::npos) == !vae);
    const auto linear = std::find_if(nodes.begin(), nodes.end(),
                                     [](const json& n) { return n["path"] == "hidden" && n["op"] == "linear"; });
    REQUIRE(linear != nodes.end());
    CHECK((*linear)["value"]["n"] == 32);
    if (vae) CHECK((*linear)["constants"].size() == 1);  // the images
  }
}

TEST_CASE("a page of a graph with long lines and many branches has no boxes that overlap") {
  Rng rng(5);
  std::vector<Var> pool{variable(rng.normal({3})), variable(rng.normal({3}))};
  for (int i = 0; i < 150; ++i) {
    const Var& a = pool[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(pool.size())))];
    const Var& b = pool[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(pool.size())))];
    pool.push_back(i % 3 == 0 ? tanh(a) : i % 3 == 1 ? a + b : a * b * 0.1);
  }
  Var total = sum(pool.back());
  for (const Var& v : pool) total = total + sum(v);
  check_page(tape_html(total, {.limit = 1000}), {}, {});
}

// ---- steps

TEST_CASE("stepping through gives grad's gradients to the bit, for every row of the op table") {
  for (const test::Row& row : test::op_table()) {
    CAPTURE(row.name);
    std::vector<Var> inputs, xs;
    for (const Tensor& x : test::draw_inputs(row)) {
      inputs.push_back(is_floating(x.dtype()) ? variable(x) : constant(x));
      if (is_floating(x.dtype())) xs.push_back(inputs.back());
    }
    const Var y = row.f(inputs);
    if (!y.needs_gradient()) continue;
    const Var loss = sum(y * constant(test::ramp(y.shape(), 11, y.dtype())));
    const std::vector<Var> wanted = grad(loss, xs, {.retain_graph = true, .allow_unused = true});
    StepThrough steps = step_through(loss, xs, {.allow_unused = true});
    for (const BackwardStep& step : steps) {
      CHECK(!describe_step(step).empty());
      if (step.arrivals.empty()) continue;
      Tensor total = step.arrivals[0].share;
      for (std::size_t k = 1; k < step.arrivals.size(); ++k) total = total + step.arrivals[k].share;
      CHECK(total.shape() == step.received.shape());
      CHECK(allclose(total, step.received.value(), 1e-6, 1e-9));
    }
    check_same_bits(steps.gradients(), wanted);
  }
}

TEST_CASE("a step tells what a node received, from whom, and what its rules made of it") {
  const Var a = variable(Tensor::from({2.0, 3.0})), b = variable(Tensor::from({5.0, 7.0}));
  const Var product = a * b, y = sum(product + product * 2);
  std::vector<BackwardStep> steps;
  for (const BackwardStep& step : step_through(y, {a, b})) steps.push_back(step);
  REQUIRE(steps.size() == 6);  // sum, add, mul by 2, mul, b, a
  CHECK(steps[0].arrivals.size() == 1);
  CHECK(!steps[0].arrivals[0].from);
  const BackwardStep& mul = steps[3];
  CHECK(mul.node->op() == "mul");
  REQUIRE(mul.arrivals.size() == 2);
  CHECK(mul.received.value().to_vector<double>() == std::vector<double>{3, 3});
  REQUIRE(mul.passed.size() == 2);
  CHECK(mul.passed[0].share.value().to_vector<double>() == std::vector<double>{15, 21});
  REQUIRE(mul.passed[0].ran.size() == 1);
  CHECK(mul.passed[0].ran[0].op == "strong_mul");
  REQUIRE(mul.passed[0].ran[0].operands.size() == 2);
  CHECK(mul.passed[0].ran[0].operands[1].value.to_vector<double>() == std::vector<double>{5, 7});
  CHECK(describe_step(mul).find("the sum of 2") != std::string::npos);
  CHECK(describe_step(mul).find("multiplied  by dy/da = b") != std::string::npos);
  CHECK(steps[1].passed[0].ran.empty());  // add passes on what came
  CHECK(error_of([&] { grad(y, a); }) ==
        "grad: this graph was released by an earlier grad(); pass {.retain_graph = true} there");
}

TEST_CASE("half-way steps, slices, parameters and higher orders end where grad does") {
  Rng rng(9);
  const Vae model(rng);
  const Var x = constant(rng.uniform({4, 12}));
  const Var loss = model.loss(x, rng);
  const std::vector<Var> wanted = grad(loss, model.parameters(), {.retain_graph = true});
  StepThrough steps = step_through(loss, model.parameters(), {.retain_graph = true});
  int count = 0;
  for (const BackwardStep& step : steps) {
    CHECK(step.node);
    if (++count == 10) break;
  }
  check_same_bits(steps.gradients(), wanted);

  const Var v = variable(rng.normal({6}, 0, 1, Dtype::f64));
  const Var y = sum(square(slice(v, 0, 0, 3)) * slice(v, 0, 3, 6)) + sum(exp(slice(v, 0, 1, 4)));
  const Var first = grad(y, v, {.create_graph = true});
  StepThrough second = step_through(y, {v}, {.create_graph = true});
  const Var stepped = second.gradients()[0];
  check_same_bits({stepped}, {first});
  CHECK(stepped.node()->order() == 1);
  check_same_bits({grad(sum(stepped * stepped), v, {.retain_graph = true})},
                  {grad(sum(first * first), v, {.retain_graph = true})});

  const Parameter unused("unused", zeros({2}));
  CHECK(error_of([&] { step_through(sum(square(v)), std::vector<Parameter>{unused}).gradients(); }) ==
        "grad: the value does not depend on parameter unused, f32[2]; pass {.allow_unused = true} to get zeros for it");
  CHECK(error_of([&] { step_through(v, {v}); }) ==
        "step_through: needs a value of one element to differentiate, got f64[6]; reduce it with sum or mean");
}

TEST_CASE("the program step_through shows every node when nobody is there to press keys") {
  const std::filesystem::path log = std::filesystem::temp_directory_path() / "hourglass_step_through.txt";
  const std::string program = std::string("'") + HOURGLASS_EXAMPLES_DIR + "/step_through'";
  const auto output_of = [&](const std::string& arguments) {
    CAPTURE(arguments);
    CHECK(std::system(("printf 'xyz' | " + program + arguments + " > '" + log.string() + "' 2>&1").c_str()) == 0);
    std::ifstream in(log);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string hand = output_of("");
  for (const char* const line : {"3. strong_mul", "from strong_mul #", ": 0.0882\n", ": -0.134\n",
                                 "gradient by w: -0.0461\n", "These are what grad() gives, to the bit.\n"}) {
    CAPTURE(line);
    CHECK(hand.find(line) != std::string::npos);
  }
  for (const char* const of : {" --of vae", " --of contractive --all"})
    CHECK(output_of(of).find("These are what grad() gives, to the bit.\n") != std::string::npos);
  std::filesystem::remove(log);
}

// ---- values that are not finite

TEST_CASE("the tracer names the first op that is not finite, its inputs, its module and its order") {
  Rng rng(2);
  nn::Sequential model;
  model.add<nn::Linear>(3, 4, rng);
  model.add<nn::ReLU>();
  const Tensor images = Tensor::from({0.0F, 1.0F, 2.0F, 3.0F, NAN, 5.0F}, {2, 3});
  TraceNonFinite trace({.fail = false});
  const Var y = model(constant(images));
  exp(y) / 0.0;  // later ones do not count
  REQUIRE(trace.report());
  const NonFinite& found = *trace.report();
  CHECK(found.op == "linear");
  CHECK(!found.backward);
  CHECK(found.path == "0");
  CHECK(found.value.nans == 4);
  CHECK(found.description == "f32[2, 4]");
  REQUIRE(found.inputs.size() == 3);
  CHECK(found.inputs[0].description == "f32[2, 3]");
  CHECK(found.inputs[0].statistics.nans == 1);
  CHECK(found.inputs[1].statistics.all_finite());
  const std::string text = found.text();
  CAPTURE(text);
  CHECK(text.find("linear gave f32[2, 4], ") == 0);
  CHECK(text.find(", 4 NaN, forward\n  from f32[2, 3]: 0 to 5") != std::string::npos);
  CHECK(text.find("\n  in module 0") != std::string::npos);
}

TEST_CASE("in a walk back the tracer names the rule, and where its op was called") {
  struct Model : nn::Module {
    explicit Model(Rng& rng) : inner(child<nn::Linear>("inner", 2, 2, rng)) {}
    nn::Linear& inner;
  };
  Rng rng(2);
  const Model model(rng);
  const Var x = variable(Tensor::from({0.0, 4.0}));
  TraceNonFinite trace;
  const Var root = nn::in_context("roots", [&] { return sqrt(x); });  // √0 is fine, its slope is not
  const Var y = sum(root);
  std::string message = error_of([&] { grad(y, x); });
  CAPTURE(message);
  CHECK(message.find("TraceNonFinite: strong_div gave f64[2], 0.25") == 0);
  CHECK(message.find("1 infinite, on the way back, in the rule of sqrt") != std::string::npos);
  CHECK(message.find("\n  in module roots") != std::string::npos);
  REQUIRE(trace.report());
  CHECK(trace.report()->backward);
  CHECK(trace.report()->derivative_of == "sqrt");
  REQUIRE(trace.report()->inputs.size() == 2);
  CHECK(trace.report()->inputs[1].statistics.min == 0);
}

TEST_CASE("the tracer fails at once, inside the module, and again works afterwards") {
  Rng rng(2);
  const Vae model(rng);
  const Var bad = constant(full({2, 12}, NAN));
  {
    const TraceNonFinite trace;
    const std::string message = error_of([&] { model.hidden(bad); });
    CHECK(message.find("hidden: TraceNonFinite: linear gave f32[2, 8], nothing finite, 16 NaN, forward") == 0);
  }
  model.hidden(bad);  // nobody looks any more
  const TraceNonFinite again;
  CHECK(error_of([&] { model.loss(bad, rng); }).find("TraceNonFinite: linear") != std::string::npos);
}

TEST_CASE("what the tracer looks for can be chosen") {
  const Var x = variable(Tensor::from({0.0, 1.0}));
  {
    TraceNonFinite nan_only({.fail = false, .infinities = false});
    log(x);
    CHECK(!nan_only.report());
    log(x - 1);
    CHECK(nan_only.report());
  }
  TraceNonFinite backward_only({.fail = false, .forward = false});
  // A branch that is not taken is infinite, and harmless.
  const Var y = sum(where(x.value() > 0, x * log(x), 0.0));
  grad(y, x);
  CHECK(!backward_only.report());
  grad(sum(scale_gradient(x, kInfinity)), x);
  REQUIRE(backward_only.report());
  CHECK(backward_only.report()->derivative_of == "scale_gradient");
}

TEST_CASE("a rule that computes without ops does not slip past the tracer") {
  const Var x = variable(Tensor::from({1.0, 2.0}));
  TraceNonFinite trace({.fail = false});
  const Var y = record("own", x.value(), wrt(x, [](const Var& g) { return constant(g.value() / 0.0); }));
  grad(sum(y), x);
  REQUIRE(trace.report());
  CHECK(trace.report()->op == "own's rule");
  CHECK(trace.report()->backward);
}

TEST_CASE("threads are traced each by itself") {
  std::vector<std::string> found(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < found.size(); ++t)
    threads.emplace_back([&, t] {
      TraceNonFinite trace({.fail = false});
      const Var x = variable(full({8}, -1.0));
      for (int i = 0; i < 50; ++i) exp(x);
      if (t % 2 == 0) sqrt(x);
      else log(x);
      if (trace.report()) found[t] = trace.report()->op;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(found == std::vector<std::string>{"sqrt", "log", "sqrt", "log"});
}

// ---- profile

namespace {
const Profile::Row& row_of(const std::vector<Profile::Row>& rows, const std::string& op, bool backward = false) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Profile::Row& row) { return row.op == op && row.backward == backward; });
  if (found == rows.end()) fail("test", "no row for ", op);
  return *found;
}
}  // namespace

TEST_CASE("a profile counts calls, operations and bytes of known ops exactly") {
  Rng rng(4);
  const Tensor a = rng.normal({5, 7}), b = rng.normal({7, 3}), image = rng.normal({2, 3, 8, 8}),
               k = rng.normal({4, 3, 3, 3});
  const Tensor bias = zeros({3});
  const Var x = variable(a), w = variable(rng.normal({3, 7}));
  const Profile profile;
  matmul(a, b);
  matmul(a, b);
  a + a;
  sum(a);
  conv2d(image, k, {.padding = 1});
  transpose(a);  // a view: nothing happens
  exp(a + a);    // the sum's memory is taken over
  grad(sum(linear(x, w, constant(bias))), {x, w});
  const std::vector<Profile::Row> rows = profile.rows();
  CHECK(row_of(rows, "matmul").calls == 2);
  CHECK(row_of(rows, "matmul").flops == 2 * 2 * 5 * 7 * 3);
  CHECK(row_of(rows, "matmul").bytes == 2 * 4 * (5 * 7 + 7 * 3 + 5 * 3));
  CHECK(row_of(rows, "add").calls == 2);
  CHECK(row_of(rows, "add").flops == 2 * 35);
  CHECK(row_of(rows, "add").bytes == 2 * 4 * 3 * 35);
  CHECK(row_of(rows, "exp").bytes == 4 * 2 * 35);
  CHECK(row_of(rows, "sum").calls == 2);
  CHECK(row_of(rows, "conv2d").flops == 2.0 * (2 * 4 * 8 * 8) * (3 * 3 * 3));
  CHECK(row_of(rows, "linear").flops == 2 * 5 * 7 * 3 + 5 * 3);
  CHECK(row_of(rows, "linear").bytes == 4 * (5 * 7 + 3 * 7 + 3 + 5 * 3));
  CHECK(row_of(rows, "matmul", true).calls == 2);  // by x and by w
  CHECK(row_of(rows, "matmul", true).flops == 2 * 2 * 5 * 7 * 3);
  CHECK(std::none_of(rows.begin(), rows.end(), [](const auto& row) { return row.op == "transpose"; }));
  CHECK(std::is_sorted(rows.begin(), rows.end(), [](const auto& p, const auto& q) { return p.seconds > q.seconds; }));
}

TEST_CASE("a profile of a VAE's training step explains most of its time, and its trace file is JSON") {
  Rng rng(4);
  const Vae model(rng, 784, 400, 20);
  const Var x = constant(rng.uniform({128, 784}));
  optim::Adam adam(model.parameters(), {});
  adam.step(grad(model.loss(x, rng), model.parameters()));
  const Profile profile;
  for (int step = 0; step < 3; ++step) adam.step(grad(model.loss(x, rng), model.parameters()));
  const double coverage = profile.coverage();
  CHECK(coverage > 0.6);
  CHECK(coverage <= 1);
  const std::vector<Profile::Row> rows = profile.rows();
  CHECK(row_of(rows, "linear").calls == 3 * 5);
  CHECK(row_of(rows, "Adam update").calls == 3);
  CHECK(row_of(rows, "random normal").calls == 3);
  CHECK(row_of(rows, "matmul", true).calls == 3 * 9);  // 5 layers' weights, and all inputs but the images

  const std::string table = join(profile);
  CAPTURE(table);
  CHECK(table.find("forward ") == 0);
  CHECK(table.find("\nbackward ") != std::string::npos);
  CHECK(table.find("\nkernels took ") != std::string::npos);

  const json trace = json::parse(profile.trace_json());
  std::vector<std::string> open;
  double last = 0;
  std::size_t kernels = 0;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "M") continue;
    CHECK(event["ts"].get<double>() >= 0);
    if (event["ph"] == "B") open.push_back(event["name"]);
    if (event["ph"] == "E") {
      REQUIRE(!open.empty());
      CHECK(open.back() == event["name"]);
      open.pop_back();
    }
    if (event["ph"] != "X") continue;
    ++kernels;
    CHECK(event["ts"].get<double>() >= last - 0.01);  // one after another
    last = event["ts"].get<double>() + event["dur"].get<double>();
    if (event["name"] == "linear") CHECK(!open.empty());
    CHECK((event["cat"] == "forward" || event["cat"] == "backward"));
  }
  CHECK(open.empty());
  std::int64_t calls = 0;
  for (const Profile::Row& row : rows) calls += row.calls;
  CHECK(static_cast<std::size_t>(calls) == kernels);

  const std::filesystem::path path = std::filesystem::temp_directory_path() / "hourglass_profile.json";
  profile.write_trace(path.string());
  std::ifstream in(path);
  CHECK(json::parse(in) == trace);
  std::filesystem::remove(path);
  CHECK(error_of([&] { profile.write_trace("/nowhere/at/all.json"); }) == "Profile: cannot write /nowhere/at/all.json");
}

TEST_CASE("what waits between ops is not counted as work") {
  const Profile profile;
  const Tensor x = ones({10});
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  exp(x);
  CHECK(profile.kernel_seconds() < 0.02);
  CHECK(profile.wall_seconds() > 0.03);
}

TEST_CASE("instruments of all kinds work at the same time") {
  Rng rng(4);
  const Vae model(rng);
  const Var x = constant(rng.uniform({4, 12}));
  Rng noise(1), same(1);
  const std::vector<Var> wanted = grad(model.loss(x, same), model.parameters());
  const Profile profile;
  Trace trace;
  const TraceNonFinite nan;
  StepThrough steps = step_through(model.loss(x, noise), model.parameters());
  check_same_bits(steps.gradients(), wanted);
  CHECK(trace.size() > 20);
  CHECK(!nan.report());
  CHECK(row_of(profile.rows(), "linear").calls == 5);
}
