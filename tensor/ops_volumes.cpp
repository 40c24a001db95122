// SPDX-License-Identifier: MIT
#include "tensor/composed/volumes.h"
#include "tensor/volumes.h"

namespace hourglass {

Tensor conv3d(const Tensor& x, const Tensor& weight, const Conv3dOptions& options) {
  return composed::conv3d<Tensor>(x, weight, nullptr, options);
}
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv3dOptions& options) {
  return composed::conv3d(x, weight, &bias, options);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const ConvTranspose3dOptions& options) {
  return composed::conv_transpose3d<Tensor>(x, weight, nullptr, options);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose3dOptions& options) {
  return composed::conv_transpose3d(x, weight, &bias, options);
}

Tensor max_pool3d(const Tensor& x, const MaxPool3dOptions& options) {
  return composed::max_of_volume(x, taps_of("max_pool3d", x, options));
}
Tensor avg_pool3d(const Tensor& x, const AvgPool3dOptions& options) {
  return composed::mean_of_volume(x, taps_of("avg_pool3d", x, options));
}
Tensor adaptive_max_pool3d(const Tensor& x, PerAxis<3> output_size) {
  return composed::max_of_volume(x, adaptive_taps("adaptive_max_pool3d", x, output_size));
}
Tensor adaptive_avg_pool3d(const Tensor& x, PerAxis<3> output_size) {
  return composed::mean_of_volume(x, adaptive_taps("adaptive_avg_pool3d", x, output_size));
}

}  // namespace hourglass
