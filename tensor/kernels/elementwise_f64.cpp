// SPDX-License-Identifier: MIT
// The elementwise kernels of f64. Each type has a file, so that compilers work on them side by side.
#include "tensor/kernels/elementwise.inl"

namespace hourglass::HOURGLASS_SET {
extern const ElementwiseKernelsOf<double> elementwise_f64;
constinit const ElementwiseKernelsOf<double> elementwise_f64 = elementwise_kernels_of<double>();
}  // namespace hourglass::HOURGLASS_SET
