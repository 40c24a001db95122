// SPDX-License-Identifier: MIT
// Triangular factors and systems. Both rules are made of triangular systems again, and so is every derivative.
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/ops/shield.h"

namespace hourglass {
namespace {

Var triangle_of(const Var& x, bool upper) { return upper ? triu(x) : tril(x); }

}  // namespace

// A small change of A X = B gives A dX = dB - dA X. So B's gradient Ḃ solves the transposed system Aᵀ Ḃ = G. A's
// gradient is -Ḃ Xᵀ in the triangle that is read, and 0 elsewhere.
Var solve_triangular(const Var& a, const Var& b, bool upper) {
  static constexpr Op op{"solve_triangular", "A⁻¹ B", {"dy/dA = -(A⁻ᵀ g) yᵀ", "dy/dB = A⁻ᵀ g"}};
  return record(op, solve_triangular(a.value(), b.value(), upper),
                wrt(a,
                    [a, upper](const Var& g, const Var& x) {
                      const Var by_b = solve_triangular(transpose(a), g, !upper);
                      const int batch = x.dim() - 2;
                      return triangle_of(-matmul(shielded(by_b, x, batch), transpose(shielded(x, by_b, batch))), upper);
                    }),
                wrt(b, [a, upper](const Var& g) { return solve_triangular(transpose(a), g, !upper); }));
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

}  // namespace hourglass
