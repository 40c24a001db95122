// Principal components: the best that a linear code can do, and so what autoencoders are measured against.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct Eigen {
  Tensor values;   ///< f64[k], largest first
  Tensor vectors;  ///< f64[n, k]: column j belongs to values[j], has length 1, and its largest element is positive
};
/// All eigenvalues and eigenvectors of a symmetric matrix f64[n, n], by Jacobi's rotations (Golub & Van Loan, "Matrix
/// computations", section 8.5): to rounding, and for small matrices, as it takes some 10 n³ steps a sweep.
Eigen eigenvectors(const Tensor& symmetric);
/// The eigenvalues alone, f64[n], largest first, by way of a tridiagonal matrix (section 8.3): some 4/3
/// n³ steps, so for larger matrices, too.
Tensor eigenvalues(const Tensor& symmetric);
/// The k largest of a positive semidefinite matrix f64[n, n], by iterating on a subspace that is a little larger than
/// k. `tolerance` is how much the eigenvalues, relative to the largest one, may still change in a step.
Eigen top_eigenvectors(const Tensor& symmetric, std::int64_t k, double tolerance = 1e-13);

/// The singular values of each matrix of [n, rows, columns], largest first, averaged over the n: f64[min(rows,
/// columns)]. They are roots of the eigenvalues of its smaller Gram matrix, so that those below 1e-8 of the largest are
/// rounding.
Tensor mean_singular_values(const Tensor& matrices);

/// What a data set's first two moments say of it.
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
