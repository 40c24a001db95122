// SPDX-License-Identifier: MIT
#include "optim/sgd.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> SGD::memory(const SGDOptions& o) const {
  check_not_negative(name(), "momentum", o.momentum);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  check(!o.nesterov || (o.momentum > 0 && o.dampening == 0), name(), "nesterov needs a momentum and no dampening");
  if (o.momentum == 0) return {};
  return {{"momentum_buffer"}};
}

void SGD::update(const SGDOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  if (o.momentum == 0) return hourglass::update(SgdUpdate{.lr = o.lr, .weight_decay = o.weight_decay}, items);
  hourglass::update(SgdMomentumUpdate{.lr = o.lr,
                                      .weight_decay = o.weight_decay,
                                      .momentum = o.momentum,
                                      .one_minus_dampening = (t == 1) ? 1 : 1 - o.dampening,
                                      .g_weight = o.nesterov ? 1.0 : 0.0,
                                      .u_weight = o.nesterov ? o.momentum : 1},
                    items);
}

}  // namespace hourglass::optim
