// SPDX-License-Identifier: MIT
#include "autograd/distributions/continuous.h"

#include <cmath>
#include <numbers>

#include "autograd/distributions/noise.h"
#include "autograd/distributions/normal_tails.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

const double kLogSqrt2Pi = 0.5 * std::log(2 * std::numbers::pi);
constexpr double kPi = std::numbers::pi, kEuler = std::numbers::egamma;

}  // namespace

// ---- Normal

Tensor Normal::standard_draw(Rng& rng, const Shape& shape, Dtype dtype) { return rng.normal(shape, 0, 1, dtype); }
Var Normal::log_prob(const Var& x) const { return square((x - loc) / scale) * -0.5 - log(scale) - kLogSqrt2Pi; }
Var Normal::entropy() const { return log(scale) + (0.5 + kLogSqrt2Pi); }
Var Normal::variance() const { return square(scale); }
Var Normal::cdf(const Var& x) const { return erfc((loc - x) / (scale * std::numbers::sqrt2)) * 0.5; }
Var Normal::log_cdf(const Var& x) const { return log_ndtr((x - loc) / scale); }
Var Normal::quantile(const Var& p) const { return loc + scale * ndtri(p); }

Normal standard_normal(const Normal& p) {
  return {constant(zeros_like(p.loc.value())), constant(ones_like(p.scale.value()))};
}

// ---- LogNormal

Var LogNormal::draw_pathwise(Rng& rng, const Shape& shape) const { return exp(LocScale::draw_pathwise(rng, shape)); }
Var LogNormal::log_prob(const Var& x) const {
  return log_density_on(x.value() <= 0, x, 1, [&](const Var& inside) {
    const Var y = log(inside);
    return Normal(loc, scale).log_prob(y) - y;
  });
}
Var LogNormal::entropy() const { return Normal(loc, scale).entropy() + loc; }
Var LogNormal::mean() const { return exp(loc + square(scale) * 0.5); }
Var LogNormal::variance() const { return expm1(square(scale)) * exp(loc * 2 + square(scale)); }
Var LogNormal::cdf(const Var& x) const {
  const Tensor below = x.value() <= 0;
  return where(below, 0, Normal(loc, scale).cdf(log(where(below, 1, x))));
}
Var LogNormal::log_cdf(const Var& x) const {
  return log_density_on(x.value() <= 0, x, 1,
                        [&](const Var& inside) { return Normal(loc, scale).log_cdf(log(inside)); });
}
Var LogNormal::quantile(const Var& p) const { return exp(Normal(loc, scale).icdf(p)); }

// ---- Laplace

Tensor Laplace::standard_draw(Rng& rng, const Shape& shape, Dtype dtype) {  // an exponential number with a random sign
  const Tensor u = open_uniform(rng, shape) * 2 - 1;
  const Tensor size = -log1p(-minimum(abs(u), 1 - gap_below_one(Dtype::f64)));
  return to(sign(u) * size, dtype);
}
Var Laplace::log_prob(const Var& x) const { return -abs(x - loc) / scale - log(scale * 2); }
Var Laplace::entropy() const { return log(scale * 2) + 1; }
Var Laplace::variance() const { return square(scale) * 2; }
Var Laplace::cdf(const Var& x) const {
  const Var d = (x - loc) / scale;
  const Tensor below = d.value() < 0;
  // The tail on the side of x. Not e^-|d|: the derivative of |d| is 0 at 0.
  const Var tail = exp(where(below, d, -d)) * 0.5;
  return where(below, tail, 1 - tail);
}
Var Laplace::log_cdf(const Var& x) const {
  const Var d = (x - loc) / scale;
  const Tensor below = d.value() < 0;
  return where(below, d - std::numbers::ln2, log1p(exp(where(below, d, -d)) * -0.5));
}
Var Laplace::quantile(const Var& p) const {
  const Tensor below = p.value() < 0.5;
  const Var tail = scale * log(where(below, p, 1 - p) * 2);
  return where(below, loc + tail, loc - tail);
}

// ---- Gumbel

Tensor Gumbel::standard_draw(Rng& rng, const Shape& shape, Dtype dtype) { return gumbel_noise(rng, shape, dtype); }
Var Gumbel::log_prob(const Var& x) const {
  return log_density_on(x.value() == -kInfinity, x, 0, [&](const Var& inside) {
    const Var y = (inside - loc) / scale;
    return -(y + exp(-y)) - log(scale);
  });
}
Var Gumbel::entropy() const { return log(scale) + (1 + kEuler); }
Var Gumbel::mean() const { return loc + scale * kEuler; }
Var Gumbel::variance() const { return square(scale) * (kPi * kPi / 6); }
Var Gumbel::cdf(const Var& x) const { return exp(log_cdf(x)); }
Var Gumbel::log_cdf(const Var& x) const { return -exp((loc - x) / scale); }
Var Gumbel::quantile(const Var& p) const { return loc - scale * log(-log(p)); }

// ---- Exponential

Exponential::Exponential(Var r) : rate(std::move(r)) {
  broadcast({{"rate", &rate}});
  check_positive("rate", rate);
}
Var Exponential::draw_pathwise(Rng& rng, const Shape& shape) const {
  return constant(to(-log(open_uniform(rng, shape)), dtype())) / rate;
}
Var Exponential::log_prob(const Var& x) const {
  return log_density_on(x.value() < 0, x, 1, [&](const Var& inside) { return log(rate) - rate * inside; });
}
Var Exponential::entropy() const { return 1 - log(rate); }
Var Exponential::mean() const { return reciprocal(rate); }
Var Exponential::variance() const { return reciprocal(square(rate)); }
Var Exponential::cdf(const Var& x) const {
  const Tensor below = x.value() < 0;
  return where(below, 0, -expm1(-rate * where(below, 0, x)));
}
Var Exponential::log_cdf(const Var& x) const {
  return log_density_on(x.value() < 0, x, 1, [&](const Var& inside) {
    const Var y = rate * inside;
    const Tensor small = y.value() < std::numbers::ln2;
    return where(small, log(-expm1(-y)), log1p(-exp(-y)));
  });
}
Var Exponential::quantile(const Var& p) const { return -log1p(-p) / rate; }

// ---- Uniform

Uniform::Uniform(Var l, Var h) : low(std::move(l)), high(std::move(h)) {
  broadcast({{"low", &low}, {"high", &high}});
  check(any(logical_not(low.value() < high.value())).item() == 0, name(), "needs low < high, got low ", describe(low),
        " and high ", describe(high), " with a width of ",
        low.numel() == 0 ? 0 : min(high.value() - low.value()).item());
}
Var Uniform::draw_pathwise(Rng& rng, const Shape& shape) const {
  return mul_add(high - low, constant(rng.uniform(shape, 0, 1, dtype())), low);
}
Var Uniform::log_prob(const Var& x) const {
  const Tensor outside = logical_or(x.value() < low.value(), x.value() >= high.value());
  return log_density_on(outside, x, low, [&](const Var& inside) { return inside * 0 - log(high - low); });
}
Var Uniform::entropy() const { return log(high - low); }
Var Uniform::mean() const { return (low + high) * 0.5; }
Var Uniform::variance() const { return square(high - low) / 12; }
Var Uniform::cdf(const Var& x) const { return clamp((x - low) / (high - low), 0, 1); }
Var Uniform::quantile(const Var& p) const { return mul_add(high - low, p, low); }

}  // namespace hourglass
