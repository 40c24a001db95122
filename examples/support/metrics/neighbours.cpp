// SPDX-License-Identifier: MIT
#include "examples/support/metrics/neighbours.h"

#include <algorithm>
#include <limits>

#include "examples/support/metrics/finite.h"
#include "tensor/ops.h"

namespace hourglass::examples {

Tensor squared_distances(const Tensor& a, const Tensor& b) {
  check(a.dim() == 2 && b.dim() == 2 && a.size(1) == b.size(1), "squared_distances",
        "needs two matrices with the same number of columns, got ", describe(a), " and ", describe(b));
  const Tensor x = to(a, Dtype::f64), y = to(b, Dtype::f64);
  return sum(square(x), {1}, true) + (sum(square(y), {1}) - matmul(x, transpose(y)) * 2);
}

double trustworthiness(const Tensor& rows, const Tensor& codes, std::int64_t k) {
  check(rows.dim() == 2 && codes.dim() == 2 && rows.size(0) == codes.size(0), "trustworthiness",
        "needs rows [n, columns] and codes [n, d], got ", describe(rows), " and ", describe(codes));
  const std::int64_t n = rows.size(0);
  check(k > 0 && 2 * k < n, "trustworthiness", "needs k above 0 and below half of the ", n, " rows, got ", k);
  check_finite("trustworthiness", rows);
  check_finite("trustworthiness", codes);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double strangers = 0;  // integers, so the sum is the same in any order
  for (std::int64_t begin = 0; begin < n; begin += 500) {
    const std::int64_t end = std::min(begin + 500, n);
    const Tensor self = one_hot(arange(begin, end), n) != 0;
    const Tensor far = squared_distances(slice(rows, 0, begin, end), rows);
    const Tensor ranks = argsort(argsort(where(self, -kInfinity, far), 1), 1);  // row i itself has rank 0
    const Tensor near = squared_distances(slice(codes, 0, begin, end), codes);
    const Tensor found = gather(ranks, 1, top_k(where(self, kInfinity, near), k, 1, false).indices);
    strangers += sum(to(maximum(found - k, 0), Dtype::f64)).item();
  }
  const auto [count, nearest] = std::pair(static_cast<double>(n), static_cast<double>(k));
  return 1 - 2 * strangers / (count * nearest * (2 * count - 3 * nearest - 1));
}

}  // namespace hourglass::examples
