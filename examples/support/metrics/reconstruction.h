// SPDX-License-Identifier: MIT
// The reconstruction error of a model over a whole set.
#pragma once
#include <cstdint>

#include "nn/layer.h"

namespace hourglass::examples {

/// model(inputs), computed a thousand rows at a time and without a graph, so that a test set takes no more memory than
/// a large batch.
Tensor outputs_of(const nn::Layer& model, const Tensor& inputs);
/// The mean of (model(inputs) - targets)² over all rows and columns.
double reconstruction_error(const nn::Layer& model, const Tensor& inputs, const Tensor& targets);
inline double reconstruction_error(const nn::Layer& model, const Tensor& images) {
  return reconstruction_error(model, images, images);
}

}  // namespace hourglass::examples
