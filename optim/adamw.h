// AdamW: Adam whose weights shrink at a rate of their own.
#pragma once
#include <utility>
#include <vector>

#include "optim/adam.h"

namespace hourglass::optim {

struct AdamWOptions {
  double lr = 1e-3;
  std::pair<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  /// Shrinks p by lr * weight_decay * p.
  double weight_decay = 1e-2;
};

/// Adam, but weights shrink at a rate of their own, which their gradients' size does not scale away
/// (Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2).
class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Parameter> parameters, AdamWOptions o = {})
      : Adam("adamw", std::move(parameters), {o.lr, o.betas, o.eps, o.weight_decay}, /*decoupled=*/true) {}
};

}  // namespace hourglass::optim
