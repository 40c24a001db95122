// SPDX-License-Identifier: MIT
// What singular values give: pseudoinverse, least squares, rank and norms.
#include "tensor/linalg.h"
#include "tensor/linalg/matrix.h"
#include "tensor/ops.h"

namespace hourglass {
namespace {

// u8: where a singular value counts as more than 0.
Tensor counts_as_positive(std::string_view op, const Tensor& a, const Tensor& s, double rtol) {
  if (rtol < 0) {
    const double epsilon =
        a.dtype() == Dtype::f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
    rtol = epsilon * static_cast<double>(std::max(a.size(-1), a.size(-2)));
  }
  check(rtol <= 1, op, "rtol is a part of the largest singular value, got ", rtol);
  return s.numel() == 0 ? zeros(s.shape(), Dtype::u8) : s > slice(s, -1, 0, 1) * rtol;
}

}  // namespace

Tensor pinv(const Tensor& a, double rtol) {
  const Svd parts = svd(a);
  const Tensor inverted = where(counts_as_positive("pinv", a, parts.s, rtol), 1 / parts.s, 0);
  return matmul(transpose(parts.vh) * unsqueeze(inverted, -2), transpose(parts.u));
}

Tensor lstsq(const Tensor& a, const Tensor& b, double rtol) {
  linalg::check_matrices("lstsq", a, false);
  check_same_dtype("lstsq", a, b);
  check(b.dim() >= 2 && b.size(-2) == a.size(-2), "lstsq", "A is ", describe(a), ", so B must be [..., ", a.size(-2),
        ", k], got ", describe(b));
  return matmul(pinv(a, rtol), b);
}

Tensor matrix_rank(const Tensor& a, double rtol) {
  const Tensor s = svdvals(a);
  return sum(to(counts_as_positive("matrix_rank", a, s, rtol), Dtype::i64), {-1});
}

Tensor matrix_norm(const Tensor& a, MatrixNorm kind) {
  linalg::check_matrices("matrix_norm", a, false);
  switch (kind) {
    case MatrixNorm::frobenius: return norm(a, {-2, -1});
    case MatrixNorm::nuclear: return sum(svdvals(a), {-1});
    case MatrixNorm::spectral: return max(svdvals(a), {-1});
    case MatrixNorm::smallest: return min(svdvals(a), {-1});
    case MatrixNorm::columns: return max(sum(abs(a), {-2}), {-1});
    case MatrixNorm::least_column: return min(sum(abs(a), {-2}), {-1});
    case MatrixNorm::rows: return max(sum(abs(a), {-1}), {-1});
    case MatrixNorm::least_row: return min(sum(abs(a), {-1}), {-1});
  }
  fail("matrix_norm", "unknown kind ", static_cast<int>(kind));
}

Tensor cond(const Tensor& a) {
  const Tensor s = svdvals(a);
  return max(s, {-1}) / min(s, {-1});
}

}  // namespace hourglass
