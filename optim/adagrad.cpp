// SPDX-License-Identifier: MIT
#include "optim/adagrad.h"

namespace hourglass::optim {

std::vector<Optimizer::Memory> Adagrad::memory(const AdagradOptions& o) const {
  check_not_negative(name(), "lr_decay", o.lr_decay);
  check_not_negative(name(), "weight_decay", o.weight_decay);
  check_not_negative(name(), "initial_accumulator_value", o.initial_accumulator_value);
  check_not_negative(name(), "eps", o.eps);
  return {{"sum", o.initial_accumulator_value}};
}

void Adagrad::update(const AdagradOptions& o, std::int64_t t, std::span<const UpdateItem> items) const {
  const double lr = o.lr / (1 + static_cast<double>(t - 1) * o.lr_decay);
  hourglass::update(AdagradUpdate{.lr = lr, .eps = o.eps, .weight_decay = o.weight_decay}, items);
}

}  // namespace hourglass::optim
