// SPDX-License-Identifier: MIT
#include "optim/rmsprop.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> RMSprop::memory(const RMSpropOptions& o) const {
  check_not_negative(name(), "alpha", o.alpha);
  check_not_negative(name(), "eps", o.eps);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  check_not_negative(name(), "momentum", o.momentum);
  if (o.momentum == 0 && !o.centered) return {{"square_avg"}};
  return {{"square_avg"}, {"grad_avg"}, {"momentum_buffer"}};
}

void RMSprop::update(const RMSpropOptions& o, std::int64_t /*t*/, std::span<const UpdateItem> items) const {
  const double one_minus_alpha = 1 - o.alpha;
  if (o.momentum == 0 && !o.centered)
    return hourglass::update(RmspropUpdate{.lr = o.lr,
                                           .alpha = o.alpha,
                                           .one_minus_alpha = one_minus_alpha,
                                           .eps = o.eps,
                                           .weight_decay = o.weight_decay},
                             items);
  hourglass::update(RmspropFullUpdate{.lr = o.lr,
                                      .alpha = o.alpha,
                                      .one_minus_alpha = one_minus_alpha,
                                      .eps = o.eps,
                                      .weight_decay = o.weight_decay,
                                      .momentum = o.momentum,
                                      .centered = o.centered ? 1.0 : 0.0},
                    items);
}

}  // namespace hourglass::optim
