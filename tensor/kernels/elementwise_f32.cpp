// SPDX-License-Identifier: MIT
// The elementwise kernels of f32. Each type has a file, so that compilers work on them side by side.
#include "tensor/kernels/elementwise.inl"

namespace hourglass::HOURGLASS_SET {
extern const ElementwiseKernelsOf<float> elementwise_f32;
constinit const ElementwiseKernelsOf<float> elementwise_f32 = elementwise_kernels_of<float>();
}  // namespace hourglass::HOURGLASS_SET
