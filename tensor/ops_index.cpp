// Picking by index, its adjoints, and sorting.
#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

constexpr std::int64_t kGatherGrain = 16384;  // elements a chunk

// A 0-d tensor counts as one element along one axis.
Tensor at_least_1d(const Tensor& x) { return x.dim() == 0 ? reshape(x, {1}) : x; }

// The index of element `position` of a row-major tensor.
Axes coordinates(std::int64_t position, const Shape& shape) {
  Axes result = shape;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    result[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return result;
}

// The index, contiguous, after a check that its entries are i64 and less than `extent`, which is that of `target...`.
template <class... Target>
Tensor checked_index(std::string_view op, const Tensor& index, std::int64_t extent, const Target&... target) {
  check(index.dtype() == Dtype::i64, op, "the index must be i64, got ", describe(index));
  Tensor flat = contiguous(index);
  const std::span<const std::int64_t> entries = flat.span<std::int64_t>();
  const auto outside = [extent](std::int64_t entry) { return entry < 0 || entry >= extent; };
  bool any_outside = false;
  for (const std::int64_t entry : entries) any_outside |= outside(entry);
  if (!any_outside) return flat;
  const auto first = std::find_if(entries.begin(), entries.end(), outside);
  fail(op, "index ", *first, " at ", coordinates(first - entries.begin(), index.shape()), " is out of range for ",
       target..., " (extent ", extent, ")");
}

// result += source at picks along one axis, over the shape of picks. Only elements of the same line along the axis can
// have the same target, and they are added in order; lines run in parallel.
template <class T>
void add_at(Tensor& result, int axis, const Tensor& picks, const Tensor& source) {
  const std::int64_t length = picks.shape()[axis];
  if (picks.numel() == 0) return;
  Shape lines = picks.shape();
  std::array<Strides, 3> strides{result.strides(), picks.strides(), source.strides()};
  std::array<std::int64_t, 3> along{};
  lines.erase(axis);
  for (std::size_t k = 0; k < 3; ++k) {
    along[k] = strides[k][axis];
    strides[k].erase(axis);
  }
  const TensorIterator<3> iterator(lines, strides);
  const std::array<std::int64_t, 3> across = iterator.steps();
  T* const out = result.mutable_data<T>();
  const std::int64_t* const pick = picks.data<std::int64_t>();
  const T* const in = source.data<T>();
  // Neighbouring lines advance together, a few cache lines of them.
  const bool together = across[2] < along[2];
  const std::int64_t grain = std::max<std::int64_t>(together ? 64 : 1, kGatherGrain / length);
  parallel_for(numel(lines), grain, [&](std::int64_t begin, std::int64_t end) {
    iterator.for_each_run(begin, end,
                          [&](std::int64_t, const std::array<std::int64_t, 3>& offsets, std::int64_t count) {
                            const auto add = [&](std::int64_t line, std::int64_t j) {
                              const std::int64_t to = pick[offsets[1] + line * across[1] + j * along[1]];
                              T& sum = out[offsets[0] + line * across[0] + to * along[0]];
                              sum = plus(sum, in[offsets[2] + line * across[2] + j * along[2]]);
                            };
                            if (together) {
                              for (std::int64_t j = 0; j < length; ++j)
                                for (std::int64_t line = 0; line < count; ++line) add(line, j);
                            } else {
                              for (std::int64_t line = 0; line < count; ++line)
                                for (std::int64_t j = 0; j < length; ++j) add(line, j);
                            }
                          });
  });
}

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
  Shape expected = x.shape(), column = Axes::filled(x.dim(), 1);
  expected[at] = column[at] = picks.numel();
  check(source.shape() == expected, "index_add", "adding to ", describe(x), " at ", picks.numel(), " places of axis ",
        at, " needs a source of ", expected, ", got ", describe(source));
  Tensor result = contiguous(x);
  dispatch(x.dtype(), [&]<class T>() { add_at<T>(result, at, expand(reshape(picks, column), expected), source); });
  return result;
}

namespace {
// The index of gather and scatter_add may be shorter than x along all axes but `free_axis`, where
// it may have any length. It may be shorter than the source along every axis.
void check_index_shape(std::string_view op, const Tensor& index, const Tensor& x, int free_axis) {
  check(index.dim() == x.dim(), op, "the index needs as many axes as the tensor: ", describe(index), " against ",
        describe(x), " (", index.dim(), " against ", x.dim(), ")");
  for (int axis = 0; axis < x.dim(); ++axis) {
    check(axis == free_axis || index.shape()[axis] <= x.shape()[axis], op,
          "the index is longer than the tensor in axis ", axis, ": ", describe(index), " against ", describe(x), " (",
          index.shape()[axis], " against ", x.shape()[axis], ")");
  }
}
}  // namespace

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
  dispatch(x.dtype(), [&]<class T>() { add_at<T>(result, at, picks, source); });
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

namespace {

// An unsigned number in the same order as x, NaN last: integers are compared faster. The bits of an IEEE number are in
// the order of its magnitude, so negative numbers have all their bits flipped, and the others their sign.
template <class T>
auto sort_key(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1);
    if (x != x) return std::numeric_limits<Bits>::max();
    const Bits bits = std::bit_cast<Bits>(x + T(0));  // -0 + 0 is 0, and the two are equal
    return static_cast<Bits>(bits & sign ? ~bits : bits | sign);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<std::uint64_t>(x) ^ std::uint64_t{1} << 63;
  } else {
    return x;
  }
}

template <class Key>
using Places = std::vector<std::pair<Key, std::int64_t>>;  // keys, and their positions

// Sorts byte by byte from the lowest, keeping the order of equal bytes: there is no comparison to mispredict.
template <class Key>
void radix_sort(Places<Key>& places) {
  Places<Key> moved(places.size());
  for (std::size_t shift = 0; shift < 8 * sizeof(Key); shift += 8) {
    const auto byte = [shift](const auto& place) { return static_cast<std::size_t>(place.first >> shift & 0xff); };
    std::array<std::size_t, 257> start{};
    for (const auto& place : places) ++start[byte(place) + 1];
    if (start[byte(places[0]) + 1] == places.size()) continue;  // all have the same byte here
    std::partial_sum(start.begin(), start.end(), start.begin());
    for (const auto& place : places) moved[start[byte(place)]++] = place;
    places.swap(moved);
  }
}

// The first k elements of one line in order, and their positions; k is the size of `values`. Equal elements keep their
// order, because pairs are compared, and then the positions decide.
template <class T>
void sort_line(std::span<const T> line, bool descending, std::span<T> values, std::span<std::int64_t> indices) {
  constexpr std::size_t few = 64;  // from here on radix_sort is faster: 784 f32 take 6 µs, by std::sort 29
  using Key = decltype(sort_key(T{}));
  Places<Key> order;
  order.reserve(line.size());
  for (const T x : line) {
    const Key key = sort_key(x);
    order.emplace_back(descending ? static_cast<Key>(~key) : key, static_cast<std::int64_t>(order.size()));
  }
  if (values.size() < line.size())
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(values.size()), order.end());
  else if (line.size() < few) std::sort(order.begin(), order.end());
  else radix_sort(order);
  for (std::size_t j = 0; j < values.size(); ++j) {
    indices[j] = order[j].second;
    values[j] = line[static_cast<std::size_t>(indices[j])];
  }
}

Sorted sort_lines(std::string_view op, const Tensor& x, std::int64_t k, std::int64_t axis, bool descending) {
  const Work work(op, 0, x);
  if (x.dim() == 0) {
    const Sorted one = sort_lines(op, at_least_1d(x), k, axis, descending);
    return {reshape(one.values, {}), reshape(one.indices, {})};
  }
  const int at = normalize_axis(op, axis, x.dim());
  const Tensor lines = contiguous(transpose(x, at, -1));
  const std::int64_t length = x.shape()[at];
  Shape shape = lines.shape();
  shape.back() = k;
  Tensor values(shape, x.dtype()), indices(shape, Dtype::i64);
  if (values.numel() != 0) {
    dispatch(x.dtype(), [&]<class T>() {
      const T* const in = lines.data<T>();
      T* const out = values.mutable_data<T>();
      std::int64_t* const positions = indices.mutable_data<std::int64_t>();
      const auto line = [](auto* start, std::int64_t size) { return std::span(start, static_cast<std::size_t>(size)); };
      parallel_for(lines.numel() / length, kGatherGrain / 8 / length + 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
          sort_line<T>(line(in + i * length, length), descending, line(out + i * k, k), line(positions + i * k, k));
      });
    });
  }
  return {contiguous(transpose(values, at, -1)), contiguous(transpose(indices, at, -1))};
}

}  // namespace

Sorted sort(const Tensor& x, std::int64_t axis, bool descending) {
  return sort_lines("sort", x, x.dim() == 0 ? 1 : x.shape()[normalize_axis("sort", axis, x.dim())], axis, descending);
}
Tensor argsort(const Tensor& x, std::int64_t axis, bool descending) { return sort(x, axis, descending).indices; }

Sorted top_k(const Tensor& x, std::int64_t k, std::int64_t axis, bool largest) {
  const int at = normalize_axis("top_k", axis, std::max(1, x.dim()));
  const std::int64_t extent = x.dim() == 0 ? 1 : x.shape()[at];
  check(k >= (x.dim() == 0 ? 1 : 0) && k <= extent, "top_k", "cannot pick ", k, " from axis ", at, " of ", describe(x),
        " (extent ", extent, ")");
  return sort_lines("top_k", x, k, axis, largest);
}

}  // namespace hourglass
