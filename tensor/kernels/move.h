// SPDX-License-Identifier: MIT
// The kernel table of copies: numbers change places and nothing else.
#pragma once
#include <cstdint>

#include "tensor/kernels/per_type.h"

namespace hourglass {

template <class T>
struct MoveKernelsOf {
  /// to[j * to_step + i] = from[i * from_step + j]
  void (*transpose)(const T* from, std::int64_t from_step, std::int64_t rows, std::int64_t columns, T* to,
                    std::int64_t to_step);
  /// Every step-th number of each of `lines` lines: to[i * to_step + j] = from[i * from_step + j * step] for j < count.
  /// With step 1 this copies lines.
  void (*deinterleave)(const T* from, std::int64_t from_step, std::int64_t step, std::int64_t lines, std::int64_t count,
                       T* to, std::int64_t to_step);
  /// The inverse, from `step` images: to[i * to_step + j] = from[p][i * from_step[p] + j / step] where p = j % step.
  void (*interleave)(const T* const* from, const std::int64_t* from_step, std::int64_t step, std::int64_t lines,
                     std::int64_t count, T* to, std::int64_t to_step);
};

using MoveKernels = PerType<MoveKernelsOf>;

}  // namespace hourglass
