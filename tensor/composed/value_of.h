// SPDX-License-Identifier: MIT
// Ops composed of other ops are written once, for Tensor and for Var: as templates in this folder, in the ops that both
// types have. tensor/ops_*.cpp and autograd/ops/*.cpp make a function of each type out of them.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::composed {

/// The numbers of a Tensor or of a Var. X(tensor) goes the other way, and gives a constant if X is Var.
template <class X>
const Tensor& value_of(const X& x) {
  if constexpr (requires { x.value(); }) return x.value();
  else return x;
}

}  // namespace hourglass::composed
