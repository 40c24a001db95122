#include "optim/adam.h"

#include <cmath>

#include "optim/adamw.h"

namespace hourglass::optim {
namespace {

template <class Memory, class Options>
std::vector<Memory> adam_memory(std::string_view op, const Options& o) {
  check_betas(op, o.betas);
  check_not_negative(op, "eps", o.eps);
  check_not_negative(op, "weight_decay", o.weight_decay);
  if (o.amsgrad) return {{"exp_avg"}, {"exp_avg_sq"}, {"max_exp_avg_sq"}};
  return {{"exp_avg"}, {"exp_avg_sq"}};
}

// AdamUpdate or AmsgradUpdate: their constants are the same.
template <class Update, class Options>
Update step(const Options& o, std::int64_t t, double l2, double shrink) {
  const auto [beta1, beta2] = o.betas;
  return {.rate = o.lr / (1 - std::pow(beta1, t)),
          .beta1 = beta1,
          .gain1 = 1 - beta1,
          .beta2 = beta2,
          .gain2 = 1 - beta2,
          .unbias = 1 / std::sqrt(1 - std::pow(beta2, t)),
          .eps = o.eps,
          .l2 = l2,
          .shrink = shrink};
}

template <class Options>
void take_step(const Options& o, std::int64_t t, double l2, double shrink, std::span<const UpdateItem> items) {
  if (o.amsgrad) hourglass::update(step<AmsgradUpdate>(o, t, l2, shrink), items);
  else hourglass::update(step<AdamUpdate>(o, t, l2, shrink), items);
}

}  // namespace

std::vector<Optimizer::Memory> Adam::memory(const AdamOptions& o) const { return adam_memory<Memory>(name(), o); }
void Adam::update(const AdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  take_step(o, t, o.weight_decay, 1, items);
}

std::vector<Optimizer::Memory> AdamW::memory(const AdamWOptions& o) const { return adam_memory<Memory>(name(), o); }
void AdamW::update(const AdamWOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  take_step(o, t, 0, 1 - o.lr * o.weight_decay, items);
}

}  // namespace hourglass::optim
