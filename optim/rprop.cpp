#include "optim/rprop.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> Rprop::memory(const RpropOptions& o) const {
  const auto [shrink, grow] = o.etas;
  check(shrink > 0 && shrink < 1 && grow > 1, name(), "etas must be in (0, 1) and above 1, got ", shrink, " and ",
        grow);
  check_not_negative(name(), "step_sizes", o.step_sizes.first);
  return {{"prev"}, {"step_size", o.lr}};
}

void Rprop::update(const RpropOptions& o, std::int64_t /*t*/, std::span<const UpdateItem> items) const {
  hourglass::update(
      RpropUpdate{
          .shrink = o.etas.first, .grow = o.etas.second, .least = o.step_sizes.first, .most = o.step_sizes.second},
      items);
}

}  // namespace hourglass::optim
