// SPDX-License-Identifier: MIT
// AdamW: Adam with weight decay that is separate from the gradient.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct AdamWOptions {
  double lr = 1e-3;
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Shrinks p by lr * weight_decay * p.
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
};

/// p ← (1 - lr weight_decay) p before each step of Adam: all weights decay at the same rate, for gradients of any size
/// (Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2).
class AdamW : public OptimizerWith<AdamWOptions> {
 public:
  explicit AdamW(std::vector<Parameter> parameters, AdamWOptions options = {}) : OptimizerWith("adamw") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const AdamWOptions& o) const override;
  void update(const AdamWOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
