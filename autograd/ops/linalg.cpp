// SPDX-License-Identifier: MIT
// Systems, determinants and what follows from singular values. The rules are made of systems again, and so is every
// derivative (Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic
// differentiation").
#include "autograd/linalg.h"

#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/ops/shield.h"
#include "tensor/composed/linalg.h"

namespace hourglass {
namespace {

// A's gradient in A X = B, where Ḃ = by_b is B's: -Ḃ Xᵀ.
Var by_matrix(const Var& by_b, const Var& x) {
  const int batch = x.dim() - 2;
  return -matmul(shielded(by_b, x, batch), transpose(shielded(x, by_b, batch)));
}
Var identity_like(const Var& a) { return constant(eye(a.size(-1), -1, a.dtype())); }
Var as_factor(const Var& numbers) { return unsqueeze(unsqueeze(numbers, -1), -1); }

}  // namespace

Var solve_triangular(const Var& a, const Var& b, bool upper) { return solve_triangular(a, b, upper, {}); }

// A small change of A X = B gives A dX = dB - dA X. So B's gradient Ḃ solves the transposed system Aᵀ Ḃ = G. A's
// gradient is -Ḃ Xᵀ in the triangle that is read, and 0 elsewhere.
Var solve_triangular(const Var& a, const Var& b, bool upper, const TriangularOptions& options) {
  const TriangularOptions from_left{.unitriangular = options.unitriangular};
  if (!options.left && a.dim() >= 2 && b.dim() >= 2)
    return transpose(solve_triangular(transpose(a), transpose(b), !upper, from_left));
  static constexpr Op op{"solve_triangular", "A⁻¹ B", {"dy/dA = -(A⁻ᵀ g) yᵀ", "dy/dB = A⁻ᵀ g"}};
  return record(
      op, solve_triangular(a.value(), b.value(), upper, options),
      wrt(a,
          [a, upper, from_left](const Var& g, const Var& x) {
            const Var whole = by_matrix(solve_triangular(transpose(a), g, !upper, from_left), x);
            const std::int64_t from = from_left.unitriangular ? 1 : 0;
            return upper ? triu(whole, from) : tril(whole, -from);
          }),
      wrt(b, [a, upper, from_left](const Var& g) { return solve_triangular(transpose(a), g, !upper, from_left); }));
}

Var solve(const Var& a, const Var& b) {
  static constexpr Op op{"solve", "A⁻¹ B", {"dy/dA = -(A⁻ᵀ g) yᵀ", "dy/dB = A⁻ᵀ g"}};
  return record(op, solve(a.value(), b.value()),
                wrt(a, [a](const Var& g, const Var& x) { return by_matrix(solve(transpose(a), g), x); }),
                wrt(b, [a](const Var& g) { return solve(transpose(a), g); }));
}

Var inverse(const Var& a) {
  static constexpr Op op{"inverse", "y = A⁻¹", {"dy/dA = -yᵀ g yᵀ"}};
  return record(op, inverse(a.value()), wrt(a, [](const Var& g, const Var& y) {
                  const Var turned = transpose(shielded(y, g, y.dim() - 2));
                  return -matmul(matmul(turned, g), turned);
                }));
}

// Murray 2016, "Differentiation of the Cholesky decomposition", equation 10: S = L⁻ᵀ Φ(Lᵀ G) L⁻¹, where Φ takes the
// lower triangle and half of the diagonal. x_ij and x_ji are one number, so each gets half of S + Sᵀ, as in PyTorch.
Var cholesky(const Var& x) {
  static constexpr Op op{"cholesky", "L of L Lᵀ = x", {"dy/dx = L⁻ᵀ Φ(Lᵀ g) L⁻¹, symmetric"}};
  return record(op, cholesky(x.value()), wrt(x, [](const Var& g, const Var& l) {
                  const Var product = matmul(transpose(l), g);
                  const Var half = (tril(product) + tril(product, -1)) * 0.5;
                  const Var left = solve_triangular(transpose(l), half, true);
                  const Var s = transpose(solve_triangular(transpose(l), transpose(left), true));
                  return (s + transpose(s)) * 0.5;
                }));
}

namespace {

Var det_of_regular(const Var& a) {
  static constexpr Op op{"det", "y = det A", {"dy/dA = g y A⁻ᵀ"}};
  return record(op, det(a.value()), wrt(a, [a](const Var& g, const Var& y) {
                  return strong_mul(as_factor(strong_mul(g, y)), transpose(inverse(a)));
                }));
}

// A polynomial of a small matrix, without division by its numbers (Faddeev & Le Verrier): also where it is 0.
Var det_of_small(const Var& a) {
  const std::int64_t n = a.size(-1);
  Var m = constant(zeros_like(a.value())), coefficient = constant(ones_like(sum(a.value(), {-2, -1})));
  for (std::int64_t k = 1; k <= n; ++k) {
    m = matmul(a, m) + as_factor(coefficient) * identity_like(a);
    coefficient = sum(matmul(a, m) * identity_like(a), {-2, -1}) * (-1.0 / static_cast<double>(k));
  }
  return n % 2 == 0 ? coefficient : -coefficient;
}

// With U and V, vectors of the r smallest singular values, M = [A, U; Vᵀ, 0] is regular if A has at least the rank
// n - r. Cramer's rule for a block of M⁻¹ says det A = det M det S, S [r, r] the last part of M⁻¹. U and V are
// constants: the equation holds for all A near this one. They have A's size, so that M is well scaled.
Var det_of_singular(const Var& a, std::int64_t r) {
  const std::int64_t n = a.size(-1);
  const Svd parts = svd(a.value());
  const Tensor largest = unsqueeze(slice(parts.s, -1, 0, 1), -1), size = where(largest == 0, 1, largest);
  const Var right = constant(slice(parts.u, -1, n - r, n) * size),
            below = constant(slice(parts.vh, -2, n - r, n) * size);
  const Var corner = constant(zeros_like(matmul(slice(parts.vh, -2, n - r, n), slice(parts.u, -1, n - r, n))));
  const Var m = concat({concat({a, right}, -1), concat({below, corner}, -1)}, -2);
  const Var s = slice(slice(inverse(m), -1, n, n + r), -2, n, n + r);
  return det_of_regular(m) * det_of_small(s);
}

}  // namespace

Var det(const Var& a) {
  if (!a.needs_gradient() || !recording() || a.numel() == 0 || a.dim() < 2 || a.size(-1) != a.size(-2))
    return det_of_regular(a);
  const std::int64_t missing = a.size(-1) - static_cast<std::int64_t>(min(matrix_rank(a.value())).item());
  return missing == 0 ? det_of_regular(a) : det_of_singular(a, missing);
}

SignAndLogVar slogdet(const Var& a) {
  const SignAndLog value = slogdet(a.value());
  static constexpr Op op{"slogdet", "log |det A|", {"dy/dA = g A⁻ᵀ"}};
  return {value.sign, record(op, value.log_abs, wrt(a, [a, is_singular = value.sign == 0](const Var& g) {
                               const Tensor mask = unsqueeze(unsqueeze(is_singular, -1), -1);
                               const Var regular = where(mask, identity_like(a), a);
                               return strong_mul(as_factor(where(is_singular, 0, g)), transpose(inverse(regular)));
                             }))};
}

// Golub & Pereyra 1973, "The differentiation of pseudo-inverses", equation 4.12, for a change that keeps the rank:
// dP = -P dA P + P Pᵀ dAᵀ (1 - A P) + (1 - P A) dAᵀ Pᵀ P.
Var pinv(const Var& a, double rtol) {
  static constexpr Op op{"pinv", "y = A⁺", {"dy/dA = -yᵀ g yᵀ + (1 - A y) gᵀ y yᵀ + yᵀ y gᵀ (1 - y A)"}};
  return record(op, pinv(a.value(), rtol), wrt(a, [a](const Var& g, const Var& y) {
                  const Var p = shielded(y, g, y.dim() - 2), pt = transpose(p), gt = transpose(g);
                  const Var first = matmul(gt, matmul(p, pt)), second = matmul(matmul(pt, p), gt);
                  return first - matmul(a, matmul(p, first)) + second - matmul(matmul(second, p), a) -
                         matmul(matmul(pt, g), pt);
                }));
}

Var lstsq(const Var& a, const Var& b, double rtol) { return composed::lstsq(a, b, rtol); }
Var matrix_norm(const Var& a, MatrixNorm kind) { return composed::matrix_norm(a, kind); }
Var cond(const Var& a) { return composed::cond(a); }

}  // namespace hourglass
