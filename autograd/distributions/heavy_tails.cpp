// SPDX-License-Identifier: MIT
// Two distributions whose tails are powers of x.
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "autograd/distributions/continuous.h"
#include "autograd/distributions/counts.h"
#include "autograd/distributions/gamma.h"
#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// log(1 + t²), also where t² overflows
Var log1p_square(const Var& t) {
  const Tensor far = abs(t.value()) > 1e8;
  return where(far, log(abs(where(far, t, 1))) * 2, log1p(square(where(far, 0, t))));
}
// log Γ(z + ½) - log Γ(z) - ½ log z, from differences to Stirling's formula, which do not cancel for large z
Var log_gamma_step(const Var& z) {
  const Var y = log(z);
  return log_poisson(z, y) - log_poisson(z - 0.5, y);
}
// ψ(z + ½) - ψ(z): for large z by its asymptotic series
Var digamma_step(const Var& z) {
  const Tensor large = z.value() > 1000;
  const Var w = reciprocal(where(large, z, 1000)), near = where(large, 1, z);
  return where(large, w * (w * (0.25 - square(w) * 0.03125) + 1) * 0.5, digamma(near + 0.5) - digamma(near));
}

// ½ + atan(z) / π, which would cancel far below 0
Var cauchy_cdf(const Var& z) {
  const Tensor far = z.value() < -1;
  return where(far, atan(-1 / where(far, z, -1)), atan(where(far, 0, z)) + std::numbers::pi / 2) / std::numbers::pi;
}

}  // namespace

// ---- Cauchy

Tensor Cauchy::standard_draw(Rng& rng, const Shape& shape, Dtype dtype) {
  return to(tan((open_uniform(rng, shape) - 0.5) * std::numbers::pi), dtype);
}
Var Cauchy::log_prob(const Var& x) const {
  return -log1p_square((x - loc) / scale) - log(scale) - std::log(std::numbers::pi);
}
Var Cauchy::entropy() const { return log(scale) + std::log(4 * std::numbers::pi); }
Var Cauchy::mean() const { return constant(full_like(loc.value(), kNoNumber)); }
Var Cauchy::variance() const { return constant(full_like(loc.value(), kInfinity)); }
Var Cauchy::cdf(const Var& x) const { return cauchy_cdf((x - loc) / scale); }
Var Cauchy::log_cdf(const Var& x) const {
  const Var z = (x - loc) / scale;
  return where(z.value() < 0, log(cauchy_cdf(z)), log1p(-cauchy_cdf(-z)));
}
Var Cauchy::quantile(const Var& p) const {
  const Tensor below = p.value() < 0.5;
  const Var angle = where(below, p, 1 - p) * std::numbers::pi, tail = scale * (cos(angle) / sin(angle));
  return where(below, loc - tail, loc + tail);
}

// ---- StudentT

StudentT::StudentT(Var d, Var l, Var s) : df(std::move(d)), loc(std::move(l)), scale(std::move(s)) {
  broadcast({{"df", &df}, {"loc", &loc}, {"scale", &scale}});
  check_positive("df", df);
  check_numbers("loc", loc);
  check_positive("scale", scale);
}
Var StudentT::draw_pathwise(Rng& rng, const Shape& shape) const {
  return in_f64(
      [&](const Var& d, const Var& l, const Var& s) {
        const Var noise = constant(rng.normal(shape, 0, 1, Dtype::f64)), half = expand(d * 0.5, shape);
        const Var stretch = clamp_max((log(half) - log_standard_gamma(half, rng)) * 0.5, 700);
        return clamp(noise * exp(stretch) * s + l, -largest_of(dtype()), largest_of(dtype()));
      },
      df, loc, scale);
}
Var StudentT::log_prob(const Var& x) const {
  return in_f64(
      [](const Var& d, const Var& l, const Var& s, const Var& at) {
        const Var half = d * 0.5;
        return log_gamma_step(half) - std::log(2 * std::numbers::pi) / 2 - log(s) -
               (half + 0.5) * log1p_square((at - l) / s / sqrt(d));
      },
      df, loc, scale, x);
}
Var StudentT::entropy() const {
  return in_f64(
      [](const Var& d, const Var& s) {
        const Var half = d * 0.5;
        return (half + 0.5) * digamma_step(half) - log_gamma_step(half) + std::log(2 * std::numbers::pi) / 2 + log(s);
      },
      df, scale);
}
Var StudentT::mean() const { return where(df.value() > 1, loc, kNoNumber); }
Var StudentT::variance() const {
  const Tensor finite = df.value() > 2;
  const Var inside = where(finite, df, 3);
  return where(finite, square(scale) * inside / (inside - 2),
               constant(where(df.value() > 1, full_like(df.value(), kInfinity), kNoNumber)));
}

}  // namespace hourglass
