// SPDX-License-Identifier: MIT
// Elementwise ops of two and three operands.
#include <cmath>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

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
// Where g is 0, the result is 0 for every d, so the derivative by d is 0 too: zeros stay zeros at every order. It is
// 0 also where h, the gradient of the result, is 0: both are gradients, and either may be infinite.
Var strong_mul(const Var& g, const Var& d) {
  static constexpr Op op = Op::elementwise("strong_mul", "a b, 0 where a is 0", {"dy/da = b", "dy/db = a"});
  return record(op, strong_mul(g.value(), d.value()), wrt(g, [d](const Var& h) { return strong_mul(h, d); }),
                wrt(d, [g](const Var& h) { return strong_product(g, h); }));
}
Var strong_div(const Var& g, const Var& d) {
  static constexpr Op op = Op::elementwise("strong_div", "a / b, 0 where a is 0", {"dy/da = 1 / b", "dy/db = -y / b"});
  return record(op, strong_div(g.value(), d.value()), wrt(g, [d](const Var& h) { return strong_div(h, d); }),
                wrt(d, [d](const Var& h, const Var& y) { return -strong_div(strong_product(y, h), d); }));
}
Var strong_product(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("strong_product", "a b, 0 where a or b is 0", {"dy/da = b", "dy/db = a"});
  return record(op, strong_product(a.value(), b.value()), wrt(a, [b](const Var& h) { return strong_product(h, b); }),
                wrt(b, [a](const Var& h) { return strong_product(h, a); }));
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
namespace {
// Infinite or NaN, at least as f32.
bool is_extreme(double number) { return !std::isfinite(static_cast<float>(number)); }
}  // namespace
Var mul(const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("mul", "a b for a number b", {"dy/da = b"});
  return record(op, mul(a.value(), b), wrt(a, [b](const Var& g) {
                  return is_extreme(b.real()) ? strong_mul(g, constant(b, g.dtype())) : g * b;
                }));
}
Var div(const Var& a, Scalar b) {
  static constexpr Op op = Op::elementwise("div", "a / b for a number b", {"dy/da = 1 / b"});
  return record(op, div(a.value(), b), wrt(a, [b](const Var& g) {
                  return is_extreme(1 / b.real()) ? strong_div(g, constant(b, g.dtype())) : g / b;
                }));
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
                wrt(b, [a, b](const Var& g, const Var& y) {  // 0^b is 0 for all b > 0: flat, although log 0 = -∞
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
Var winners_share(const Tensor& loses, const Tensor& ties, Dtype dtype) {
  return constant(1 - to(loses, dtype) - to(ties, dtype) * 0.5);
}
}  // namespace
Var maximum(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("maximum", "the larger of a and b",
                      {"dy/da = 1 where a > b, ½ where equal", "dy/db = 1 where b > a, ½ where equal"});
  const auto of = [](const Var& x, const Var& other) {
    return winners_share(x.value() < other.value(), x.value() == other.value(), x.dtype());
  };
  return record(op, maximum(a.value(), b.value()), wrt(a, [a, b, of](const Var& g) { return g * of(a, b); }),
                wrt(b, [a, b, of](const Var& g) { return g * of(b, a); }));
}
Var minimum(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("minimum", "the smaller of a and b",
                      {"dy/da = 1 where a < b, ½ where equal", "dy/db = 1 where b < a, ½ where equal"});
  const auto of = [](const Var& x, const Var& other) {
    return winners_share(x.value() > other.value(), x.value() == other.value(), x.dtype());
  };
  return record(op, minimum(a.value(), b.value()), wrt(a, [a, b, of](const Var& g) { return g * of(a, b); }),
                wrt(b, [a, b, of](const Var& g) { return g * of(b, a); }));
}
Var maximum(const Var& a, Scalar b) { return maximum(a, constant(b, a.dtype())); }
Var minimum(const Var& a, Scalar b) { return minimum(a, constant(b, a.dtype())); }
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
  const auto times_over_square = [](const Var& g, const Var& factor, const Var& a, const Var& b) {
    const Tensor origin = logical_and(a.value() == 0, b.value() == 0);  // no angle there: flat by convention
    return strong_div(strong_mul(g, factor), masked_fill(square(a) + square(b), origin, INFINITY));
  };
  return record(op, atan2(y.value(), x.value()),
                wrt(y, [y, x, times_over_square](const Var& g) { return times_over_square(g, x, x, y); }),
                wrt(x, [y, x, times_over_square](const Var& g) { return -times_over_square(g, y, x, y); }));
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
  return record(op, lerp(a.value(), b.value(), weight.value()),
                wrt(a, [weight](const Var& g) { return strong_mul(g, 1 - weight); }),
                wrt(b, [weight](const Var& g) { return strong_mul(g, weight); }),
                wrt(weight, [a, b](const Var& g) { return strong_mul(g, b - a); }));
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

}  // namespace hourglass
