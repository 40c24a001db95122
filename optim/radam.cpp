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
  const double kept = std::pow(beta2, n), unbiased_lr = o.lr / (1 - std::pow(beta1, n));
  const double longest = 2 / (1 - beta2) - 1, length = longest - 2 * n * kept / (1 - kept);
  const bool trusted = length > 5;
  const double rectified = std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  hourglass::update(RadamUpdate{.adaptive = trusted ? unbiased_lr * rectified * std::sqrt(1 - kept) : 0,
                                .plain = trusted ? 0 : unbiased_lr,
                                .beta1 = beta1,
                                .gain1 = 1 - beta1,
                                .beta2 = beta2,
                                .gain2 = 1 - beta2,
                                .eps = trusted ? o.eps : 1,  // 0 / (0 + 1) where v is not used
                                .l2 = o.weight_decay},
                    items);
}

}  // namespace hourglass::optim
