// SPDX-License-Identifier: MIT
// How well the pixels of images are classified.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// The intersection over union (Jaccard's index) of each class: the pixels that are predicted as the class and belong
/// to it, divided by those that are predicted or belong. f64[classes]; NaN for a class that occurs in neither. Both
/// tensors are i64, of the same shape.
Tensor intersection_over_union(const Tensor& predicted, const Tensor& truth, std::int64_t classes);

}  // namespace hourglass::examples
