// SPDX-License-Identifier: MIT
#include "examples/support/metrics/frechet.h"

#include "examples/support/metrics/pca.h"
#include "tensor/error.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// The square root of a positive semidefinite matrix, whose eigenvalues rounding may have pushed below 0.
Tensor root(const Tensor& symmetric) {
  const Eigen eigen = eigenvectors(symmetric);
  return matmul(eigen.vectors * sqrt(maximum(eigen.values, scalar(0, Dtype::f64))), transpose(eigen.vectors));
}

}  // namespace

double frechet_distance(const Tensor& a, const Tensor& b) {
  check(a.dim() == 2 && b.dim() == 2 && a.size(1) == b.size(1), "frechet_distance",
        "needs two matrices with the same number of columns, got ", describe(a), " and ", describe(b));
  check(a.size(0) >= 2 && b.size(0) >= 2, "frechet_distance", "needs at least 2 rows of each, got ", describe(a),
        " and ", describe(b));
  const Moments of_a = moments_of(a), of_b = moments_of(b);
  const Tensor half = root(of_a.covariance);
  const Tensor product = matmul(matmul(half, of_b.covariance), half);
  const Tensor both = sqrt(maximum(eigenvectors((product + transpose(product)) / 2).values, scalar(0, Dtype::f64)));
  const auto trace = [](const Tensor& m) { return sum(m * eye(m.size(0), -1, Dtype::f64)).item(); };
  return sum(square(of_a.mean - of_b.mean)).item() + trace(of_a.covariance) + trace(of_b.covariance) -
         2 * sum(both).item();
}

}  // namespace hourglass::examples
