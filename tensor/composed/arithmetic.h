// SPDX-License-Identifier: MIT
// Elementwise formulas of other ops, for Tensor and for Var.
#pragma once
#include "tensor/arithmetic.h"
#include "tensor/composed/value_of.h"
#include "tensor/ops.h"

namespace hourglass::composed {

template <class X>
X nan_to_num(const X& x, double nan) {
  if (!is_floating(x.dtype())) return x;
  const Tensor& value = value_of(x);
  const double largest = largest_of(x.dtype());
  return where(isnan(value), nan, where(value > largest, largest, where(value < -largest, -largest, x)));
}

template <class X>
X xlogy(const X& x, const X& y) {
  const Tensor outside = logical_or(value_of(y) <= 0, isinf(value_of(y)));
  const Tensor zero = logical_and(value_of(x) == 0, outside);
  return where(zero, 0, x * log(where(zero, 1, y)));
}

}  // namespace hourglass::composed
