// SPDX-License-Identifier: MIT
// The engine of all reductions.
#pragma once
#include <cstddef>

#include "tensor/tensor.h"

namespace hourglass {

enum class Reduce : std::size_t;  // a line of kernels/reduce.def

/// x reduced over `axes`, which keep extent 1. Sums and products of integers are i64. `center`, of the result's shape,
/// holds the c of reduce.def. Over no elements a product is 1 and everything else 0.
Tensor reduce(Reduce op, const Tensor& x, const Axes& axes, const Tensor* center = nullptr);

}  // namespace hourglass
