// SPDX-License-Identifier: MIT
// What transforms do before they transform, for Tensor and for Var.
#pragma once
#include <vector>

#include "tensor/ops.h"

namespace hourglass::composed {

/// x with `count` numbers along the axis, a negative one: cut, or filled up with zeros at the end.
template <class X>
X with_length(const X& x, int axis, std::int64_t count) {
  const std::int64_t missing = count - x.size(axis);
  if (missing <= 0) return missing == 0 ? x : slice(x, axis, 0, count);
  std::vector<Padding> paddings(static_cast<std::size_t>(-axis));
  paddings[0].after = missing;
  return pad(x, paddings);
}

}  // namespace hourglass::composed
