// Numbers on the line whose distribution function has a formula for its inverse: rsample puts noise through it.
#include <array>
#include <cmath>
#include <numbers>

#include "autograd/distributions/distributions.h"
#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

const double kLogSqrt2Pi = 0.5 * std::log(2 * std::numbers::pi);
constexpr double kPi = std::numbers::pi, kEuler = std::numbers::egamma;

}  // namespace

// ---- Normal

Normal::Normal(Var l, Var s) : loc(std::move(l)), scale(std::move(s)) {
  broadcast({{"loc", &loc}, {"scale", &scale}});
  check_positive("scale", scale);
}
std::vector<Var> Normal::parameters() const { return {loc, scale}; }
std::shared_ptr<const Distribution> Normal::with(const std::vector<Var>& p) const {
  return std::make_shared<const Normal>(p[0], p[1]);
}
Var Normal::draw_pathwise(Rng& rng, const Shape& shape) const {
  return mul_add(scale, constant(rng.normal(shape, 0, 1, dtype())), loc);
}
Var Normal::log_prob(const Var& x) const { return square((x - loc) / scale) * -0.5 - log(scale) - kLogSqrt2Pi; }
Var Normal::entropy() const { return log(scale) + (0.5 + kLogSqrt2Pi); }
Var Normal::variance() const { return square(scale); }
Var Normal::cdf(const Var& x) const { return (erf((x - loc) / (scale * std::numbers::sqrt2)) + 1) * 0.5; }

Normal standard_normal(const Normal& p) {
  return {constant(zeros_like(p.loc.value())), constant(ones_like(p.scale.value()))};
}

// ---- LogNormal

LogNormal::LogNormal(Var l, Var s) : loc(std::move(l)), scale(std::move(s)) {
  broadcast({{"loc", &loc}, {"scale", &scale}});
  check_positive("scale", scale);
}
std::vector<Var> LogNormal::parameters() const { return {loc, scale}; }
std::shared_ptr<const Distribution> LogNormal::with(const std::vector<Var>& p) const {
  return std::make_shared<const LogNormal>(p[0], p[1]);
}
Var LogNormal::draw_pathwise(Rng& rng, const Shape& shape) const {
  return exp(mul_add(scale, constant(rng.normal(shape, 0, 1, dtype())), loc));
}
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

// ---- Laplace

Laplace::Laplace(Var l, Var s) : loc(std::move(l)), scale(std::move(s)) {
  broadcast({{"loc", &loc}, {"scale", &scale}});
  check_positive("scale", scale);
}
std::vector<Var> Laplace::parameters() const { return {loc, scale}; }
std::shared_ptr<const Distribution> Laplace::with(const std::vector<Var>& p) const {
  return std::make_shared<const Laplace>(p[0], p[1]);
}
Var Laplace::draw_pathwise(Rng& rng, const Shape& shape) const {  // an exponential number with a random sign
  const Tensor u = open_uniform(rng, shape, dtype()) * 2 - 1;
  const Tensor size = -log1p(-minimum(abs(u), 1 - gap_below_one(dtype())));
  return mul_add(scale, constant(sign(u) * size), loc);
}
Var Laplace::log_prob(const Var& x) const { return -abs(x - loc) / scale - log(scale * 2); }
Var Laplace::entropy() const { return log(scale * 2) + 1; }
Var Laplace::variance() const { return square(scale) * 2; }
Var Laplace::cdf(const Var& x) const {
  const Var d = (x - loc) / scale;
  return 0.5 - sign(d) * expm1(-abs(d)) * 0.5;
}

// ---- Gumbel

Gumbel::Gumbel(Var l, Var s) : loc(std::move(l)), scale(std::move(s)) {
  broadcast({{"loc", &loc}, {"scale", &scale}});
  check_positive("scale", scale);
}
std::vector<Var> Gumbel::parameters() const { return {loc, scale}; }
std::shared_ptr<const Distribution> Gumbel::with(const std::vector<Var>& p) const {
  return std::make_shared<const Gumbel>(p[0], p[1]);
}
Var Gumbel::draw_pathwise(Rng& rng, const Shape& shape) const {
  return mul_add(scale, constant(gumbel_noise(rng, shape, dtype())), loc);
}
Var Gumbel::log_prob(const Var& x) const {
  const Var y = (x - loc) / scale;
  return -(y + exp(-y)) - log(scale);
}
Var Gumbel::entropy() const { return log(scale) + (1 + kEuler); }
Var Gumbel::mean() const { return loc + scale * kEuler; }
Var Gumbel::variance() const { return square(scale) * (kPi * kPi / 6); }
Var Gumbel::cdf(const Var& x) const { return exp(-exp((loc - x) / scale)); }

// ---- Exponential

Exponential::Exponential(Var r) : rate(std::move(r)) {
  broadcast({{"rate", &rate}});
  check_positive("rate", rate);
}
std::vector<Var> Exponential::parameters() const { return {rate}; }
std::shared_ptr<const Distribution> Exponential::with(const std::vector<Var>& p) const {
  return std::make_shared<const Exponential>(p[0]);
}
Var Exponential::draw_pathwise(Rng& rng, const Shape& shape) const {
  return constant(-log(open_uniform(rng, shape, dtype()))) / rate;
}
Var Exponential::log_prob(const Var& x) const {
  return log_density_on(x.value() < 0, x, 1, [&](const Var& inside) { return log(rate) - rate * inside; });
}
Var Exponential::entropy() const { return 1 - log(rate); }
Var Exponential::mean() const { return reciprocal(rate); }
Var Exponential::variance() const { return reciprocal(square(rate)); }
Var Exponential::cdf(const Var& x) const { return -expm1(-rate * maximum(x, 0)); }

// ---- Uniform

Uniform::Uniform(Var l, Var h) : low(std::move(l)), high(std::move(h)) {
  broadcast({{"low", &low}, {"high", &high}});
  check(any(logical_not(low.value() < high.value())).item() == 0, name(), "needs low < high, got low ", describe(low),
        " and high ", describe(high), " with a width of ",
        low.numel() == 0 ? 0 : min(high.value() - low.value()).item());
}
std::vector<Var> Uniform::parameters() const { return {low, high}; }
std::shared_ptr<const Distribution> Uniform::with(const std::vector<Var>& p) const {
  return std::make_shared<const Uniform>(p[0], p[1]);
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

// ---- ContinuousBernoulli

namespace {

// Below these |logits| power series take over from formulas that would divide 0 by 0. Their terms fall by the factor
// (1 / 2π)², and by 0.1 / π or more.
constexpr double kNearZero = 1, kDrawNearZero = 0.1;

// A(l) = log((e^l - 1) / l) = l / 2 + log(sinh(l / 2) / (l / 2)). The second part is even: near 0 its series in l²,
// whose coefficients follow from s(l) = sinh(l / 2) / (l / 2) = Σ (l / 2)^2n / (2n + 1)! by log(s)' s = s'.
constexpr int kTerms = 12;
std::array<double, kTerms> log_sinhc_series() {
  std::array<double, kTerms> s{1}, a{};
  for (int n = 1; n < kTerms; ++n) {
    const auto at = static_cast<std::size_t>(n);
    s[at] = s[at - 1] / (4.0 * 2 * n * (2 * n + 1));
    a[at] = s[at];
    for (int j = 1; j < n; ++j)
      a[at] -= static_cast<double>(j) / n * a[static_cast<std::size_t>(j)] * s[static_cast<std::size_t>(n - j)];
  }
  return a;
}
Var log_normaliser(const Var& l) {
  static const std::array<double, kTerms> series = log_sinhc_series();
  const Tensor near = abs(l.value()) < kNearZero;
  const Var square_near = square(where(near, l, 0));
  Var even = square_near * series[kTerms - 1];
  for (int n = kTerms - 2; n > 0; --n) even = (even + series[static_cast<std::size_t>(n)]) * square_near;
  const Var size = abs(where(near, 1, l));  // |l| / 2 + log(2 sinh(|l| / 2)) = log(e^|l| - 1)
  return l * 0.5 + where(near, even, size * 0.5 + log1p(-exp(-size)) - log(size));
}

// A' and A'', the same two ways.
Var mean_of(const Var& l) {
  static const std::array<double, kTerms> series = log_sinhc_series();
  const Tensor near = abs(l.value()) < kNearZero;
  const Var x = where(near, l, 0), size = abs(where(near, 1, l));
  Var odd = constant(zeros_like(l.value()));
  for (int n = kTerms - 1; n > 0; --n) odd = odd * square(x) + 2 * n * series[static_cast<std::size_t>(n)];
  const Var of_size = -1 / expm1(-size) - 1 / size;
  return where(near, odd * x + 0.5, where(l.value() > 0, of_size, 1 - of_size));
}
Var variance_of(const Var& l) {
  static const std::array<double, kTerms> series = log_sinhc_series();
  const Tensor near = abs(l.value()) < kNearZero;
  const Var x = where(near, l, 0), size = abs(where(near, 1, l));
  Var even = constant(zeros_like(l.value()));
  for (int n = kTerms - 1; n > 0; --n)
    even = even * square(x) + 2 * n * (2 * n - 1) * series[static_cast<std::size_t>(n)];
  return where(near, even, 1 / square(size) - exp(-size) / square(expm1(-size)));
}

}  // namespace

ContinuousBernoulli::ContinuousBernoulli(Var l) : logits(std::move(l)) { broadcast({{"logits", &logits}}); }
std::vector<Var> ContinuousBernoulli::parameters() const { return {logits}; }
std::shared_ptr<const Distribution> ContinuousBernoulli::with(const std::vector<Var>& p) const {
  return std::make_shared<const ContinuousBernoulli>(p[0]);
}
Var ContinuousBernoulli::log_prob(const Var& x) const {
  return log_density_on(logical_or(x.value() < 0, x.value() > 1), x, 0.5,
                        [&](const Var& inside) { return inside * logits - log_normaliser(logits); });
}
Var ContinuousBernoulli::entropy() const { return log_normaliser(logits) - logits * mean(); }
Var ContinuousBernoulli::mean() const { return mean_of(logits); }
Var ContinuousBernoulli::variance() const { return variance_of(logits); }
Var ContinuousBernoulli::cdf(const Var& x) const {
  // (e^(l x) - 1) / (e^l - 1), where both exponents are at most 0: if l > 0, it is 1 - (e^(-l (1 - x)) - 1) / (e^-l -
  // 1).
  const Var at = clamp(x, 0, 1);
  const Tensor near = abs(logits.value())<1e-8, up = logits.value()> 0;
  const Var l = where(near, 1, logits), size = abs(l);
  const Var part = expm1(-size * where(up, 1 - at, at)) / expm1(-size);
  return where(near, at, where(up, 1 - part, part));
}

// The inverse of the distribution function: log(1 + u (e^l - 1)) / l. Near l = 0 the numerator is the cumulant
// generating function of a coin with probability u, κ1 l + κ2 l² / 2! + ..., with κ1 = u and κ_(n+1) = u (1 - u) dκ_n /
// du.
Var ContinuousBernoulli::draw_pathwise(Rng& rng, const Shape& shape) const {
  const Tensor u = open_uniform(rng, shape, dtype());
  const Tensor near = broadcast_to(abs(logits.value()) < kDrawNearZero, shape);
  const Var l = expand(logits, shape);

  constexpr int terms = 12;
  Var series = constant(zeros_like(u));
  if (any(near).item() != 0) {
    std::vector<std::vector<double>> cumulants{{0, 1}};  // polynomials in u
    double factorial = 1;
    for (int n = 1; n < terms; ++n) {
      const std::vector<double>& before = cumulants.back();
      std::vector<double> next(before.size() + 1, 0);
      for (std::size_t i = 1; i < before.size(); ++i) {
        next[i] += static_cast<double>(i) * before[i];
        next[i + 1] -= static_cast<double>(i) * before[i];
      }
      cumulants.push_back(std::move(next));
    }
    const Var x = where(near, l, 0);
    for (int n = 1; n <= terms; ++n) factorial *= n;
    for (int n = terms; n >= 1; --n) {
      const std::vector<double>& polynomial = cumulants[static_cast<std::size_t>(n - 1)];
      Tensor cumulant = zeros_like(u);
      for (std::size_t i = polynomial.size(); i-- > 0;) cumulant = cumulant * u + polynomial[i];
      series = series * x + constant(cumulant / factorial);
      factorial /= n;
    }
  }
  // With e^-|l| alone, which cannot overflow: log(u + (1 - u) e^-l) / l + 1 where l > 0.
  const Var far = where(near, 1, l), size = abs(far);
  const Tensor up = far.value() > 0;
  const Tensor v = where(up, 1 - u, u);
  const Var direct = log1p(constant(v) * expm1(-size)) / far + constant(to(up, dtype()));
  return clamp(where(near, series, direct), 0, 1);
}

}  // namespace hourglass
