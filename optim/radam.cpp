// SPDX-License-Identifier: MIT
#include "optim/radam.h"

#include <cmath>

namespace hourglass::optim {

std::vector<Optimizer::Memory> RAdam::memory(const RAdamOptions& o) const {
  check_betas(name(), o.betas);
  check_not_negative(name(), "eps", o.eps);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  return {{"exp_avg"}, {"exp_avg_sq"}};
}

void RAdam::update(const RAdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  const auto [beta1, beta2] = o.betas;
  const auto n = static_cast<double>(t);
  const double beta2_t = std::pow(beta2, n), step_size = o.lr / (1 - std::pow(beta1, n));
  const double rho_inf = 2 / (1 - beta2) - 1, rho = rho_inf - 2 * n * beta2_t / (1 - beta2_t);
  const bool adaptive = rho > 5;
  const double r = std::sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho));
  hourglass::update(RadamUpdate{.adaptive_step_size = adaptive ? step_size * r * std::sqrt(1 - beta2_t) : 0,
                                .plain_step_size = adaptive ? 0 : step_size,
                                .beta1 = beta1,
                                .one_minus_beta1 = 1 - beta1,
                                .beta2 = beta2,
                                .one_minus_beta2 = 1 - beta2,
                                .eps = adaptive ? o.eps : 1,  // if v is not used: 0 / (√v + 1)
                                .weight_decay = o.weight_decay},
                    items);
}

}  // namespace hourglass::optim
