// SPDX-License-Identifier: MIT
// The first kind of primitive: elementwise ops, whose rule is calculus. This file has the ops of one operand,
// arithmetic.cpp those of two and three, and losses.cpp the losses of a prediction and a target. A rule with a
// parameter y uses the output instead of x, so x need not be kept.
#include <cmath>
#include <numbers>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

// ---- one operand

Var neg(const Var& x) {
  static constexpr Op op = Op::elementwise("neg", "-x", {"dy/dx = -1"});
  return record(op, neg(x.value()), wrt(x, [](const Var& g) { return -g; }));
}
Var abs(const Var& x) {
  static constexpr Op op = Op::elementwise("abs", "|x|", {"dy/dx = sign x, 0 at 0"});
  return record(op, abs(x.value()), wrt(x, [x](const Var& g) { return strong_product(g, sign(x)); }));
}
Var square(const Var& x) {
  static constexpr Op op = Op::elementwise("square", "x²", {"dy/dx = 2 x"});
  return record(op, square(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, x) * 2; }));
}
Var reciprocal(const Var& x) {
  static constexpr Op op = Op::elementwise("reciprocal", "1 / x", {"dy/dx = -y²"});
  return record(op, reciprocal(x.value()),
                wrt(x, [](const Var& g, const Var& y) { return -strong_mul(g, square(y)); }));
}
Var sqrt(const Var& x) {
  static constexpr Op op = Op::elementwise("sqrt", "√x", {"dy/dx = 1 / (2 y)"});
  return record(op, sqrt(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_div(g * 0.5, y); }));
}
Var rsqrt(const Var& x) {
  static constexpr Op op = Op::elementwise("rsqrt", "1 / √x", {"dy/dx = -y³ / 2"});
  return record(op, rsqrt(x.value()),
                wrt(x, [](const Var& g, const Var& y) { return strong_mul(g * -0.5, y * square(y)); }));
}
Var exp(const Var& x) {
  static constexpr Op op = Op::elementwise("exp", "e^x", {"dy/dx = y"});
  return record(op, exp(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_mul(g, y); }));
}
Var expm1(const Var& x) {
  static constexpr Op op = Op::elementwise("expm1", "e^x - 1", {"dy/dx = e^x"});
  return record(op, expm1(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, exp(x)); }));  // y + 1 may be 0
}
Var log(const Var& x) {
  static constexpr Op op = Op::elementwise("log", "log x", {"dy/dx = 1 / x"});
  return record(op, log(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x); }));
}
Var log1p(const Var& x) {
  static constexpr Op op = Op::elementwise("log1p", "log(1 + x)", {"dy/dx = 1 / (1 + x)"});
  return record(op, log1p(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x + 1); }));
}
Var log2(const Var& x) {
  static constexpr Op op = Op::elementwise("log2", "log₂ x", {"dy/dx = 1 / (x log 2)"});
  return record(op, log2(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x * std::numbers::ln2); }));
}
Var log10(const Var& x) {
  static constexpr Op op = Op::elementwise("log10", "log₁₀ x", {"dy/dx = 1 / (x log 10)"});
  return record(op, log10(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x * std::numbers::ln10); }));
}
Var sin(const Var& x) {
  static constexpr Op op = Op::elementwise("sin", "sin x", {"dy/dx = cos x"});
  return record(op, sin(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, cos(x)); }));
}
Var cos(const Var& x) {
  static constexpr Op op = Op::elementwise("cos", "cos x", {"dy/dx = -sin x"});
  return record(op, cos(x.value()), wrt(x, [x](const Var& g) { return -strong_mul(g, sin(x)); }));
}
Var tan(const Var& x) {
  static constexpr Op op = Op::elementwise("tan", "tan x", {"dy/dx = 1 + y²"});
  return record(op, tan(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_mul(g, square(y) + 1); }));
}
Var asin(const Var& x) {
  static constexpr Op op = Op::elementwise("asin", "asin x", {"dy/dx = 1 / √(1 - x²)"});
  return record(op, asin(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, rsqrt(1 - square(x))); }));
}
Var acos(const Var& x) {
  static constexpr Op op = Op::elementwise("acos", "acos x", {"dy/dx = -1 / √(1 - x²)"});
  return record(op, acos(x.value()), wrt(x, [x](const Var& g) { return -strong_mul(g, rsqrt(1 - square(x))); }));
}
Var atan(const Var& x) {
  static constexpr Op op = Op::elementwise("atan", "atan x", {"dy/dx = 1 / (1 + x²)"});
  return record(op, atan(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, square(x) + 1); }));
}
Var sinh(const Var& x) {
  static constexpr Op op = Op::elementwise("sinh", "sinh x", {"dy/dx = cosh x"});
  return record(op, sinh(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, cosh(x)); }));
}
Var cosh(const Var& x) {
  static constexpr Op op = Op::elementwise("cosh", "cosh x", {"dy/dx = sinh x"});
  return record(op, cosh(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, sinh(x)); }));
}
Var tanh(const Var& x) {
  static constexpr Op op = Op::elementwise("tanh", "tanh x", {"dy/dx = 1 - y²"});
  return record(op, tanh(x.value()), wrt(x, [](const Var& g, const Var& y) { return tanh_grad(g, y); }));
}
Var erf(const Var& x) {
  static constexpr Op op = Op::elementwise("erf", "erf x", {"dy/dx = 2/√π e^-x²"});
  return record(op, erf(x.value()),
                wrt(x, [x](const Var& g) { return strong_mul(g, exp(-square(x))) * (2 * std::numbers::inv_sqrtpi); }));
}
Var erfc(const Var& x) {
  static constexpr Op op = Op::elementwise("erfc", "1 - erf x", {"dy/dx = -2/√π e^-x²"});
  return record(op, erfc(x.value()),
                wrt(x, [x](const Var& g) { return strong_mul(g, exp(-square(x))) * (-2 * std::numbers::inv_sqrtpi); }));
}
Var lgamma(const Var& x) {
  static constexpr Op op = Op::elementwise("lgamma", "log |Γ(x)|", {"dy/dx = digamma(x)"});
  return record(op, lgamma(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, digamma(x)); }));
}
Var digamma(const Var& x) {
  static constexpr Op op = Op::elementwise("digamma", "digamma(x)", {"dy/dx = polygamma(1, x)"});
  return record(op, digamma(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, polygamma(1, x)); }));
}
Var polygamma(std::int64_t n, const Var& x) {
  static constexpr Op op = Op::elementwise("polygamma", "polygamma(n, x)", {"dy/dx = polygamma(n + 1, x)"});
  check(n >= 0, "polygamma", "needs an order of at least 0, got ", n);
  return record(op, polygamma(n, x.value()),
                wrt(x, [n, x](const Var& g) { return strong_mul(g, polygamma(n + 1, x)); }));
}

// Steps are flat: the derivative is 0, whatever g is.
namespace {
constexpr Op step(std::string_view name, std::string_view formula) {
  return Op::elementwise(name, formula, {"dy/dx = 0: flat between steps"});
}
Var record_step(const Op& op, Tensor value, const Var& x) {
  return record(op, std::move(value), wrt(x, [](const Var& g) { return constant(zeros_like(g.value())); }));
}
}  // namespace
Var sign(const Var& x) {
  static constexpr Op op = step("sign", "sign x");
  return record_step(op, sign(x.value()), x);
}
Var floor(const Var& x) {
  static constexpr Op op = step("floor", "⌊x⌋");
  return record_step(op, floor(x.value()), x);
}
Var ceil(const Var& x) {
  static constexpr Op op = step("ceil", "⌈x⌉");
  return record_step(op, ceil(x.value()), x);
}
Var round(const Var& x) {
  static constexpr Op op = step("round", "x rounded");
  return record_step(op, round(x.value()), x);
}
Var trunc(const Var& x) {
  static constexpr Op op = step("trunc", "x without its fraction");
  return record_step(op, trunc(x.value()), x);
}

// ---- activations

Var relu(const Var& x) {
  static constexpr Op op = Op::elementwise("relu", "max(x, 0)", {"dy/dx = 1 where y > 0, else 0"});
  return record(op, relu(x.value()), wrt(x, [](const Var& g, const Var& y) { return relu_grad(g, y.value()); }));
}
Var relu_grad(const Var& g, const Tensor& y) {
  static constexpr Op op = Op::elementwise("relu_grad", "g₁ where y₁ > 0, else 0", {"dy/dg₁ = 1 where y₁ > 0, else 0"});
  return record(op, relu_grad(g.value(), y), wrt(g, [y](const Var& h) { return relu_grad(h, y); }));
}
Var sigmoid(const Var& x) {
  static constexpr Op op = Op::elementwise("sigmoid", "1 / (1 + e^-x)", {"dy/dx = y (1 - y)"});
  return record(op, sigmoid(x.value()), wrt(x, [](const Var& g, const Var& y) { return sigmoid_grad(g, y); }));
}
Var sigmoid_grad(const Var& g, const Var& y) {
  static constexpr Op op =
      Op::elementwise("sigmoid_grad", "g₁ s (1 - s)", {"dy/dg₁ = s (1 - s)", "dy/ds = g₁ (1 - 2 s)"});
  return record(op, sigmoid_grad(g.value(), y.value()), wrt(g, [y](const Var& h) { return sigmoid_grad(h, y); }),
                wrt(y, [g, y](const Var& h) { return strong_mul(strong_product(h, g), 1 - y * 2); }));
}
Var tanh_grad(const Var& g, const Var& y) {
  static constexpr Op op = Op::elementwise("tanh_grad", "g₁ (1 - t²)", {"dy/dg₁ = 1 - t²", "dy/dt = -2 g₁ t"});
  return record(op, tanh_grad(g.value(), y.value()), wrt(g, [y](const Var& h) { return tanh_grad(h, y); }),
                wrt(y, [g, y](const Var& h) { return strong_mul(strong_product(h, g), y) * -2; }));
}
Var log_sigmoid(const Var& x) {
  static constexpr Op op = Op::elementwise("log_sigmoid", "log sigmoid(x)", {"dy/dx = sigmoid(-x)"});
  return record(op, log_sigmoid(x.value()), wrt(x, [x](const Var& g) { return softplus_grad(g, -x); }));
}
Var softplus(const Var& x) {
  static constexpr Op op = Op::elementwise("softplus", "log(1 + e^x)", {"dy/dx = sigmoid(x)"});
  return record(op, softplus(x.value()), wrt(x, [x](const Var& g) { return softplus_grad(g, x); }));
}
Var softplus_grad(const Var& g, const Var& x) {
  static constexpr Op op = Op::elementwise("softplus_grad", "g₁ sigmoid(x)",
                                           {"dy/dg₁ = sigmoid(x)", "dy/dx = g₁ s (1 - s), s = sigmoid(x)"});
  return record(op, softplus_grad(g.value(), x.value()), wrt(g, [x](const Var& h) { return softplus_grad(h, x); }),
                wrt(x, [g, x](const Var& h) { return sigmoid_grad(strong_product(h, g), sigmoid(x)); }));
}
Var softsign(const Var& x) {
  static constexpr Op op = Op::elementwise("softsign", "x / (1 + |x|)", {"dy/dx = 1 / (1 + |x|)²"});
  return record(op, softsign(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, square(abs(x) + 1)); }));
}
Var silu(const Var& x) {
  static constexpr Op op = Op::elementwise("silu", "x sigmoid(x)", {"dy/dx = s (1 + x (1 - s)), s = sigmoid(x)"});
  return record(op, silu(x.value()), wrt(x, [x](const Var& g) { return silu_grad(g, x); }));
}
Var silu_grad(const Var& g, const Var& x) {
  static constexpr Op op = Op::elementwise("silu_grad", "g₁ silu'(x)", {"dy/dg₁ = silu'(x)", "dy/dx = g₁ silu''(x)"});
  return record(op, silu_grad(g.value(), x.value()), wrt(g, [x](const Var& h) { return silu_grad(h, x); }),
                wrt(x, [g, x](const Var& h) {  // f'' = s (1 - s) (2 + x (1 - 2 s))
                  const Var s = sigmoid(x);
                  return strong_mul(sigmoid_grad(strong_product(h, g), s), x * (1 - s * 2) + 2);
                }));
}
Var gelu(const Var& x) {
  static constexpr Op op = Op::elementwise("gelu", "x Φ(x)", {"dy/dx = Φ(x) + x φ(x)"});
  return record(op, gelu(x.value()), wrt(x, [x](const Var& g) { return gelu_grad(g, x); }));
}
Var gelu_grad(const Var& g, const Var& x) {
  static constexpr Op op =
      Op::elementwise("gelu_grad", "g₁ gelu'(x)", {"dy/dg₁ = gelu'(x)", "dy/dx = g₁ φ(x) (2 - x²)"});
  return record(op, gelu_grad(g.value(), x.value()), wrt(g, [x](const Var& h) { return gelu_grad(h, x); }),
                wrt(x, [g, x](const Var& h) {  // f'' = φ(x) (2 - x²)
                  const Var density = exp(square(x) * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
                  return strong_mul(strong_product(h, g), density * (2 - square(x)));
                }));
}
Var leaky_relu(const Var& x, double slope) {
  static constexpr Op op =
      Op::elementwise("leaky_relu", "x, or slope x where x < 0", {"dy/dx = 1 where x > 0, else the slope"});
  return record(op, leaky_relu(x.value(), slope),
                wrt(x, [x, slope](const Var& g) { return where(x.value() > 0, g, g * slope); }));
}
Var elu(const Var& x, double alpha) {
  static constexpr Op op =
      Op::elementwise("elu", "x, or α (e^x - 1) where x < 0", {"dy/dx = 1 where x > 0, else α e^x"});
  return record(op, elu(x.value(), alpha),
                wrt(x, [x, alpha](const Var& g) {  // e^x of negative x only: of others it may be infinite
                  return where(x.value() > 0, g, g * exp(where(x.value() < 0, x, 0)) * alpha);
                }));
}

}  // namespace hourglass
