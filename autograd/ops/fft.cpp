// SPDX-License-Identifier: MIT
// Fourier transforms: each is the other's rule, because sums over e^(-iφ) and over e^(iφ) are transposes of each other.
#include "autograd/fft.h"

#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/composed/fft.h"

namespace hourglass {
namespace {

// The transposed transform divides in the other direction.
FftNorm transposed_norm(FftNorm norm) {
  return norm == FftNorm::backward ? FftNorm::forward : norm == FftNorm::forward ? FftNorm::backward : norm;
}

// irfft counts y_0 once, y_(n/2) of an even n once, and all others twice, for their conjugates: [m, 1].
Tensor times_counted(std::int64_t n, Dtype dtype) {
  const std::int64_t m = n / 2 + 1, single = n % 2 == 0 && m > 1 ? 1 : 0;
  return reshape(concat({ones({1}, dtype), full({m - 1 - single}, 2, dtype), ones({single}, dtype)}, 0), {m, 1});
}

}  // namespace

Var rfft(const Var& whole, const FftOptions& options) {
  if (options.n > 0 && whole.dim() > 0 && whole.size(-1) != options.n)
    return rfft(composed::with_length(whole, -1, options.n), {.norm = options.norm});
  static constexpr Op op =
      Op::with_leading_axes("rfft", "y = F x", {"dy/dx = Fᵀ: irfft of g, each number counted once"});
  return record(op, rfft(whole.value(), options),
                wrt(whole, [n = whole.dim() > 0 ? whole.size(-1) : 0, options](const Var& g) {
                  const Var once = g / constant(times_counted(n, g.dtype()));
                  return irfft(once, {.n = n, .norm = transposed_norm(options.norm)});
                }));
}

Var irfft(const Var& whole, const FftOptions& options) {
  const bool has_pairs = whole.dim() >= 2 && whole.size(-1) == 2;
  const std::int64_t n = options.n == 0 && has_pairs ? 2 * (whole.size(-2) - 1) : options.n;
  if (has_pairs && n > 0 && whole.size(-2) != n / 2 + 1)
    return irfft(composed::with_length(whole, -2, n / 2 + 1), {.n = n, .norm = options.norm});
  static constexpr Op op =
      Op::with_leading_axes("irfft", "F⁻¹ y", {"dx/dy: rfft of g, each number as often as counted"});
  return record(op, irfft(whole.value(), options), wrt(whole, [n, options](const Var& g) {
                  return rfft(g, {.norm = transposed_norm(options.norm)}) * constant(times_counted(n, g.dtype()));
                }));
}

Var dct(const Var& x, const DctOptions& options) {
  static constexpr Op op = Op::with_leading_axes("dct", "y = C x", {"dy/dx = Cᵀ: the other type of g"});
  return record(op, dct(x.value(), options), wrt(x, [options](const Var& g) {
                  const DctOptions other{.type = 5 - options.type, .ortho = options.ortho};
                  if (options.ortho) return dct(g, other);
                  // Type 3 counts its first number once and all others twice.
                  const std::int64_t n = g.size(-1);
                  const Var weights = constant(concat({full({1}, 2, g.dtype()), ones({n - 1}, g.dtype())}, 0));
                  return options.type == 2 ? dct(g * weights, other) : dct(g, other) / weights;
                }));
}
Var idct(const Var& y, const DctOptions& options) {
  const Var x = dct(y, {.type = options.type == 2 ? 3 : options.type == 3 ? 2 : options.type, .ortho = options.ortho});
  return options.ortho ? x : x / static_cast<double>(2 * y.size(-1));
}

}  // namespace hourglass
