// SPDX-License-Identifier: MIT
// RAdam: Adam without its step sizes until it has seen enough gradients.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct RAdamOptions {
  double lr = 1e-3;
  /// How much of the running means of g and of g² is kept at each step.
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// In its first steps Adam divides by a √v̂ that comes from few gradients and can be far too small. RAdam corrects the
/// variance of this factor. v averages over ρₜ gradients, where ρₜ = ρ∞ - 2 t β₂ᵗ / (1-β₂ᵗ) and ρ∞ = 2 / (1-β₂) - 1:
///
///   p ← p - lr m̂ r / √v̂,   r² = (ρₜ-4) (ρₜ-2) ρ∞ / ((ρ∞-4) (ρ∞-2) ρₜ)     if ρₜ > 5, and p ← p - lr m̂ before that
///
/// (Liu et al. 2020, "On the variance of the adaptive learning rate and beyond", algorithm 2.) As in PyTorch, eps is
/// added to √v rather than to √v̂.
class RAdam : public OptimizerWith<RAdamOptions> {
 public:
  explicit RAdam(std::vector<Parameter> parameters, RAdamOptions options = {}) : OptimizerWith("radam") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const RAdamOptions& o) const override;
  void update(const RAdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
