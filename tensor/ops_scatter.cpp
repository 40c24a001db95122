// SPDX-License-Identifier: MIT
// Setting and reducing at the places of an index; several indices at once.
#include <algorithm>
#include <limits>

#include "tensor/checked.h"
#include "tensor/composed/indexing.h"
#include "tensor/iterate.h"
#include "tensor/picks.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// combine(x, source) at the index, in a copy of x.
template <class Combine>
Tensor scattered(std::string_view op, const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source,
                 Combine combine) {
  const Work work(op, source.numel(), x, index, source);
  if (x.dim() == 0)
    return reshape(scattered(op, at_least_1d(x), axis, at_least_1d(index), at_least_1d(source), combine), {});
  const int at = normalize_axis(op, axis, x.dim());
  check_same_dtype(op, x, source);
  check_index_shape(op, index, x, at);
  check_index_shape(op, index, source, -1);
  const Tensor picks = checked_index(op, index, x.shape()[at], "axis ", at, " of ", describe(x));
  Tensor result = contiguous(x);
  dispatch(x.dtype(), [&]<class T>() { combine_at<T>(result, at, picks, source, combine); });
  return result;
}

// The number that a reduction starts from, as a 0-d tensor.
Tensor start_of(ScatterReduce how, Dtype dtype) {
  return dispatch(dtype, [&]<class T>() {
    using Limits = std::numeric_limits<T>;
    const T highest = Limits::has_infinity ? Limits::infinity() : Limits::max();
    const T lowest = Limits::has_infinity ? -highest : Limits::lowest();
    const T start = how == ScatterReduce::amax   ? lowest
                    : how == ScatterReduce::amin ? highest
                    : how == ScatterReduce::prod ? T(1)
                                                 : T(0);
    return Tensor::from<T>({start}, {});
  });
}

}  // namespace

Tensor scatter(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  return scattered("scatter", x, axis, index, source, [](auto& to, auto from) { to = from; });
}
Tensor scatter(const Tensor& x, std::int64_t axis, const Tensor& index, Scalar value) {
  return scatter(x, axis, index, expand(full({}, value, x.dtype()), index.shape()));
}
Tensor composed::scatter_hits(const Shape& shape, std::int64_t axis, const Tensor& index) {
  return scatter(zeros(shape, Dtype::u8), axis, index, 1);
}

Tensor scatter_reduce(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source, ScatterReduce how,
                      bool include_self) {
  constexpr std::string_view op = "scatter_reduce";
  const Tensor into =
      include_self ? x : where(composed::scatter_hits(x.shape(), axis, index), start_of(how, x.dtype()), x);
  const auto reduced = [&](auto combine) { return scattered(op, into, axis, index, source, combine); };
  const auto sum = [&] { return reduced([](auto& a, auto b) { a = plus(a, b); }); };
  switch (how) {
    case ScatterReduce::sum: return sum();
    case ScatterReduce::prod: return reduced([](auto& a, auto b) { a = static_cast<decltype(b)>(a * b); });
    case ScatterReduce::amax: return reduced([](auto& a, auto b) { a = b > a || b != b ? b : a; });
    case ScatterReduce::amin: return reduced([](auto& a, auto b) { a = b < a || b != b ? b : a; });
    case ScatterReduce::mean: break;
  }
  check_floating(op, x);
  return sum() / composed::scatter_counts(x, axis, index, include_self);
}
Tensor composed::scatter_counts(const Tensor& x, std::int64_t axis, const Tensor& index, bool include_self) {
  const Tensor start = full(x.shape(), include_self ? 1 : 0, x.dtype());
  return maximum(scatter_add(start, axis, index, ones(index.shape(), x.dtype())), 1);
}

composed::FlatIndex composed::flat_index(std::string_view op, const Tensor& x, std::span<const Tensor> indices) {
  const auto count = static_cast<int>(std::min<std::size_t>(indices.size(), kMaxAxes + 1));
  check(count >= 1 && count <= x.dim(), op, "needs 1 to ", x.dim(), " indices for ", describe(x), ", got ",
        indices.size());
  FlatIndex index{scalar(0, Dtype::i64), {1}};
  for (int axis = 0; axis < count; ++axis) {
    const std::int64_t extent = x.shape()[axis];
    const Tensor picks =
        checked_index(op, indices[static_cast<std::size_t>(axis)], extent, "axis ", axis, " of ", describe(x));
    broadcast_shapes(op, index.flat, picks);  // an error that names op
    index.flat = index.flat * extent + picks;
    index.rows[0] *= extent;
  }
  for (int axis = count; axis < x.dim(); ++axis) index.rows.push_back(x.shape()[axis]);
  return index;
}
Shape composed::FlatIndex::picked(bool as_one) const {
  Shape shape = as_one ? Shape{flat.numel()} : flat.shape();
  for (int axis = 1; axis < rows.size(); ++axis) shape.push_back(rows[axis]);
  return shape;
}

Tensor index_get(const Tensor& x, std::span<const Tensor> indices) { return composed::index_get(x, indices); }
Tensor index_get(const Tensor& x, std::initializer_list<Tensor> indices) {
  return index_get(x, std::span<const Tensor>(indices.begin(), indices.size()));
}
Tensor index_put(const Tensor& x, std::span<const Tensor> indices, const Tensor& values, bool accumulate) {
  return composed::index_put(x, indices, values, accumulate);
}
Tensor index_put(const Tensor& x, std::initializer_list<Tensor> indices, const Tensor& values, bool accumulate) {
  return index_put(x, std::span<const Tensor>(indices.begin(), indices.size()), values, accumulate);
}
Tensor masked_select(const Tensor& x, const Tensor& mask) { return composed::masked_select(x, mask); }

}  // namespace hourglass
