// SPDX-License-Identifier: MIT
// Where elements are: not 0, in a sorted tensor, equal to others.
#include <algorithm>
#include <span>

#include "tensor/checked.h"
#include "tensor/composed/indexing.h"
#include "tensor/parallel.h"
#include "tensor/picks.h"
#include "tensor/work.h"

namespace hourglass {

Tensor composed::positions_of(const Tensor& mask) {
  const Tensor flat = contiguous(mask != 0);
  Tensor positions({sum(flat).item<std::int64_t>()}, Dtype::i64);
  std::int64_t* out = positions.mutable_data<std::int64_t>();
  std::int64_t at = 0;
  for (const std::uint8_t one : flat.span<std::uint8_t>()) {
    if (one != 0) *out++ = at;
    ++at;
  }
  return positions;
}

Tensor nonzero(const Tensor& x) {
  const Work work("nonzero", 0, x);
  const Tensor positions = composed::positions_of(x);
  Tensor indices({positions.numel(), x.dim()}, Dtype::i64);
  std::int64_t* out = indices.mutable_data<std::int64_t>();
  for (const std::int64_t position : positions.span<std::int64_t>())
    for (const std::int64_t i : coordinates(position, x.shape())) *out++ = i;
  return indices;
}

Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right) {
  const Work work("searchsorted", values.numel(), sorted, values);
  check_same_dtype("searchsorted", sorted, values);
  Shape rows = values.shape();
  if (sorted.dim() != 1 && values.dim() > 0 && sorted.dim() > 0) rows.back() = sorted.shape().back();
  check(sorted.dim() == 1 || (sorted.dim() == values.dim() && sorted.shape() == rows && values.dim() > 0),
        "searchsorted", "needs 1-d numbers, or the leading axes of the values, got ", describe(sorted),
        " for the values ", describe(values));
  const Tensor from = contiguous(sorted), flat = contiguous(values);
  const std::int64_t length = sorted.shape().back(), row = sorted.dim() == 1 ? values.numel() : values.shape().back();
  Tensor result(values.shape(), Dtype::i64);
  if (values.numel() == 0) return result;
  dispatch(values.dtype(), [&]<class T>() {
    const T *const numbers = from.data<T>(), *const wanted = flat.data<T>();
    std::int64_t* const out = result.mutable_data<std::int64_t>();
    const auto before = [](T a, T b) { return a < b || (b != b && a == a); };  // NaN last
    parallel_for(values.numel(), kGatherGrain / 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T* const line = numbers + i / row * length;
        out[i] = (right ? std::upper_bound(line, line + length, wanted[i], before)
                        : std::lower_bound(line, line + length, wanted[i], before)) -
                 line;
      }
    });
  });
  return result;
}
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right) {
  check(boundaries.dim() == 1, "bucketize", "boundaries must be 1-d, got ", describe(boundaries));
  return searchsorted(boundaries, x, right);
}

Unique unique(const Tensor& x) {
  const Work work("unique", 0, x);
  const Sorted sorted = sort(flatten(x));
  const std::int64_t n = x.numel();
  const Tensor differs = slice(sorted.values, 0, 1, n) != slice(sorted.values, 0, 0, n - 1);
  const std::int64_t count = n == 0 ? 0 : count_nonzero(differs).item<std::int64_t>() + 1;
  Tensor inverse(x.shape(), Dtype::i64), edges({count + 1}, Dtype::i64);  // of the runs of equal elements
  const std::uint8_t* const is_new = differs.data<std::uint8_t>();
  const std::span<const std::int64_t> from = sorted.indices.span<std::int64_t>();
  std::int64_t* const to = inverse.mutable_data<std::int64_t>();
  std::int64_t* const edge = edges.mutable_data<std::int64_t>();
  std::int64_t run = 0;
  edge[0] = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    if (i > 0 && is_new[i - 1] != 0) edge[++run] = i;
    to[from[static_cast<std::size_t>(i)]] = run;
  }
  edge[count] = n;
  const Tensor first = slice(edges, 0, 0, count);
  return {index_select(sorted.values, 0, first), inverse, slice(edges, 0, 1, count + 1) - first};
}

Tensor one_hot(const Tensor& classes) {
  check(classes.numel() > 0 && classes.dtype() == Dtype::i64, "one_hot",
        "without a count, needs classes (i64) to count, got ", describe(classes));
  return one_hot(classes, Checked("one_hot", max(classes).item<std::int64_t>()) + 1);
}

Tensor bincount(const Tensor& numbers, std::int64_t min_length) {
  return composed::bincount(numbers, ones(numbers.shape(), Dtype::i64), min_length);
}
Tensor bincount(const Tensor& numbers, const Tensor& weights, std::int64_t min_length) {
  return composed::bincount(numbers, weights, min_length);
}

}  // namespace hourglass
