// SPDX-License-Identifier: MIT
#include "examples/support/metrics/pca.h"

#include <algorithm>

#include "examples/support/metrics/finite.h"
#include "tensor/linalg.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

void check_square(const char* op, const Tensor& x) {
  check(x.dim() == 2 && x.size(0) == x.size(1) && x.dtype() == Dtype::f64, op, "expects a square f64 matrix, got ",
        describe(x));
}

}  // namespace

Eigen eigenvectors(const Tensor& symmetric) {
  check_square("eigenvectors", symmetric);
  const Eigh rising = eigh(symmetric);
  return {contiguous(flip(rising.values, {0})), contiguous(flip(rising.vectors, {1}))};
}

Tensor eigenvalues(const Tensor& symmetric) {
  check_square("eigenvalues", symmetric);
  return contiguous(flip(eigvalsh(symmetric), {0}));
}

Eigen top_eigenvectors(const Tensor& symmetric, std::int64_t k) {
  check_square("top_eigenvectors", symmetric);
  check(k >= 0 && k <= symmetric.size(0), "top_eigenvectors", "there are ", symmetric.size(0), " eigenvectors, not ",
        k);
  const Eigen all = eigenvectors(symmetric);
  return {slice(all.values, 0, 0, k), contiguous(slice(all.vectors, 1, 0, k))};
}

Tensor mean_singular_values(const Tensor& matrices) {
  check(matrices.dim() == 3 && matrices.size(0) > 0, "mean_singular_values", "expects [n, rows, columns], got ",
        describe(matrices));
  Tensor total = zeros({std::min(matrices.size(1), matrices.size(2))}, Dtype::f64);
  for (const Tensor& part : split(matrices, 16, 0)) total = total + sum(svdvals(to(part, Dtype::f64)), {0});
  return total / static_cast<double>(matrices.size(0));
}

Moments moments_of(const Tensor& rows) {
  check(rows.dim() == 2 && rows.size(0) > 0, "moments_of", "expects [n, columns], got ", describe(rows));
  check_finite("moments_of", rows);
  const std::int64_t columns = rows.size(1);
  Tensor total = zeros({columns}, Dtype::f64), squares = zeros({columns, columns}, Dtype::f64);
  for (const Tensor& part : split(rows, 4096, 0)) total = total + sum(to(part, Dtype::f64), {0});
  const Tensor mean = total / static_cast<double>(rows.size(0));
  for (const Tensor& part : split(rows, 4096, 0)) {
    const Tensor centred = to(part, Dtype::f64) - mean;
    squares = squares + matmul(transpose(centred), centred);
  }
  return {mean, squares / static_cast<double>(rows.size(0))};
}

Pca fit_pca(const Moments& moments, std::int64_t k) {
  const Eigen eigen = top_eigenvectors(moments.covariance, k);
  return {moments.mean, contiguous(transpose(eigen.vectors)), eigen.values};
}

namespace {

constexpr std::int64_t kMostColumns = 2000;  // whose covariance matrix is made

// With fewer rows than columns: C Cᵀ is small and has the same eigenvalues, and Cᵀ turns its vectors into components.
Pca fit_few_rows(const Tensor& rows, std::int64_t k) {
  const Tensor x = to(rows, Dtype::f64), center = mean(x, {0}), c = x - center;
  const std::int64_t n = rows.size(0), found = std::min(k, n);
  const Eigen eigen = top_eigenvectors(matmul(c, transpose(c)) / static_cast<double>(n), found);
  const Tensor directions = pad(matmul(transpose(c), eigen.vectors), {{0, k - found}});
  const Tensor variances = pad(maximum(eigen.values, 0), {{0, k - found}});
  return {center, contiguous(transpose(qr(directions).q)), variances};  // orthonormal also where a variance is 0
}

// With many of both: a few more directions than k, multiplied by the covariance again and again (Halko, Martinsson &
// Tropp 2011, "Finding structure with randomness", algorithm 4.4). After 8 times the error of PCA-k is exact to 3 digits.
Pca fit_by_iteration(const Tensor& rows, std::int64_t k) {
  Tensor center = zeros({rows.size(1)}, Dtype::f64);
  const auto n = static_cast<double>(rows.size(0));
  for (const Tensor& part : split(rows, 4096, 0)) center = center + sum(to(part, Dtype::f64), {0}) / n;
  const auto times_covariance = [&](const Tensor& q) {
    Tensor y = zeros(q.shape(), Dtype::f64);
    for (const Tensor& part : split(rows, 4096, 0)) {
      const Tensor c = to(part, Dtype::f64) - center;
      y = y + matmul(transpose(c), matmul(c, q)) / n;
    }
    return y;
  };
  Rng rng(0);
  Tensor q = qr(rng.normal({rows.size(1), std::min(k + 10, rows.size(1))}, 0, 1, Dtype::f64)).q;
  for (int step = 0; step < 8; ++step) q = qr(times_covariance(q)).q;
  const Tensor small = matmul(transpose(q), times_covariance(q));
  const Eigen eigen = top_eigenvectors((small + transpose(small)) / 2, k);
  return {center, contiguous(transpose(matmul(q, eigen.vectors))), eigen.values};
}

}  // namespace

Pca fit_pca(const Tensor& rows, std::int64_t k) {
  if (rows.dim() != 2 || rows.size(1) <= kMostColumns || rows.size(0) == 0) return fit_pca(moments_of(rows), k);
  check_finite("fit_pca", rows);
  check(k >= 0 && k <= rows.size(1), "fit_pca", "there are ", rows.size(1), " components, not ", k);
  return rows.size(0) <= kMostColumns ? fit_few_rows(rows, k) : fit_by_iteration(rows, k);
}

Tensor Pca::encode(const Tensor& rows) const {
  return to(matmul(to(rows, Dtype::f64) - mean, transpose(components)), rows.dtype());
}
Tensor Pca::decode(const Tensor& codes) const {
  return to(matmul(to(codes, Dtype::f64), components) + mean, codes.dtype());
}

Tensor principal_cosines(const Tensor& a, const Tensor& b) {
  check(a.dim() == 2 && b.dim() == 2 && a.size(0) == b.size(0), "principal_cosines",
        "expects columns of equal length, got ", describe(a), " and ", describe(b));
  const auto basis = [](const Tensor& columns) { return qr(to(columns, Dtype::f64)).q; };
  return clamp(svdvals(matmul(transpose(basis(a)), basis(b))), 0, 1);
}

}  // namespace hourglass::examples
