// SPDX-License-Identifier: MIT
// The elementwise kernels of i64 and u8. Each type has a file, so that compilers work on them side by side.
#include "tensor/kernels/elementwise.inl"

namespace hourglass::HOURGLASS_SET {
extern const ElementwiseKernelsOf<std::int64_t> elementwise_i64;
constinit const ElementwiseKernelsOf<std::int64_t> elementwise_i64 = elementwise_kernels_of<std::int64_t>();
extern const ElementwiseKernelsOf<std::uint8_t> elementwise_u8;
constinit const ElementwiseKernelsOf<std::uint8_t> elementwise_u8 = elementwise_kernels_of<std::uint8_t>();
}  // namespace hourglass::HOURGLASS_SET
