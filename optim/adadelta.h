// SPDX-License-Identifier: MIT
// Adadelta: steps in the units of the parameter, with no learning rate to choose.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct AdadeltaOptions {
  double lr = 1;
  /// How much of the running means of the squares of gradients and of steps is kept.
  double rho = 0.9;
  double eps = 1e-6;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// v ← ρv + (1-ρ)g²;  Δ = √(d + eps) / √(v + eps) g;  d ← ρd + (1-ρ)Δ²;  p ← p - lr Δ. A step has about the length of
/// past steps and the direction of the gradient (Zeiler 2012, "ADADELTA: an adaptive learning rate method",
/// algorithm 1).
class Adadelta : public OptimizerWith<AdadeltaOptions> {
 public:
  explicit Adadelta(std::vector<Parameter> parameters, AdadeltaOptions options = {}) : OptimizerWith("adadelta") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const AdadeltaOptions& o) const override;
  void update(const AdadeltaOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
