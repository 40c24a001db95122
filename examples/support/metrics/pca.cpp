// SPDX-License-Identifier: MIT
#include "examples/support/metrics/pca.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "examples/support/metrics/finite.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

void check_square(const char* op, const Tensor& x) {
  check(x.dim() == 2 && x.size(0) == x.size(1) && x.dtype() == Dtype::f64, op, "expects a square f64 matrix, got ",
        describe(x));
}

// Columns in the order of their values, largest first, each with its largest element positive.
Eigen in_order(const Tensor& values, const Tensor& vectors) {
  const Tensor order = argsort(values, 0, true), sorted = index_select(vectors, 1, order);
  const Tensor largest = gather(sorted, 0, argmax(abs(sorted), 0, true));
  return {index_select(values, 0, order), contiguous(where(largest < 0, -sorted, sorted))};
}

// An orthonormal basis of the columns' space: X = Q Lᵀ with L Lᵀ = XᵀX. Done twice, as once loses digits to rounding.
Tensor orthonormal(Tensor x) {
  for (int round = 0; round < 2; ++round) {
    const Tensor gram = matmul(transpose(x), x);
    const Tensor safe = gram + eye(gram.size(0), -1, Dtype::f64) * (1e-15 * max(abs(gram)).item() + 1e-300);
    x = transpose(solve_triangular(cholesky(safe), transpose(x), false));
  }
  return contiguous(x);
}

}  // namespace

Eigen eigenvectors(const Tensor& symmetric) {
  check_square("eigenvectors", symmetric);
  const std::int64_t n = symmetric.size(0);
  Tensor matrix = symmetric, basis = eye(n, -1, Dtype::f64);
  double* a = matrix.mutable_data<double>();
  double* v = basis.mutable_data<double>();  // its rows are the vectors
  const double size = norm(symmetric).item();
  check(std::isfinite(size), "eigenvectors", "the matrix contains infinity or NaN");
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (std::int64_t p = 0; p < n; ++p)
      for (std::int64_t q = p + 1; q < n; ++q) off += a[p * n + q] * a[p * n + q];
    if (std::sqrt(off) <= 1e-16 * size) break;
    for (std::int64_t p = 0; p < n; ++p)
      for (std::int64_t q = p + 1; q < n; ++q) {
        if (a[p * n + q] == 0) continue;
        // The smaller one of the two rotations that make a[p][q] 0.
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1.0));
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        const auto rotate = [c, s](double& x, double& y) {
          const double old = x;
          x = c * old - s * y;
          y = s * old + c * y;
        };
        for (std::int64_t k = 0; k < n; ++k) rotate(a[p * n + k], a[q * n + k]);
        for (std::int64_t k = 0; k < n; ++k) rotate(a[k * n + p], a[k * n + q]);
        for (std::int64_t k = 0; k < n; ++k) rotate(v[p * n + k], v[q * n + k]);
      }
  }
  return in_order(sum(matrix * eye(n, -1, Dtype::f64), {1}), transpose(basis));
}

Tensor eigenvalues(const Tensor& symmetric) {
  check_square("eigenvalues", symmetric);
  const std::int64_t n = symmetric.size(0);
  check(std::isfinite(norm(symmetric).item()), "eigenvalues", "the matrix contains infinity or NaN");
  Tensor matrix = contiguous(symmetric);
  double* const a = matrix.mutable_data<double>();
  // Householder, row by row: a reflection makes all elements right of the diagonal 0, except the first.
  std::vector<double> diagonal, beside, v(static_cast<std::size_t>(n)), w(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < n; ++k) {
    diagonal.push_back(a[k * n + k]);
    const std::int64_t first = k + 1;
    if (first == n) break;
    double length = 0;
    for (std::int64_t j = first; j < n; ++j) length += a[k * n + j] * a[k * n + j];
    length = std::copysign(std::sqrt(length), a[k * n + first]);
    beside.push_back(-length);
    if (length == 0) continue;
    // I - v vᵀ, and its effect on the rest A: A - v wᵀ - w vᵀ with w = A v - v (vᵀ A v) / 2.
    const double scale = 1 / std::sqrt(length * (length + a[k * n + first]));
    double overlap = 0;
    for (std::int64_t j = first; j < n; ++j) v[j] = (a[k * n + j] + (j == first ? length : 0)) * scale;
    std::fill(w.begin(), w.end(), 0.0);
    for (std::int64_t i = first; i < n; ++i)
      for (std::int64_t j = first; j < n; ++j) w[j] += v[i] * a[i * n + j];
    for (std::int64_t j = first; j < n; ++j) overlap += v[j] * w[j];
    for (std::int64_t j = first; j < n; ++j) w[j] -= v[j] * overlap / 2;
    for (std::int64_t i = first; i < n; ++i)
      for (std::int64_t j = first; j < n; ++j) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
  }
  // QR steps with Wilkinson's shift, on the block from `low` to `high` that is not split yet. The first rotation makes
  // a bulge; a rotation of each following pair moves it down until it leaves the block.
  const double nothing = 1e-16 * norm(symmetric).item();
  for (std::size_t high = diagonal.size(); high-- > 1;) {
    while (std::abs(beside[high - 1]) > nothing) {
      std::size_t low = high - 1;
      while (low > 0 && std::abs(beside[low - 1]) > nothing) --low;
      const double half = (diagonal[high - 1] - diagonal[high]) / 2, corner = beside[high - 1];
      const double shift = diagonal[high] - corner * corner / (half + std::copysign(std::hypot(half, corner), half));
      double x = diagonal[low] - shift, z = beside[low];
      for (std::size_t k = low; k < high; ++k) {
        const double r = std::hypot(x, z), c = r == 0 ? 1 : x / r, s = r == 0 ? 0 : z / r;
        if (k > low) beside[k - 1] = r;
        const double p = diagonal[k], q = diagonal[k + 1], o = beside[k];
        diagonal[k] = c * c * p + 2 * c * s * o + s * s * q;
        diagonal[k + 1] = s * s * p - 2 * c * s * o + c * c * q;
        beside[k] = c * s * (q - p) + (c * c - s * s) * o;
        if (k + 1 == high) break;
        x = beside[k];
        z = s * beside[k + 1];
        beside[k + 1] *= c;
      }
    }
  }
  std::sort(diagonal.rbegin(), diagonal.rend());
  return Tensor::from(diagonal);
}

Tensor mean_singular_values(const Tensor& matrices) {
  check(matrices.dim() == 3 && matrices.size(0) > 0, "mean_singular_values", "expects [n, rows, columns], got ",
        describe(matrices));
  Tensor total = zeros({std::min(matrices.size(1), matrices.size(2))}, Dtype::f64);
  for (std::int64_t i = 0; i < matrices.size(0); ++i) {
    Tensor one = to(select(matrices, 0, i), Dtype::f64);
    if (one.size(0) > one.size(1)) one = transpose(one);
    total = total + sqrt(maximum(eigenvalues(matmul(one, transpose(one))), 0.0));
  }
  return total / static_cast<double>(matrices.size(0));
}

Eigen top_eigenvectors(const Tensor& symmetric, std::int64_t k, double tolerance) {
  check_square("top_eigenvectors", symmetric);
  const std::int64_t n = symmetric.size(0);
  check(k >= 0 && k <= n, "top_eigenvectors", "there are ", n, " eigenvectors, not ", k);
  if (k == 0) return {zeros({0}, Dtype::f64), zeros({n, 0}, Dtype::f64)};
  const std::int64_t width = std::min(n, k + std::max<std::int64_t>(k / 2, 8));
  const auto first = [k](const Eigen& e) {
    return Eigen{slice(e.values, 0, 0, k), contiguous(slice(e.vectors, 1, 0, k))};
  };
  if (width == n && n <= 128) return first(eigenvectors(symmetric));
  Rng rng(0);
  Tensor basis = orthonormal(rng.normal({n, width}, 0, 1, Dtype::f64)), before = zeros({k}, Dtype::f64);
  for (int step = 0; step < 1000; ++step) {
    // Rayleigh-Ritz: restricted to the subspace the matrix is small, and its eigenvectors are the best approximation.
    const Tensor image = matmul(symmetric, basis);
    const Eigen inner = eigenvectors(matmul(transpose(basis), image));
    const Tensor values = slice(inner.values, 0, 0, k);
    const bool settled = max(abs(values - before)).item() <= tolerance * max(abs(values)).item();
    if (settled) return first(in_order(inner.values, matmul(basis, inner.vectors)));
    before = values;
    basis = orthonormal(matmul(image, inner.vectors));
  }
  return first(in_order(concat({before, zeros({width - k}, Dtype::f64)}, 0), basis));
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
Pca fit_pca(const Tensor& rows, std::int64_t k) { return fit_pca(moments_of(rows), k); }

Tensor Pca::encode(const Tensor& rows) const {
  return to(matmul(to(rows, Dtype::f64) - mean, transpose(components)), rows.dtype());
}
Tensor Pca::decode(const Tensor& codes) const {
  return to(matmul(to(codes, Dtype::f64), components) + mean, codes.dtype());
}

Tensor principal_cosines(const Tensor& a, const Tensor& b) {
  check(a.dim() == 2 && b.dim() == 2 && a.size(0) == b.size(0), "principal_cosines",
        "expects columns of equal length, got ", describe(a), " and ", describe(b));
  const Tensor overlap = matmul(transpose(orthonormal(to(a, Dtype::f64))), orthonormal(to(b, Dtype::f64)));
  return sqrt(clamp(eigenvectors(matmul(transpose(overlap), overlap)).values, 0, 1));
}

}  // namespace hourglass::examples
