// How well images come back: the error of a model over a whole set.
#pragma once
#include <cstdint>

#include "nn/layer.h"

namespace hourglass::examples {

/// model(inputs) row by row, a thousand rows at a time, so that a test set needs no more memory than a large batch;
/// nothing is recorded.
Tensor outputs_of(const nn::Layer& model, const Tensor& inputs);
/// The mean of (model(inputs) - targets)² over all rows and columns.
double reconstruction_error(const nn::Layer& model, const Tensor& inputs, const Tensor& targets);
inline double reconstruction_error(const nn::Layer& model, const Tensor& images) {
  return reconstruction_error(model, images, images);
}

}  // namespace hourglass::examples
