// SPDX-License-Identifier: MIT
// Medians; the Tensor forms of composed/order.h.
#include <algorithm>
#include <vector>

#include "tensor/around.h"
#include "tensor/composed/order.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {

Sorted median(const Tensor& x, std::int64_t axis, bool keepdim) {
  const Work work("median", x.numel(), x);
  const Around around("median", x, axis);
  const std::int64_t n = around.extent;
  const int at = x.dim() == 0 ? 0 : normalize_axis("median", axis, x.dim());
  check(n > 0, "median", "there is nothing along axis ", at, " of ", describe(x));
  const Tensor lines = contiguous(x.dim() == 0 ? x : transpose(x, at, -1));
  Shape shape = lines.shape();
  if (x.dim() > 0) shape.back() = 1;
  Sorted middle{Tensor(shape, x.dtype()), Tensor(shape, Dtype::i64)};
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = lines.data<T>();
    T* const values = middle.values.mutable_data<T>();
    std::int64_t* const indices = middle.indices.mutable_data<std::int64_t>();
    parallel_for(middle.values.numel(), grain_of(n, kSlowGrain), [&](std::int64_t begin, std::int64_t end) {
      std::vector<T> order;
      for (std::int64_t i = begin; i < end; ++i) {
        const T *const line = in + i * n, *const past = line + n;
        const T* found = std::find_if(line, past, [](T number) { return number != number; });
        if (found == past) {
          order.assign(line, past);
          const auto place = order.begin() + (n - 1) / 2;
          std::nth_element(order.begin(), place, order.end());
          found = std::find(line, past, *place);
        }
        values[i] = *found;
        indices[i] = found - line;
      }
    });
  });
  for (Tensor* const part : {&middle.values, &middle.indices})
    if (x.dim() > 0) *part = keepdim ? contiguous(transpose(*part, at, -1)) : select(transpose(*part, at, -1), at, 0);
  return middle;
}
Tensor median(const Tensor& x) { return median(flatten(x), 0).values; }

Tensor quantile(const Tensor& x, double q, std::int64_t axis, bool keepdim, Between between) {
  return composed::quantile(x, q, axis, keepdim, between);
}
Tensor quantile(const Tensor& x, const std::vector<double>& q, std::int64_t axis, bool keepdim, Between between) {
  return composed::quantile(x, q, axis, keepdim, between);
}

Tensor sum(const Tensor& x, const Axes& axes, bool keepdim, Dtype dtype) { return sum(to(x, dtype), axes, keepdim); }
Tensor mean(const Tensor& x, const Axes& axes, bool keepdim, Dtype dtype) { return mean(to(x, dtype), axes, keepdim); }
Tensor prod(const Tensor& x, const Axes& axes, bool keepdim, Dtype dtype) { return prod(to(x, dtype), axes, keepdim); }
Tensor nansum(const Tensor& x, const Axes& axes, bool keepdim) { return composed::nansum(x, axes, keepdim); }
Tensor nanmean(const Tensor& x, const Axes& axes, bool keepdim) { return composed::nanmean(x, axes, keepdim); }
Tensor count_nonzero(const Tensor& x, const Axes& axes, bool keepdim) { return sum(x != 0, axes, keepdim); }
Tensor diff(const Tensor& x, std::int64_t order, std::int64_t axis) { return composed::diff(x, order, axis); }
Tensor normalize(const Tensor& x, std::int64_t axis, double p, double eps) {
  return composed::normalize(x, axis, p, eps);
}
Tensor cdist(const Tensor& a, const Tensor& b, double p) { return composed::cdist(a, b, p); }

}  // namespace hourglass
