// SPDX-License-Identifier: MIT
// Order statistics, and the Var forms of composed/order.h: formulas of other ops.
#include "autograd/order.h"

#include "autograd/arranging.h"
#include "autograd/indexing.h"
#include "tensor/composed/order.h"

namespace hourglass {

SortedVar median(const Var& x, std::int64_t axis, bool keepdim) {
  const Tensor indices = median(x.value(), axis, true).indices;
  const Var y = gather(x, axis, indices);
  if (keepdim || x.dim() == 0) return {y, indices};
  return {squeeze(y, axis), squeeze(indices, axis)};
}
Var median(const Var& x) { return median(flatten(x), 0).values; }

Var quantile(const Var& x, double q, std::int64_t axis, bool keepdim, Between between) {
  return composed::quantile(x, q, axis, keepdim, between);
}
Var quantile(const Var& x, const std::vector<double>& q, std::int64_t axis, bool keepdim, Between between) {
  return composed::quantile(x, q, axis, keepdim, between);
}

Var sum(const Var& x, const Axes& axes, bool keepdim, Dtype dtype) { return sum(to(x, dtype), axes, keepdim); }
Var mean(const Var& x, const Axes& axes, bool keepdim, Dtype dtype) { return mean(to(x, dtype), axes, keepdim); }
Var prod(const Var& x, const Axes& axes, bool keepdim, Dtype dtype) { return prod(to(x, dtype), axes, keepdim); }
Var nansum(const Var& x, const Axes& axes, bool keepdim) { return composed::nansum(x, axes, keepdim); }
Var nanmean(const Var& x, const Axes& axes, bool keepdim) { return composed::nanmean(x, axes, keepdim); }
Var diff(const Var& x, std::int64_t order, std::int64_t axis) { return composed::diff(x, order, axis); }
Var normalize(const Var& x, std::int64_t axis, double p, double eps) { return composed::normalize(x, axis, p, eps); }
Var cdist(const Var& a, const Var& b, double p) { return composed::cdist(a, b, p); }

}  // namespace hourglass
