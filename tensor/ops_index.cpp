// Picking by index, its adjoints, and sorting.
//
// Every op here works along one axis. With contiguous memory an axis cuts a tensor into `outer` blocks of [extent, inner].
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

constexpr std::int64_t kGrain = 16384;  // elements a chunk

struct Cut {
  std::int64_t outer = 1, extent = 1, inner = 1;
};
Cut cut(const Tensor& x, int axis) {
  Cut c;
  for (int i = 0; i < x.dim(); ++i) (i < axis ? c.outer : i == axis ? c.extent : c.inner) *= x.shape()[i];
  return c;
}

// A 0-d tensor has one element on an axis that is not there.
Tensor at_least_1d(const Tensor& x) { return x.dim() == 0 ? reshape(x, {1}) : x; }

// Contiguous, i64, and every entry below extent.
Tensor checked_index(std::string_view op, const Tensor& index, std::int64_t extent) {
  check(index.dtype() == Dtype::i64, op, "the index must be i64, got ", describe(index));
  const Tensor flat = contiguous(index);
  const std::int64_t* const entries = flat.data<std::int64_t>();
  for (std::int64_t i = 0; i < flat.numel(); ++i)
    check(entries[i] >= 0 && entries[i] < extent, op, "index ", entries[i], " at position ", i, " of ", describe(index),
          " is out of range for an axis of ", extent);
  return flat;
}

// line(position, offsets): once for each line of `shape` along the axis. offsets are where the line begins in operands of
// these strides. Lines are independent, and run in parallel.
template <std::size_t N, class Line>
void for_each_line(const Shape& shape, int axis, std::array<Strides, N> strides, Line&& line) {
  Shape others = shape;
  const std::int64_t length = shape[axis];
  others.erase(axis);
  for (Strides& s : strides) s.erase(axis);
  const Walk<N> walk(others, strides);
  const std::array<std::int64_t, N> steps = walk.steps();
  parallel_for(numel(others), std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, length)),
               [&](std::int64_t begin, std::int64_t end) {
                 walk.for_each_run(begin, end, [&](std::int64_t, std::array<std::int64_t, N> offsets, std::int64_t count) {
                   for (std::int64_t i = 0; i < count; ++i) {
                     line(offsets);
                     for (std::size_t k = 0; k < N; ++k) offsets[k] += steps[k];
                   }
                 });
               });
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index) {
  const Tensor from = contiguous(at_least_1d(x));
  const int at = normalize_axis("index_select", axis, from.dim());
  check(index.dim() <= 1, "index_select", "the index must be 1-d, got ", describe(index));
  const Cut c = cut(from, at);
  const Tensor picks = checked_index("index_select", index, c.extent);
  Shape shape = from.shape();
  shape[at] = picks.numel();
  Tensor result(shape, x.dtype());
  const std::int64_t count = picks.numel();
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = from.data<T>();
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    parallel_for(c.outer * count, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, c.inner)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t row = begin; row < end; ++row)
                     std::copy_n(in + (row / count * c.extent + pick[row % count]) * c.inner, c.inner, out + row * c.inner);
                 });
  });
  return x.dim() == 0 ? reshape(result, {}) : result;
}

Tensor index_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  check_same_dtype("index_add", x, source);
  Tensor result = contiguous(at_least_1d(x));
  const Tensor addends = contiguous(at_least_1d(source));
  const int at = normalize_axis("index_add", axis, result.dim());
  check(index.dim() <= 1, "index_add", "the index must be 1-d, got ", describe(index));
  const Cut c = cut(result, at);
  const Tensor picks = checked_index("index_add", index, c.extent);
  const std::int64_t count = picks.numel();
  Shape expected = result.shape();
  expected[at] = count;
  check(addends.shape() == expected, "index_add", "the source must be ", expected, " to be added to ", describe(x), " along axis ",
        at, ", got ", describe(source));
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = addends.data<T>();
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    // An index may stand there twice, so the axis itself is walked in order; columns are shared out.
    parallel_for(c.inner, std::max<std::int64_t>(16, kGrain / std::max<std::int64_t>(1, c.outer * count)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t block = 0; block < c.outer; ++block)
                     for (std::int64_t j = 0; j < count; ++j) {
                       T* const to = out + (block * c.extent + pick[j]) * c.inner;
                       const T* const from = in + (block * count + j) * c.inner;
                       for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<T>(to[i] + from[i]);
                     }
                 });
  });
  return x.dim() == 0 ? reshape(result, {}) : result;
}

namespace {
// The index of gather and scatter_add may be shorter than the tensor, but not longer, in every axis but the one.
void check_fits(std::string_view op, const Tensor& index, const Tensor& x, int axis) {
  bool fits = index.dim() == x.dim();
  for (int i = 0; fits && i < x.dim(); ++i) fits = i == axis || index.shape()[i] <= x.shape()[i];
  check(fits, op, "index ", describe(index), " does not fit ", describe(x), " along axis ", axis,
        ": all other extents must be at most as large");
}
}  // namespace

Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index) {
  if (x.dim() == 0) return reshape(gather(at_least_1d(x), axis, at_least_1d(index)), index.shape());
  const int at = normalize_axis("gather", axis, x.dim());
  check_fits("gather", index, x, at);
  const Tensor picks = checked_index("gather", index, x.shape()[at]);
  Tensor result(index.shape(), x.dtype());
  const std::int64_t count = index.shape()[at], x_step = x.strides()[at], step = result.strides()[at];
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = x.data<T>();
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    for_each_line<2>(index.shape(), at, {x.strides(), result.strides()}, [&](const std::array<std::int64_t, 2>& offsets) {
      for (std::int64_t j = 0; j < count; ++j)
        out[offsets[1] + j * step] = in[offsets[0] + pick[offsets[1] + j * step] * x_step];
    });
  });
  return result;
}

Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  check_same_dtype("scatter_add", x, source);
  if (x.dim() == 0)
    return reshape(scatter_add(at_least_1d(x), axis, at_least_1d(index), at_least_1d(source)), {});
  const int at = normalize_axis("scatter_add", axis, x.dim());
  check_fits("scatter_add", index, x, at);
  bool covered = source.dim() == index.dim();
  for (int i = 0; covered && i < index.dim(); ++i) covered = index.shape()[i] <= source.shape()[i];
  check(covered, "scatter_add", "source ", describe(source), " is smaller than index ", describe(index));
  const Tensor picks = checked_index("scatter_add", index, x.shape()[at]);
  Tensor result = contiguous(x);
  const std::int64_t count = index.shape()[at], pick_step = picks.strides()[at], source_step = source.strides()[at];
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = source.data<T>();
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    const std::int64_t out_step = result.strides()[at];
    for_each_line<3>(index.shape(), at, {result.strides(), picks.strides(), source.strides()},
                     [&](const std::array<std::int64_t, 3>& offsets) {  // in order: an index may stand there twice
                       for (std::int64_t j = 0; j < count; ++j) {
                         T& to = out[offsets[0] + pick[offsets[1] + j * pick_step] * out_step];
                         to = static_cast<T>(to + in[offsets[2] + j * source_step]);
                       }
                     });
  });
  return result;
}

Tensor one_hot(const Tensor& classes, std::int64_t count, Dtype dtype) {
  check(count >= 0, "one_hot", "needs a count of at least 0, got ", count);
  const Tensor picks = checked_index("one_hot", classes, count);
  Shape shape = classes.shape();
  shape.push_back(count);
  Tensor result = zeros(shape, dtype);
  dispatch(dtype, [&]<class T>() {
    const std::int64_t* const pick = picks.data<std::int64_t>();
    T* const out = result.mutable_data<T>();
    for (std::int64_t i = 0; i < picks.numel(); ++i) out[i * count + pick[i]] = T(1);
  });
  return result;
}

namespace {

// NaN counts as larger than every number.
template <class T>
bool less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(b)) return !std::isnan(a);
  return a < b;
}

// The first k of every line, best first; arrange(begin, end, before) puts the line's positions in order.
template <class Arrange>
Sorted best_of_lines(std::string_view op, const Tensor& x, std::int64_t k, std::int64_t axis, bool descending, Arrange arrange) {
  const Tensor from = at_least_1d(x);
  const int at = normalize_axis(op, axis, from.dim());
  const std::int64_t extent = from.shape()[at];
  check(k >= 0 && k <= extent, op, "k = ", k, ", but axis ", at, " of ", describe(x), " is ", extent);
  Shape shape = from.shape();
  shape[at] = k;
  Sorted result{Tensor(shape, x.dtype()), Tensor(shape, Dtype::i64)};
  dispatch(x.dtype(), [&]<class T>() {
    const T* const in = from.data<T>();
    T* const values = result.values.mutable_data<T>();
    std::int64_t* const indices = result.indices.mutable_data<std::int64_t>();
    const std::int64_t in_step = from.strides()[at], step = result.values.strides()[at];
    for_each_line<2>(from.shape(), at, {from.strides(), result.values.strides()}, [&](const std::array<std::int64_t, 2>& offsets) {
      const T* const line = in + offsets[0];
      std::vector<std::int64_t> order(static_cast<std::size_t>(extent));
      std::iota(order.begin(), order.end(), 0);
      arrange(order, [&](std::int64_t a, std::int64_t b) {
        const T x_a = line[a * in_step], x_b = line[b * in_step];
        return descending ? less(x_b, x_a) : less(x_a, x_b);
      });
      for (std::int64_t j = 0; j < k; ++j) {
        indices[offsets[1] + j * step] = order[static_cast<std::size_t>(j)];
        values[offsets[1] + j * step] = line[order[static_cast<std::size_t>(j)] * in_step];
      }
    });
  });
  if (x.dim() == 0) return {reshape(result.values, {}), reshape(result.indices, {})};
  return result;
}

}  // namespace

Sorted sort(const Tensor& x, std::int64_t axis, bool descending) {
  const std::int64_t extent = x.dim() == 0 ? 1 : x.size(axis);
  return best_of_lines("sort", x, extent, axis, descending,
                       [](auto& order, auto before) { std::stable_sort(order.begin(), order.end(), before); });
}
Tensor argsort(const Tensor& x, std::int64_t axis, bool descending) { return sort(x, axis, descending).indices; }

Sorted top_k(const Tensor& x, std::int64_t k, std::int64_t axis, bool largest) {
  check(x.dim() > 0 || k == 1, "top_k", "k = ", k, " of a single number");
  return best_of_lines("top_k", x, k, axis, largest, [k](auto& order, auto before) {
    std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](std::int64_t a, std::int64_t b) {
      return before(a, b) || (!before(b, a) && a < b);
    });
  });
}

}  // namespace hourglass
