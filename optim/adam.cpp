// SPDX-License-Identifier: MIT
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

// The constants of step t, which AdamUpdate and AmsgradUpdate share.
template <class Update, class Options>
Update constants(const Options& o, std::int64_t t, double weight_decay, double decay_factor) {
  const auto [beta1, beta2] = o.betas;
  const double bias_correction1 = 1 - std::pow(beta1, t), bias_correction2 = 1 - std::pow(beta2, t);
  return {.step_size = o.lr / bias_correction1,
          .beta1 = beta1,
          .one_minus_beta1 = 1 - beta1,
          .beta2 = beta2,
          .one_minus_beta2 = 1 - beta2,
          .sqrt_v_correction = 1 / std::sqrt(bias_correction2),
          .eps = o.eps,
          .weight_decay = weight_decay,
          .decay_factor = decay_factor};
}

template <class Options>
void take_step(const Options& o, std::int64_t t, double weight_decay, double decay_factor,
               std::span<const UpdateItem> items) {
  if (o.amsgrad) hourglass::update(constants<AmsgradUpdate>(o, t, weight_decay, decay_factor), items);
  else hourglass::update(constants<AdamUpdate>(o, t, weight_decay, decay_factor), items);
}

}  // namespace

std::vector<Optimizer::Memory> Adam::memory(const AdamOptions& o) const { return adam_memory<Memory>(name(), o); }
void Adam::update(const AdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  take_step(o, t, o.weight_decay, /*decay_factor=*/1, items);
}

std::vector<Optimizer::Memory> AdamW::memory(const AdamWOptions& o) const { return adam_memory<Memory>(name(), o); }
void AdamW::update(const AdamWOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  take_step(o, t, /*weight_decay=*/0, 1 - o.lr * o.weight_decay, items);
}

}  // namespace hourglass::optim
