// SPDX-License-Identifier: MIT
// Least squares, norms and condition numbers of matrices, for Tensor and for Var.
#pragma once
#include "tensor/composed/value_of.h"
#include "tensor/linalg.h"
#include "tensor/linalg/matrix.h"

namespace hourglass::composed {

template <class X>
X lstsq(const X& a, const X& b, double rtol) {
  linalg::check_matrices("lstsq", value_of(a), false);
  check_same_dtype("lstsq", value_of(a), value_of(b));
  check(b.dim() >= 2 && b.size(-2) == a.size(-2), "lstsq", "A is ", describe(a), ", so B must be [..., ", a.size(-2),
        ", k], got ", describe(b));
  return matmul(pinv(a, rtol), b);
}

template <class X>
X matrix_norm(const X& a, MatrixNorm kind) {
  linalg::check_matrices("matrix_norm", value_of(a), false);
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

template <class X>
X cond(const X& a) {
  const X s = svdvals(a);
  return max(s, {-1}) / min(s, {-1});
}

}  // namespace hourglass::composed
