// SPDX-License-Identifier: MIT
// What one instruction set provides: tables of function pointers. Each set compiles the files of this folder once, with
// its own compiler flags, and the first op picks the best table that this CPU can run (dispatch.cpp). No xsimd here.
#pragma once
#include <cstdint>
#include <string_view>

#include "tensor/kernels/conv.h"
#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/gemm.h"
#include "tensor/kernels/move.h"
#include "tensor/kernels/recurrent.h"
#include "tensor/kernels/reduce.h"
#include "tensor/kernels/rows.h"
#include "tensor/kernels/update.h"

namespace hourglass {

struct Kernels {
  const char* name;             // the instruction set: "sse2", "avx2", ...
  std::int64_t register_bytes;  // of one register
  const ElementwiseKernels& elementwise;
  const ReduceKernels& reduce;
  const RowKernels& rows;
  const GemmKernels& gemm;
  const WindowsKernels& conv_windows;
  const PanelKernels& conv_panels;
  const LaneSumsKernels& conv_lane_sums;
  const MoveKernels& move;
  const UpdateKernels& update;
  const RecurrentKernels& recurrent;
  double (*multiply_adds_f32)(std::int64_t steps);  // for benchmarks: keeps the FMA units busy, returns the operations

  /// Numbers in a register.
  template <class T>
  std::int64_t lanes() const {
    return register_bytes / static_cast<std::int64_t>(sizeof(T));
  }
};

/// The table in use: the one named by the environment variable HOURGLASS_SIMD, or else the best for this CPU.
const Kernels& kernels();
/// The table of one set by name, or null if it was not compiled or this CPU cannot run it. For tests.
const Kernels* kernels_named(std::string_view name);
/// Overrides the kernel table, for tests. Null restores the choice by CPU.
void use_kernels(const Kernels* table);

}  // namespace hourglass
