// SPDX-License-Identifier: MIT
// RMSprop: steps divided by the root mean square of recent gradients.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct RMSpropOptions {
  double lr = 1e-2;
  /// How much of the running mean of g² is kept at each step.
  double alpha = 0.99;
  double eps = 1e-8;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// How much of the velocity is kept at each step.
  double momentum = 0;
  /// Divides by the standard deviation of the gradients rather than by their root mean square.
  bool centered = false;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// v ← αv + (1-α)g²;  p ← p - lr g / (√v + eps)  (Hinton 2012, "Neural networks for machine learning", lecture 6e).
/// With momentum p ← p - lr u, u ← momentum u + g / (√v + eps). Centered: v - m² in place of v, with m ← αm + (1-α)g
/// (Graves 2013, "Generating sequences with recurrent neural networks", section 4.1).
class RMSprop : public OptimizerWith<RMSpropOptions> {
 public:
  explicit RMSprop(std::vector<Parameter> parameters, RMSpropOptions options = {}) : OptimizerWith("rmsprop") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const RMSpropOptions& o) const override;
  void update(const RMSpropOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
