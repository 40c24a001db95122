// SPDX-License-Identifier: MIT
#include "autograd/distributions/estimator.h"

#include "tensor/error.h"

namespace hourglass {

std::string Estimator::name() const {
  return std::visit([](const auto& each) { return each.name(); }, kind);
}
std::string Estimator::ScoreFunction::name() const {
  switch (baseline) {
    case Baseline::none: return "score function";
    case Baseline::moving_average: return "score function, moving average";
    case Baseline::leave_one_out: return "score function, leave one out";
  }
  return "";
}
std::string Estimator::GumbelSoftmax::name() const {
  return join("Gumbel-softmax, ", hard ? "hard" : "soft", ", temperature ", temperature);
}
Estimator::MovingAverage* Estimator::average() const {
  const auto* score = std::get_if<ScoreFunction>(&kind);
  return score != nullptr ? score->average.get() : nullptr;
}

Estimator pathwise(std::int64_t samples) { return {Estimator::Pathwise{}, samples}; }
Estimator score_function(Baseline baseline, std::int64_t samples, double decay) {
  check(decay >= 0 && decay < 1, "score_function", "decay must be in [0, 1), got ", decay);
  Estimator::ScoreFunction score{.baseline = baseline};
  if (baseline == Baseline::moving_average)
    score.average = std::make_shared<Estimator::MovingAverage>(Estimator::MovingAverage{.decay = decay});
  return {score, samples};
}
Estimator straight_through(std::int64_t samples) { return {Estimator::StraightThrough{}, samples}; }
Estimator gumbel_softmax(double temperature, bool hard, std::int64_t samples) {
  check(temperature > 0, "gumbel_softmax", "temperature must be positive, got ", temperature);
  return {Estimator::GumbelSoftmax{.temperature = temperature, .hard = hard}, samples};
}
Estimator arm() { return {Estimator::Arm{}, 2}; }
Estimator disarm() { return {Estimator::DisArm{}, 2}; }

}  // namespace hourglass
