// SPDX-License-Identifier: MIT
// The matrix product part of the kernel table.
#pragma once
#include <cstdint>

#include "tensor/kernels/per_type.h"

namespace hourglass {

/// C (rows x columns) = A (rows x depth) B (depth x columns).
struct GemmSize {
  std::int64_t rows, columns, depth;
};

/// A matrix in memory: element (i, j) is data[i * row_step + j * column_step]. The steps may be 0 or negative, so a
/// transposed, repeated or flipped matrix is read in place.
template <class T>
struct MatrixView {
  const T* data;
  std::int64_t row_step, column_step;
};

/// What is applied to an element of C when its sum is complete, before it is stored.
template <class T>
struct GemmEpilogue {
  const T* bias = nullptr;  // added to every row; one number per column, or null
};

/// Where C goes: element (i, j) is data[i * row_step + j].
template <class T>
struct GemmOutput {
  T* data;
  std::int64_t row_step;
  bool accumulate = false;  // C += A B
  GemmEpilogue<T> epilogue = {};
};

/// Depth is cut into blocks of this length, KC (the last may be shorter): at most 256, nearly equal, and a multiple of
/// 16 for packing. Element (i, j) of C is ((0 + s0) + s1) + ..., one s per block, each a chain of multiply-adds in
/// order of depth that starts at 0. So its bits depend only on row i of A, column j of B and their length. The size of
/// the matrices and the cuts of C have no influence. (For a small C of great depth, ops_matmul.cpp cuts depth as well,
/// by sizes alone.)
constexpr std::int64_t gemm_depth_block(std::int64_t depth) {
  constexpr std::int64_t longest = 256, unit = 16;
  const std::int64_t blocks = (depth + longest - 1) / longest;
  return blocks <= 1 ? depth : (depth + blocks * unit - 1) / (blocks * unit) * unit;
}

template <class T>
struct GemmKernelsOf {
  /// Columns of C that fit one register: C is best cut at multiples of it.
  std::int64_t lanes;
  /// Size of the workspace that a product of this size needs, in numbers.
  std::int64_t (*workspace)(const GemmSize& size);
  /// The whole product on the calling thread. `workspace` is aligned to 64 bytes.
  void (*product)(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c,
                  T* workspace);
};

using GemmKernels = PerType<GemmKernelsOf>;

}  // namespace hourglass
