// SPDX-License-Identifier: MIT
// Stochastic gradient descent.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct SGDOptions {
  double lr = 1e-3;
  /// How much of the velocity is kept at each step.
  double momentum = 0;
  /// The weight of a new gradient in the velocity is 1 - dampening (1 in the first step).
  double dampening = 0;
  /// Adds weight_decay * p to the gradient.
  double weight_decay = 0;
  /// Moves along the velocity of the next step.
  bool nesterov = false;
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// u ← momentum u + (1 - dampening) g;  p ← p - lr u, or with nesterov p ← p - lr (g + momentum u). Without momentum u
/// is g. (Robbins & Monro 1951; Polyak 1964; Nesterov's form as in Sutskever et al. 2013, "On the importance of
/// initialization and momentum in deep learning".)
class SGD : public OptimizerWith<SGDOptions> {
 public:
  explicit SGD(std::vector<Parameter> parameters, SGDOptions options = {}) : OptimizerWith("sgd") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const SGDOptions& o) const override;
  void update(const SGDOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
