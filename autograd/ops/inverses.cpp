// SPDX-License-Identifier: MIT
// Elementwise ops of one operand that have no kernel: inverse functions, whose rule is 1 / f'(y).
#include <cmath>
#include <numbers>

#include "autograd/arithmetic.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/composed/arithmetic.h"

namespace hourglass {

Var exp2(const Var& x) {
  static constexpr Op op = Op::elementwise("exp2", "2^x", {"dy/dx = y log 2"});
  return record(op, exp2(x.value()),
                wrt(x, [](const Var& g, const Var& y) { return strong_mul(g, y) * std::numbers::ln2; }));
}
Var asinh(const Var& x) {
  static constexpr Op op = Op::elementwise("asinh", "asinh x", {"dy/dx = 1 / √(1 + x²)"});
  return record(op, asinh(x.value()),
                wrt(x, [x](const Var& g) { return strong_div(g, hypot(x, constant(1, x.dtype()))); }));
}
Var acosh(const Var& x) {
  static constexpr Op op = Op::elementwise("acosh", "acosh x", {"dy/dx = 1 / √(x² - 1)"});
  return record(op, acosh(x.value()),
                wrt(x, [x](const Var& g) { return strong_div(strong_div(g, sqrt(x - 1)), sqrt(x + 1)); }));
}
Var atanh(const Var& x) {
  static constexpr Op op = Op::elementwise("atanh", "atanh x", {"dy/dx = 1 / (1 - x²)"});
  return record(op, atanh(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, (1 - x) * (1 + x)); }));
}
Var erfinv(const Var& x) {
  static constexpr Op op = Op::elementwise("erfinv", "erf⁻¹ x", {"dy/dx = √π/2 e^y²"});
  return record(op, erfinv(x.value()), wrt(x, [](const Var& g, const Var& y) {
                  return strong_mul(g, exp(square(y))) * (0.5 / std::numbers::inv_sqrtpi);
                }));
}
Var logit(const Var& x) {
  static constexpr Op op = Op::elementwise("logit", "log(x / (1 - x))", {"dy/dx = 1 / (x (1 - x))"});
  return record(op, logit(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x * (1 - x)); }));
}
Var nan_to_num(const Var& x, double nan) { return composed::nan_to_num(x, nan); }

}  // namespace hourglass
