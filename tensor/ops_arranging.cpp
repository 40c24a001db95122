// SPDX-License-Identifier: MIT
// The Tensor forms of what composed/arranging.h arranges, and the diagonal, which is a view.
#include "tensor/composed/arranging.h"
#include "tensor/work.h"

namespace hourglass {

Tensor repeat(const Tensor& x, const Axes& counts) { return composed::repeat("repeat", x, counts); }
Tensor tile(const Tensor& x, const Axes& counts) { return composed::tile(x, counts); }
Tensor repeat_interleave(const Tensor& x, std::int64_t count, std::int64_t axis) {
  return composed::repeat_interleave(x, count, axis);
}
Tensor repeat_interleave(const Tensor& x, const Tensor& counts, std::int64_t axis) {
  return index_select(x, axis, composed::repeated_indices(x.dim() == 0 ? 1 : x.size(axis), counts));
}
Tensor composed::repeated_indices(std::int64_t extent, const Tensor& counts) {
  check(counts.dtype() == Dtype::i64 && counts.shape() == Shape{extent}, "repeat_interleave", "needs i64 counts of ",
        Shape{extent}, ", got ", describe(counts));
  const std::vector<std::int64_t> list = counts.to_vector<std::int64_t>();
  Checked total("repeat_interleave", 0);
  for (const std::int64_t count : list) {
    check(count >= 0, "repeat_interleave", "a count is negative: ", count);
    total += count;
  }
  Tensor indices({total}, Dtype::i64);
  std::int64_t* out = indices.mutable_data<std::int64_t>();
  for (std::int64_t i = 0; i < extent; ++i) out = std::fill_n(out, list[static_cast<std::size_t>(i)], i);
  return indices;
}

Tensor roll(const Tensor& x, const Axes& shifts, const Axes& axes) { return composed::roll(x, shifts, axes); }
Tensor movedim(const Tensor& x, const Axes& from, const Axes& to) { return composed::movedim(x, from, to); }
Tensor squeeze(const Tensor& x, const Axes& axes) {
  if (axes.empty()) return x;
  Tensor y = x;
  const Axes all = normalize_axes("squeeze", axes, x.dim());
  for (int k = all.size() - 1; k >= 0; --k) y = squeeze(y, all[k]);
  return y;
}
std::vector<Tensor> chunk(const Tensor& x, std::int64_t count, std::int64_t axis) {
  return composed::chunk(x, count, axis);
}
std::vector<Tensor> unbind(const Tensor& x, std::int64_t axis) { return composed::unbind(x, axis); }
std::vector<Tensor> meshgrid(std::span<const Tensor> vectors, Indexing indexing) {
  return composed::meshgrid(vectors, indexing);
}
std::vector<Tensor> meshgrid(std::initializer_list<Tensor> vectors, Indexing indexing) {
  return meshgrid(std::span<const Tensor>(vectors.begin(), vectors.size()), indexing);
}

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  const int a = normalize_axis("diagonal", axis1, x.dim()), b = normalize_axis("diagonal", axis2, x.dim());
  check(a != b, "diagonal", "needs two axes, got ", axis1, " and ", axis2, " of ", describe(x));
  Shape shape = x.shape();
  Strides strides = x.strides();
  const std::int64_t shift = std::clamp(offset, -shape[a], shape[b]);
  const std::int64_t down = std::max<std::int64_t>(0, -shift), right = std::max<std::int64_t>(0, shift);
  const std::int64_t count = std::min(shape[a] - down, shape[b] - right), step = strides[a] + strides[b];
  const std::int64_t start = count > 0 ? down * strides[a] + right * strides[b] : 0;
  for (const int axis : {std::max(a, b), std::min(a, b)}) {
    shape.erase(axis);
    strides.erase(axis);
  }
  shape.push_back(count);
  strides.push_back(count > 1 ? step : 1);
  return Tensor::view_of(x, shape, strides, x.offset() + start);
}
Tensor diag_embed(const Tensor& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  return composed::diag_embed(x, offset, axis1, axis2);
}
Tensor diag(const Tensor& x, std::int64_t offset) { return composed::diag(x, offset); }
Tensor trace(const Tensor& x) { return composed::trace(x); }
Tensor outer(const Tensor& a, const Tensor& b) { return composed::outer(a, b); }
Tensor kron(const Tensor& a, const Tensor& b) { return composed::kron(a, b); }

}  // namespace hourglass
