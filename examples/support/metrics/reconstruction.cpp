// SPDX-License-Identifier: MIT
#include "examples/support/metrics/reconstruction.h"

#include <vector>

#include "tensor/ops.h"

namespace hourglass::examples {

Tensor outputs_of(const nn::Layer& model, const Tensor& inputs) {
  const NoGrad no_grad;
  std::vector<Tensor> parts;
  for (const Tensor& rows : split(inputs, 1000, 0)) parts.push_back(model(constant(rows)).value());
  return concat(parts, 0);
}

double reconstruction_error(const nn::Layer& model, const Tensor& inputs, const Tensor& targets) {
  return mean(square(outputs_of(model, inputs) - targets)).item();
}

}  // namespace hourglass::examples
