// SPDX-License-Identifier: MIT
// Repeating, moving and diagonals, for Tensor and for Var.
#pragma once
#include <algorithm>
#include <string_view>
#include <vector>

#include "tensor/around.h"
#include "tensor/arranging.h"
#include "tensor/checked.h"
#include "tensor/composed/value_of.h"
#include "tensor/ops.h"

namespace hourglass::composed {

// ---- repeating

/// The axis `count` times: as a whole (before = 0), or every index by itself (before = 1).
template <class X>
X repeated(const X& x, int axis, std::int64_t count, int before) {
  Shape shape = x.shape();
  shape.insert(axis + before, count);
  return flatten(expand(unsqueeze(x, axis + before), shape), axis, axis + 1);
}

template <class X>
X repeat(std::string_view op, const X& x, const Axes& counts) {
  check(counts.size() >= x.dim(), op, "needs a count for each axis of ", describe(x), ", got ", counts);
  Shape shape = x.shape();
  while (shape.size() < counts.size()) shape.insert(0, 1);
  X y = reshape(x, shape);
  for (int axis = 0; axis < counts.size(); ++axis) {
    check(counts[axis] >= 0, op, "a count is negative: ", counts);
    if (counts[axis] != 1) y = repeated(y, axis, counts[axis], 0);
  }
  return y;
}
template <class X>
X tile(const X& x, Axes counts) {
  while (counts.size() < x.dim()) counts.insert(0, 1);
  return repeat("tile", x, counts);
}

template <class X>
X repeat_interleave(const X& x, std::int64_t count, std::int64_t axis) {
  check(count >= 0, "repeat_interleave", "needs a count of at least 0, got ", count);
  const X rows = at_least_1d(x);
  return repeated(rows, normalize_axis("repeat_interleave", axis, rows.dim()), count, 1);
}

/// The indices that repeat_interleave picks: i, counts[i] times.
Tensor repeated_indices(std::int64_t extent, const Tensor& counts);

// ---- moving

template <class X>
X roll(X x, const Axes& shifts, const Axes& axes) {
  check(shifts.size() == axes.size(), "roll", "needs a shift for each axis, got ", shifts, " and ", axes);
  for (int k = 0; k < axes.size(); ++k) {
    const std::int64_t n = x.size(axes[k]);
    if (n == 0 || shifts[k] % n == 0) continue;
    const std::int64_t cut = shifts[k] > 0 ? n - shifts[k] % n : -(shifts[k] % n);  // comes first
    x = concat(std::vector<X>{slice(x, axes[k], cut, n), slice(x, axes[k], 0, cut)}, axes[k]);
  }
  return x;
}

template <class X>
X movedim(const X& x, const Axes& from, const Axes& to) {
  check(from.size() == to.size(), "movedim", "needs a place for each axis, got ", from, " and ", to);
  Axes order = Axes::filled(x.dim(), -1), rest;
  for (int k = 0; k < from.size(); ++k) {
    std::int64_t& place = order[normalize_axis("movedim", to[k], x.dim())];
    check(place < 0, "movedim", "two axes cannot become one: ", from, " to ", to);
    place = normalize_axis("movedim", from[k], x.dim());
  }
  for (int axis = 0; axis < x.dim(); ++axis)
    if (!order.contains(axis)) rest.push_back(axis);
  int next = 0;
  for (int axis = 0; axis < x.dim(); ++axis)
    if (order[axis] < 0) order[axis] = rest[next++];
  return permute(x, order);  // an error if an axis is moved twice
}

/// x[start:stop:step] for a negative step: the same elements forwards, then turned round.
template <class X>
X slice_backwards(const X& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  const std::int64_t n = x.size(axis);
  const auto bound = [n](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + n : i, -1, n - 1); };
  const std::int64_t first = bound(start), past = bound(stop);
  if (first <= past) return slice(x, axis, 0, 0);
  const std::int64_t stride = -std::max(step, -n);  // a longer step than the axis takes one element, too
  const std::int64_t last = first - (first - past - 1) / stride * stride;
  return flip(slice(x, axis, last, first + 1, stride), {axis});
}

template <class X>
std::vector<X> chunk(const X& x, std::int64_t count, std::int64_t axis) {
  check(count >= 1, "chunk", "needs a count of at least 1, got ", count);
  const std::int64_t extent = x.size(axis);
  return split(x, std::max<std::int64_t>(1, extent / count + (extent % count > 0)), axis);
}

template <class X>
std::vector<X> unbind(const X& x, std::int64_t axis) {
  std::vector<X> parts;
  reserve("unbind", parts, x.size(axis));
  for (std::int64_t i = 0; i < x.size(axis); ++i) parts.push_back(select(x, axis, i));
  return parts;
}

template <class X>
std::vector<X> meshgrid(std::span<const X> vectors, Indexing indexing) {
  Shape shape;
  for (const X& x : vectors) {
    check(x.dim() <= 1, "meshgrid", "needs vectors, got ", describe(x));
    shape.push_back(x.numel());
  }
  const bool turned = indexing == Indexing::xy && shape.size() > 1;
  if (turned) std::swap(shape[0], shape[1]);
  std::vector<X> grids;
  for (int i = 0; i < shape.size(); ++i) {
    const int axis = turned && i < 2 ? 1 - i : i;
    const Shape along = shape_along(shape.size(), axis, shape[axis]);
    grids.push_back(expand(reshape(vectors[static_cast<std::size_t>(i)], along), shape));
  }
  return grids;
}

// ---- diagonals

/// Zeros of `shape` with x's last axis on a diagonal of two axes, which count from the back: diagonal's adjoint. On the
/// two axes as one, a diagonal is a slice.
template <class X>
X embed_diagonal(const X& x, const Shape& shape, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  const int a = normalize_axis("diagonal", axis1, shape.size()), b = normalize_axis("diagonal", axis2, shape.size());
  const std::int64_t rows = shape[a], columns = shape[b];
  Shape joined = shape;
  joined.erase(std::max(a, b));
  joined.erase(std::min(a, b));
  Shape matrices = joined;
  joined.push_back(Checked("diagonal", rows) * columns);
  matrices.push_back(rows);
  matrices.push_back(columns);
  const std::int64_t shift = std::clamp(offset, -rows, columns), start = shift >= 0 ? shift : -shift * columns;
  const X flat = embed_slice(x, joined, -1, start, columns + 1);
  return movedim(reshape(flat, matrices), {-2, -1}, {a, b});
}

template <class X>
X diag_embed(const X& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  check(x.dim() >= 1, "diag_embed", "needs at least one axis, got ", describe(x));
  const int a = normalize_axis("diag_embed", axis1, x.dim() + 1), b = normalize_axis("diag_embed", axis2, x.dim() + 1);
  check(a != b, "diag_embed", "needs two axes, got ", axis1, " and ", axis2);
  const Checked size("diag_embed", x.size(-1)), shift("diag_embed", offset);
  const std::int64_t extent = offset < 0 ? size - shift : size + shift;
  Shape shape = x.shape();
  shape.erase(x.dim() - 1);
  shape.insert(std::min(a, b), extent);
  shape.insert(std::max(a, b), extent);
  return embed_diagonal(x, shape, offset, a - shape.size(), b - shape.size());
}

template <class X>
X diag(const X& x, std::int64_t offset) {
  check(x.dim() == 1 || x.dim() == 2, "diag", "needs a vector or a matrix, got ", describe(x));
  return x.dim() == 1 ? diag_embed(x, offset) : diagonal(x, offset);
}

template <class X>
X trace(const X& x) {
  check(x.dim() >= 2, "trace", "needs matrices, got ", describe(x));
  return sum(diagonal(x, 0, -2, -1), {-1});
}

// ---- products

template <class X>
X outer(const X& a, const X& b) {
  check(a.dim() == 1 && b.dim() == 1, "outer", "needs two vectors, got ", describe(a), " and ", describe(b));
  return unsqueeze(a, 1) * b;
}

template <class X>
X kron(const X& a, const X& b) {
  const int axes = std::max(a.dim(), b.dim());
  check(2 * axes <= kMaxAxes, "kron", "needs at most ", kMaxAxes / 2, " axes, got ", describe(a), " and ", describe(b));
  Shape left, right, shape;
  for (int axis = -axes; axis < 0; ++axis) {
    const std::int64_t m = -axis <= a.dim() ? a.size(axis) : 1, n = -axis <= b.dim() ? b.size(axis) : 1;
    left.push_back(m);
    left.push_back(1);
    right.push_back(1);
    right.push_back(n);
    shape.push_back(Checked("kron", m) * n);
  }
  return reshape(reshape(a, left) * reshape(b, right), shape);
}

}  // namespace hourglass::composed
