// SPDX-License-Identifier: MIT
// The reduction part of the kernel table: two loops per line of reduce.def.
#pragma once
#include <cstddef>
#include <cstdint>

#include "tensor/kernels/elementwise.h"

namespace hourglass {

enum class Reduce : std::size_t {
#define REDUCE(name, start, take, combine) name,
#include "tensor/kernels/reduce.def"
  count
};

/// Both loops read a matrix x [rows, n]. Rows are `row_stride` elements apart, each row without gaps. `center` holds
/// the c of every result; null means zeros. The order of summation follows from rows and n alone, and the rounding
/// error grows only with the logarithm of the number of elements.
template <class In, class Acc>
struct ReduceKernel {
  using Loop = void (*)(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                        Acc* out);
  Loop rows;     // out[i] from x[i][0 .. n)
  Loop columns;  // out[j] from x[0 .. rows)[j]
};

/// Null where a reduction is not defined for the two types.
template <class In, class Acc>
using ReduceKernelsOf = KernelList<Reduce, ReduceKernel<In, Acc>>;

struct ReduceKernels {
  ReduceKernelsOf<float, float> f32;
  ReduceKernelsOf<double, double> f64;
  ReduceKernelsOf<std::int64_t, std::int64_t> i64;
  ReduceKernelsOf<std::uint8_t, std::uint8_t> u8;
  ReduceKernelsOf<std::uint8_t, std::int64_t> u8_to_i64;  // sums and products

  template <class In, class Acc>
  const ReduceKernelsOf<In, Acc>& of() const {
    if constexpr (sizeof(In) < sizeof(Acc)) return u8_to_i64;
    else if constexpr (sizeof(In) == 4) return f32;
    else if constexpr (sizeof(In) == 1) return u8;
    else if constexpr (static_cast<In>(0.5) == 0) return i64;
    else return f64;
  }
};

}  // namespace hourglass
