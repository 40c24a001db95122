// SPDX-License-Identifier: MIT
// What tensor/volumes.h describes, differentiable.
#pragma once
#include <concepts>

#include "autograd/var.h"
#include "tensor/volumes.h"

namespace hourglass {

// ---- volumes --- ops/volumes.cpp

Var conv3d(const Var& x, const Var& weight, const Conv3dOptions& options = {});
Var conv3d(const Var& x, const Var& weight, const Var& bias, const Conv3dOptions& options);
Var conv_transpose3d(const Var& x, const Var& weight, const ConvTranspose3dOptions& options = {});
Var conv_transpose3d(const Var& x, const Var& weight, const Var& bias, const ConvTranspose3dOptions& options);
// With a bias and the usual options. Templates take no {}, so in conv3d(x, weight, {}) these are the options.
#define HOURGLASS_WITH_BIAS(op)                               \
  template <std::convertible_to<Var> Bias>                    \
  Var op(const Var& x, const Var& weight, const Bias& bias) { \
    return op(x, weight, bias, {});                           \
  }
HOURGLASS_WITH_BIAS(conv3d)
HOURGLASS_WITH_BIAS(conv_transpose3d)
#undef HOURGLASS_WITH_BIAS

Var max_pool3d(const Var& x, const MaxPool3dOptions& options);
Var avg_pool3d(const Var& x, const AvgPool3dOptions& options);
Var adaptive_max_pool3d(const Var& x, PerAxis<3> output_size);
Var adaptive_avg_pool3d(const Var& x, PerAxis<3> output_size);

}  // namespace hourglass
