// SPDX-License-Identifier: MIT
#include "examples/support/metrics/disentanglement.h"

#include <cmath>

#include "examples/support/metrics/finite.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// Row i has a 1 at k * bins + p if column k of x lies in bin p.
Tensor pieces(const Tensor& x, std::int64_t bins) {
  const Tensor wide = to(x, Dtype::f64), low = min(wide, {0}), extent = max(wide, {0}) - low;
  const Tensor place = (wide - low) / where(extent > 0, extent, 1.0) * static_cast<double>(bins);
  const Tensor index = to(clamp(floor(place), 0, static_cast<double>(bins - 1)), Dtype::i64);
  return reshape(one_hot(index, bins, Dtype::f64), {x.size(0), x.size(1) * bins});
}

// Σ p log p over the last axis, 0 where p is 0.
Tensor negative_entropy(const Tensor& p) { return sum(where(p > 0, p * log(where(p > 0, p, 1.0)), 0.0), {-1}); }

}  // namespace

Disentanglement disentanglement(const Tensor& codes, const Tensor& factors, std::int64_t bins) {
  check(codes.dim() == 2 && factors.dim() == 2 && codes.size(0) == factors.size(0) && codes.size(0) > 0,
        "disentanglement", "needs codes [n, d] and factors [n, f], got ", describe(codes), " and ", describe(factors));
  check(codes.size(1) >= 2, "disentanglement", "a gap needs two numbers in the code, got ", describe(codes));
  check(bins > 0, "disentanglement", "needs at least one bin, got ", bins);
  check_finite("disentanglement", codes);
  check_finite("disentanglement", factors);
  const std::int64_t d = codes.size(1), f = factors.size(1);
  const auto n = static_cast<double>(codes.size(0));
  const Tensor code_pieces = pieces(codes, bins), factor_pieces = pieces(factors, bins);
  const Tensor joint =
      reshape(permute(reshape(matmul(transpose(code_pieces), factor_pieces) / n, {d, bins, f, bins}), {0, 2, 1, 3}),
              {d, f, bins * bins});
  const Tensor code_entropy = -negative_entropy(reshape(mean(code_pieces, {0}), {d, bins}));
  const Tensor factor_entropy = -negative_entropy(reshape(mean(factor_pieces, {0}), {f, bins}));
  check(min(factor_entropy).item() > 0, "disentanglement", "a factor never changes");

  Disentanglement result;
  result.information =
      (unsqueeze(code_entropy, 1) + unsqueeze(factor_entropy, 0) + negative_entropy(joint)) / factor_entropy;
  const Tensor best = top_k(result.information, 2, 0).values;
  result.mig = mean(select(best, 0, 0) - select(best, 0, 1)).item();
  return result;
}

}  // namespace hourglass::examples
