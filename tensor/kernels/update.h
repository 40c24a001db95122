// The optimizer part of the kernel table: one loop per paragraph of update.def.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace hourglass {

/// Moves n parameters: written[0] are the parameters, the rest what the optimizer remembers of each.
template <class T>
using UpdateKernel = void (*)(const double* constants, T* const* written, const T* gradient, std::int64_t n);

enum class Update : std::size_t {
#define UPDATE(Name, written, constants, ...) Name,
#include "tensor/kernels/update.def"
  count
};

struct UpdateKernels {
  std::array<UpdateKernel<float>, static_cast<std::size_t>(Update::count)> f32;
  std::array<UpdateKernel<double>, static_cast<std::size_t>(Update::count)> f64;

  template <class T>
  UpdateKernel<T> of(Update rule) const {
    if constexpr (sizeof(T) == 4) return f32[static_cast<std::size_t>(rule)];
    else return f64[static_cast<std::size_t>(rule)];
  }
};

}  // namespace hourglass
