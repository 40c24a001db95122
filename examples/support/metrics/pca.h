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
/// All eigenvalues and eigenvectors of a symmetric matrix f64[n, n]; only the eigenvalues f64[n]; the k largest of them
/// and their vectors.
Eigen eigenvectors(const Tensor& symmetric);
Tensor eigenvalues(const Tensor& symmetric);
Eigen top_eigenvectors(const Tensor& symmetric, std::int64_t k);

/// The singular values of each matrix of [n, rows, columns], largest first, averaged over the n: f64[min(rows,
/// columns)].
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
/// The k directions along which the rows vary most. Rows of more than 2000 numbers never need a covariance matrix.
Pca fit_pca(const Tensor& rows, std::int64_t k);
Pca fit_pca(const Moments& moments, std::int64_t k);

/// The cosines of the principal angles between the spaces that the columns of a [n, k] and of b [n, k] span, largest
/// first: all 1 where the spaces are the same (Björck & Golub 1973).
Tensor principal_cosines(const Tensor& a, const Tensor& b);

}  // namespace hourglass::examples
