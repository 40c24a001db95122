// SPDX-License-Identifier: MIT
// The sums of products of windows, in f32. Each type has a file, so that compilers work on them side by side.
#include "tensor/kernels/conv_lane_sums.inl"

namespace hourglass::HOURGLASS_SET {
extern const LaneSumsKernelsOf<float> lane_sums_f32;
constinit const LaneSumsKernelsOf<float> lane_sums_f32{conv::lane_sums<float>, conv::add_lanes<float>};
}  // namespace hourglass::HOURGLASS_SET
