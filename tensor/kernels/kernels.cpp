// SPDX-License-Identifier: MIT
// The table of one instruction set.
#include "tensor/kernels/kernels.h"

#include <cstdint>

#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// The peak of the processor, which the benchmarks compare with: independent chains of multiply-adds, more than an FMA
// unit has stages, that fit in the registers. Returns the number of operations.
template <class T>
double multiply_adds(std::int64_t steps) {
  constexpr int count = sizeof(Batch<T>) == 64 ? 24 : 12;
  Batch<T> chains[count];
  for (int i = 0; i < count; ++i) chains[i] = Batch<T>(static_cast<T>(i));
  const Batch<T> factor(static_cast<T>(0.999999)), term(static_cast<T>(1e-7));
  for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < count; ++i) chains[i] = multiply_add<T>(chains[i], factor, term);
  }
  alignas(64) static thread_local T kept[Batch<T>::size];  // so that the compiler cannot remove the loop
  for (int i = 1; i < count; ++i) chains[0] += chains[i];
  chains[0].store_aligned(kept);
  return static_cast<double>(steps) * count * static_cast<double>(Batch<T>::size) * 2 + (kept[0] == T(0) ? 1 : 0);
}

#define HOURGLASS_NAME_OF(set) #set
#define HOURGLASS_NAME(set) HOURGLASS_NAME_OF(set)

}  // namespace

namespace HOURGLASS_SET {
extern const ElementwiseKernelsOf<float> elementwise_f32;
extern const ElementwiseKernelsOf<double> elementwise_f64;
extern const ElementwiseKernelsOf<std::int64_t> elementwise_i64;
extern const ElementwiseKernelsOf<std::uint8_t> elementwise_u8;
constinit const ElementwiseKernels elementwise_kernels{elementwise_f32, elementwise_f64, elementwise_i64,
                                                       elementwise_u8};
extern const ReduceKernels reduce_kernels;
extern const RowKernels row_kernels;
extern const GemmKernels gemm_kernels;
extern const WindowsKernels windows_kernels;
extern const PanelKernels panel_kernels;
extern const LaneSumsKernelsOf<float> lane_sums_f32;
extern const LaneSumsKernelsOf<double> lane_sums_f64;
constinit const LaneSumsKernels lane_sums_kernels{lane_sums_f32, lane_sums_f64};
extern const MoveKernels move_kernels;
extern const UpdateKernels update_kernels;
extern const RecurrentKernels recurrent_kernels;

extern const Kernels kernels;
constinit const Kernels kernels{HOURGLASS_NAME(HOURGLASS_SET),
                                sizeof(Batch<float>),
                                elementwise_kernels,
                                reduce_kernels,
                                row_kernels,
                                gemm_kernels,
                                windows_kernels,
                                panel_kernels,
                                lane_sums_kernels,
                                move_kernels,
                                update_kernels,
                                recurrent_kernels,
                                multiply_adds<float>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
