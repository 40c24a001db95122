// SPDX-License-Identifier: MIT
// Adagrad: the larger the past gradients of a number, the smaller its steps.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct AdagradOptions {
  double lr = 1e-2;
  /// lr is divided by 1 + (t - 1) lr_decay.
  double lr_decay = 0;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// s ← s + g²;  p ← p - lr g / (√s + eps). It was made for rare features, whose numbers keep large steps (Duchi, Hazan
/// & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization").
class Adagrad : public OptimizerWith<AdagradOptions> {
 public:
  explicit Adagrad(std::vector<Parameter> parameters, AdagradOptions options = {}) : OptimizerWith("adagrad") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const AdagradOptions& o) const override;
  void update(const AdagradOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
