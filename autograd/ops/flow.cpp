// SPDX-License-Identifier: MIT
#include "autograd/ops/flow.h"

namespace hourglass {

Var stop_gradient(const Var& x) { return x.detach(); }

Var alias(const Var& x) {
  if (!x.needs_gradient()) return variable(x.value());
  static constexpr Op op = Op::with_leading_axes("alias", "x", {"dy/dx = 1"});
  return record(op, x.value(), wrt(x, [](const Var& g) { return g; }));
}

Var scale_gradient(const Var& x, double factor) {
  static constexpr Op op = Op::with_leading_axes("scale_gradient", "x", {"g times a factor, whatever dy/dx is"});
  return record(op, x.value(), wrt(x, [factor](const Var& g) { return g * factor; }));
}

Var straight_through(const Tensor& hard, const Var& soft) {
  static constexpr Op op = Op::with_leading_axes("straight_through", "a step of x", {"g as it is, as if dy/dx were 1"});
  check(hard.shape() == soft.shape() && hard.dtype() == soft.dtype(), "straight_through", "hard is ", describe(hard),
        ", soft ", describe(soft));
  return record(op, hard, wrt(soft, [](const Var& g) { return g; }));
}

}  // namespace hourglass
