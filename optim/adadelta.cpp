// SPDX-License-Identifier: MIT
#include "optim/adadelta.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> Adadelta::memory(const AdadeltaOptions& o) const {
  check(o.rho >= 0 && o.rho <= 1, name(), "rho must lie in [0, 1], got ", o.rho);
  check_not_negative(name(), "eps", o.eps);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  return {{"square_avg"}, {"acc_delta"}};
}

void Adadelta::update(const AdadeltaOptions& o, std::int64_t /*t*/, std::span<const UpdateItem> items) const {
  hourglass::update(
      AdadeltaUpdate{
          .lr = o.lr, .rho = o.rho, .one_minus_rho = 1 - o.rho, .eps = o.eps, .weight_decay = o.weight_decay},
      items);
}

}  // namespace hourglass::optim
