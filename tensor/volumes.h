// SPDX-License-Identifier: MIT
// Convolution and pooling of volumes: of films, and of images with depth. conv2d and the poolings of images do the work
// (composed/volumes.h).
#pragma once
#include <concepts>

#include "tensor/tensor.h"
#include "tensor/windows.h"

namespace hourglass {

// ---- volumes --------------------------------------------------------------------------------------- ops_volumes.cpp
// x is [batch, in, depth, height, width], or has no batch axis; weight is [out, in / groups, depth, height, width] for
// the convolution, [in, out / groups, depth, height, width] for its transpose, and bias [out].

/// With a window of depth k, x is copied k times.
Tensor conv3d(const Tensor& x, const Tensor& weight, const Conv3dOptions& options = {});
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv3dOptions& options);
/// The gradient of conv3d by its volume.
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const ConvTranspose3dOptions& options = {});
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose3dOptions& options);
// With a bias and the usual options. Templates take no {}, so in conv3d(x, weight, {}) these are the options.
#define HOURGLASS_WITH_BIAS(op)                                        \
  template <std::convertible_to<Tensor> Bias>                          \
  Tensor op(const Tensor& x, const Tensor& weight, const Bias& bias) { \
    return op(x, weight, bias, {});                                    \
  }
HOURGLASS_WITH_BIAS(conv3d)
HOURGLASS_WITH_BIAS(conv_transpose3d)
#undef HOURGLASS_WITH_BIAS

/// Of [..., depth, height, width].
Tensor max_pool3d(const Tensor& x, const MaxPool3dOptions& options);
Tensor avg_pool3d(const Tensor& x, const AvgPool3dOptions& options);
Tensor adaptive_max_pool3d(const Tensor& x, PerAxis<3> output_size);
Tensor adaptive_avg_pool3d(const Tensor& x, PerAxis<3> output_size);

}  // namespace hourglass
