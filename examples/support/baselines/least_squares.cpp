// SPDX-License-Identifier: MIT
#include "examples/support/baselines/least_squares.h"

#include <algorithm>

#include "examples/support/metrics/finite.h"
#include "tensor/linalg.h"
#include "tensor/ops.h"

namespace hourglass::examples {

void LeastSquares::add(const Tensor& x, const Tensor& y) {
  check(x.dim() == 2 && y.dim() == 2 && x.size(0) == y.size(0), "LeastSquares",
        "needs inputs [n, in] and outputs [n, out], got ", describe(x), " and ", describe(y));
  check(rows_ == 0 || (x.size(1) == x_sum_.size(0) && y.size(1) == y_sum_.size(0)), "LeastSquares", "has rows with ",
        x_sum_.size(0), " inputs and ", y_sum_.size(0), " outputs, got ", describe(x), " and ", describe(y));
  check_finite("LeastSquares", x);
  check_finite("LeastSquares", y);
  constexpr std::int64_t kChunk = 4096;  // rows in f64 at a time
  for (std::int64_t first = 0; first < x.size(0); first += kChunk) {
    const std::int64_t last = std::min(first + kChunk, x.size(0));
    Tensor a = to(slice(x, 0, first, last), Dtype::f64), b = to(slice(y, 0, first, last), Dtype::f64);
    if (rows_ == 0) {
      x_origin_ = mean(a, {0}), y_origin_ = mean(b, {0});
      x_sum_ = zeros_like(x_origin_), y_sum_ = zeros_like(y_origin_);
      xx_ = zeros({x.size(1), x.size(1)}, Dtype::f64), xy_ = zeros({x.size(1), y.size(1)}, Dtype::f64);
    }
    a = a - x_origin_, b = b - y_origin_;
    x_sum_ = x_sum_ + sum(a, {0}), y_sum_ = y_sum_ + sum(b, {0});
    xx_ = xx_ + matmul(transpose(a), a), xy_ = xy_ + matmul(transpose(a), b);
    rows_ += last - first;
  }
}

AffineMap LeastSquares::solve(double ridge) const {
  check(rows_ > 0, "LeastSquares", "has no rows to fit");
  check(ridge >= 0, "LeastSquares", "needs a ridge of at least 0, got ", ridge);
  const auto n = static_cast<double>(rows_);
  const Tensor scatter = xx_ - outer(x_sum_, x_sum_) / n;
  const double spread = mean(diagonal(scatter)).item();
  const Tensor penalty = eye(scatter.size(0), -1, Dtype::f64) * (spread > 0 ? ridge * spread : 1);
  const Tensor weight = hourglass::solve(scatter + penalty, xy_ - outer(x_sum_, y_sum_) / n);
  return {weight, y_origin_ + y_sum_ / n - matmul(x_origin_ + x_sum_ / n, weight)};
}

}  // namespace hourglass::examples
