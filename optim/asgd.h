// SPDX-License-Identifier: MIT
// Averaged stochastic gradient descent: smaller and smaller steps, and the mean of their points.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct ASGDOptions {
  double lr = 1e-2;
  /// Shrinks p by lambd * eta * p.
  double lambd = 1e-4;
  /// The step size eta falls like the step number to the power of -alpha.
  double alpha = 0.75;
  /// The step at which averaging begins.
  double t0 = 1e6;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// p ← (1 - lambd η) p - η g,  η = lr / (1 + lambd lr (t-1))^alpha;  ax ← (1-μ) ax + μ p,  μ = 1 / max(1, t-1-t0). From
/// step t0 on, "ax" in the state is the mean of all p, the centre of a noisy path (Polyak & Juditsky 1992,
/// "Acceleration of stochastic approximation by averaging").
class ASGD : public OptimizerWith<ASGDOptions> {
 public:
  explicit ASGD(std::vector<Parameter> parameters, ASGDOptions options = {}) : OptimizerWith("asgd") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const ASGDOptions& o) const override;
  void update(const ASGDOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
