// SPDX-License-Identifier: MIT
// Triangles, triangular factors and systems, for the matrices in the last two axes.
#include <algorithm>
#include <cmath>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

void check_square(std::string_view op, const Tensor& x) {
  check_floating(op, x);
  check(x.dim() >= 2 && x.size(-1) == x.size(-2), op, "needs square matrices [..., n, n], got ", describe(x));
}

// Matrices of a chunk: one if they are large, many if they are small.
std::int64_t grain_for(std::int64_t multiply_adds) {
  return std::max<std::int64_t>(1, 50'000 / std::max<std::int64_t>(1, multiply_adds));
}

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

// By substitution, from the top for a lower triangle and from the bottom for an upper one. It computes whole rows of X,
// so that the inner loop is contiguous in memory.
template <class T>
void substitute(const T* a, T* x, std::int64_t n, std::int64_t columns, bool upper) {
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = upper ? n - 1 - step : step;
    T* const row = x + i * columns;
    for (std::int64_t k = upper ? i + 1 : 0; k < (upper ? n : i); ++k) {
      const T factor = a[i * n + k];
      const T* const known = x + k * columns;
      for (std::int64_t c = 0; c < columns; ++c) row[c] -= factor * known[c];
    }
    for (std::int64_t c = 0; c < columns; ++c) row[c] /= a[i * n + i];
  }
}

Shape leading(const Tensor& x) {
  Shape shape = x.shape();
  shape.erase(x.dim() - 1);
  shape.erase(x.dim() - 2);
  return shape;
}
Shape with_matrix(Shape batch, std::int64_t rows, std::int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

}  // namespace

Tensor cholesky(const Tensor& x) {
  check_square("cholesky", x);
  const std::int64_t n = x.size(-1), count = n == 0 ? 0 : x.numel() / (n * n);
  const Work work("cholesky", count * n * n * n / 3, x);
  const Tensor source = contiguous(x);
  Tensor result(x.shape(), x.dtype());
  dispatch_floating("cholesky", x.dtype(), [&]<class T>() {
    const T* const in = source.data<T>();
    T* const out = result.mutable_data<T>();
    parallel_for(count, grain_for(n * n * n / 3), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m) {
        const std::int64_t pivot = factorise(in + m * n * n, out + m * n * n, n);
        check(pivot == n, "cholesky", "matrix ", m, " of ", describe(x), " is not positive definite (pivot ", pivot,
              " is not positive)");
      }
    });
  });
  return result;
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper) {
  check_square("solve_triangular", a);
  check_same_dtype("solve_triangular", a, b);
  check(b.dim() >= 2 && b.size(-2) == a.size(-1), "solve_triangular", "A is ", describe(a), ", so B must be [..., ",
        a.size(-1), ", k], got ", describe(b));
  Shape batch;
  check(try_broadcast(leading(a), leading(b), batch) == 0, "solve_triangular", "leading axes do not broadcast: A is ",
        describe(a), ", B is ", describe(b));
  const std::int64_t n = a.size(-1), columns = b.size(-1), count = numel(batch);
  const Work work("solve_triangular", count * n * n * columns, a, b);
  const Tensor left = contiguous(expand(a, with_matrix(batch, n, n)));
  const Tensor right = contiguous(expand(b, with_matrix(batch, n, columns)));
  Tensor result(right.shape(), right.dtype());
  dispatch_floating("solve_triangular", a.dtype(), [&]<class T>() {
    const T *const triangle = left.data<T>(), *const from = right.data<T>();
    T* const out = result.mutable_data<T>();
    parallel_for(count, grain_for(n * n * columns / 2), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m) {
        T* const x = std::copy_n(from + m * n * columns, n * columns, out + m * n * columns) - n * columns;
        if (std::all_of(x, x + n * columns, [](T number) { return number == 0; })) continue;  // even if A is singular
        substitute(triangle + m * n * n, x, n, columns, upper);
      }
    });
  });
  return result;
}

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
