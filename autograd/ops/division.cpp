// SPDX-License-Identifier: MIT
// Elementwise ops of two and three operands that have no kernel: division with remainder, bounds, signs.
#include <cmath>
#include <utility>

#include "autograd/arithmetic.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/composed/arithmetic.h"

namespace hourglass {
namespace {

Var zero_like(const Var& g) { return constant(zeros_like(g.value())); }

// A quotient without its fraction is flat between its steps.
Var record_quotient(const Op& op, Tensor value, const Var& a, const Var& b) {
  return record(op, std::move(value), wrt(a, zero_like), wrt(b, zero_like));
}

}  // namespace

Var xlogy(const Var& x, const Var& y) { return composed::xlogy(x, y); }

Var hypot(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("hypot", "√(a² + b²)", {"dy/da = a / y", "dy/db = b / y"});
  const auto part = [](const Var& g, const Var& side, const Var& y) {  // at the origin flat by convention
    return strong_div(strong_mul(g, side), masked_fill(y, y.value() == 0, INFINITY));
  };
  return record(op, hypot(a.value(), b.value()),
                wrt(a, [a, part](const Var& g, const Var& y) { return part(g, a, y); }),
                wrt(b, [b, part](const Var& g, const Var& y) { return part(g, b, y); }));
}
Var copysign(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("copysign", "|a| with b's sign", {"dy/da = sign y / sign a", "dy/db = 0"});
  Tensor value = copysign(a.value(), b.value());
  const Tensor slope = sign(value) * sign(a.value());
  return record(op, std::move(value), wrt(a, [slope](const Var& g) { return strong_mul(g, constant(slope)); }),
                wrt(b, zero_like));
}

Var div(const Var& a, const Var& b, Rounding rounding) {
  static constexpr Op op = Op::elementwise("div", "a / b, rounded", {"dy/da = 0: flat between steps", "dy/db = 0"});
  return record_quotient(op, div(a.value(), b.value(), rounding), a, b);
}
Var floor_divide(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("floor_divide", "⌊a / b⌋", {"dy/da = 0: flat between steps", "dy/db = 0"});
  return record_quotient(op, floor_divide(a.value(), b.value()), a, b);
}
Var remainder(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("remainder", "a - b ⌊a / b⌋", {"dy/da = 1", "dy/db = -⌊a / b⌋"});
  return record(op, remainder(a.value(), b.value()), wrt(a, [](const Var& g) { return g; }),
                wrt(b, [quotient = floor_divide(a.value(), b.value())](const Var& g) {
                  return -strong_mul(g, constant(quotient));
                }));
}
Var fmod(const Var& a, const Var& b) {
  static constexpr Op op = Op::elementwise("fmod", "a - b trunc(a / b)", {"dy/da = 1", "dy/db = -trunc(a / b)"});
  return record(op, fmod(a.value(), b.value()), wrt(a, [](const Var& g) { return g; }),
                wrt(b, [quotient = div(a.value(), b.value(), Rounding::trunc)](const Var& g) {
                  return -strong_mul(g, constant(quotient));
                }));
}
Var div(const Var& a, Scalar b, Rounding rounding) { return div(a, constant(b, a.dtype()), rounding); }
Var floor_divide(const Var& a, Scalar b) { return floor_divide(a, constant(b, a.dtype())); }
Var remainder(const Var& a, Scalar b) { return remainder(a, constant(b, a.dtype())); }
Var fmod(const Var& a, Scalar b) { return fmod(a, constant(b, a.dtype())); }

Var clamp_min(const Var& x, const Var& low) {
  static constexpr Op op =
      Op::elementwise("clamp_min", "max(x, low)", {"dy/dx = 1 where x >= low", "dy/dlow = 1 where x < low"});
  const Tensor below = x.value() < low.value();
  return record(op, maximum(x.value(), low.value()), wrt(x, [below](const Var& g) { return where(below, 0, g); }),
                wrt(low, [below](const Var& g) { return where(below, g, 0); }));
}
Var clamp_max(const Var& x, const Var& high) {
  static constexpr Op op =
      Op::elementwise("clamp_max", "min(x, high)", {"dy/dx = 1 where x <= high", "dy/dhigh = 1 where x > high"});
  const Tensor above = x.value() > high.value();
  return record(op, minimum(x.value(), high.value()), wrt(x, [above](const Var& g) { return where(above, 0, g); }),
                wrt(high, [above](const Var& g) { return where(above, g, 0); }));
}
Var clamp_min(const Var& x, Scalar low) { return clamp_min(x, constant(low, x.dtype())); }
Var clamp_max(const Var& x, Scalar high) { return clamp_max(x, constant(high, x.dtype())); }
Var clamp(const Var& x, const Var& low, const Var& high) { return clamp_max(clamp_min(x, low), high); }

}  // namespace hourglass
