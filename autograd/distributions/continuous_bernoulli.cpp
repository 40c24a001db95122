// SPDX-License-Identifier: MIT
// The continuous Bernoulli distribution: formulas, and power series where the formulas would divide 0 by 0.
#include <array>
#include <cmath>
#include <vector>

#include "autograd/distributions/continuous.h"
#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

// Below these |logits|, power series replace the formulas. From term to term they fall by the factor (1 / 2π)² or less,
// and those of draws by 0.1 / π or less.
constexpr double kNearZero = 1, kDrawNearZero = 0.1;

// A(l) = log((e^l - 1) / l) = l / 2 + log s(l), with s(l) = sinh(l / 2) / (l / 2) = Σ (l / 2)^2n / (2n + 1)!. log s is
// even: near 0 it is a series in l², and its coefficients follow from those of s by log(s)' s = s'.
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

// A' and A'', by series and by formula as well.
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

ContinuousBernoulli::ContinuousBernoulli(Var l) : logits(std::move(l)) {
  check_numbers("logits", logits);
  broadcast({{"logits", &logits}});
}
Var ContinuousBernoulli::log_prob(const Var& x) const {
  return log_density_on(logical_or(x.value() < 0, x.value() > 1), x, 0.5,
                        [&](const Var& inside) { return inside * logits - log_normaliser(logits); });
}
Var ContinuousBernoulli::entropy() const { return log_normaliser(logits) - logits * mean(); }
Var ContinuousBernoulli::mean() const { return mean_of(logits); }
Var ContinuousBernoulli::variance() const { return variance_of(logits); }
namespace {
// sinh(u / 2) / (u / 2) for |u| < kNearZero
Var sinhc(const Var& u) {
  constexpr int terms = 9;
  const Var square_half = square(u) * 0.25;
  Var series = constant(ones_like(u.value()));
  for (int n = terms; n > 0; --n) series = series * square_half / (2 * n * (2 * n + 1)) + 1;
  return series;
}
}  // namespace

// (e^(l x) - 1) / (e^l - 1) = e^(-l (1 - x)) (e^(-l x) - 1) / (e^-l - 1), in the form whose exponents are at most 0.
// Near l = 0 it is x e^(-l (1 - x) / 2) s(l x) / s(l) with the s of log_normaliser.
Var ContinuousBernoulli::cdf(const Var& x) const {
  const Var at = clamp(x, 0, 1);
  const Tensor near = abs(logits.value()) < kNearZero;
  const Tensor up = logits.value() > 0;
  const Var l = where(near, logits, 0), size = abs(where(near, 1, logits));
  const Var series = at * exp(l * (at - 1) * 0.5) * sinhc(l * at) / sinhc(l);
  const Var part = expm1(-size * at) / expm1(-size);
  return where(near, series, where(up, exp(size * (at - 1)), 1) * part);
}

namespace {

// log(1 + u (e^l - 1)) / l near l = 0. The numerator is the cumulant generating function of a coin with probability u:
// κ1 l + κ2 l² / 2! + ..., with κ1 = u and κ_(n+1) = u (1 - u) dκ_n / du.
Var draw_by_series(const Tensor& u, const Var& l) {
  constexpr int terms = 12;
  std::vector<std::vector<double>> cumulants{{0, 1}};  // polynomials in u
  for (int n = 1; n < terms; ++n) {
    const std::vector<double>& before = cumulants.back();
    std::vector<double> next(before.size() + 1, 0);
    for (std::size_t i = 1; i < before.size(); ++i) {
      next[i] += static_cast<double>(i) * before[i];
      next[i + 1] -= static_cast<double>(i) * before[i];
    }
    cumulants.push_back(std::move(next));
  }
  double factorial = 1;
  for (int n = 1; n <= terms; ++n) factorial *= n;
  Var series = constant(zeros_like(u));
  for (int n = terms; n >= 1; --n) {
    const std::vector<double>& polynomial = cumulants[static_cast<std::size_t>(n - 1)];
    Tensor cumulant = zeros_like(u);
    for (std::size_t i = polynomial.size(); i-- > 0;) cumulant = cumulant * u + polynomial[i];
    series = series * l + constant(cumulant / factorial);
    factorial /= n;
  }
  return series;
}

// The inverse of the distribution function: log(1 + u (e^l - 1)) / l.
Var draw_of(const Tensor& u, const Var& l) {
  const Tensor near = abs(l.value()) < kDrawNearZero;
  const Var series = any(near).item() == 0 ? constant(zeros_like(u)) : draw_by_series(u, where(near, l, 0));
  // Only e^-|l| is computed, which cannot overflow: where l > 0, this is log(u + (1 - u) e^-l) / l + 1.
  const Var far = where(near, 1, l), size = abs(far);
  const Tensor up = far.value() > 0;
  const Tensor v = where(up, 1 - u, u);
  const Var direct = log1p(constant(v) * expm1(-size)) / far + constant(to(up, l.dtype()));
  return clamp(where(near, series, direct), 0, 1);
}

}  // namespace

Var ContinuousBernoulli::draw_pathwise(Rng& rng, const Shape& shape) const {
  return in_f64([&](const Var& all) { return draw_of(open_uniform(rng, shape), expand(all, shape)); }, logits);
}

}  // namespace hourglass
