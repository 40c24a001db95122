// SPDX-License-Identifier: MIT
// The optimizer part of the kernel table: one loop for each paragraph of update.def.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/kernels/per_type.h"

namespace hourglass {

/// Updates n numbers of a parameter: written[0] are its values, the others what the optimizer remembers of each.
template <class T>
using UpdateKernel = void (*)(const double* constants, T* const* written, const T* gradient, std::int64_t n);

enum class Update : std::size_t {
#define UPDATE(Name, written, constants, ...) Name,
#include "tensor/kernels/update.def"
  count
};

template <class T>
struct UpdateKernelsOf {
  std::array<UpdateKernel<T>, static_cast<std::size_t>(Update::count)> kernels;
  UpdateKernel<T> operator[](Update rule) const { return kernels[static_cast<std::size_t>(rule)]; }
};
using UpdateKernels = PerType<UpdateKernelsOf>;

}  // namespace hourglass
