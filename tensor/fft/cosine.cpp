// SPDX-License-Identifier: MIT
// Cosine transforms by Fourier transforms of the same length (Makhoul 1980, "A fast cosine transform in one and two
// dimensions"): of the numbers at even places, followed by those at odd places backwards.
#include <cmath>
#include <numbers>
#include <utility>

#include "tensor/fft.h"
#include "tensor/ops.h"

namespace hourglass {

namespace {

Tensor even_then_odd(std::int64_t n) {
  return concat({arange(0, n, 2), flip(arange(1, std::max<std::int64_t>(n, 1), 2), {0})}, 0);
}
// cos(π k / 2n) and sin(π k / 2n) for k = 0 ... n / 2
std::pair<Tensor, Tensor> quarter_turns(std::int64_t n, Dtype dtype) {
  const Tensor angle = arange(0, n / 2 + 1, 1, Dtype::f64) * (std::numbers::pi / 2 / static_cast<double>(n));
  return {to(cos(angle), dtype), to(sin(angle), dtype)};
}
// The numbers that make type 2 orthogonal: √(1/4n) for k = 0, otherwise √(1/2n).
Tensor ortho_factors(std::int64_t n, Dtype dtype) {
  const double factor = std::sqrt(0.5 / static_cast<double>(n));
  return to(concat({full({1}, factor * std::numbers::sqrt2 / 2, Dtype::f64), full({n - 1}, factor, Dtype::f64)}, 0),
            dtype);
}

Tensor dct_of_type_2(const Tensor& x, std::int64_t n) {
  const Tensor spectrum = rfft(index_select(x, -1, even_then_odd(n)));
  const Tensor re = select(spectrum, -1, 0), im = select(spectrum, -1, 1);
  const auto [c, s] = quarter_turns(n, x.dtype());
  const Tensor first = (re * c + im * s) * 2, second = (re * s - im * c) * 2;
  return concat({first, flip(slice(second, -1, 1, n - n / 2), {-1})}, -1);
}
Tensor dct_of_type_3(const Tensor& y, std::int64_t n) {
  const Tensor first = slice(y, -1, 0, n / 2 + 1);
  // y_(n - k), with y_n = 0
  const Tensor second = slice(concat({zeros_like(slice(y, -1, 0, 1)), flip(y, {-1})}, -1), -1, 0, n / 2 + 1);
  const auto [c, s] = quarter_turns(n, y.dtype());
  const Tensor spectrum = stack({first * c + second * s, first * s - second * c}, -1);
  const Tensor mixed = irfft(spectrum, {.n = n, .norm = FftNorm::forward});
  return index_select(mixed, -1, argsort(even_then_odd(n)));
}

}  // namespace

Tensor dct(const Tensor& x, const DctOptions& options) {
  check_floating("dct", x);
  check(x.dim() >= 1 && x.size(-1) >= 1, "dct", "needs [..., n] with n >= 1, got ", describe(x));
  check(options.type == 2 || options.type == 3, "dct", "has the types 2 and 3, got ", options.type);
  const std::int64_t n = x.size(-1);
  if (x.numel() == 0) return x;
  if (options.type == 2) return options.ortho ? dct_of_type_2(x, n) * ortho_factors(n, x.dtype()) : dct_of_type_2(x, n);
  if (!options.ortho) return dct_of_type_3(x, n);
  // The transpose of type 2: type 3 counts x_0 once and all others twice.
  const Tensor once = concat({full({1}, 2, x.dtype()), ones({n - 1}, x.dtype())}, 0);
  return dct_of_type_3(x * (ortho_factors(n, x.dtype()) * once), n);
}

Tensor idct(const Tensor& y, const DctOptions& options) {
  const Tensor x = dct(y, {.type = options.type == 2   ? 3
                                   : options.type == 3 ? 2
                                                       : options.type,
                           .ortho = options.ortho});
  return options.ortho ? x : x / static_cast<double>(2 * y.size(-1));
}

}  // namespace hourglass
