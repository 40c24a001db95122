// SPDX-License-Identifier: MIT
#include "optim/adamax.h"

#include <cmath>

namespace hourglass::optim {

std::vector<Optimizer::Memory> Adamax::memory(const AdamaxOptions& o) const {
  check_betas(name(), o.betas);
  check_not_negative(name(), "eps", o.eps);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  return {{"exp_avg"}, {"exp_inf"}};
}

void Adamax::update(const AdamaxOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  const auto [beta1, beta2] = o.betas;
  hourglass::update(AdamaxUpdate{.step_size = o.lr / (1 - std::pow(beta1, t)),
                                 .beta1 = beta1,
                                 .one_minus_beta1 = 1 - beta1,
                                 .beta2 = beta2,
                                 .eps = o.eps,
                                 .weight_decay = o.weight_decay},
                    items);
}

}  // namespace hourglass::optim
