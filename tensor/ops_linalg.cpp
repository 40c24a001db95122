// SPDX-License-Identifier: MIT
// Triangles and triangular factors, for the matrices in the last two axes.
#include <algorithm>
#include <cmath>

#include "tensor/linalg.h"
#include "tensor/linalg/matrix.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// Row by row, as the factor is stored: L_ij = (x_ij - Σ_k L_ik L_jk) / L_jj. Returns the index of the first pivot that
// is not positive, or n.
template <class T>
std::int64_t factorise(const T* x, T* l, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    T* const row = l + i * n;
    for (std::int64_t j = 0; j <= i; ++j) {
      const T* const other = l + j * n;
      T rest = x[i * n + j];
      for (std::int64_t k = 0; k < j; ++k) rest -= row[k] * other[k];
      if (j < i) row[j] = rest / other[j];
      else if (rest > 0) row[j] = std::sqrt(rest);
      else return i;
    }
    std::fill(row + i + 1, row + n, T(0));
  }
  return n;
}

}  // namespace

Tensor cholesky(const Tensor& x) {
  linalg::check_matrices("cholesky", x, true);
  const std::int64_t n = x.size(-1), count = n == 0 ? 0 : x.numel() / (n * n);
  const Work work("cholesky", count * n * n * n / 3, x);
  const Tensor source = contiguous(x);
  Tensor result(x.shape(), x.dtype());
  dispatch_floating("cholesky", x.dtype(), [&]<class T>() {
    const T* const in = source.data<T>();
    T* const out = result.mutable_data<T>();
    parallel_for(count, linalg::grain_for(n, n, n / 3 + 1), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m) {
        const std::int64_t pivot = factorise(in + m * n * n, out + m * n * n, n);
        check(pivot == n, "cholesky", "matrix ", m, " of ", describe(x), " is not positive definite (pivot ", pivot,
              " is not positive)");
      }
    });
  });
  return result;
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper) { return solve_triangular(a, b, upper, {}); }

namespace {

enum class Triangle { upper, lower };

// In row i the upper triangle begins at column i + diagonal, and the lower one ends after it.
Tensor keep_triangle(std::string_view op, const Tensor& x, std::int64_t diagonal, Triangle kept) {
  const Work work(op, 0, x);
  check(x.dim() >= 2, op, "needs at least 2 axes, got ", describe(x));
  if (x.numel() == 0) return x;
  const Tensor from = contiguous(x);
  const std::int64_t rows = x.size(-2), columns = x.size(-1);
  const std::int64_t shift = std::clamp(diagonal, -rows - 1, columns) + (kept == Triangle::lower ? 1 : 0);
  Tensor result = zeros(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    const T* in = from.data<T>();
    T* out = result.mutable_data<T>();
    for (std::int64_t row = 0; row < x.numel() / columns; ++row, in += columns, out += columns) {
      const std::int64_t border = std::clamp<std::int64_t>(row % rows + shift, 0, columns);
      if (kept == Triangle::lower) std::copy_n(in, border, out);
      else std::copy_n(in + border, columns - border, out + border);
    }
  });
  return result;
}

}  // namespace

Tensor triu(const Tensor& x, std::int64_t diagonal) { return keep_triangle("triu", x, diagonal, Triangle::upper); }
Tensor tril(const Tensor& x, std::int64_t diagonal) { return keep_triangle("tril", x, diagonal, Triangle::lower); }

}  // namespace hourglass
