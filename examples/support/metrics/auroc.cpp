#include "examples/support/metrics/auroc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::examples {

double auroc(const Tensor& positive_scores, const Tensor& negative_scores) {
  check(positive_scores.numel() > 0 && negative_scores.numel() > 0, "auroc", "needs scores of both kinds, got ",
        positive_scores.numel(), " and ", negative_scores.numel());
  std::vector<double> negative = to(negative_scores, Dtype::f64).to_vector<double>();
  const std::vector<double> positive = to(positive_scores, Dtype::f64).to_vector<double>();
  const auto is_nan = [](double x) { return std::isnan(x); };
  if (std::any_of(negative.begin(), negative.end(), is_nan) || std::any_of(positive.begin(), positive.end(), is_nan))
    return std::numeric_limits<double>::quiet_NaN();
  std::sort(negative.begin(), negative.end());
  double won = 0;
  for (const double score : positive) {
    const auto [first, last] = std::equal_range(negative.begin(), negative.end(), score);
    won += static_cast<double>(first - negative.begin()) + 0.5 * static_cast<double>(last - first);
  }
  return won / (static_cast<double>(positive.size()) * static_cast<double>(negative.size()));
}

}  // namespace hourglass::examples
