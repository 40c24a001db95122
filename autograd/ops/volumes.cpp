// SPDX-License-Identifier: MIT
// The Var forms of composed/volumes.h: formulas of other ops.
#include "autograd/volumes.h"

#include "autograd/ops.h"
#include "tensor/composed/volumes.h"

namespace hourglass {

Var conv3d(const Var& x, const Var& weight, const Conv3dOptions& options) {
  return composed::conv3d<Var>(x, weight, nullptr, options);
}
Var conv3d(const Var& x, const Var& weight, const Var& bias, const Conv3dOptions& options) {
  return composed::conv3d(x, weight, &bias, options);
}
Var conv_transpose3d(const Var& x, const Var& weight, const ConvTranspose3dOptions& options) {
  return composed::conv_transpose3d<Var>(x, weight, nullptr, options);
}
Var conv_transpose3d(const Var& x, const Var& weight, const Var& bias, const ConvTranspose3dOptions& options) {
  return composed::conv_transpose3d(x, weight, &bias, options);
}

Var max_pool3d(const Var& x, const MaxPool3dOptions& options) {
  return composed::max_of_volume(x, taps_of("max_pool3d", x.value(), options));
}
Var avg_pool3d(const Var& x, const AvgPool3dOptions& options) {
  return composed::mean_of_volume(x, taps_of("avg_pool3d", x.value(), options));
}
Var adaptive_max_pool3d(const Var& x, PerAxis<3> output_size) {
  return composed::max_of_volume(x, adaptive_taps("adaptive_max_pool3d", x.value(), output_size));
}
Var adaptive_avg_pool3d(const Var& x, PerAxis<3> output_size) {
  return composed::mean_of_volume(x, adaptive_taps("adaptive_avg_pool3d", x.value(), output_size));
}

}  // namespace hourglass
