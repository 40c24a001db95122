// SPDX-License-Identifier: MIT
// A table of kernels for each of the two types that gradients are made of.
#pragma once
#include <type_traits>

namespace hourglass {

template <template <class> class Kernels>
struct PerType {
  Kernels<float> f32;
  Kernels<double> f64;

  template <class T>
  const Kernels<T>& of() const {
    if constexpr (std::is_same_v<T, float>) return f32;
    else return f64;
  }
};

}  // namespace hourglass
