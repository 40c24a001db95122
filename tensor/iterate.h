// SPDX-License-Identifier: MIT
// Iterates over strided tensors: joins axes that are contiguous together, then visits a long inner run for each index
// into the few outer axes that are left.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <type_traits>

#include "tensor/tensor.h"

namespace hourglass {

/// The strides of x broadcast to `shape`: 0 along repeated axes.
Strides broadcast_strides(const Tensor& x, const Shape& shape);

/// a + b; integers wrap around, as they do in the SIMD kernels.
template <Element T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<Unsigned>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b)));
  } else {
    return a + b;
  }
}

/// Writes x's elements to out (or adds them), out_strides apart: for example into a part of a larger tensor. Different
/// elements must go to different places.
template <Element T>
void copy_to(const Tensor& x, T* out, const Strides& out_strides);
template <Element T>
void add_to(const Tensor& x, T* out, const Strides& out_strides);

/// Visits N operands of one shape together, in row-major order.
template <std::size_t N>
class TensorIterator {
 public:
  TensorIterator(const Shape& shape, const std::array<Strides, N>& strides) {
    // Two neighbouring axes become one if, for every operand, a step of the outer axis spans the
    // whole inner axis.
    for (int axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == 1) continue;
      const auto joins = [&] {
        if (shape_.empty()) return false;
        for (std::size_t k = 0; k < N; ++k)
          if (strides_[k].back() != shape[axis] * strides[k][axis]) return false;
        return true;
      };
      if (joins()) {
        shape_.back() *= shape[axis];
        for (std::size_t k = 0; k < N; ++k) strides_[k].back() = strides[k][axis];
      } else {
        shape_.push_back(shape[axis]);
        for (std::size_t k = 0; k < N; ++k) strides_[k].push_back(strides[k][axis]);
      }
    }
    if (shape_.empty()) {
      shape_.push_back(1);
      for (std::size_t k = 0; k < N; ++k) strides_[k].push_back(0);
    }
  }

  /// The axes left after joining; at least one.
  const Shape& shape() const { return shape_; }
  const Strides& strides(std::size_t k) const { return strides_[k]; }
  /// Each operand's step along the inner run.
  std::array<std::int64_t, N> steps() const {
    std::array<std::int64_t, N> steps;
    for (std::size_t k = 0; k < N; ++k) steps[k] = strides_[k].back();
    return steps;
  }

  /// Calls run(position, offsets, count) for each inner run that overlaps elements [begin, end), in
  /// order. `position` counts elements from the start, and `offsets` holds each operand's offset of
  /// the run's first element.
  template <class F>
  void for_each_run(std::int64_t begin, std::int64_t end, F&& run) const {
    if (begin >= end) return;
    const int outer = shape_.size() - 1;
    const std::int64_t length = shape_[outer];
    Axes index = Axes::filled(outer, 0);
    std::int64_t rest = begin / length, at = begin % length;
    for (int axis = outer - 1; axis >= 0; --axis) {
      index[axis] = rest % shape_[axis];
      rest /= shape_[axis];
    }
    std::array<std::int64_t, N> base{};
    for (std::size_t k = 0; k < N; ++k)
      for (int axis = 0; axis < outer; ++axis) base[k] += index[axis] * strides_[k][axis];
    for (std::int64_t position = begin; position < end;) {
      const std::int64_t count = end - position < length - at ? end - position : length - at;
      std::array<std::int64_t, N> offsets = base;
      if (at != 0)
        for (std::size_t k = 0; k < N; ++k) offsets[k] += at * strides_[k][outer];
      run(position, offsets, count);
      position += count;
      at = 0;
      for (int axis = outer - 1; axis >= 0; --axis) {  // count up like an odometer
        for (std::size_t k = 0; k < N; ++k) base[k] += strides_[k][axis];
        if (++index[axis] < shape_[axis]) break;
        for (std::size_t k = 0; k < N; ++k) base[k] -= shape_[axis] * strides_[k][axis];
        index[axis] = 0;
      }
    }
  }

 private:
  Shape shape_;
  std::array<Strides, N> strides_;
};

}  // namespace hourglass
