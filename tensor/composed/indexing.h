// SPDX-License-Identifier: MIT
// Picking and setting by several indices or by a mask, for Tensor and for Var.
#pragma once
#include <algorithm>
#include <span>
#include <string_view>

#include "tensor/checked.h"
#include "tensor/composed/value_of.h"
#include "tensor/indexing.h"
#include "tensor/ops.h"

namespace hourglass::composed {

/// Indices of the first axes of a shape, as indices of these axes as one.
struct FlatIndex {
  Tensor flat;                      ///< of the indices' common shape
  Shape rows;                       ///< the shape with these axes as one
  Shape picked(bool as_one) const;  ///< what the index picks; or with its axes as one
};
FlatIndex flat_index(std::string_view op, const Tensor& x, std::span<const Tensor> indices);
/// The positions of what is not 0.
Tensor positions_of(const Tensor& mask);
/// 1 for every element that scatter would set, else 0: u8 of this shape.
Tensor scatter_hits(const Shape& shape, std::int64_t axis, const Tensor& index);
/// How many numbers scatter_reduce puts together at each place of x; 1 where there are none.
Tensor scatter_counts(const Tensor& x, std::int64_t axis, const Tensor& index, bool include_self);

template <class X>
X index_get(const X& x, std::span<const Tensor> indices) {
  const FlatIndex index = flat_index("index_get", value_of(x), indices);
  return reshape(index_select(reshape(x, index.rows), 0, flatten(index.flat)), index.picked(false));
}

template <class X>
X index_put(const X& x, std::span<const Tensor> indices, const X& values, bool accumulate) {
  const FlatIndex index = flat_index("index_put", value_of(x), indices);
  const Shape lines = index.picked(true);
  const X rows = reshape(x, index.rows), source = reshape(broadcast_to(values, index.picked(false)), lines);
  if (accumulate) return reshape(index_add(rows, 0, flatten(index.flat), source), x.shape());
  const Shape column = shape_along(lines.size(), 0, lines[0]);
  return reshape(scatter(rows, 0, expand(reshape(index.flat, column), lines), source), x.shape());
}

template <class X>
X masked_select(const X& x, const Tensor& mask) {
  check(mask.dtype() == Dtype::u8, "masked_select", "the mask must be u8, got ", describe(mask));
  const Shape shape = broadcast_shapes("masked_select", value_of(x), mask);
  return index_select(flatten(expand(x, shape)), 0, positions_of(expand(mask, shape)));
}

template <class X>
X bincount(const Tensor& numbers, const X& weights, std::int64_t min_length) {
  check(numbers.dtype() == Dtype::i64 && numbers.shape() == weights.shape(), "bincount",
        "needs i64 numbers, and weights of their shape, got ", describe(numbers), " and ", describe(weights));
  check(min_length >= 0, "bincount", "min_length must be at least 0, got ", min_length);
  const std::int64_t most = numbers.numel() == 0 ? -1 : max(numbers).item<std::int64_t>();
  const std::int64_t count = Checked("bincount", std::max<std::int64_t>(most, -1)) + 1;
  const Tensor empty = zeros({std::max(min_length, count)}, weights.dtype());
  return index_add(X(empty), 0, flatten(numbers), flatten(weights));
}

}  // namespace hourglass::composed
