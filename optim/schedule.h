// Learning rates over time: functions of the epoch (or step), counted from 0, and of nothing else, so that a training
// run that goes on after a break needs no schedule restored.
//
//   const optim::CosineAnnealingLR schedule{.lr = 1e-3, .T_max = epochs};
//   for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
//     adam.set_lr(schedule(epoch));
#pragma once
#include <cstdint>

namespace hourglass::optim {

/// lr gamma^⌊epoch / step_size⌋: down a stair.
struct StepLR {
  double lr;
  std::int64_t step_size;
  double gamma = 0.1;
  double operator()(std::int64_t epoch) const;
};

/// From lr down to eta_min in T_max epochs, along half a cosine:
/// eta_min + (lr - eta_min) (1 + cos(π epoch / T_max)) / 2; then up again, and so on
/// (Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", without the restarts).
struct CosineAnnealingLR {
  double lr;
  std::int64_t T_max;
  double eta_min = 0;
  double operator()(std::int64_t epoch) const;
};

}  // namespace hourglass::optim
