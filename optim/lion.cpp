// SPDX-License-Identifier: MIT
#include "optim/lion.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> Lion::memory(const LionOptions& o) const {
  check_betas(name(), o.betas);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  return {{"exp_avg"}};
}

void Lion::update(const LionOptions& o, std::int64_t /*t*/, std::span<const UpdateItem> items) const {
  const auto [beta1, beta2] = o.betas;
  hourglass::update(LionUpdate{.lr = o.lr,
                               .beta1 = beta1,
                               .one_minus_beta1 = 1 - beta1,
                               .beta2 = beta2,
                               .one_minus_beta2 = 1 - beta2,
                               .decay_factor = 1 - o.lr * o.weight_decay},
                    items);
}

}  // namespace hourglass::optim
