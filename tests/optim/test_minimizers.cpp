// SPDX-License-Identifier: MIT
// L-BFGS, conjugate gradients and their line search.
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "optim/adam.h"
#include "optim/cg.h"
#include "optim/lbfgs.h"
#include "optim/line_search.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/optim/problem.h"

using namespace hourglass;

namespace {

// Σ 100 (x_{i+1} - x_i²)² + (1 - x_i)²: a long, curved valley (Rosenbrock 1960).
Var rosenbrock(const Var& x) {
  const std::int64_t n = x.size(0);
  const Var head = slice(x, 0, 0, n - 1), tail = slice(x, 0, 1, n);
  return sum(100.0 * square(tail - square(head)) + square(1.0 - head));
}

std::unique_ptr<optim::Minimizer> method_named(const std::string& name, const Parameter& x,
                                               const optim::MinimizerOptions& options) {
  if (name == "L-BFGS") return std::make_unique<optim::LBFGS>(std::vector{x}, options);
  return std::make_unique<optim::NonlinearCG>(std::vector{x}, options);
}

}  // namespace

TEST_CASE("minimizing Rosenbrock's function takes at most 20 % more evaluations than SciPy's") {
  const test::Json reference = test::reference_data("scipy_minimizers.json");
  CHECK(reference.size() == 20);
  for (const test::Json& one : reference.items()) {
    const std::string where = one.dump();
    CAPTURE(where);
    std::vector<double> start;
    const std::vector<double> pattern = one["start"].numbers();
    for (std::int64_t i = 0; i < one["n"].integer(); ++i)
      start.push_back(pattern[static_cast<std::size_t>(i) % pattern.size()]);
    const Parameter x("x", Tensor::from(start));
    const auto method =
        method_named(one["method"].text(), x, {.max_iter = 10000, .tolerance_grad = 1e-9, .tolerance_change = 0});
    std::int64_t asked = 0, needed = 0;
    const optim::Progress end = method->step([&] {
      const Var y = rosenbrock(x);
      ++asked;
      if (needed == 0 && y.item() <= 1e-10) needed = asked;
      return y;
    });
    CHECK(end.converged);
    CHECK(end.evaluations == asked);
    CHECK(end.loss <= 1e-10);
    CHECK(allclose(x.value(), ones_like(x.value()), 0, 1e-4));
    CHECK(needed > 0);
    CHECK(static_cast<double>(needed) <= 1.2 * one["evaluations"].number());
  }
}

TEST_CASE("without a line search, L-BFGS takes PyTorch's steps") {
  const test::Json reference = test::pytorch_optim("lbfgs");
  const auto check_end = [&](const char* name, int steps, const optim::MinimizerOptions& options,
                             const optim::LBFGSOptions& more) {
    CAPTURE(name);
    const Parameter a("a", Tensor::from<double>({0.5, -1.25, 2})), b("b", Tensor::from<double>({0.125, -0.75}));
    optim::LBFGS lbfgs({a, b}, options, more);
    const auto own = [](const Var& p) { return sum(square(square(p)) / 4 - square(p) / 4); };
    for (int step = 0; step < steps; ++step) lbfgs.step([&] { return own(a) + own(b) + square(sum(a) + sum(b)) / 8; });
    const Tensor end = concat({a.value(), b.value()}, 0);
    CHECK(allclose(end, Tensor::from(reference[name].numbers()), 1e-9, 0));
  };
  check_end("50 steps", 50, {.max_iter = 1}, {.history_size = 100, .line_search = false, .lr = 0.2});
  check_end("one call", 1, {.max_iter = 15}, {.history_size = 3, .line_search = false, .lr = 0.7});

  const Parameter x("x", Tensor::from<double>({1, 1}));
  optim::LBFGS far({x}, {}, {.line_search = false, .lr = 1e200});
  CHECK(error_of([&] { far.step([&] { return sum(square(square(x))); }); }) ==
        "lbfgs: the loss is inf after a step of 1.25e+199 times the direction, which nothing cut short");
}

TEST_CASE("a line search ends where both of Wolfe's conditions hold") {
  // Moré and Thuente's six functions, from first steps that are far too short and far too long. The
  // last three are the hardest: they have little curvature, and c2 needs a point close to the
  // minimum.
  const auto phi1 = [](double a) { return std::pair(-a / (a * a + 2), (a * a - 2) / std::pow(a * a + 2, 2)); };
  const auto phi2 = [](double a) {
    const double s = a + 0.004;
    return std::pair(std::pow(s, 5) - 2 * std::pow(s, 4), 5 * std::pow(s, 4) - 8 * std::pow(s, 3));
  };
  const auto phi3 = [](double a) {
    const double b = 0.01, pi = std::acos(-1.0);
    const double value = a <= 1 - b ? 1 - a : a >= 1 + b ? a - 1 : std::pow(a - 1, 2) / (2 * b) + b / 2;
    const double slope = a <= 1 - b ? -1 : a >= 1 + b ? 1 : (a - 1) / b;
    return std::pair(value + 2 * (1 - b) / (39 * pi) * std::sin(39 * pi / 2 * a),
                     slope + (1 - b) * std::cos(39 * pi / 2 * a));
  };
  const auto yanai = [](double b1, double b2) {
    return [=](double a) {
      const double g1 = std::sqrt(1 + b1 * b1) - b1, g2 = std::sqrt(1 + b2 * b2) - b2;
      const double r1 = std::sqrt(std::pow(1 - a, 2) + b2 * b2), r2 = std::sqrt(a * a + b1 * b1);
      return std::pair(g1 * r1 + g2 * r2, -g1 * (1 - a) / r1 + g2 * a / r2);
    };
  };
  struct Line {
    const char* name;
    std::function<std::pair<double, double>(double)> f;
    double c1, c2;
  };
  const std::vector<Line> lines{{"1", phi1, 1e-3, 0.1},
                                {"2", phi2, 0.1, 0.1},
                                {"3", phi3, 0.1, 0.1},
                                {"4", yanai(0.001, 0.001), 1e-3, 1e-3},
                                {"5", yanai(0.01, 0.001), 1e-3, 1e-3},
                                {"6", yanai(0.001, 0.01), 1e-3, 1e-3}};
  for (const Line& line : lines) {
    for (const double first : {1e-3, 1e-1, 1e1, 1e3}) {
      CAPTURE(line.name);
      CAPTURE(first);
      int asked = 0;
      const auto phi = [&](double a) {
        ++asked;
        const auto [value, slope] = line.f(a);
        return optim::LinePoint{a, value, slope, {}};
      };
      const auto [value, slope] = line.f(0);
      const optim::LinePoint end =
          optim::strong_wolfe(phi, {0, value, slope, {}}, first, {.c1 = line.c1, .c2 = line.c2});
      CAPTURE(end.step);
      CHECK(end.value <= value + line.c1 * end.step * slope);
      CHECK(std::abs(end.slope) <= line.c2 * std::abs(slope));
      CHECK(asked <= 16);
    }
  }
}

TEST_CASE("a step into NaN or infinity was too long") {
  const auto phi = [](double a) {  // -log(1 - a) - 2 a: not a number beyond 1
    return optim::LinePoint{a, -std::log(1 - a) - 2 * a, 1 / (1 - a) - 2, {}};
  };
  for (const double first : {0.1, 1.0, 50.0, 1e6}) {
    const optim::LinePoint end = optim::strong_wolfe(phi, {0, 0, -1, {}}, first, {.c2 = 0.1});
    CHECK(end.step == doctest::Approx(0.5).epsilon(0.1));
  }
  CHECK(error_of([&] {
          optim::strong_wolfe(phi, {0, 0, 1, {}}, 1);
        }) == "line_search: the slope at 0 must be negative, got 1");
}

TEST_CASE("a minimizer that continues from its state ends in equal bits") {
  for (const char* name : {"L-BFGS", "CG"}) {
    CAPTURE(name);
    const Tensor start = Tensor::from<double>({-1.2, 1, -1.2, 1});
    const Parameter whole("x", start), first("x", start), second("x", start);
    const auto brief = [&](const Parameter& x) -> std::unique_ptr<optim::Minimizer> {
      if (std::string(name) == "CG")
        return std::make_unique<optim::NonlinearCG>(std::vector{x}, optim::MinimizerOptions{.max_iter = 6});
      return std::make_unique<optim::LBFGS>(std::vector{x}, optim::MinimizerOptions{.max_iter = 6},
                                            optim::LBFGSOptions{.history_size = 4});
    };
    const auto uninterrupted = brief(whole), before = brief(first), after = brief(second);
    for (int i = 0; i < 2; ++i) uninterrupted->step([&] { return rosenbrock(whole); });
    before->step([&] { return rosenbrock(first); });
    second.set_value(first.value());
    after->load_state_dict(before->state_dict());
    after->step([&] { return rosenbrock(second); });
    CHECK(equal(second.value(), whole.value()));
    CHECK(error_of([&] { after->load_state_dict({}); }).find("load_state_dict: ") != std::string::npos);
  }
}

TEST_CASE("both train a contractive autoencoder further than Adam in as many evaluations") {
  // mean |decode(h) - x|² + 0.1 mean ‖∂h/∂x‖², h = sigmoid(encode(x)): ‖∂h/∂x‖² = Σ (h (1-h))² |w|² (Rifai et al.
  // 2011).
  Rng data(5);
  const Var x = constant(sigmoid(matmul(data.normal({200, 3}), data.normal({3, 12}) * 2)));
  const auto losses_of = [&](const std::string& method) {
    Rng rng(6);
    const nn::Linear encoder(12, 4, rng), decoder(4, 12, rng);
    std::vector<Parameter> parameters = encoder.parameters();
    for (const Parameter& p : decoder.parameters()) parameters.push_back(p);
    const auto objective = [&] {
      const Var h = sigmoid(encoder(x));
      const Var jacobian = sum(square(h * (1.0 - h)) * sum(square(encoder.weight()), {1}), {1});
      return nn::mse_loss(decoder(h), x) + 0.1 * mean(jacobian);
    };
    std::int64_t looks = 0;
    if (method == "Adam") {
      optim::Adam adam(parameters, {.lr = 0.01});
      for (; looks < 300; ++looks) adam.step(grad(objective(), parameters));
      return objective().item();
    }
    if (method == "CG") return optim::NonlinearCG(parameters, {.max_iter = 300, .max_eval = 300}).step(objective).loss;
    return optim::LBFGS(parameters, {.max_iter = 300, .max_eval = 300}).step(objective).loss;
  };
  const double adam = losses_of("Adam"), cg = losses_of("CG"), lbfgs = losses_of("L-BFGS");
  CAPTURE(adam);
  CAPTURE(cg);
  CAPTURE(lbfgs);
  CHECK(cg < adam);
  CHECK(lbfgs < adam);
  CHECK(lbfgs < cg);
}

TEST_CASE("a minimizer that starts at the minimum converges at once; a start at NaN is an error") {
  const Parameter x("x", ones({3}));
  optim::LBFGS lbfgs({x});
  const optim::Progress end = lbfgs.step([&] { return rosenbrock(x); });
  CHECK(end.converged);
  CHECK(end.iterations == 0);
  CHECK(end.evaluations == 1);
  x.set_value(full({3}, std::numeric_limits<double>::quiet_NaN()));
  CHECK(error_of([&] { lbfgs.step([&] { return rosenbrock(x); }); }) == "lbfgs: the loss is nan before the first step");
  CHECK(error_of([&] { optim::NonlinearCG({}); }) == "nonlinear_cg: there are no parameters to optimize");
  CHECK(error_of([&] { optim::LBFGS({x}, {}, {.history_size = 0}); }) ==
        "lbfgs: history_size must be at least 1, got 0");
}
