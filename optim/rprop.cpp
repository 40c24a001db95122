// SPDX-License-Identifier: MIT
#include "optim/rprop.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> Rprop::memory(const RpropOptions& o) const {
  const auto [eta_minus, eta_plus] = o.etas;
  check(eta_minus > 0 && eta_minus < 1 && eta_plus > 1, name(), "etas must be in (0, 1) and above 1, got ", eta_minus,
        " and ", eta_plus);
  check_not_negative(name(), "step_sizes", o.step_sizes.first);
  return {{"prev"}, {"step_size", o.lr}};
}

void Rprop::update(const RpropOptions& o, std::int64_t /*t*/, std::span<const UpdateItem> items) const {
  hourglass::update(RpropUpdate{.eta_minus = o.etas.first,
                                .eta_plus = o.etas.second,
                                .step_min = o.step_sizes.first,
                                .step_max = o.step_sizes.second},
                    items);
}

}  // namespace hourglass::optim
