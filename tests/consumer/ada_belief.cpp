// SPDX-License-Identifier: MIT
#include "ada_belief.h"

#include <cmath>

using namespace hourglass;

std::vector<optim::Optimizer::Memory> AdaBelief::memory(const AdaBeliefOptions& o) const {
  optim::check_betas(name(), o.betas);
  optim::check_not_negative(name(), "eps", o.eps);
  optim::check_not_negative(name(), "weight_decay", o.weight_decay);
  return {{"exp_avg"}, {"exp_avg_var"}};
}

void AdaBelief::update(const AdaBeliefOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  const auto [beta1, beta2] = o.betas;
  const double step_size = o.lr / (1 - std::pow(beta1, t)), bias_correction2 = 1 - std::pow(beta2, t);
  for_each_number(items, [=](double& p, double g, double& m, double& s) {
    m = beta1 * m + (1 - beta1) * g;
    s = beta2 * s + (1 - beta2) * (g - m) * (g - m) + o.eps;
    p -= o.lr * o.weight_decay * p + step_size * m / (std::sqrt(s / bias_correction2) + o.eps);
  });
}
