// SPDX-License-Identifier: MIT
// The extents of an n-d array, stored inline: making or copying a shape allocates nothing.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <vector>

#include "tensor/error.h"

namespace hourglass {

/// At most this many axes; enough for a 4-d image batch unfolded in both directions and two axes to spare.
inline constexpr int kMaxAxes = 8;

/// A short list of integers, one per axis: extents (Shape), strides, permutations.
class Axes {
 public:
  constexpr Axes() = default;
  constexpr Axes(std::initializer_list<std::int64_t> values)
      : Axes(std::span<const std::int64_t>(values.begin(), values.size())) {}
  explicit Axes(const std::vector<std::int64_t>& values) : Axes(std::span<const std::int64_t>(values)) {}
  constexpr explicit Axes(std::span<const std::int64_t> values) {
    for (const std::int64_t v : values) push_back(v);
  }
  /// `count` axes, all equal to value.
  static constexpr Axes filled(int count, std::int64_t value) {
    Axes axes;
    for (int i = 0; i < count; ++i) axes.push_back(value);
    return axes;
  }

  constexpr int size() const { return count_; }
  constexpr bool empty() const { return count_ == 0; }
  constexpr std::int64_t operator[](int i) const { return values_[static_cast<std::size_t>(i)]; }
  constexpr std::int64_t& operator[](int i) { return values_[static_cast<std::size_t>(i)]; }
  constexpr std::int64_t back() const { return (*this)[count_ - 1]; }
  constexpr std::int64_t& back() { return (*this)[count_ - 1]; }
  constexpr std::int64_t front() const { return values_[0]; }
  constexpr const std::int64_t* begin() const { return values_.data(); }
  constexpr const std::int64_t* end() const { return values_.data() + count_; }

  constexpr bool contains(std::int64_t axis) const {
    for (const std::int64_t value : *this)
      if (value == axis) return true;
    return false;
  }

  constexpr void push_back(std::int64_t value) { insert(count_, value); }
  constexpr void insert(int at, std::int64_t value) {
    check(count_ < kMaxAxes, "shape", "more than ", kMaxAxes, " axes");
    for (int i = count_++; i > at; --i) (*this)[i] = (*this)[i - 1];
    (*this)[at] = value;
  }
  constexpr void erase(int at) {
    --count_;
    for (int i = at; i < count_; ++i) (*this)[i] = (*this)[i + 1];
  }

  friend constexpr bool operator==(const Axes& a, const Axes& b) {
    if (a.count_ != b.count_) return false;
    for (int i = 0; i < a.count_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }

 private:
  std::array<std::int64_t, kMaxAxes> values_{};
  int count_ = 0;
};

using Shape = Axes;
using Strides = Axes;

/// Writes [2, 3].
std::ostream& operator<<(std::ostream& out, const Axes& axes);

/// Number of elements; 1 for a 0-d shape. A negative extent or more than 2^63 - 1 elements is an error.
std::int64_t numel(const Shape& shape);

/// Row-major strides in elements: the last axis moves by 1.
Strides contiguous_strides(const Shape& shape);

/// The axis counted from the front; -1 is the last one. Out of range is an error that names op.
int normalize_axis(std::string_view op, std::int64_t axis, int count);

/// Every axis normalized, sorted and without duplicates; an empty list means all axes.
Axes normalize_axes(std::string_view op, const Axes& axes, int count);

/// 0, 1, ..., count - 1 without `axis`.
Axes axes_but(int count, int axis);

/// 1 for each of `count` axes, but `extent` for one: a vector of this shape broadcasts along that axis.
constexpr Shape shape_along(int count, int axis, std::int64_t extent) {
  Shape shape = Shape::filled(count, 1);
  shape[axis] = extent;
  return shape;
}

/// NumPy's rule: align on the right; extents are equal or one of them is 1. (For tensors, see tensor.h.)
Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b);

/// The same without an error: writes the result and returns 0, or returns the axis that clashes, counted from the back.
int try_broadcast(const Shape& a, const Shape& b, Shape& result);

}  // namespace hourglass
