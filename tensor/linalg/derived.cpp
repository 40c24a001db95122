// SPDX-License-Identifier: MIT
// What singular values give: pseudoinverse, least squares, rank and norms.
#include "tensor/composed/linalg.h"
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

Tensor matrix_rank(const Tensor& a, double rtol) {
  const Tensor s = svdvals(a);
  return sum(to(counts_as_positive("matrix_rank", a, s, rtol), Dtype::i64), {-1});
}

Tensor lstsq(const Tensor& a, const Tensor& b, double rtol) { return composed::lstsq(a, b, rtol); }
Tensor matrix_norm(const Tensor& a, MatrixNorm kind) { return composed::matrix_norm(a, kind); }
Tensor cond(const Tensor& a) { return composed::cond(a); }

}  // namespace hourglass
