// SPDX-License-Identifier: MIT
// NAdam: Adam with Nesterov's momentum.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct NAdamOptions {
  double lr = 2e-3;
  /// How much of the running means of g and of g² is kept at each step.
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// How fast the momentum grows from betas.first / 2 to betas.first.
  double momentum_decay = 4e-3;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// Adam that moves along the momentum of the next step, as Nesterov's method does (Dozat 2016,
/// "Incorporating Nesterov momentum into Adam"). With μₜ = β₁ (1 - ½ 0.96^(t momentum_decay)), and m, v̂ as in Adam,
///
///   p ← p - lr ( (1 - μₜ) g / (1 - Πμ) + μₜ₊₁ m / (1 - μₜ μₜ₊₁ Πμ) ) / (√v̂ + eps),      Πμ = μ₁ ... μₜ
///
/// This is PyTorch 1.13's formula. The paper has no μₜ before the second Πμ, which only changes the first steps.
class NAdam : public OptimizerWith<NAdamOptions> {
 public:
  explicit NAdam(std::vector<Parameter> parameters, NAdamOptions options = {}) : OptimizerWith("nadam") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const NAdamOptions& o) const override;
  void update(const NAdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
