#include "optim/schedule.h"

#include <cmath>
#include <numbers>

#include "tensor/error.h"

namespace hourglass::optim {

double StepLR::operator()(std::int64_t epoch) const {
  check(step_size > 0, "step_lr", "step_size must be positive, got ", step_size);
  return lr * std::pow(gamma, static_cast<double>(epoch / step_size));
}

double CosineAnnealingLR::operator()(std::int64_t epoch) const {
  check(T_max > 0, "cosine_annealing_lr", "T_max must be positive, got ", T_max);
  const double turn = std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(T_max);
  return eta_min + (lr - eta_min) * (1 + std::cos(turn)) / 2;
}

}  // namespace hourglass::optim
