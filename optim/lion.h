// SPDX-License-Identifier: MIT
// Lion: the sign of a momentum.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct LionOptions {
  /// A third to a tenth of Adam's.
  double lr = 1e-4;
  /// How much of m goes into the step, and how much of it is kept at each step.
  std::pair<double, double> betas{0.9, 0.99};
  /// Shrinks p by lr * weight_decay * p. Three to ten times AdamW's.
  double weight_decay = 0;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// p ← (1 - lr weight_decay) p - lr sign(β₁m + (1-β₁)g);  m ← β₂m + (1-β₂)g: every number moves by lr in every step.
/// It needs half of Adam's memory (Chen et al. 2023, "Symbolic discovery of optimization algorithms", program 1).
class Lion : public OptimizerWith<LionOptions> {
 public:
  explicit Lion(std::vector<Parameter> parameters, LionOptions options = {}) : OptimizerWith("lion") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const LionOptions& o) const override;
  void update(const LionOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
