// All the xsimd code there is. Compiled once per instruction set, with -DHOURGLASS_SET=avx2, say, -DHOURGLASS_ARCH as
// xsimd calls it, and the compiler flags it needs; all but the table is private to the compilation, so sets cannot mix.
#include "tensor/kernels/kernels.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <xsimd/xsimd.hpp>

#include "tensor/dtype.h"

namespace hourglass {
namespace {

using Arch = HOURGLASS_ARCH;

// The order matters: simd.h is the vocabulary of the others.
// clang-format off
#include "tensor/kernels/simd.h"

#include "tensor/kernels/elementwise.inl"
#include "tensor/kernels/gemm.inl"
#include "tensor/kernels/peak.inl"
#include "tensor/kernels/reduce.inl"
#include "tensor/kernels/update.inl"
// clang-format on

}  // namespace

// kernels_avx2(), say, for -DHOURGLASS_SET=avx2.
#define HOURGLASS_TABLE_OF(set)                                                              \
  const Kernels* kernels_##set();                                                            \
  const Kernels* kernels_##set() {                                                           \
    static constexpr Kernels table{#set,         elementwise_kernels, reduce_kernels,        \
                                   gemm_kernels, update_kernels,      multiply_adds<float>}; \
    return &table;                                                                           \
  }
#define HOURGLASS_EXPAND(macro, argument) macro(argument)
HOURGLASS_EXPAND(HOURGLASS_TABLE_OF, HOURGLASS_SET)

}  // namespace hourglass
