// SPDX-License-Identifier: MIT
#include "examples/support/metrics/auroc.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// The scores of both classes, each sorted from the largest down.
struct Scores {
  std::vector<double> positive, negative;
  bool has_nan = false;
};

Scores scores_of(std::string_view op, const Tensor& positive, const Tensor& negative) {
  check(positive.numel() > 0 && negative.numel() > 0, op, "needs scores of both classes, got ", positive.numel(),
        " and ", negative.numel());
  Scores result{to(positive, Dtype::f64).to_vector<double>(), to(negative, Dtype::f64).to_vector<double>()};
  for (std::vector<double>* scores : {&result.positive, &result.negative}) {
    result.has_nan |= std::any_of(scores->begin(), scores->end(), [](double x) { return std::isnan(x); });
    if (!result.has_nan) std::sort(scores->begin(), scores->end(), std::greater<>());
  }
  return result;
}

// How many scores are larger than a given one, and how many are equal to it.
struct Ranked {
  double above, ties;
};
Ranked place_of(double score, const std::vector<double>& scores) {
  const auto [first, last] = std::equal_range(scores.begin(), scores.end(), score, std::greater<>());
  return {static_cast<double>(first - scores.begin()), static_cast<double>(last - first)};
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double auroc(const Tensor& positive_scores, const Tensor& negative_scores) {
  const Scores scores = scores_of("auroc", positive_scores, negative_scores);
  if (scores.has_nan) return kNan;
  const auto positives = static_cast<double>(scores.positive.size());
  const auto negatives = static_cast<double>(scores.negative.size());
  double won = 0;
  for (const double score : scores.positive) {
    const Ranked place = place_of(score, scores.negative);
    won += negatives - place.above - 0.5 * place.ties;
  }
  return won / (positives * negatives);
}

double average_precision(const Tensor& positive_scores, const Tensor& negative_scores) {
  const Scores scores = scores_of("average_precision", positive_scores, negative_scores);
  if (scores.has_nan) return kNan;
  double total = 0;
  // A step of recall is shared by the positives that tie: each adds the precision at its score.
  for (const double score : scores.positive) {
    const Ranked mine = place_of(score, scores.positive), other = place_of(score, scores.negative);
    const double hits = mine.above + mine.ties;
    total += hits / (hits + other.above + other.ties);
  }
  return total / static_cast<double>(scores.positive.size());
}

}  // namespace hourglass::examples
