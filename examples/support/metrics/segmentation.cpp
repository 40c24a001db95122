// SPDX-License-Identifier: MIT
#include "examples/support/metrics/segmentation.h"

#include "tensor/ops.h"

namespace hourglass::examples {

Tensor intersection_over_union(const Tensor& predicted, const Tensor& truth, std::int64_t classes) {
  check(predicted.shape() == truth.shape(), "intersection_over_union", "needs a class for each pixel: predicted are ",
        describe(predicted), ", true are ", describe(truth));
  const Tensor said = one_hot(reshape(predicted, {-1}), classes, Dtype::f64);
  const Tensor is = one_hot(reshape(truth, {-1}), classes, Dtype::f64);
  return sum(said * is, {0}) / sum(maximum(said, is), {0});
}

}  // namespace hourglass::examples
