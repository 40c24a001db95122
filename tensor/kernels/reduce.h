// The reduction part of the kernel table: two loops per line of reduce.def, and what is done to whole rows: softmax and
// standardizing.
#pragma once
#include <cstddef>
#include <cstdint>

#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/per_type.h"

namespace hourglass {

enum class Reduce : std::size_t {
#define REDUCE(name, start, take, combine) name,
#include "tensor/kernels/reduce.def"
  count
};

/// Both loops read a matrix x [rows, n] whose rows lie `row_stride` elements apart, each row without gaps. `center`
/// holds the c of every result; null stands for zeros. The order of summation follows from rows and n alone, and is
/// such that the rounding error grows with the logarithm of the number of elements.
template <class In, class Acc>
struct ReduceKernel {
  using Loop = void (*)(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                        Acc* out);
  Loop rows;     // out[i] from x[i][0 .. n)
  Loop columns;  // out[j] from x[0 .. rows)[j]
};

/// Null where a reduction is not defined for In.
template <class In, class Acc>
using ReduceKernelsOf = KernelList<Reduce, ReduceKernel<In, Acc>>;

/// y [rows, n], without gaps, from x [rows, n] with its rows `row_stride` elements apart.
template <class T>
struct SoftmaxKernels {
  using Loop = void (*)(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y);
  Loop softmax;
  Loop log_softmax;
};

/// Rows that are standardized each by itself: one row is `segments` runs of n elements, run k of row i starting at
/// i * row_stride + k * segment_stride. In a batch [images, channels, pixels] a channel is such a row: a run in each
/// image.
struct RowLayout {
  std::int64_t row_stride, segments, segment_stride, n;
};
/// Rows [begin, end); all pointers are to the start of arrays in the same layout.
template <class T>
struct StandardizeKernels {
  void (*forward)(const T* x, const RowLayout& layout, std::int64_t begin, std::int64_t end, double eps, T* y);
  void (*gradient)(const T* g, const T* x, const RowLayout& layout, std::int64_t begin, std::int64_t end, double eps,
                   T* dx);
};

/// Gradients of softmax and its logarithm, whose outputs are y, row by row: y (g - Σ g y), and g - e^y Σ g.
template <class T>
struct SoftmaxGradKernels {
  using Loop = void (*)(const T* g, const T* y, std::int64_t rows, std::int64_t n, T* dx);
  Loop softmax;
  Loop log_softmax;
};

/// The sum of a loss over n predictions a and targets b. Their derivatives by a go to `slopes`, if it is not null, in
/// the same pass: both are made of the same exponential.
template <class T>
struct LossKernels {
  using Loop = double (*)(const T* a, const T* b, std::int64_t n, T* slopes);
  Loop bce_with_logits;
  Loop squared_difference;
};

struct ReduceKernels {
  ReduceKernelsOf<float, float> f32;
  ReduceKernelsOf<double, double> f64;
  ReduceKernelsOf<std::int64_t, std::int64_t> i64;
  ReduceKernelsOf<std::uint8_t, std::uint8_t> u8;
  ReduceKernelsOf<std::uint8_t, std::int64_t> u8_to_i64;  // sums and products, which would not fit
  PerType<SoftmaxKernels> softmax;
  PerType<StandardizeKernels> standardize;
  PerType<SoftmaxGradKernels> softmax_grad;
  PerType<LossKernels> loss;

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
