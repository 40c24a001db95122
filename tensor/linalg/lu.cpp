// SPDX-License-Identifier: MIT
// Square systems by P A = L U, and determinants.
#include <numeric>
#include <vector>

#include "tensor/linalg.h"
#include "tensor/linalg/matrix.h"
#include "tensor/ops.h"
#include "tensor/work.h"

namespace hourglass {
namespace linalg {
namespace {

template <class T>
void swap_rows(const Matrix<T>& a, const std::int64_t* pivots, std::int64_t count) {
  for (std::int64_t j = 0; j < count; ++j)
    if (pivots[j] != j) std::swap_ranges(a.row(j), a.row(j) + a.columns, a.row(pivots[j]));
}

// In place: L below the diagonal, U on it and above. Row j changed places with row pivots[j] >= j. The left half of the
// columns, then the right half, so that nearly all the work is in the product between them (Toledo 1997).
template <class T>
void factorise_lu(const Matrix<T>& a, std::int64_t* pivots) {
  const std::int64_t m = a.rows, n = a.columns;
  if (n > 16) {
    const std::int64_t half = n / 2, rest = n - half;
    factorise_lu(a.part(0, 0, m, half), pivots);
    swap_rows(a.part(0, half, m, rest), pivots, half);
    const Matrix<T> top = a.part(0, half, half, rest), bottom = a.part(half, half, m - half, rest);
    substitute(a.view(), top, false, true);
    subtract_product(bottom, a.part(half, 0, m - half, half).view(), top.view(), half);
    factorise_lu(bottom, pivots + half);
    swap_rows(a.part(half, 0, m - half, half), pivots + half, rest);
    for (std::int64_t j = half; j < n; ++j) pivots[j] += half;
    return;
  }
  for (std::int64_t j = 0; j < n; ++j) {
    std::int64_t best = j;
    for (std::int64_t i = j + 1; i < m; ++i)
      if (std::abs(a.row(i)[j]) > std::abs(a.row(best)[j])) best = i;
    pivots[j] = best;
    if (best != j) std::swap_ranges(a.row(j), a.row(j) + n, a.row(best));
    const T* const top = a.row(j);
    if (top[j] == 0) continue;
    for (std::int64_t i = j + 1; i < m; ++i) {
      T* const row = a.row(i);
      const T factor = row[j] /= top[j];
      for (std::int64_t c = j + 1; c < n; ++c) row[c] -= factor * top[c];
    }
  }
}

// The factors of every matrix of x.
struct Lu {
  Tensor factors;
  std::vector<std::int64_t> pivots;  // n for each matrix
};
Lu lu_of(std::string_view op, const Tensor& x) {
  check_matrices(op, x, true);
  const std::int64_t n = x.size(-1), count = count_of(x);
  Lu lu{contiguous(x), {}};
  within_memory(op, [&] { lu.pivots.resize(static_cast<std::size_t>(n == 0 ? 0 : count * n)); });
  if (x.numel() == 0) return lu;
  dispatch_floating(op, x.dtype(), [&]<class T>() {
    T* const data = lu.factors.mutable_data<T>();
    parallel_for(count, grain_for(n, n, n / 3 + 1), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m) {
        const Matrix<T> a{data + m * n * n, n, n, n};
        check_finite(op, a.data, n * n, m, x);
        factorise_lu(a, lu.pivots.data() + m * n);
      }
    });
  });
  return lu;
}

// X of A X = B in place, where x [count, n, k] holds B and matrix m belongs to the factors of_a[m].
template <class T>
void solve_with(const Lu& lu, const std::int64_t* of_a, T* x, std::int64_t count, std::int64_t k) {
  const std::int64_t n = lu.factors.size(-1);
  const T* const factors = lu.factors.data<T>();
  parallel_for(count, grain_for(n, n, k), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t m = begin; m < end; ++m) {
      const MatrixView<T> a{factors + of_a[m] * n * n, n, 1};
      const Matrix<T> right{x + m * n * k, n, k, k};
      swap_rows(right, lu.pivots.data() + of_a[m] * n, n);
      substitute(a, right, false, true);
      substitute(a, right, true, false);
    }
  });
}

// The sign of each determinant, and its size as mantissa times 2^exponent.
template <class T, class F>
void for_each_det(const Lu& lu, F write) {
  const std::int64_t n = lu.factors.size(-1), count = count_of(lu.factors);
  const T* const factors = lu.factors.data<T>();
  for (std::int64_t m = 0; m < count; ++m) {
    double mantissa = 1;
    std::int64_t exponent = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      int more = 0;
      mantissa = std::frexp(mantissa * factors[m * n * n + i * n + i], &more);
      exponent += more;
      if (lu.pivots[static_cast<std::size_t>(m * n + i)] != i) mantissa = -mantissa;
    }
    write(m, mantissa, exponent);
  }
}

}  // namespace
}  // namespace linalg

using namespace linalg;  // NOLINT(google-build-using-namespace)

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, const TriangularOptions& options) {
  check_matrices("solve_triangular", a, true);
  check_same_dtype("solve_triangular", a, b);
  const std::int64_t n = a.size(-1);
  check(b.dim() >= 2 && b.size(options.left ? -2 : -1) == n, "solve_triangular", "A is ", describe(a),
        ", so B must be ", options.left ? "[..., " : "[..., k, ", n, options.left ? ", k]" : "]", ", got ",
        describe(b));
  if (!options.left)  // Aᵀ Xᵀ = Bᵀ
    return contiguous(
        transpose(solve_triangular(transpose(a), transpose(b), !upper, {.unitriangular = options.unitriangular})));
  Shape batch;
  check(try_broadcast(leading(a), leading(b), batch) == 0, "solve_triangular", "leading axes do not broadcast: A is ",
        describe(a), ", B is ", describe(b));
  const std::int64_t k = b.size(-1), count = numel(batch);
  const Work work("solve_triangular", count * n * n * k, a, b);
  const Tensor triangles = contiguous(expand(a, with_matrix(batch, n, n)));
  Tensor result = contiguous(expand(b, with_matrix(batch, n, k)));
  if (result.numel() == 0) return result;
  dispatch_floating("solve_triangular", a.dtype(), [&]<class T>() {
    const T* const triangle = triangles.data<T>();
    T* const out = result.mutable_data<T>();
    parallel_for(count, grain_for(n, n, k), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t m = begin; m < end; ++m) {
        const Matrix<T> x{out + m * n * k, n, k, k};
        if (std::all_of(x.data, x.data + n * k, [](T number) { return number == 0; })) continue;  // A may be singular
        substitute({triangle + m * n * n, n, 1}, x, upper, options.unitriangular);
      }
    });
  });
  return result;
}

Tensor solve(const Tensor& a, const Tensor& b) {
  check_matrices("solve", a, true);
  check_same_dtype("solve", a, b);
  const std::int64_t n = a.size(-1);
  check(b.dim() >= 2 && b.size(-2) == n, "solve", "A is ", describe(a), ", so B must be [..., ", n, ", k], got ",
        describe(b));
  Shape batch;
  check(try_broadcast(leading(a), leading(b), batch) == 0, "solve", "leading axes do not broadcast: A is ", describe(a),
        ", B is ", describe(b));
  const std::int64_t k = b.size(-1), count = numel(batch);
  const Work work("solve", count_of(a) * n * n * n * 2 / 3 + 2 * count * n * n * k, a, b);
  const Lu lu = lu_of("solve", a);
  Tensor x = contiguous(expand(b, with_matrix(batch, n, k)));
  if (a.numel() == 0 || x.numel() == 0) return x;
  const Tensor of_a = contiguous(expand(reshape(arange(count_of(a)), leading(a)), batch));
  dispatch_floating("solve", a.dtype(), [&]<class T>() {
    const T* const factors = lu.factors.data<T>();
    for (std::int64_t i = 0; i < count_of(a) * n; ++i)
      check(factors[i * n + i % n] != 0, "solve", "matrix ", i / n, " of ", describe(a), " is singular (pivot ", i % n,
            " is 0)");
    solve_with(lu, of_a.data<std::int64_t>(), x.mutable_data<T>(), count, k);
  });
  return x;
}

Tensor inverse(const Tensor& a) {
  check_matrices("inverse", a, true);
  return solve(a, eye(a.size(-1), -1, a.dtype()));
}

Tensor det(const Tensor& a) {
  check_matrices("det", a, true);
  const Work work("det", a.numel() * a.size(-1) * 2 / 3, a);
  const Lu lu = lu_of("det", a);
  Tensor result(leading(a), a.dtype());
  dispatch_floating("det", a.dtype(), [&]<class T>() {
    T* const out = result.mutable_data<T>();
    for_each_det<T>(lu, [&](std::int64_t m, double mantissa, std::int64_t exponent) {
      out[m] =
          static_cast<T>(std::ldexp(mantissa, static_cast<int>(std::clamp<std::int64_t>(exponent, -10000, 10000))));
    });
  });
  return result;
}

SignAndLog slogdet(const Tensor& a) {
  check_matrices("slogdet", a, true);
  const Work work("slogdet", a.numel() * a.size(-1) * 2 / 3, a);
  const Lu lu = lu_of("slogdet", a);
  SignAndLog result{Tensor(leading(a), a.dtype()), Tensor(leading(a), a.dtype())};
  dispatch_floating("slogdet", a.dtype(), [&]<class T>() {
    T *const sign = result.sign.mutable_data<T>(), *const log_abs = result.log_abs.mutable_data<T>();
    for_each_det<T>(lu, [&](std::int64_t m, double mantissa, std::int64_t exponent) {
      sign[m] = static_cast<T>((mantissa > 0) - (mantissa < 0));
      // n ln 2 and the rest; -∞ for 0.
      log_abs[m] = static_cast<T>(std::log(std::abs(mantissa)) + static_cast<double>(exponent) * std::log(2.0));
    });
  });
  return result;
}

}  // namespace hourglass
