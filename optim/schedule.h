// SPDX-License-Identifier: MIT
// Numbers that change over time: learning rates, and other numbers that are annealed (β, λ, a temperature). They are
// functions of the epoch (or step) alone, counted from 0, so a run that is resumed has no schedule to restore.
//
//   const optim::CosineAnnealingLR schedule{.lr = 1e-3, .T_max = epochs};
//   for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
//     adam.set_lr(schedule(epoch));
//
// Names and meanings are PyTorch's; lr is the rate that PyTorch's schedulers find in the optimizer. ReduceLROnPlateau,
// which depends on how training goes, is in monitor.h.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace hourglass::optim {

/// Any of the classes below, or a lambda: [](std::int64_t epoch) { return 1e-3 / (1 + 0.1 * epoch); }.
using Schedule = std::function<double(std::int64_t)>;

/// lr factor(epoch)
struct LambdaLR {
  double lr;
  Schedule factor;
  double operator()(std::int64_t epoch) const;
};

/// lr factor(1) factor(2) ... factor(epoch)
struct MultiplicativeLR {
  double lr;
  Schedule factor;
  double operator()(std::int64_t epoch) const;
};

/// lr gamma^⌊epoch / step_size⌋: down in equal steps.
struct StepLR {
  double lr;
  std::int64_t step_size;
  double gamma = 0.1;
  double operator()(std::int64_t epoch) const;
};

/// lr gamma^(the number of milestones reached): down in steps of any length.
struct MultiStepLR {
  double lr;
  std::vector<std::int64_t> milestones;
  double gamma = 0.1;
  double operator()(std::int64_t epoch) const;
};

/// lr gamma^epoch
struct ExponentialLR {
  double lr, gamma;
  double operator()(std::int64_t epoch) const;
};

/// lr (1 - min(epoch, total_iters) / total_iters)^power: down to 0.
struct PolynomialLR {
  double lr;
  std::int64_t total_iters = 5;
  double power = 1;
  double operator()(std::int64_t epoch) const;
};

/// lr factor before total_iters, lr from then on.
struct ConstantLR {
  double lr;
  double factor = 1.0 / 3;
  std::int64_t total_iters = 5;
  double operator()(std::int64_t epoch) const;
};

/// From lr start_factor to lr end_factor in a straight line of total_iters epochs, then constant: a warm-up.
struct LinearLR {
  double lr;
  double start_factor = 1.0 / 3;
  double end_factor = 1;
  std::int64_t total_iters = 5;
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

/// From lr down to eta_min along half a cosine, repeatedly: first in T_0 epochs, then each time in T_mult times as many
/// (the same paper, equation 5).
struct CosineAnnealingWarmRestarts {
  double lr;
  std::int64_t T_0;
  std::int64_t T_mult = 1;
  double eta_min = 0;
  double operator()(std::int64_t epoch) const;
};

/// Up from max_lr / div_factor to max_lr in the first pct_start of total_steps, then down to
/// max_lr / div_factor / final_div_factor. With three_phase: up, down again to max_lr / div_factor in as many steps,
/// then the rest. One cycle of large rates is the whole training (Smith & Topin 2018, "Super-convergence: very fast
/// training of neural networks using large learning rates"). Call it for each step rather than each epoch; a step past
/// total_steps is an error.
struct OneCycleLR {
  double max_lr;
  std::int64_t total_steps;
  double pct_start = 0.3;
  bool linear = false;  ///< straight lines instead of half cosines: PyTorch's anneal_strategy = "linear"
  double div_factor = 25;
  double final_div_factor = 1e4;
  bool three_phase = false;
  double base_momentum = 0.85;
  double max_momentum = 0.95;
  double operator()(std::int64_t step) const;
  /// The momentum: down from max_momentum to base_momentum while the rate goes up, and back.
  double momentum(std::int64_t step) const;
};

/// triangular: each cycle is as high as the first. triangular2: half as high as the one before. exp_range: a height
/// that falls by gamma each step.
enum class CyclicMode { triangular, triangular2, exp_range };
/// From base_lr up to max_lr in step_size_up steps and down again in step_size_down, in straight lines, repeatedly
/// (Smith 2017, "Cyclical learning rates for training neural networks"). Call it for each step rather than each epoch.
struct CyclicLR {
  double base_lr, max_lr;
  std::int64_t step_size_up = 2000;
  std::int64_t step_size_down = 0;  ///< 0: as many as up
  CyclicMode mode = CyclicMode::triangular;
  double gamma = 1;
  double base_momentum = 0.8;
  double max_momentum = 0.9;
  double operator()(std::int64_t step) const;
  /// The momentum: down from max_momentum to base_momentum while the rate goes up, and back.
  double momentum(std::int64_t step) const;
};

/// One schedule after another: the first until milestones[0], then the second, which counts from 0 there, and so on.
/// A warm-up and what follows:
///
///   SequentialLR{{LinearLR{.lr = 0.1, .total_iters = 5}, CosineAnnealingLR{.lr = 0.1, .T_max = 95}}, {5}}
struct SequentialLR {
  std::vector<Schedule> schedules;
  std::vector<std::int64_t> milestones;
  double operator()(std::int64_t epoch) const;
};

/// lr times the product of all factors. A schedule with .lr = 1 is a factor.
struct ChainedScheduler {
  double lr;
  std::vector<Schedule> factors;
  double operator()(std::int64_t epoch) const;
};

enum class Curve { linear, cosine, exponential };

/// From one value to another, for numbers other than learning rates: the weight β of a KL term that is warmed up, or a
/// temperature that cools down (exponential: both ends positive). It is `from` until `start` and `to` after `steps`
/// more steps. With a period it starts again after each `period` steps, as in cyclical annealing (Fu et al. 2019,
/// "Cyclical annealing schedule: a simple approach to mitigating KL vanishing").
///
///   const optim::Anneal beta{.from = 0, .to = 1, .steps = 10};
struct Anneal {
  double from, to;
  std::int64_t steps;
  Curve curve = Curve::linear;
  std::int64_t start = 0;
  std::int64_t period = 0;
  double operator()(std::int64_t step) const;
};

}  // namespace hourglass::optim
