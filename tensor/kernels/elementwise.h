// SPDX-License-Identifier: MIT
// The elementwise part of the kernel table: one loop per line of elementwise.def.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace hourglass {

/// Where results go: to the caches, where the next op finds them, or directly to memory. Results that the caches cannot
/// hold until then would only evict other data, and every cache line would be read before it is written.
enum class Stores : bool { cached, streamed };

/// out[i] = f(in[0][i * step[0]], in[1][i * step[1]], ...) for i < n. A step of 0 repeats one number.
/// `out` may be the same memory as an input of step 1.
template <class In, class Out = In>
using ElementwiseKernel = void (*)(const In* const* in, const std::int64_t* step, Out* out, std::int64_t n,
                                   Stores stores);

enum class Unary : std::size_t {
#define UNARY(name, formula) name,
#define UNARY_ANY(name, formula) name,
#include "tensor/kernels/elementwise.def"
  count
};
enum class Binary : std::size_t {
#define BINARY(name, formula) name,
#define BINARY_ANY(name, formula) name,
#include "tensor/kernels/elementwise.def"
  count
};
enum class Ternary : std::size_t {
#define TERNARY(name, formula) name,
#include "tensor/kernels/elementwise.def"
  count
};
enum class Compare : std::size_t {
#define COMPARE(name, formula) name,
#include "tensor/kernels/elementwise.def"
  count
};

template <class Op, class Kernel>
struct KernelList {
  std::array<Kernel, static_cast<std::size_t>(Op::count)> entries{};
  Kernel operator[](Op op) const { return entries[static_cast<std::size_t>(op)]; }
};

/// Null if an op is not defined for T.
template <class T>
struct ElementwiseKernelsOf {
  KernelList<Unary, ElementwiseKernel<T>> unary;
  KernelList<Binary, ElementwiseKernel<T>> binary;
  KernelList<Ternary, ElementwiseKernel<T>> ternary;
  KernelList<Compare, ElementwiseKernel<T, std::uint8_t>> compare;
  /// out[i] = mask[i] ? a[i] : b[i]; the steps are the mask's, a's and b's.
  void (*where)(const std::uint8_t* mask, const T* a, const T* b, const std::int64_t* step, T* out, std::int64_t n);
};

struct ElementwiseKernels {  // each type has a source file
  const ElementwiseKernelsOf<float>& f32;
  const ElementwiseKernelsOf<double>& f64;
  const ElementwiseKernelsOf<std::int64_t>& i64;
  const ElementwiseKernelsOf<std::uint8_t>& u8;

  template <class T>
  const ElementwiseKernelsOf<T>& of() const {
    if constexpr (sizeof(T) == 4) return f32;
    else if constexpr (sizeof(T) == 1) return u8;
    else if constexpr (static_cast<T>(0.5) == 0) return i64;
    else return f64;
  }
};

}  // namespace hourglass
