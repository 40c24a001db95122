// SPDX-License-Identifier: MIT
// Tensors that are made and read element by element through their strides, without any of the ops under test.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::test {

/// f(index) for every index of a tensor of this shape, in row-major order.
template <class F>
void for_each_index(const Shape& shape, F&& f) {
  const std::int64_t count = numel(shape);
  for (std::int64_t position = 0; position < count; ++position) {
    Axes index = shape;
    std::int64_t rest = position;
    for (int axis = shape.size() - 1; axis >= 0; --axis) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    f(index);
  }
}

inline std::int64_t place_of(const Axes& index, const Strides& strides) {
  std::int64_t place = 0;
  for (int axis = 0; axis < index.size(); ++axis) place += index[axis] * strides[axis];
  return place;
}

inline double at(const Tensor& x, const Axes& index) {
  return dispatch(x.dtype(), [&]<class T>() { return static_cast<double>(x.data<T>()[place_of(index, x.strides())]); });
}

/// A tensor whose element at `index` is f(index), `strides` apart in a block of `size` elements that starts with
/// `offset`.
template <class F>
Tensor make(const Shape& shape, Dtype dtype, F&& f, const Strides& strides, std::int64_t size, std::int64_t offset) {
  Tensor memory({size}, dtype);
  dispatch(dtype, [&]<class T>() {
    T* const out = memory.mutable_data<T>();
    std::fill_n(out, size, T(77));
    for_each_index(shape,
                   [&](const Axes& index) { out[offset + place_of(index, strides)] = static_cast<T>(f(index)); });
  });
  return Tensor::view_of(memory, shape, strides, offset);
}
template <class F>
Tensor make(const Shape& shape, Dtype dtype, F&& f) {
  return make(shape, dtype, f, contiguous_strides(shape), numel(shape), 0);
}

/// The numbers 0, 1, ... modulo 251, so that they fit every dtype.
inline Tensor counted(const Shape& shape, Dtype dtype = Dtype::f32) {
  const Strides strides = contiguous_strides(shape);
  return make(shape, dtype, [&](const Axes& index) { return static_cast<double>(place_of(index, strides) % 251); });
}

/// x four times: unchanged, with its axes in reversed order in memory, backwards, and with gaps
/// between all elements.
inline std::vector<Tensor> layouts(const Tensor& x) {
  const auto element = [&](const Axes& index) { return at(x, index); };
  const Shape& shape = x.shape();
  Shape reversed, doubled;
  for (int axis = 0; axis < x.dim(); ++axis) {
    reversed.insert(0, shape[axis]);
    doubled.push_back(2 * shape[axis] + 1);
  }
  Strides columns, backwards = contiguous_strides(shape), gaps = contiguous_strides(doubled);
  for (const std::int64_t stride : contiguous_strides(reversed)) columns.insert(0, stride);
  std::int64_t first = 0;
  for (int axis = 0; axis < x.dim(); ++axis) {
    gaps[axis] *= 2;
    backwards[axis] *= -1;
    first = std::max<std::int64_t>(0, x.numel() - 1);
  }
  return {x, make(shape, x.dtype(), element, columns, x.numel(), 0),
          make(shape, x.dtype(), element, backwards, x.numel(), first),
          make(shape, x.dtype(), element, gaps, numel(doubled), 0)};
}

/// Describes the first difference; empty if there is none. Two NaNs are equal here.
inline std::string difference(const Tensor& got, const Tensor& wanted) {
  if (got.dtype() != wanted.dtype() || got.shape() != wanted.shape())
    return join(describe(got), ", not ", describe(wanted));
  std::string text;
  for_each_index(wanted.shape(), [&](const Axes& index) {
    const double a = at(got, index), b = at(wanted, index);
    if (text.empty() && a != b && !(a != a && b != b))
      text = join(a, " at ", index, " of ", describe(got), ", not ", b);
  });
  return text;
}

inline const std::vector<Dtype> all_dtypes{Dtype::f32, Dtype::f64, Dtype::i64, Dtype::u8};

}  // namespace hourglass::test
