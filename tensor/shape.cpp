// SPDX-License-Identifier: MIT
#include "tensor/shape.h"

#include <algorithm>
#include <ostream>

namespace hourglass {

std::ostream& operator<<(std::ostream& out, const Axes& axes) {
  out << '[';
  for (int i = 0; i < axes.size(); ++i) out << (i ? ", " : "") << axes[i];
  return out << ']';
}

std::int64_t numel(const Shape& shape) {
  std::int64_t count = 1;
  bool overflow = false;
  for (const std::int64_t extent : shape) {
    check(extent >= 0, "shape", "negative extent in ", shape);
    overflow |= __builtin_mul_overflow(count, extent, &count);
  }
  // An extent of 0 makes the product 0, even if the others overflow.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  check(!overflow, "shape", shape, " has more than 2^63 - 1 elements");
  return count;
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides = Axes::filled(shape.size(), 1);
  if (numel(shape) == 0) return strides;  // never used, and the product of the others may overflow
  for (int i = shape.size() - 2; i >= 0; --i) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

int normalize_axis(std::string_view op, std::int64_t axis, int count) {
  check(axis >= -count && axis < count, op, "axis ", axis, " is out of range for ", count,
        count == 1 ? " axis" : " axes");
  return static_cast<int>(axis < 0 ? axis + count : axis);
}

Axes normalize_axes(std::string_view op, const Axes& axes, int count) {
  Axes result;
  for (int axis = 0; axis < count; ++axis) {
    const auto hits =
        std::count_if(axes.begin(), axes.end(), [&](std::int64_t a) { return normalize_axis(op, a, count) == axis; });
    check(hits <= 1, op, "axis ", axis, " is given twice in ", axes);
    if (axes.empty() || hits == 1) result.push_back(axis);
  }
  if (count == 0)
    for (const std::int64_t axis : axes)
      check(axis == 0 || axis == -1, op, "axis ", axis, " is out of range for 0 axes");
  return result;
}

int try_broadcast(const Shape& a, const Shape& b, Shape& result) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  for (int axis = -1; axis >= -shorter.size(); --axis) {
    const std::int64_t x = longer[longer.size() + axis], y = shorter[shorter.size() + axis];
    if (x != y && x != 1 && y != 1) return axis;
    out[out.size() + axis] = x == 1 ? y : x;
  }
  result = out;
  return 0;
}

Axes axes_but(int count, int axis) {
  Axes axes;
  for (int i = 0; i < count; ++i)
    if (i != axis) axes.push_back(i);
  return axes;
}

Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b) {
  Shape result;
  const int clash = try_broadcast(a, b, result);
  check(clash == 0, op, "cannot broadcast ", a, " with ", b, " (axis ", clash, ")");
  return result;
}

}  // namespace hourglass
