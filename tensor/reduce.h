// The engine of all reductions.
#pragma once
#include "tensor/kernels/reduce.h"
#include "tensor/tensor.h"

namespace hourglass {

/// x reduced over `axes`, which keep extent 1. Sums and products of integers are i64. `center`, of the result's shape,
/// holds the c of reduce.def. Over no elements a product is 1 and everything else 0.
Tensor reduce(Reduce op, const Tensor& x, const Axes& axes, const Tensor* center = nullptr);

}  // namespace hourglass
