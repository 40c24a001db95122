// How well the pixels of images are told apart.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// For each class the intersection over union (Jaccard's index): of the pixels that belong to the class or are said to,
/// the share of which both is true. f64[classes]; NaN for a class that neither has. i64 tensors of one shape.
Tensor intersection_over_union(const Tensor& predicted, const Tensor& truth, std::int64_t classes);

}  // namespace hourglass::examples
