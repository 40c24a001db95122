// SPDX-License-Identifier: MIT
#include "examples/support/metrics/clusters.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

template <class Key>
double entropy(const std::map<Key, double>& counts, double n) {
  double sum = 0;
  for (const auto& [key, count] : counts) sum -= count / n * std::log(count / n);
  return sum;
}

}  // namespace

double normalized_mutual_information(const Tensor& a, const Tensor& b) {
  check(a.dim() == 1 && a.shape() == b.shape() && a.dtype() == Dtype::i64 && b.dtype() == Dtype::i64 && a.numel() > 0,
        "normalized_mutual_information", "needs two labels i64 for each of some things, got ", describe(a), " and ",
        describe(b));
  const auto of_a = a.to_vector<std::int64_t>(), of_b = b.to_vector<std::int64_t>();
  std::map<std::int64_t, double> in_a, in_b;
  std::map<std::pair<std::int64_t, std::int64_t>, double> in_both;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    ++in_a[of_a[i]];
    ++in_b[of_b[i]];
    ++in_both[{of_a[i], of_b[i]}];
  }
  if (in_a.size() == 1 && in_b.size() == 1) return 1;
  // I(a; b) = Σ p(a, b) log( p(a, b) / p(a) p(b) ), which is exactly 0 where the two are independent.
  const auto n = static_cast<double>(of_a.size());
  double information = 0;
  for (const auto& [pair, count] : in_both)
    information += count / n * std::log(count * n / (in_a[pair.first] * in_b[pair.second]));
  return 2 * std::max(information, 0.0) / (entropy(in_a, n) + entropy(in_b, n));
}

}  // namespace hourglass::examples
