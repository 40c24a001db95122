// SPDX-License-Identifier: MIT
// The part of the kernel table that works on whole rows: softmax, standardizing and summed losses.
#pragma once
#include <cstdint>

#include "tensor/kernels/per_type.h"

namespace hourglass {

/// Rows that are standardized one by one. Each is `segments` runs of n elements; run k of row i starts at
/// i * row_stride + k * segment_stride. In a batch [images, channels, pixels] a channel is such a row, with a run in
/// each image.
struct RowLayout {
  std::int64_t row_stride, segments, segment_stride, n;
};

template <class T>
struct RowKernelsOf {
  /// y [rows, n], without gaps, from x [rows, n] with its rows `row_stride` elements apart.
  using Softmax = void (*)(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y);
  Softmax softmax, log_softmax;

  /// Their gradients, row by row, from the output y: y (g - Σ g y), and g - e^y Σ g.
  using SoftmaxGrad = void (*)(const T* g, const T* y, std::int64_t rows, std::int64_t n, T* dx);
  SoftmaxGrad softmax_grad, log_softmax_grad;

  /// Rows [begin, end). All pointers are to the start of arrays of the same layout.
  void (*standardize)(const T* x, const RowLayout& layout, std::int64_t begin, std::int64_t end, double eps, T* y);
  void (*standardize_grad)(const T* g, const T* x, const RowLayout& layout, std::int64_t begin, std::int64_t end,
                           double eps, T* dx);

  /// The sum of a loss over n predictions a and targets b. Unless `slopes` is null, the derivatives by a are stored
  /// there in the same pass, because both come from the same exponential. NaN if a target is one that the loss is not
  /// defined for.
  using Loss = double (*)(const T* a, const T* b, std::int64_t n, T* slopes);
  Loss bce_with_logits, squared_difference;
};

using RowKernels = PerType<RowKernelsOf>;

}  // namespace hourglass
