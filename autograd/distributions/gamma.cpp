// SPDX-License-Identifier: MIT
// All three distributions are made of standard gamma numbers. Their logarithms are drawn and differentiated, because
// the numbers themselves underflow if the concentration is small.
#include "autograd/distributions/gamma.h"

#include "autograd/distributions/noise.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/gamma.h"

namespace hourglass {
namespace {

// The k-th derivative by a of S, the function of tensor/gamma.h, at y = log x. The density p gives
// x p = e^(a y - x) / Γ(a), whose derivatives are (a - x) x p by y and (y - ψ(a)) x p by a; ∂P/∂y is x p. Hence
// ∂S/∂y = 1 + (x - a) S, which is differentiated k times by a.
Var gamma_ratio(int k, const Var& a, const Var& y) {
  static constexpr Op op{"gamma_ratio",
                         "derivatives of the gamma distribution by its shape, over its density",
                         {"dy/da: the next derivative", "dy/dx: by the density's slope"}};
  return record(op, gamma_ratio(k, a.value(), y.value()),
                wrt(a, [k, a, y](const Var& g) { return strong_mul(g, gamma_ratio(k + 1, a, y)); }),
                wrt(y, [k, a, y](const Var& g, const Var& s) {
                  const Var slope = (exp(y) - a) * s;
                  return strong_mul(g, k == 0 ? slope + 1 : slope - gamma_ratio(k - 1, a, y) * k);
                }));
}

}  // namespace

// y keeps its place P(a, e^y): dy/da = -(∂P/∂a) / (∂P/∂y) with P = S x p.
Var log_standard_gamma(const Var& a, Rng& rng) {
  static constexpr Op op{"log_standard_gamma",
                         "the logarithm of a gamma number",
                         {"dy/da = -F_a / F_y: the draw keeps its place in the distribution"}};
  return record(op, log_standard_gamma(a.value(), rng), wrt(a, [a](const Var& g, const Var& y) {
                  return -strong_mul(g, gamma_ratio(1, a, y) + gamma_ratio(0, a, y) * (y - digamma(a)));
                }));
}

namespace {

// P(a, x)
Var incomplete_gamma(const Var& a, const Var& x) {
  const Tensor below = x.value() <= 0;
  const Var inside = where(below, 1, x), y = log(inside);
  const Var part = gamma_ratio(0, a, y) * exp(a * y - inside - lgamma(a));
  return where(below, 0, where(inside.value() < a.value() + 1, part, part + 1));
}

}  // namespace

// ---- Gamma

Gamma::Gamma(Var c, Var r) : concentration(std::move(c)), rate(std::move(r)) {
  broadcast({{"concentration", &concentration}, {"rate", &rate}});
  check_positive("concentration", concentration);
  check_positive("rate", rate);
}
Var Gamma::draw_pathwise(Rng& rng, const Shape& shape) const {
  const Var number = exp(log_standard_gamma(expand(concentration, shape), rng)) / rate;
  return maximum(number, smallest_normal_of(dtype()));
}
Var Gamma::log_prob(const Var& x) const {
  const Tensor outside = logical_or(x.value() < 0, isinf(x.value()));
  return log_density_on(outside, x, 1, [&](const Var& inside) {
    return in_f64(
        [](const Var& a, const Var& b, const Var& v) { return a * log(b) + x_log_y(a - 1, v) - b * v - lgamma(a); },
        concentration, rate, inside);
  });
}
Var Gamma::entropy() const {
  return in_f64([](const Var& a, const Var& b) { return a - log(b) + lgamma(a) + (1 - a) * digamma(a); }, concentration,
                rate);
}
Var Gamma::mean() const { return concentration / rate; }
Var Gamma::variance() const { return concentration / square(rate); }
Var Gamma::cdf(const Var& x) const {
  return in_f64([](const Var& a, const Var& b, const Var& v) { return incomplete_gamma(a, b * v); }, concentration,
                rate, x);
}

// ---- Beta

Beta::Beta(Var c1, Var c0) : concentration1(std::move(c1)), concentration0(std::move(c0)) {
  broadcast({{"concentration1", &concentration1}, {"concentration0", &concentration0}});
  check_positive("concentration1", concentration1);
  check_positive("concentration0", concentration0);
}
Var Beta::draw_pathwise(Rng& rng, const Shape& shape) const {
  const Var y1 = log_standard_gamma(expand(concentration1, shape), rng);
  const Var y0 = log_standard_gamma(expand(concentration0, shape), rng);
  return inside_unit_interval(sigmoid(y1 - y0));
}
namespace {
Var log_beta(const Var& a, const Var& b) { return lgamma(a) + lgamma(b) - lgamma(a + b); }
}  // namespace
Var Beta::log_prob(const Var& x) const {
  return log_density_on(logical_or(x.value() < 0, x.value() > 1), x, 0.5, [&](const Var& inside) {
    return in_f64([](const Var& a, const Var& b,
                     const Var& v) { return x_log_y(a - 1, v) + x_log_y(b - 1, 1 - v) - log_beta(a, b); },
                  concentration1, concentration0, inside);
  });
}
Var Beta::entropy() const {
  return in_f64(
      [](const Var& a, const Var& b) {
        return log_beta(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b);
      },
      concentration1, concentration0);
}
Var Beta::mean() const { return concentration1 / (concentration1 + concentration0); }
Var Beta::variance() const {
  const Var total = concentration1 + concentration0;
  return concentration1 * concentration0 / (square(total) * (total + 1));
}

// ---- Dirichlet

Dirichlet::Dirichlet(Var c) : concentration(std::move(c)) {
  check(concentration.dim() >= 1 && concentration.size(-1) >= 1, name(),
        "concentration must be [..., k] with k >= 1, got ", describe(concentration));
  broadcast({{"concentration", &concentration, 1}}, {concentration.size(-1)});
  check_positive("concentration", concentration);
}
Var Dirichlet::draw_pathwise(Rng& rng, const Shape& shape) const {
  return maximum(softmax(log_standard_gamma(expand(concentration, shape), rng), -1), smallest_normal_of(dtype()));
}
Var Dirichlet::log_prob(const Var& x) const {
  check_event(x);
  return in_f64([](const Var& a,
                   const Var& v) { return sum(x_log_y(a - 1, v), {-1}) + lgamma(sum(a, {-1})) - sum(lgamma(a), {-1}); },
                concentration, x);
}
Var Dirichlet::entropy() const {
  return in_f64(
      [](const Var& a) {
        const Var total = sum(a, {-1}), k = constant(full_like(total.value(), a.size(-1)));
        return sum(lgamma(a), {-1}) - lgamma(total) + (total - k) * digamma(total) - sum((a - 1) * digamma(a), {-1});
      },
      concentration);
}
Var Dirichlet::mean() const { return concentration / sum(concentration, {-1}, true); }
Var Dirichlet::variance() const {
  const Var total = sum(concentration, {-1}, true), m = concentration / total;
  return m * (1 - m) / (total + 1);
}

}  // namespace hourglass
