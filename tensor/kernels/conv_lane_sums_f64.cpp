// SPDX-License-Identifier: MIT
// The sums of products of windows, in f64. Each type has a file, so that compilers work on them side by side.
#include "tensor/kernels/conv_lane_sums.inl"

namespace hourglass::HOURGLASS_SET {
extern const LaneSumsKernelsOf<double> lane_sums_f64;
constinit const LaneSumsKernelsOf<double> lane_sums_f64{conv::lane_sums<double>, conv::add_lanes<double>};
}  // namespace hourglass::HOURGLASS_SET
