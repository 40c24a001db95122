// SPDX-License-Identifier: MIT
#include "autograd/distributions/normal_tails.h"

#include <cmath>
#include <numbers>

#include "autograd/distributions/noise.h"
#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

const double kLogRoot2Pi = std::log(2 * std::numbers::pi) / 2;

// For z -> -∞, Φ(z) = φ(z) / -z (1 + s) with the asymptotic series s = -1 / z² + 1·3 / z⁴ - 1·3·5 / z⁶ + ... (DLMF
// 7.12.1). Below -15, twelve terms have all digits. erfc underflows there, or would in derivatives.
constexpr double kFar = -15;
Var log_far_tail(const Var& z) {
  const Var w = reciprocal(square(z));
  Var s = constant(zeros_like(z.value()));
  for (int n = 12; n > 0; --n) s = (s + 1) * w * (1 - 2 * n);
  return log1p(s) - square(z) * 0.5 - log(-z) - kLogRoot2Pi;
}

// In the tails by Newton's method: log Φ is concave, so the steps from the left of z do not overshoot. They start where
// e^(-z²/2) / 2, which is above Φ(z), is p.
Tensor normal_quantiles(const Tensor& p) {
  const NoGrad no_grad;
  const Tensor q = minimum(p, 1 - p);
  const Tensor in_tail = logical_and(q > 0, q < 0.02);
  const Tensor middle = erfinv(p * 2 - 1) * std::numbers::sqrt2;
  if (any(in_tail).item() == 0) return middle;
  const Tensor log_q = log(where(in_tail, q, 0.01));
  Tensor z = -sqrt((log_q + std::numbers::ln2) * -2);
  for (int step = 0; step < 5; ++step) {
    const Tensor log_p = log_ndtr(constant(z)).value();
    z = z + (log_q - log_p) * exp(log_p + square(z) * 0.5 + kLogRoot2Pi);
  }
  return where(in_tail, where(p < 0.5, z, -z), middle);
}

}  // namespace

Var log_ndtr(const Var& z) {
  return in_f64(
      [](const Var& x) {
        const Tensor far = x.value() < kFar;
        const Tensor below = x.value() < 0;
        const Var near = where(far, 0, x), tail = erfc(where(below, -near, near) / std::numbers::sqrt2) * 0.5;
        return where(far, log_far_tail(where(far, x, kFar)), where(below, log(tail), log1p(-tail)));
      },
      z);
}

Var ndtri(const Var& p) {
  static constexpr Op op = Op::elementwise("ndtri", "Φ⁻¹(p)", {"dy/dp = √2π e^(y²/2)"});
  return in_f64(
      [](const Var& x) {
        return record(op, normal_quantiles(x.value()), wrt(x, [](const Var& g, const Var& y) {
                        return strong_mul(g, exp(square(y) * 0.5)) * std::sqrt(2 * std::numbers::pi);
                      }));
      },
      p);
}

}  // namespace hourglass
