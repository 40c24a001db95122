// SPDX-License-Identifier: MIT
#include "optim/nadam.h"

#include <cmath>

namespace hourglass::optim {
namespace {

double momentum_at(const NAdamOptions& o, std::int64_t t) {
  return o.betas.first * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * o.momentum_decay));
}

// The product of the first t momentums. It is cut off once 1 - product rounds to 1.
double momentum_until(const NAdamOptions& o, std::int64_t t) {
  const double each = std::pow(0.96, o.momentum_decay);
  double product = 1, decay = 1;
  for (std::int64_t i = 1; i <= t && product > 1e-20; ++i) product *= o.betas.first * (1 - 0.5 * (decay *= each));
  return product;
}

}  // namespace

std::vector<Optimizer::Memory> NAdam::memory(const NAdamOptions& o) const {
  check_betas(name(), o.betas);
  check_not_negative(name(), "eps", o.eps);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  check_not_negative(name(), "momentum_decay", o.momentum_decay);
  return {{"exp_avg"}, {"exp_avg_sq"}};
}

void NAdam::update(const NAdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  const auto [beta1, beta2] = o.betas;
  const double mu = momentum_at(o, t), mu_next = momentum_at(o, t + 1), product = momentum_until(o, t);
  hourglass::update(NadamUpdate{.g_step_size = o.lr * (1 - mu) / (1 - product),
                                .m_step_size = o.lr * mu_next / (1 - product * mu * mu_next),
                                .beta1 = beta1,
                                .one_minus_beta1 = 1 - beta1,
                                .beta2 = beta2,
                                .one_minus_beta2 = 1 - beta2,
                                .sqrt_v_correction = 1 / std::sqrt(1 - std::pow(beta2, t)),
                                .eps = o.eps,
                                .weight_decay = o.weight_decay},
                    items);
}

}  // namespace hourglass::optim
