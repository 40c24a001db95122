// SPDX-License-Identifier: MIT
#include "optim/asgd.h"

#include <algorithm>
#include <cmath>

namespace hourglass::optim {

std::vector<Optimizer::Memory> ASGD::memory(const ASGDOptions& o) const {
  check_not_negative(name(), "weight_decay", o.weight_decay);
  return {{"ax"}};
}

void ASGD::update(const ASGDOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  const double before = static_cast<double>(t - 1);
  const double eta = o.lr / (before == 0 ? 1 : std::pow(1 + o.lambd * o.lr * before, o.alpha));
  const double mu = 1 / std::max(1.0, before - o.t0);
  hourglass::update(AsgdUpdate{.eta = eta,
                               .decay_factor = 1 - o.lambd * eta,
                               .mu = mu,
                               .one_minus_mu = 1 - mu,
                               .weight_decay = o.weight_decay},
                    items);
}

}  // namespace hourglass::optim
