// The first kind of primitive: elementwise ops, whose rule is calculus. A rule that names y uses the output instead of x,
// which then need not be kept.
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
  return record(op, abs(x.value()), wrt(x, [x](const Var& g) { return g * sign(x); }));
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
  static constexpr Op op = Op::elementwise("expm1", "e^x - 1", {"dy/dx = y + 1"});
  return record(op, expm1(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_mul(g, y + 1); }));
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
  return record(op, sin(x.value()), wrt(x, [x](const Var& g) { return g * cos(x); }));
}
Var cos(const Var& x) {
  static constexpr Op op = Op::elementwise("cos", "cos x", {"dy/dx = -sin x"});
  return record(op, cos(x.value()), wrt(x, [x](const Var& g) { return -g * sin(x); }));
}
Var tan(const Var& x) {
  static constexpr Op op = Op::elementwise("tan", "tan x", {"dy/dx = 1 + y²"});
  return record(op, tan(x.value()), wrt(x, [](const Var& g, const Var& y) { return g * (square(y) + 1); }));
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
  return record(op, atan(x.value()), wrt(x, [x](const Var& g) { return g / (square(x) + 1); }));
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
                wrt(x, [x](const Var& g) { return g * exp(-square(x)) * (2 * std::numbers::inv_sqrtpi); }));
}
Var lgamma(const Var& x) {
  static constexpr Op op = Op::elementwise("lgamma", "log |Γ(x)|", {"dy/dx = digamma(x)"});
  return record(op, lgamma(x.value()), wrt(x, [x](const Var& g) { return g * digamma(x); }));
}
Var digamma(const Var& x) {
  static constexpr Op op = Op::elementwise("digamma", "digamma(x)", {"dy/dx = polygamma(1, x)"});
  return record(op, digamma(x.value()), wrt(x, [x](const Var& g) { return g * polygamma(1, x); }));
}
Var polygamma(std::int64_t n, const Var& x) {
  static constexpr Op op = Op::elementwise("polygamma", "polygamma(n, x)", {"dy/dx = polygamma(n + 1, x)"});
  check(n >= 0, "polygamma", "needs an order of at least 0, got ", n);
  return record(op, polygamma(n, x.value()), wrt(x, [n, x](const Var& g) { return g * polygamma(n + 1, x); }));
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
                wrt(y, [g, y](const Var& h) { return h * g * (1 - y * 2); }));
}
Var tanh_grad(const Var& g, const Var& y) {
  static constexpr Op op = Op::elementwise("tanh_grad", "g₁ (1 - t²)", {"dy/dg₁ = 1 - t²", "dy/dt = -2 g₁ t"});
  return record(op, tanh_grad(g.value(), y.value()), wrt(g, [y](const Var& h) { return tanh_grad(h, y); }),
                wrt(y, [g, y](const Var& h) { return h * g * y * -2; }));
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
                wrt(x, [g, x](const Var& h) { return sigmoid_grad(h * g, sigmoid(x)); }));
}
Var softsign(const Var& x) {
  static constexpr Op op = Op::elementwise("softsign", "x / (1 + |x|)", {"dy/dx = 1 / (1 + |x|)²"});
  return record(op, softsign(x.value()), wrt(x, [x](const Var& g) { return g / square(abs(x) + 1); }));
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
                  return sigmoid_grad(h * g, s) * (x * (1 - s * 2) + 2);
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
                  return h * g * density * (2 - square(x));
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
                wrt(x, [x, alpha](const Var& g) {  // e^x of the negative ones only: of others it may be infinite
                  return where(x.value() > 0, g, g * exp(where(x.value() < 0, x, 0)) * alpha);
                }));
}

// ---- two operands

Var add(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("add", "a + b", {"dy/da = 1", "dy/db = 1"});
  return record(op, add(a.value(), b.value()), wrt(a, [](const Var& g) { return g; }),
                wrt(b, [](const Var& g) { return g; }));
}
Var sub(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("sub", "a - b", {"dy/da = 1", "dy/db = -1"});
  return record(op, sub(a.value(), b.value()), wrt(a, [](const Var& g) { return g; }),
                wrt(b, [](const Var& g) { return -g; }));
}
Var mul(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("mul", "a b", {"dy/da = b", "dy/db = a"});
  return record(op, mul(a.value(), b.value()), wrt(a, [b](const Var& g) { return strong_mul(g, b); }),
                wrt(b, [a](const Var& g) { return strong_mul(g, a); }));
}
Var div(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("div", "a / b", {"dy/da = 1 / b", "dy/db = -y / b"});
  return record(op, div(a.value(), b.value()), wrt(a, [b](const Var& g) { return strong_div(g, b); }),
                wrt(b, [b](const Var& g, const Var& y) { return -strong_div(strong_mul(g, y), b); }));
}
// A strong zero stays 0 whatever it meets, at every order: by d, what g makes 0 does not change.
Var strong_mul(const Var& g, const Var& d) {
  static constexpr Op op = Op::elementwise("strong_mul", "a b, 0 where a is 0", {"dy/da = b", "dy/db = a"});
  return record(op, strong_mul(g.value(), d.value()), wrt(g, [d](const Var& h) { return strong_mul(h, d); }),
                wrt(d, [g](const Var& h) { return strong_mul(g, h); }));
}
Var strong_div(const Var& g, const Var& d) {
  static constexpr Op op = Op::elementwise("strong_div", "a / b, 0 where a is 0", {"dy/da = 1 / b", "dy/db = -y / b"});
  return record(op, strong_div(g.value(), d.value()), wrt(g, [d](const Var& h) { return strong_div(h, d); }),
                wrt(d, [d](const Var& h, const Var& y) { return -strong_div(strong_mul(y, h), d); }));
}
Var add(const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("add", "a + b for a number b", {"dy/da = 1"});
  return record(op, add(a.value(), b), wrt(a, [](const Var& g) { return g; }));
}
Var sub(const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("sub", "a - b for a number b", {"dy/da = 1"});
  return record(op, sub(a.value(), b), wrt(a, [](const Var& g) { return g; }));
}
Var sub(Scalar a, const Var& b) {
  static constexpr Op op = Op::elementwise("sub", "a - b for a number a", {"dy/db = -1"});
  return record(op, sub(a, b.value()), wrt(b, [](const Var& g) { return -g; }));
}
Var mul(const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("mul", "a b for a number b", {"dy/da = b"});
  return record(op, mul(a.value(), b), wrt(a, [b](const Var& g) { return g * b; }));
}
Var div(const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("div", "a / b for a number b", {"dy/da = 1 / b"});
  return record(op, div(a.value(), b), wrt(a, [b](const Var& g) { return g / b; }));
}
Var div(Scalar a, const Var& b) {
  static constexpr Op op = Op::elementwise("div", "a / b for a number a", {"dy/db = -y / b"});
  return record(op, div(a, b.value()),
                wrt(b, [b](const Var& g, const Var& y) { return -strong_div(strong_mul(g, y), b); }));
}

Var pow(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("pow", "a^b", {"dy/da = b a^(b - 1)", "dy/db = y log a"});
  return record(op, pow(a.value(), b.value()),
                wrt(a, [a, b](const Var& g) { return where(b.value() == 0, 0, strong_mul(g, b * pow(a, b - 1))); }),
                wrt(b, [a, b](const Var& g, const Var& y) {  // 0^b is 0 for every b > 0: flat, though log 0 is not
                  return strong_mul(strong_mul(g, y), log(where(logical_and(a.value() == 0, b.value() >= 0), 1, a)));
                }));
}
Var pow(const Var& a, double exponent) {
  static constexpr Op op = Op::elementwise("pow", "a^b for a number b", {"dy/da = b a^(b - 1)"});
  return record(op, pow(a.value(), exponent), wrt(a, [a, exponent](const Var& g) {
                  return exponent == 0 ? constant(zeros_like(g.value()))
                                       : strong_mul(g, pow(a, exponent - 1)) * exponent;
                }));
}

namespace {
// 0 where x loses, one half where the two are equal, and 1 where it wins or where either is NaN.
Var share(const Tensor& loses, const Tensor& ties, Dtype dtype) {
  return constant(1 - to(loses, dtype) - to(ties, dtype) * 0.5);
}
}  // namespace
Var maximum(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("maximum", "the larger of a and b",
                      {"dy/da = 1 where a > b, ½ where equal", "dy/db = 1 where b > a, ½ where equal"});
  const auto of = [](const Var& x, const Var& other) {
    return share(x.value() < other.value(), x.value() == other.value(), x.dtype());
  };
  return record(op, maximum(a.value(), b.value()), wrt(a, [a, b, of](const Var& g) { return g * of(a, b); }),
                wrt(b, [a, b, of](const Var& g) { return g * of(b, a); }));
}
Var minimum(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("minimum", "the smaller of a and b",
                      {"dy/da = 1 where a < b, ½ where equal", "dy/db = 1 where b < a, ½ where equal"});
  const auto of = [](const Var& x, const Var& other) {
    return share(x.value() > other.value(), x.value() == other.value(), x.dtype());
  };
  return record(op, minimum(a.value(), b.value()), wrt(a, [a, b, of](const Var& g) { return g * of(a, b); }),
                wrt(b, [a, b, of](const Var& g) { return g * of(b, a); }));
}
Var maximum(const Var& a, Scalar b) { return maximum(a, constant(scalar(b, a.dtype()))); }
Var minimum(const Var& a, Scalar b) { return minimum(a, constant(scalar(b, a.dtype()))); }
Var clamp(const Var& x, Scalar low, Scalar high) {
  static constexpr Op op =
      Op::elementwise("clamp", "x, cut off at low and high", {"dy/dx = 1 where low ≤ x ≤ high, else 0"});
  return record(op, clamp(x.value(), low, high), wrt(x, [x, low, high](const Var& g) {
                  return where(logical_and(x.value() >= low, x.value() <= high), g, 0);
                }));
}

Var atan2(const Var& y, const Var& x) {
  static constexpr Op op =
      Op::elementwise("atan2", "the angle of (b, a)", {"dy/da = b / (a² + b²)", "dy/db = -a / (a² + b²)"});
  return record(op, atan2(y.value(), x.value()),
                wrt(y, [y, x](const Var& g) { return strong_div(strong_mul(g, x), square(x) + square(y)); }),
                wrt(x, [y, x](const Var& g) { return -strong_div(strong_mul(g, y), square(x) + square(y)); }));
}
Var logaddexp(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("logaddexp", "log(e^a + e^b)", {"dy/da = sigmoid(a - b)", "dy/db = sigmoid(b - a)"});
  return record(op, logaddexp(a.value(), b.value()), wrt(a, [a, b](const Var& g) { return softplus_grad(g, a - b); }),
                wrt(b, [a, b](const Var& g) { return softplus_grad(g, b - a); }));
}

// ---- three operands

Var lerp(const Var& a, const Var& b, const Var& weight) {
  static constexpr Op op = Op::elementwise("lerp", "a + w (b - a)", {"dy/da = 1 - w", "dy/db = w", "dy/dw = b - a"});
  return record(
      op, lerp(a.value(), b.value(), weight.value()), wrt(a, [weight](const Var& g) { return g * (1 - weight); }),
      wrt(b, [weight](const Var& g) { return g * weight; }), wrt(weight, [a, b](const Var& g) { return g * (b - a); }));
}
Var mul_add(const Var& a, const Var& b, const Var& c) {
  static constexpr Op op = Op::elementwise("mul_add", "a b + c", {"dy/da = b", "dy/db = a", "dy/dc = 1"});
  return record(op, mul_add(a.value(), b.value(), c.value()), wrt(a, [b](const Var& g) { return strong_mul(g, b); }),
                wrt(b, [a](const Var& g) { return strong_mul(g, a); }), wrt(c, [](const Var& g) { return g; }));
}
Var where(const Tensor& mask, const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("where", "a where the mask is 1, else b", {"dy/da = mask", "dy/db = 1 - mask"});
  return record(op, where(mask, a.value(), b.value()), wrt(a, [mask](const Var& g) { return where(mask, g, 0); }),
                wrt(b, [mask](const Var& g) { return where(mask, 0, g); }));
}
Var where(const Tensor& mask, const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("where", "a where the mask is 1, else a number", {"dy/da = mask"});
  return record(op, where(mask, a.value(), b), wrt(a, [mask](const Var& g) { return where(mask, g, 0); }));
}
Var where(const Tensor& mask, Scalar a, const Var& b) {
  static constexpr Op op = Op::elementwise("where", "a number where the mask is 1, else b", {"dy/db = 1 - mask"});
  return record(op, where(mask, a, b.value()), wrt(b, [mask](const Var& g) { return where(mask, 0, g); }));
}
Var masked_fill(const Var& x, const Tensor& mask, Scalar value) {
  static constexpr Op op = Op::elementwise("masked_fill", "x, or a number where the mask is 1", {"dy/dx = 1 - mask"});
  return record(op, masked_fill(x.value(), mask, value),
                wrt(x, [mask](const Var& g) { return masked_fill(g, mask, 0); }));
}

// ---- losses per element

Var bce_with_logits(const Var& logits, const Var& targets) {
  static constexpr Op op =
      Op::elementwise("bce_with_logits", "softplus(x) - x t", {"dy/dx = sigmoid(x) - t", "dy/dt = -x"});
  return record(op, bce_with_logits(logits.value(), targets.value()),
                wrt(logits, [logits, targets](const Var& g) { return bce_with_logits_grad(logits, targets, g); }),
                wrt(targets, [logits](const Var& g) { return -g * logits; }));
}
Var bce_with_logits_grad(const Var& logits, const Var& targets, const Var& g) {
  static constexpr Op op =
      Op::elementwise("bce_with_logits_grad", "g₁ (sigmoid(x) - t)",
                      {"dy/dx = g₁ s (1 - s), s = sigmoid(x)", "dy/dt = -g₁", "dy/dg₁ = sigmoid(x) - t"});
  return record(op, bce_with_logits_grad(logits.value(), targets.value(), g.value()),
                wrt(logits, [logits, g](const Var& h) { return sigmoid_grad(h * g, sigmoid(logits)); }),
                wrt(targets, [g](const Var& h) { return -h * g; }),
                wrt(g, [logits, targets](const Var& h) { return bce_with_logits_grad(logits, targets, h); }));
}
Var bce(const Var& probabilities, const Var& targets) {
  static constexpr Op op = Op::elementwise("bce", "-t log p - (1 - t) log(1 - p)",
                                           {"dy/dp = (p - t) / (p (1 - p))", "dy/dt = log(1 - p) - log p"});
  return record(op, bce(probabilities.value(), targets.value()),
                wrt(probabilities,
                    [probabilities, targets](const Var& g) {  // PyTorch's guard against division by zero
                      const Var spread = maximum(probabilities * (1 - probabilities), 1e-12);
                      return g * (probabilities - targets) / spread;
                    }),
                wrt(targets, [probabilities](const Var& g) {
                  return g * (maximum(log1p(-probabilities), -100) - maximum(log(probabilities), -100));
                }));
}
Var squared_difference(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("squared_difference", "(a - b)²", {"dy/da = 2 (a - b)", "dy/db = 2 (b - a)"});
  return record(op, squared_difference(a.value(), b.value()),
                wrt(a, [a, b](const Var& g) { return squared_difference_grad(a, b, g); }),
                wrt(b, [a, b](const Var& g) { return squared_difference_grad(b, a, g); }));
}
Var squared_difference_grad(const Var& a, const Var& b, const Var& g) {
  static constexpr Op op = Op::elementwise("squared_difference_grad", "2 g₁ (a - b)",
                                           {"dy/da = 2 g₁", "dy/db = -2 g₁", "dy/dg₁ = 2 (a - b)"});
  return record(op, squared_difference_grad(a.value(), b.value(), g.value()),
                wrt(a, [g](const Var& h) { return h * g * 2; }), wrt(b, [g](const Var& h) { return h * g * -2; }),
                wrt(g, [a, b](const Var& h) { return squared_difference_grad(a, b, h); }));
}

// The slopes are constants: gradients that are to be differentiated in turn are computed from the operands.
Var bce_with_logits_sum(const Var& logits, const Var& targets) {
  static constexpr Op op{"bce_with_logits_sum", "Σ softplus(x) - x t", {"dy/dx = sigmoid(x) - t", "dy/dt = -x"}};
  const bool needed = recording() && logits.needs_gradient();
  const auto [sum, slopes] = bce_with_logits_sum(logits.value(), targets.value(), needed);
  return record(op, sum,
                wrt(logits,
                    [logits, targets, slopes = slopes](const Var& g) {
                      return recording() ? bce_with_logits_grad(logits, targets, g) : strong_mul(g, constant(slopes));
                    }),
                wrt(targets, [logits](const Var& g) { return -g * logits; }));
}
Var squared_difference_sum(const Var& a, const Var& b) {
  static constexpr Op op{"squared_difference_sum", "Σ (a - b)²", {"dy/da = 2 (a - b)", "dy/db = 2 (b - a)"}};
  const bool needed = recording() && a.needs_gradient();
  const auto [sum, slopes] = squared_difference_sum(a.value(), b.value(), needed);
  return record(op, sum,
                wrt(a,
                    [a, b, slopes = slopes](const Var& g) {
                      return recording() ? squared_difference_grad(a, b, g) : strong_mul(g, constant(slopes));
                    }),
                wrt(b, [a, b](const Var& g) { return squared_difference_grad(b, a, g); }));
}

}  // namespace hourglass
