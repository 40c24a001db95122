// SPDX-License-Identifier: MIT
// Principal components: the best linear code, and so the reference for autoencoders.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct Eigen {
  Tensor values;   ///< f64[k], largest first
  Tensor vectors;  ///< f64[n, k]: column j belongs to values[j], has length 1, and its largest element is positive
};
/// All eigenvalues and eigenvectors of a symmetric matrix f64[n, n], by Jacobi's rotations (Golub & Van Loan, "Matrix
/// computations", section 8.5). Exact to rounding. For small matrices, as each sweep takes some 10 n³ steps.
Eigen eigenvectors(const Tensor& symmetric);
/// Only the eigenvalues, f64[n], largest first, by way of a tridiagonal matrix (section 8.3). It takes some 4/3 n³
/// steps, so matrices may be larger.
Tensor eigenvalues(const Tensor& symmetric);
/// The k largest eigenvalues of a positive semidefinite matrix f64[n, n] and their vectors, by iterating on a subspace
/// of a few more dimensions. It ends when no eigenvalue changes by more than `tolerance`, relative to the largest one.
Eigen top_eigenvectors(const Tensor& symmetric, std::int64_t k, double tolerance = 1e-13);

/// The singular values of each matrix of [n, rows, columns], largest first, averaged over the n: f64[min(rows,
/// columns)]. They are roots of the eigenvalues of the smaller Gram matrix, so values below 1e-8 of the largest are
/// rounding errors.
Tensor mean_singular_values(const Tensor& matrices);

/// The first two moments of a data set.
struct Moments {
  Tensor mean;        ///< f64[columns]
  Tensor covariance;  ///< f64[columns, columns], divided by the number of rows
};
Moments moments_of(const Tensor& rows);

struct Pca {
  Tensor mean;        ///< f64[columns]
  Tensor components;  ///< f64[k, columns], orthonormal rows
  Tensor variances;   ///< f64[k], along each component, largest first
  Tensor encode(const Tensor& rows) const;
  Tensor decode(const Tensor& codes) const;
};
/// The k directions along which the rows vary most.
Pca fit_pca(const Tensor& rows, std::int64_t k);
Pca fit_pca(const Moments& moments, std::int64_t k);

/// The cosines of the principal angles between the spaces that the columns of a [n, k] and of b [n, k] span, largest
/// first: all 1 where the spaces are the same (Björck & Golub 1973).
Tensor principal_cosines(const Tensor& a, const Tensor& b);

}  // namespace hourglass::examples
