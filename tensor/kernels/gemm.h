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
/// transposed, repeated or flipped matrix is read where it stands.
template <class T>
struct MatrixView {
  const T* data;
  std::int64_t row_step, column_step;
};

/// What happens to an element of C when its sum is complete, on its way from the register to memory.
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

/// Depth is worked off in blocks of this length (the last may be shorter): at most 256, nearly equal, and a multiple of
/// 16 for the sake of packing. Element (i, j) of C is ((0 + s0) + s1) + ..., one s per block, each a chain of
/// multiply-adds in order of depth that starts at 0. So its bits depend on row i of A, column j of B and their length
/// alone: not on the size of the matrices, nor on where C is cut. (What computes a small C of great depth cuts depth as
/// well, by sizes alone: see ops_matmul.cpp.)
constexpr std::int64_t gemm_depth_block(std::int64_t depth) {
  constexpr std::int64_t longest = 256, unit = 16;
  const std::int64_t blocks = (depth + longest - 1) / longest;
  return blocks <= 1 ? depth : (depth + blocks * unit - 1) / (blocks * unit) * unit;
}

template <class T>
struct GemmKernelsOf {
  /// Columns of C that fit one register: a split along them is best at multiples of it.
  std::int64_t lanes;
  /// Numbers of workspace that a product of this size needs.
  std::int64_t (*workspace)(const GemmSize& size);
  /// The whole product on the calling thread. `workspace` is aligned to 64 bytes.
  void (*product)(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c,
                  T* workspace);
};

using GemmKernels = PerType<GemmKernelsOf>;

}  // namespace hourglass
