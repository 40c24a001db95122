// SPDX-License-Identifier: MIT
// Picking by index, and adding at indices, the adjoint.
#include <algorithm>

#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/picks.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

constexpr auto adding = [](auto& sum, auto x) { sum = plus(sum, x); };

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index) {
  const Work work("index_select", 0, index);
  if (x.dim() == 0) {
    check(index.numel() == 1, "index_select", "a 0-d tensor needs one index, got ", describe(index));
    return reshape(index_select(at_least_1d(x), axis, index), {});
  }
  const int at = normalize_axis("index_select", axis, x.dim());
  check(index.dim() <= 1, "index_select", "the index must be 1-d, got ", describe(index));
  const std::int64_t extent = x.shape()[at], count = index.numel();
  const Tensor picks = checked_index("index_select", index, extent, "axis ", at, " of ", describe(x));
  const Tensor from = contiguous(x);
  Shape shape = x.shape();
  shape[at] = count;
  Tensor result(shape, x.dtype());
  if (result.numel() == 0) return result;
  std::int64_t row_size = 1;
  for (int i = at + 1; i < x.dim(); ++i) row_size *= shape[i];
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = from.data<T>();
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    parallel_for(result.numel() / row_size, kGatherGrain / row_size + 1, [&](std::int64_t begin, std::int64_t end) {
      std::int64_t block = begin / count, j = begin % count;
      for (std::int64_t row = begin; row < end; ++row) {
        const T* const picked = in + (block * extent + pick[j]) * row_size;
        if (row_size == 1) out[row] = *picked;  // a call of memmove would cost more
        else std::copy_n(picked, row_size, out + row * row_size);
        if (++j < count) continue;
        j = 0;
        ++block;
      }
    });
  });
  return result;
}

Tensor index_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  const Work work("index_add", source.numel(), x, index, source);
  if (x.dim() == 0) return reshape(index_add(at_least_1d(x), axis, index, at_least_1d(source)), {});
  const int at = normalize_axis("index_add", axis, x.dim());
  check_same_dtype("index_add", x, source);
  check(index.dim() <= 1, "index_add", "the index must be 1-d, got ", describe(index));
  const Tensor picks = checked_index("index_add", index, x.shape()[at], "axis ", at, " of ", describe(x));
  Shape expected = x.shape();
  expected[at] = picks.numel();
  check(source.shape() == expected, "index_add", "adding to ", describe(x), " at ", picks.numel(), " places of axis ",
        at, " needs a source of ", expected, ", got ", describe(source));
  Tensor result = contiguous(x);
  dispatch(x.dtype(), [&]<class T>() {
    combine_at<T>(result, at, expand(reshape(picks, shape_along(x.dim(), at, picks.numel())), expected), source,
                  adding);
  });
  return result;
}

Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index) {
  const Work work("gather", 0, index);
  if (x.dim() == 0) return reshape(gather(at_least_1d(x), axis, at_least_1d(index)), index.shape());
  const int at = normalize_axis("gather", axis, x.dim());
  check_index_shape("gather", index, x, at);
  const Tensor picks = checked_index("gather", index, x.shape()[at], "axis ", at, " of ", describe(x));
  Tensor result(index.shape(), x.dtype());
  if (result.numel() == 0) return result;
  Strides strides = x.strides();
  strides[at] = 0;  // only the index advances along this axis
  const TensorIterator<1> iterator(index.shape(), {strides});
  const std::int64_t step = iterator.steps()[0], pick_step = x.strides()[at];
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = x.data<T>();
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    parallel_for(result.numel(), kGatherGrain, [&](std::int64_t begin, std::int64_t end) {
      const auto run = [&](std::int64_t position, const std::array<std::int64_t, 1>& offset, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i)
          out[position + i] = in[offset[0] + i * step + pick[position + i] * pick_step];
      };
      iterator.for_each_run(begin, end, run);
    });
  });
  return result;
}

Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  const Work work("scatter_add", source.numel(), x, index, source);
  if (x.dim() == 0) return reshape(scatter_add(at_least_1d(x), axis, at_least_1d(index), at_least_1d(source)), {});
  const int at = normalize_axis("scatter_add", axis, x.dim());
  check_same_dtype("scatter_add", x, source);
  check_index_shape("scatter_add", index, x, at);
  check_index_shape("scatter_add", index, source, -1);
  const Tensor picks = checked_index("scatter_add", index, x.shape()[at], "axis ", at, " of ", describe(x));
  Tensor result = contiguous(x);
  dispatch(x.dtype(), [&]<class T>() { combine_at<T>(result, at, picks, source, adding); });
  return result;
}

Tensor one_hot(const Tensor& classes, std::int64_t count, Dtype dtype) {
  const Work work("one_hot", 0, classes);
  check(count >= 0, "one_hot", "needs a count of at least 0, got ", count);
  const Tensor picks = checked_index("one_hot", classes, count, "the classes");
  Shape shape = classes.shape();
  shape.push_back(count);
  Tensor result = zeros(shape, dtype);
  dispatch(dtype, [&]<class T>() {
    T* out = result.mutable_data<T>();
    for (const std::int64_t pick : picks.span<std::int64_t>()) {
      out[pick] = T(1);
      out += count;
    }
  });
  return result;
}

}  // namespace hourglass
