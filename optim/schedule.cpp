// SPDX-License-Identifier: MIT
#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/error.h"

namespace hourglass::optim {
namespace {

void check_positive(std::string_view op, std::string_view what, std::int64_t value) {
  check(value > 0, op, what, " must be positive, got ", value);
}
void check_time(std::string_view op, std::int64_t time) { check(time >= 0, op, "there is no time ", time); }

double ratio(std::int64_t a, std::int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

// From one value to another while t goes from 0 to 1.
double between(double from, double to, double t, Curve curve) {
  switch (curve) {
    case Curve::linear: return from + (to - from) * t;
    case Curve::cosine: return to + (from - to) * (1 + std::cos(std::numbers::pi * t)) / 2;
    case Curve::exponential: return from * std::pow(to / from, t);
  }
  fail("schedule", "corrupt curve");
}

}  // namespace

double LambdaLR::operator()(std::int64_t epoch) const {
  check_time("lambda_lr", epoch);
  return lr * factor(epoch);
}

double MultiplicativeLR::operator()(std::int64_t epoch) const {
  check_time("multiplicative_lr", epoch);
  double product = lr;
  for (std::int64_t past = 1; past <= epoch; ++past) product *= factor(past);
  return product;
}

double StepLR::operator()(std::int64_t epoch) const {
  check_positive("step_lr", "step_size", step_size);
  check_time("step_lr", epoch);
  return lr * std::pow(gamma, static_cast<double>(epoch / step_size));
}

double MultiStepLR::operator()(std::int64_t epoch) const {
  check_time("multi_step_lr", epoch);
  const auto reached = std::count_if(milestones.begin(), milestones.end(), [&](auto at) { return at <= epoch; });
  return lr * std::pow(gamma, static_cast<double>(reached));
}

double ExponentialLR::operator()(std::int64_t epoch) const {
  check_time("exponential_lr", epoch);
  return lr * std::pow(gamma, static_cast<double>(epoch));
}

double PolynomialLR::operator()(std::int64_t epoch) const {
  check_positive("polynomial_lr", "total_iters", total_iters);
  check_time("polynomial_lr", epoch);
  return lr * std::pow(1 - ratio(std::min(epoch, total_iters), total_iters), power);
}

double ConstantLR::operator()(std::int64_t epoch) const {
  check_time("constant_lr", epoch);
  return epoch < total_iters ? lr * factor : lr;
}

double LinearLR::operator()(std::int64_t epoch) const {
  check_positive("linear_lr", "total_iters", total_iters);
  check_time("linear_lr", epoch);
  return lr * between(start_factor, end_factor, ratio(std::min(epoch, total_iters), total_iters), Curve::linear);
}

double CosineAnnealingLR::operator()(std::int64_t epoch) const {
  check_positive("cosine_annealing_lr", "T_max", T_max);
  check_time("cosine_annealing_lr", epoch);
  return between(lr, eta_min, ratio(epoch, T_max), Curve::cosine);
}

double CosineAnnealingWarmRestarts::operator()(std::int64_t epoch) const {
  check_positive("cosine_annealing_warm_restarts", "T_0", T_0);
  check_positive("cosine_annealing_warm_restarts", "T_mult", T_mult);
  check_time("cosine_annealing_warm_restarts", epoch);
  std::int64_t length = T_0;
  if (T_mult == 1) epoch %= T_0;
  for (; epoch >= length; length *= T_mult) epoch -= length;
  return between(lr, eta_min, ratio(epoch, length), Curve::cosine);
}

namespace {

// The phase of a step: it goes from one level to another, and t in [0, 1] is how far along it the step is.
struct Phase {
  int from, to;  // 0 is the lowest rate at the start, 1 the highest, 2 the lowest at the end
  double t;
};
Phase phase_of(const OneCycleLR& cycle, std::int64_t step) {
  check_positive("one_cycle_lr", "total_steps", cycle.total_steps);
  check(cycle.pct_start >= 0 && cycle.pct_start <= 1, "one_cycle_lr", "pct_start must lie in [0, 1], got ",
        cycle.pct_start);
  check(step >= 0 && step < cycle.total_steps, "one_cycle_lr", "step ", step, " of a cycle of ", cycle.total_steps,
        " steps");
  const auto total = static_cast<double>(cycle.total_steps), at = static_cast<double>(step);
  const double top = cycle.pct_start * total - 1;
  const double down = cycle.three_phase ? 2 * cycle.pct_start * total - 2 : total - 1;
  if (at <= top) return {0, 1, top > 0 ? at / top : 1};
  if (at <= down || !cycle.three_phase) return {1, cycle.three_phase ? 0 : 2, (at - top) / (down - top)};
  return {0, 2, (at - down) / (total - 1 - down)};
}

}  // namespace

double OneCycleLR::operator()(std::int64_t step) const {
  const Phase phase = phase_of(*this, step);
  const double first = max_lr / div_factor;
  const double levels[] = {first, max_lr, first / final_div_factor};
  return between(levels[phase.from], levels[phase.to], phase.t, linear ? Curve::linear : Curve::cosine);
}

double OneCycleLR::momentum(std::int64_t step) const {
  const Phase phase = phase_of(*this, step);
  const double levels[] = {max_momentum, base_momentum, max_momentum};
  return between(levels[phase.from], levels[phase.to], phase.t, linear ? Curve::linear : Curve::cosine);
}

namespace {

// The height of a step: 0 at the bottom of a cycle, 1 at the top of the first.
double height_of(const CyclicLR& cyclic, std::int64_t step) {
  const std::int64_t up = cyclic.step_size_up, down = cyclic.step_size_down == 0 ? up : cyclic.step_size_down;
  check_positive("cyclic_lr", "step_size_up", up);
  check_positive("cyclic_lr", "step_size_down", down);
  check_time("cyclic_lr", step);
  const std::int64_t cycle = step / (up + down), at = step % (up + down);
  const double height = at <= up ? ratio(at, up) : ratio(up + down - at, down);
  switch (cyclic.mode) {
    case CyclicMode::triangular: return height;
    case CyclicMode::triangular2: return std::ldexp(height, -static_cast<int>(std::min<std::int64_t>(cycle, 2000)));
    case CyclicMode::exp_range: return height * std::pow(cyclic.gamma, static_cast<double>(step));
  }
  fail("cyclic_lr", "corrupt mode");
}

}  // namespace

double CyclicLR::operator()(std::int64_t step) const {
  return between(base_lr, max_lr, height_of(*this, step), Curve::linear);
}

double CyclicLR::momentum(std::int64_t step) const {
  return between(max_momentum, base_momentum, height_of(*this, step), Curve::linear);
}

double SequentialLR::operator()(std::int64_t epoch) const {
  check(schedules.size() == milestones.size() + 1, "sequential_lr", schedules.size(), " schedules need ",
        schedules.size() - 1, " milestones, got ", milestones.size());
  check(std::is_sorted(milestones.begin(), milestones.end()), "sequential_lr", "milestones must be in order");
  const auto next = std::upper_bound(milestones.begin(), milestones.end(), epoch);
  return schedules[static_cast<std::size_t>(next - milestones.begin())](
      next == milestones.begin() ? epoch : epoch - *(next - 1));
}

double ChainedScheduler::operator()(std::int64_t epoch) const {
  double product = lr;
  for (const Schedule& factor : factors) product *= factor(epoch);
  return product;
}

double Anneal::operator()(std::int64_t step) const {
  check_positive("anneal", "steps", steps);
  check(period >= 0, "anneal", "period must not be negative, got ", period);
  check_time("anneal", step);
  check(curve != Curve::exponential || (from > 0 && to > 0), "anneal", "an exponential needs positive ends, got ", from,
        " and ", to);
  if (step < start) return from;
  const std::int64_t since = period > 0 ? (step - start) % period : step - start;
  return since >= steps ? to : between(from, to, ratio(since, steps), curve);
}

}  // namespace hourglass::optim
