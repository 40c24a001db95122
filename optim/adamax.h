// SPDX-License-Identifier: MIT
// Adamax: Adam with the largest gradient in place of the root mean square.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct AdamaxOptions {
  double lr = 2e-3;
  /// How much of the running mean of g, and of the largest |g|, is kept at each step.
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// m ← β₁m + (1-β₁)g;  u ← max(β₂u, |g| + eps);  p ← p - lr m / (1-β₁ᵗ) / u. No number moves further than lr in a
/// step (Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 2).
class Adamax : public OptimizerWith<AdamaxOptions> {
 public:
  explicit Adamax(std::vector<Parameter> parameters, AdamaxOptions options = {}) : OptimizerWith("adamax") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const AdamaxOptions& o) const override;
  void update(const AdamaxOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
