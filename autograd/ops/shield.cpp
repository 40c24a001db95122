// SPDX-License-Identifier: MIT
#include "autograd/ops/shield.h"

#include <cmath>

#include "autograd/ops.h"

namespace hourglass {
namespace {

// An array and the place of one of its parts.
template <class T>
struct Piece {
  const T* data;
  const Shape& shape;
  const Strides& strides;
  int axis = 0;  // the axes before it have an index already

  bool is_number() const { return axis == shape.size(); }
  std::int64_t extent() const { return shape[axis]; }
  Piece operator[](std::int64_t i) const { return {data + i * strides[axis], shape, strides, axis + 1}; }
};

template <class T>
bool all_zero(const Piece<T>& g) {
  if (g.is_number()) return *g.data == 0;
  for (std::int64_t i = 0; i < g.extent(); ++i)
    if (!all_zero(g[i])) return false;
  return true;
}
template <class T>
bool all_finite(const Piece<T>& x) {
  if (x.is_number()) return std::isfinite(*x.data);
  for (std::int64_t i = 0; i < x.extent(); ++i)
    if (!all_finite(x[i])) return false;
  return true;
}
// Whether a row of x has infinities or NaNs where the same row of g is 0.
template <class T>
bool is_needed(const Piece<T>& x, const Piece<T>& g, int axes) {
  if (axes == 0) return all_zero(g) && !all_finite(x);
  for (std::int64_t i = 0; i < g.extent(); ++i)
    if (is_needed(x[i], g[i], axes - 1)) return true;
  return false;
}

}  // namespace

Var shielded(const Var& factor, const Var& g, int axes) {
  for (int axis = 0; axis < axes; ++axis)  // one of them is broadcast, or there are many gradients at once
    if (axis >= factor.dim() || axis >= g.dim() || factor.shape()[axis] != g.shape()[axis]) axes = 0;
  const Tensor &x = factor.value(), &y = g.value();
  const bool needed = dispatch_floating("shielded", x.dtype(), [&]<class T>() {
    return is_needed(Piece<T>{x.data<T>(), x.shape(), x.strides()}, Piece<T>{y.data<T>(), y.shape(), y.strides()},
                     axes);
  });
  if (!needed) return factor;
  Axes inside;
  Shape rows = Shape::filled(factor.dim(), 1);
  for (int axis = 0; axis < axes; ++axis) rows[axis] = g.shape()[axis];
  for (int axis = axes; axis < g.dim(); ++axis) inside.push_back(axis);
  const Tensor zero = inside.empty() ? y == 0 : any(y, inside, true) == 0;
  return where(logical_and(logical_not(isfinite(x)), reshape(zero, rows)), 0, factor);
}

}  // namespace hourglass
