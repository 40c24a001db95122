// SPDX-License-Identifier: MIT
// Adam: every number of a parameter gets a step size of its own.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct AdamOptions {
  double lr = 1e-3;
  /// How much of the running means of g and of g² is kept at each step.
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// Divides by the largest v so far (Reddi et al. 2018, "On the convergence of Adam and beyond", algorithm 2).
  bool amsgrad = false;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// m ← β₁m + (1-β₁)g;  v ← β₂v + (1-β₂)g²;  p ← p - lr m̂ / (√v̂ + eps), where m̂ = m / (1-β₁ᵗ) and v̂ = v / (1-β₂ᵗ)
/// correct the bias of starting at 0 (Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).
class Adam : public OptimizerWith<AdamOptions> {
 public:
  explicit Adam(std::vector<Parameter> parameters, AdamOptions options = {}) : OptimizerWith("adam") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const AdamOptions& o) const override;
  void update(const AdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
