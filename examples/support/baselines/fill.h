// SPDX-License-Identifier: MIT
// Hidden pixels, as a Gaussian distribution of pictures predicts them.
#pragma once
#include "examples/support/metrics/pca.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// Fills in what is hidden in rows of numbers (pictures or patches, flattened) by its mean given what is seen, under a
/// normal distribution with mean μ and covariance C = Σ + ridge · mean(diag Σ) · 1:
///
///     E[x_hidden | x_seen]  =  μ_hidden + C_hidden,seen C_seen,seen⁻¹ (x_seen - μ_seen)
///
/// (Bishop 2006, "Pattern Recognition and Machine Learning", equation 2.81). No affine function of the seen numbers has
/// a smaller squared error. The ridge keeps C invertible where pixels are constant or copies of each other.
class GaussianFill {
 public:
  /// moments_of(rows) has the moments of training data. ridge is above 0.
  explicit GaussianFill(Moments moments, double ridge = 1e-6);

  /// x [n, ...], f32 or f64, with as many numbers in each row as the mean; `hidden` is u8, 1 where x is to be filled,
  /// of x's shape, or of the shape of a row if the same numbers are hidden in all rows. What x has at hidden places is
  /// not read; seen numbers must be finite, and stay as they are. Results are not clipped. Rows with the same mask share
  /// one system of equations, as large as the smaller one of the numbers that are hidden and that are seen.
  Tensor fill(const Tensor& x, const Tensor& hidden) const;

 private:
  Tensor mean_, covariance_;  // f64; the covariance has the ridge
  Tensor precision_;          // its inverse
};

}  // namespace hourglass::examples
