// SPDX-License-Identifier: MIT
// AdaBelief: an optimizer that is not part of Hourglass.
#pragma once
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "optim/optimizer.h"

struct AdaBeliefOptions {
  double lr = 1e-3;
  /// How much of m and of s is kept at each step.
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Shrinks p by lr * weight_decay * p.
  double weight_decay = 0;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// m ← β₁m + (1-β₁)g;  s ← β₂s + (1-β₂)(g-m)² + eps;  p ← p - lr m̂ / (√ŝ + eps), where m̂ = m / (1-β₁ᵗ) and
/// ŝ = s / (1-β₂ᵗ). Adam with (g-m)² in place of g²: m predicts the gradient, and the better the prediction, the longer
/// the step (Zhuang et al. 2020, "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients",
/// algorithm 2).
class AdaBelief : public hourglass::optim::OptimizerWith<AdaBeliefOptions> {
 public:
  explicit AdaBelief(std::vector<hourglass::Parameter> parameters, AdaBeliefOptions options = {})
      : OptimizerWith("ada_belief") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const AdaBeliefOptions& o) const override;
  void update(const AdaBeliefOptions& o, std::int64_t t, std::span<const hourglass::UpdateItem> items) const override;
};
