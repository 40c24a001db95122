#include "optim/adam.h"

#include <cmath>

namespace hourglass::optim {

Adam::Adam(std::string_view name, std::vector<Parameter> parameters, AdamOptions options, bool decoupled)
    : Optimizer(name, std::move(parameters), options.lr, {"exp_avg", "exp_avg_sq"}),
      options_(options),
      decoupled_(decoupled) {
  for (const double beta : {options.betas.first, options.betas.second})
    check(beta >= 0 && beta < 1, name, "betas must lie in [0, 1), got ", beta);
  check(options.eps >= 0, name, "eps must not be negative, got ", options.eps);
  check(options.weight_decay >= 0, name, "weight_decay must not be negative, got ", options.weight_decay);
}

void Adam::update(std::span<const UpdateItem> items) const {
  const auto [beta1, beta2] = options_.betas;
  const auto t = static_cast<double>(steps());
  const double decay = options_.weight_decay;
  hourglass::update(AdamUpdate{.rate = lr() / (1 - std::pow(beta1, t)),
                               .beta1 = beta1,
                               .gain1 = 1 - beta1,
                               .beta2 = beta2,
                               .gain2 = 1 - beta2,
                               .unbias = 1 / std::sqrt(1 - std::pow(beta2, t)),
                               .eps = options_.eps,
                               .l2 = decoupled_ ? 0 : decay,
                               .shrink = decoupled_ ? 1 - lr() * decay : 1},
                    items);
}

}  // namespace hourglass::optim
