// SPDX-License-Identifier: MIT
// Linear least squares over more rows than fit into memory.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// y = x weight + bias of rows x [n, in].
struct AffineMap {
  Tensor weight;  ///< f64[in, out]
  Tensor bias;    ///< f64[out]
};

/// Adds up what the normal equations need, row by row, in f64.
class LeastSquares {
 public:
  /// Inputs [n, in] and outputs [n, out], finite; the numbers of columns are those of the first call.
  void add(const Tensor& x, const Tensor& y);
  std::int64_t rows() const { return rows_; }
  /// The map that minimises  Σ |x weight + bias - y|² + penalty |weight|²  over all rows, where penalty is `ridge` times
  /// the mean of Σ (x - mean x)² of the inputs. A little of it makes the solution unique, for inputs that are constant
  /// or copies of each other. At least one row is needed.
  AffineMap solve(double ridge = 1e-6) const;

 private:
  std::int64_t rows_ = 0;
  // Sums of rows and of products, relative to the first rows' mean: this keeps the digits of small variances.
  Tensor x_origin_, y_origin_, x_sum_, y_sum_, xx_, xy_;
};

}  // namespace hourglass::examples
