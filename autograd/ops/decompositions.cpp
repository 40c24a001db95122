// SPDX-License-Identifier: MIT
// Factorisations with several results. An op has one: the parts are put below each other in one tensor, transposed
// where this makes their widths equal, and cut apart again.
#include <array>
#include <limits>

#include "autograd/linalg.h"
#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

double rounding_of(const Var& a, std::int64_t n) {
  return static_cast<double>(n) *
         (a.dtype() == Dtype::f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon());
}
// 1 / x, and 0 where the mask is.
Var reciprocal_unless(const Tensor& mask, const Var& x) { return where(mask, 0, reciprocal(masked_fill(x, mask, 1))); }
// Rows [first, end) of the last two axes.
Var rows_of(const Var& x, std::int64_t first, std::int64_t end) { return slice(x, -2, first, end); }
Var twice_skew(const Var& x) { return x - transpose(x); }

// For m >= n = k: M = R gRᵀ - gQᵀ Q, and A's gradient is (gQ + Q copyltu(M)) R⁻ᵀ, where copyltu copies the lower
// triangle to the upper one (Seeger et al. 2017, "Auto-differentiating linear algebra", section 4.3).
Var qr_gradient(const Var& q, const Var& r, const Var& gq, const Var& gr) {
  const Var m = matmul(r, transpose(gr)) - matmul(transpose(gq), q);
  const Var right = gq + matmul(q, tril(m) + transpose(tril(m, -1)));
  const Tensor pivots = sum(abs(r.value()) * eye(r.size(-1), -1, r.dtype()), {-1});
  const Tensor least = min(pivots, {-1}), bound = max(pivots, {-1}) * rounding_of(q, q.size(-2));
  const Tensor is_singular = unsqueeze(unsqueeze(least <= bound, -1), -1);
  const Var regular = where(is_singular, constant(eye(r.size(-1), -1, r.dtype())), r);
  return solve_triangular(transpose(regular), where(is_singular, 0, right), false, {.left = false});
}

}  // namespace

QrVar qr(const Var& a, QrMode mode) {
  const Qr value = qr(a.value(), mode);
  const std::int64_t m = a.size(-2), n = a.size(-1), k = value.q.size(-1);
  check(k <= n || !a.needs_gradient() || !recording(), "qr",
        "the last columns of a complete Q have no derivative where there are more rows than columns: ", describe(a));
  static constexpr Op op{"qr", "A = Q R", {"dy/dA = (g_Q + Q copyltu(R g_Rᵀ - g_Qᵀ Q)) R⁻ᵀ"}};
  const Var both = record(
      op, concat({value.q, transpose(value.r)}, -2), wrt(a, [a, m, n, k](const Var& g, const Var& y) {
        if (a.numel() == 0) return constant(zeros(a.shape(), a.dtype()));
        const Var q = rows_of(y, 0, m), r = transpose(rows_of(y, m, m + n));
        const Var gq = rows_of(g, 0, m), gr = transpose(rows_of(g, m, m + n));
        if (k == n) return qr_gradient(q, r, gq, gr);
        // A = [X, Y] and R = [U, Qᵀ Y] (Roberts & Roberts 2020, "QR and LQ decomposition matrix
        // backpropagation algorithms for square, wide, and deep matrices").
        const Var wide = slice(a, -1, k, n), g_wide = slice(gr, -1, k, n);
        const Var first = qr_gradient(q, slice(r, -1, 0, k), gq + matmul(wide, transpose(g_wide)), slice(gr, -1, 0, k));
        return concat({first, matmul(q, g_wide)}, -1);
      }));
  return {rows_of(both, 0, m), transpose(rows_of(both, m, m + n))};
}

// Giles 2008, section 3.1: V (diag(g_w) + F ∘ ½(Vᵀ g_V - g_Vᵀ V)) Vᵀ with F_ij = 1 / (w_j - w_i), 0 on the diagonal.
EighVar eigh(const Var& a) {
  const Eigh value = eigh(a.value());
  const std::int64_t n = a.size(-1);
  static constexpr Op op{"eigh", "A = V diag(w) Vᵀ", {"dy/dA = V (diag(g_w) + F ∘ skew(Vᵀ g_V)) Vᵀ"}};
  const Var both =
      record(op, concat({value.vectors, unsqueeze(value.values, -2)}, -2), wrt(a, [n](const Var& g, const Var& y) {
               if (n == 0) return rows_of(g, 0, 0);
               const Var v = rows_of(y, 0, n), w = rows_of(y, n, n + 1), gw = rows_of(g, n, n + 1);
               const Var apart = w - transpose(w);
               const Tensor bound = max(abs(w.value()), {-1}, true) * rounding_of(w, n);
               const Var skew = twice_skew(matmul(transpose(v), rows_of(g, 0, n))) * 0.5;
               const Var inner = skew * reciprocal_unless(abs(apart.value()) <= bound, apart);
               return matmul(matmul(v, inner + diag_embed(squeeze(gw, -2))), transpose(v));
             }));
  return {squeeze(rows_of(both, n, n + 1), -2), rows_of(both, 0, n)};
}
Var eigvalsh(const Var& a) {
  return a.needs_gradient() && recording() ? eigh(a).values : constant(eigvalsh(a.value()));
}

// Townsend 2016, "Differentiating the singular value decomposition": with F_ij = 1 / (s_j² - s_i²),
// U ((F ∘ (Uᵀ g_U - g_Uᵀ U)) S + S (F ∘ (Vᵀ g_V - g_Vᵀ V)) + diag(g_s)) Vᵀ
//   + (1 - U Uᵀ) g_U S⁻¹ Vᵀ + U S⁻¹ g_Vᵀ (1 - V Vᵀ).
SvdVar svd(const Var& a) {
  const Svd value = svd(a.value());
  const std::int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  static constexpr Op op{
      "svd", "A = U diag(s) Vᵀ", {"dy/dA = U (F ∘ skew(Uᵀ g_U) S + S F ∘ skew(Vᵀ g_V) + g_s) Vᵀ + ..."}};
  const auto rule = [m, n, k](const Var& g, const Var& y) {
    const auto parts = [m, n](const Var& x) {
      return std::array{rows_of(x, 0, m), rows_of(x, m, m + 1), rows_of(x, m + 1, m + 1 + n)};
    };
    const auto [u, s, v] = parts(y);
    const auto [gu, gs, gv] = parts(g);
    if (k == 0) return matmul(gu, transpose(gv));
    const Tensor bound = max(s.value(), {-1}, true) * rounding_of(s, std::max(m, n));
    const Var apart = s - transpose(s);
    const Tensor equal_ones = abs(apart.value()) <= bound;
    const Var f = reciprocal_unless(equal_ones, apart) * reciprocal_unless(equal_ones, s + transpose(s));
    const Var left = f * twice_skew(matmul(transpose(u), gu)), right = f * twice_skew(matmul(transpose(v), gv));
    Var result = matmul(matmul(u, left * s + transpose(s) * right + diag_embed(squeeze(gs, -2))), transpose(v));
    const Var inverted = reciprocal_unless(s.value() <= bound, s);
    if (m > k) result = result + matmul((gu - matmul(u, matmul(transpose(u), gu))) * inverted, transpose(v));
    if (n > k) result = result + matmul(u * inverted, transpose(gv - matmul(v, matmul(transpose(v), gv))));
    return result;
  };
  const Var all = record(op, concat({value.u, unsqueeze(value.s, -2), transpose(value.vh)}, -2), wrt(a, rule));
  return {rows_of(all, 0, m), squeeze(rows_of(all, m, m + 1), -2), transpose(rows_of(all, m + 1, m + 1 + n))};
}
Var svdvals(const Var& a) { return a.needs_gradient() && recording() ? svd(a).s : constant(svdvals(a.value())); }

}  // namespace hourglass
