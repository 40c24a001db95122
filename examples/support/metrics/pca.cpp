#include "examples/support/metrics/pca.h"

#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {

Pca Pca::fit(const Tensor& rows, std::int64_t k) {
  check(rows.dim() == 2 && k >= 1 && k <= rows.size(1), "pca", "needs rows [n, d] and 1 <= k <= d, got ",
        describe(rows), " and k = ", k);
  const Tensor centre = hourglass::mean(to(rows, Dtype::f64), {0}), off = to(rows, Dtype::f64) - centre;
  const Tensor covariance = matmul(transpose(off), off) / static_cast<double>(rows.size(0));
  Tensor basis = Rng(0).normal({rows.size(1), k}, 0, 1, Dtype::f64);
  for (int step = 0; step < 300; ++step) {
    const Tensor turned = matmul(covariance, basis);
    const Tensor triangle = cholesky(matmul(transpose(turned), turned));
    basis = transpose(solve_triangular(triangle, contiguous(transpose(turned)), false));
  }
  return {to(centre, rows.dtype()), to(contiguous(basis), rows.dtype())};
}

Tensor Pca::encode(const Tensor& rows) const { return matmul(rows - mean_, basis_); }
Tensor Pca::decode(const Tensor& codes) const { return matmul(codes, transpose(basis_)) + mean_; }
double Pca::error(const Tensor& rows) const { return hourglass::mean(square(decode(encode(rows)) - rows)).item(); }

}  // namespace hourglass::examples
