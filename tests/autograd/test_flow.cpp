// SPDX-License-Identifier: MIT
// Gradients that are changed on purpose, and gradients at kinks, poles and branches not taken.
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/derivatives.h"
#include "autograd/flow.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "tests/error_of.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using test::check_close;
using test::ramp;

TEST_CASE("hooks see whole gradients and may replace them") {
  const Var x = variable(Tensor::from({1.0, 2.0}));
  std::vector<double> seen;
  const Var h = on_gradient(x * 3, [&](const Var& g) { seen = g.value().to_vector<double>(); });
  CHECK(grad(sum(h * h) + sum(h), x).value().to_vector<double>() == std::vector<double>{21, 39});
  CHECK(seen == std::vector<double>{7, 13});
  const Var clipped = on_gradient(x, [](const Var& g) { return where(g.value() > 1, 1, g); });
  CHECK(grad(sum(square(clipped) * 0.5), x).value().to_vector<double>() == std::vector<double>{1, 1});
  CHECK(error_of([&] { grad(sum(on_gradient(x, [](const Var& g) { return sum(g); })), x); }) ==
        "on_gradient: the gradient is f64[2], the hook gave f64[]");
  // The hook itself is differentiated, too: (x²)' doubled is 4 x.
  const Var twice = on_gradient(x, [](const Var& g) { return g * 2; });
  const Var g = grad(sum(square(twice)), x, {.create_graph = true});
  CHECK(g.value().to_vector<double>() == std::vector<double>{4, 8});
}

TEST_CASE("stopped, scaled and straight-through gradients") {
  const Var x = variable(Tensor::from({0.4, 1.7}));
  CHECK(grad(sum(x * stop_gradient(x)), x).value().to_vector<double>() == std::vector<double>{0.4, 1.7});
  const Var reversed = scale_gradient(x, -1);
  CHECK(equal(reversed.value(), x.value()));
  CHECK(grad(sum(reversed * 3), x).value().to_vector<double>() == std::vector<double>{-3, -3});
  const Var rounded = straight_through(round(x.value()), x);
  CHECK(rounded.value().to_vector<double>() == std::vector<double>{0, 2});
  CHECK(grad(sum(square(rounded)), x).value().to_vector<double>() == std::vector<double>{0, 4});
  CHECK(error_of([&] { straight_through(ones({3}), x); }) == "straight_through: hard is f32[3], soft f64[2]");
}

TEST_CASE("the branch of a where that was not taken adds nothing, however steep it is there") {
  // Each has a pole, a kink or an overflow at one of the points; its value there is replaced by 0.
  const Tensor x = Tensor::from({-2.0, -1.0, 0.0, 0.5, 1.0, 800.0});
  struct Named {
    std::string name;
    Function f;
  };
  const std::vector<Named> functions{
      {"log", [](const Var& v) { return log(v); }},
      {"log1p", [](const Var& v) { return log1p(v); }},
      {"log2", [](const Var& v) { return log2(v); }},
      {"log10", [](const Var& v) { return log10(v); }},
      {"sqrt", [](const Var& v) { return sqrt(v); }},
      {"rsqrt", [](const Var& v) { return rsqrt(v); }},
      {"reciprocal", [](const Var& v) { return reciprocal(v); }},
      {"exp", [](const Var& v) { return exp(v); }},
      {"expm1", [](const Var& v) { return expm1(v); }},
      {"sinh", [](const Var& v) { return sinh(v); }},
      {"cosh", [](const Var& v) { return cosh(v); }},
      {"asin", [](const Var& v) { return asin(v); }},
      {"acos", [](const Var& v) { return acos(v); }},
      {"x log x", [](const Var& v) { return v * log(v); }},
      {"1 / x", [](const Var& v) { return 1 / v; }},
      {"x / x", [](const Var& v) { return v / v; }},
      {"sin x / x", [](const Var& v) { return sin(v) / v; }},
      {"pow 0.5", [](const Var& v) { return pow(v, 0.5); }},
      {"pow -2", [](const Var& v) { return pow(v, -2); }},
      {"x^x", [](const Var& v) { return pow(v, v); }},
      {"sqrt of a square", [](const Var& v) { return sqrt(square(v)); }},
      {"a chain", [](const Var& v) { return exp(square(1 / sqrt(v))) * log(v); }},
  };
  for (const Named& named : functions) {
    const Function& f = named.f;
    CAPTURE(named.name);
    const Tensor good = [&] {  // where the function itself, its slope and its curvature are finite
      const Var v = variable(x), first = grad(sum(f(v)), v, {.create_graph = true, .allow_unused = true});
      const Var second = first.needs_gradient() ? grad(sum(first), v, {.allow_unused = true}) : first;
      return logical_and(isfinite(f(v).value()), logical_and(isfinite(first.value()), isfinite(second.value())));
    }();
    CHECK(to(sum(to(good, Dtype::i64)), Dtype::f64).item() < 6);
    const auto derivatives_of = [&](const Function& g) {
      const Var v = variable(x),
                first = grad(sum(g(v) * constant(ramp({6}, 3, Dtype::f64))), v, {.create_graph = true});
      return std::pair{first.value(),
                       grad(sum(first * constant(ramp({6}, 4, Dtype::f64))), v, {.allow_unused = true}).value()};
    };
    const auto [first, second] = derivatives_of([&](const Var& v) { return where(good, f(v), 0); });
    const auto [plain_first, plain_second] = derivatives_of(f);
    CHECK_NOTHROW(check_close("first", first, where(good, plain_first, 0), 0, 1));
    CHECK_NOTHROW(check_close("second", second, where(good, plain_second, 0), 0, 1));
  }
}

TEST_CASE("at kinks and ties the gradient is PyTorch's choice") {
  const auto slope = [](const Function& f, std::initializer_list<double> x) {
    const Var v = variable(Tensor::from(x));
    return grad(sum(f(v)), v).value().to_vector<double>();
  };
  using Numbers = std::vector<double>;
  const double inf = INFINITY;
  CHECK(slope([](const Var& v) { return relu(v); }, {0.0}) == Numbers{0});
  CHECK(slope([](const Var& v) { return abs(v); }, {0.0}) == Numbers{0});
  CHECK(slope([](const Var& v) { return leaky_relu(v, 0.2); }, {0.0}) == Numbers{0.2});
  CHECK(slope([](const Var& v) { return elu(v, 0.5); }, {0.0}) == Numbers{0.5});
  CHECK(slope([](const Var& v) { return clamp(v, -1, 1); }, {-2, -1, 1, 2}) == Numbers{0, 1, 1, 0});
  CHECK(slope([](const Var& v) { return maximum(v, 1); }, {0, 1, 2}) == Numbers{0, 0.5, 1});
  CHECK(slope([](const Var& v) { return minimum(v, v); }, {3.0}) == Numbers{1});
  CHECK(slope([](const Var& v) { return max(v); }, {2, 5, 5}) == Numbers{0, 0.5, 0.5});
  CHECK(slope([](const Var& v) { return norm(v); }, {0, 0}) == Numbers{0, 0});
  CHECK(slope([](const Var& v) { return sqrt(v); }, {0.0}) == Numbers{inf});
  CHECK(slope([](const Var& v) { return pow(v, 0); }, {0.0}) == Numbers{0});
  CHECK(slope([](const Var& v) { return prod(v); }, {0, 0, 2}) == Numbers{0, 0, 0});
  CHECK(slope([](const Var& v) { return round(v) + sign(v) + floor(v); }, {0, 0.5}) == Numbers{0, 0});
}

TEST_CASE("a piecewise function evaluates each piece on its own elements only") {
  const Var x = variable(Tensor::from({-1.0, 0.0, 2.0}));
  const auto f = [](const std::vector<Var>& v) {
    return piecewise(
        v[0].value() > 0, v[0], [](const Var& u) { return log(u); }, [](const Var& u) { return u * 3; });
  };
  const Var y = f({x});
  CHECK(y.value().to_vector<double>() == std::vector<double>{-3, 0, std::log(2.0)});
  CHECK(grad(sum(y), x).value().to_vector<double>() == std::vector<double>{3, 3, 0.5});
  CHECK_NOTHROW(check_gradients(f, {Tensor::from({-1.0, -0.1, 2.0})}, {.order = 3}));
}
