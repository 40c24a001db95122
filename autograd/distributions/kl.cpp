// SPDX-License-Identifier: MIT
#include "autograd/distributions/kl.h"

#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

constexpr double kEulerGamma = std::numbers::egamma;

Var expanded(const Var& x, const Distribution& p, const Distribution& q) {
  return expand(x, broadcast_shapes("kl", p.batch_shape(), q.batch_shape()));
}

// ---- p and q of one kind

// Logarithms of quotients are differences: the quotient of a tiny and a huge number is 0 or infinite.
Var kl_normal(const Normal& p, const Normal& q) {
  const Var spread = square(p.scale / q.scale), shift = square((p.loc - q.loc) / q.scale);
  return (spread + shift - 1) * 0.5 - (log(p.scale) - log(q.scale));
}
// exp multiplies both densities by the same factor.
Var kl_log_normal(const LogNormal& p, const LogNormal& q) {
  return kl_normal(Normal(p.loc, p.scale), Normal(q.loc, q.scale));
}
Var kl_laplace(const Laplace& p, const Laplace& q) {
  const Var ratio = p.scale / q.scale, distance = abs(p.loc - q.loc);
  return ratio * exp(-distance / p.scale) + distance / q.scale - (log(p.scale) - log(q.scale)) - 1;
}
Var kl_gumbel(const Gumbel& p, const Gumbel& q) {
  const Var ratio = p.scale / q.scale, shift = (q.loc - p.loc) / q.scale;
  return exp(shift + lgamma(ratio + 1)) - shift - (log(p.scale) - log(q.scale)) + ratio * kEulerGamma -
         (1 + kEulerGamma);
}
Var kl_exponential(const Exponential& p, const Exponential& q) {
  return q.rate / p.rate - 1 - (log(q.rate) - log(p.rate));
}
Var kl_gamma(const Gamma& p, const Gamma& q) {
  return in_f64(
      [](const Var& a, const Var& b, const Var& p_rate, const Var& q_rate) {
        return b * (log(p_rate) - log(q_rate)) + lgamma(b) - lgamma(a) + (a - b) * digamma(a) +
               a * (q_rate / p_rate - 1);
      },
      p.concentration, q.concentration, p.rate, q.rate);
}
Var kl_dirichlet(const Dirichlet& p, const Dirichlet& q) {
  return in_f64(
      [](const Var& a, const Var& b) {
        const Var total = sum(a, {-1}, true);
        return squeeze(lgamma(total) - lgamma(sum(b, {-1}, true)), -1) +
               sum(lgamma(b) - lgamma(a) + (a - b) * (digamma(a) - digamma(total)), {-1});
      },
      p.concentration, q.concentration);
}
// A Beta is a Dirichlet of two numbers.
Var kl_beta(const Beta& p, const Beta& q) {
  return kl_dirichlet(Dirichlet(stack({p.concentration1, p.concentration0}, -1)),
                      Dirichlet(stack({q.concentration1, q.concentration0}, -1)));
}
Var kl_bernoulli(const Bernoulli& p, const Bernoulli& q) {
  return bce_with_logits(q.logits, p.probs()) - bce_with_logits(p.logits, p.probs());
}
// A term is 0 where p is 0, even if q is 0 as well.
Var kl_logits(const Var& p, const Var& q) {
  check(p.size(-1) == q.size(-1), "kl", "p has ", p.size(-1), " classes, and q has ", q.size(-1));
  const Var log_p = log_softmax(p, -1), log_q = log_softmax(q, -1);
  const Tensor never = broadcast_to(log_p.value() == -kInfinity, broadcast_shapes("kl", p.shape(), q.shape()));
  return sum(where(never, 0, exp(log_p) * where(never, 0, log_p - log_q)), {-1});
}
// With the deviance a log(a / b) - a + b of two means, as a difference of logarithms of Poisson probabilities, in which
// no digits cancel.
Var deviance(const Var& a, const Var& log_a, const Var& log_b) { return log_poisson(a, log_a) - log_poisson(a, log_b); }
Var kl_poisson(const Poisson& p, const Poisson& q) {
  return in_f64([](const Var& a, const Var& b) { return deviance(a, log(a), log(b)); }, p.rate, q.rate);
}
Var kl_binomial(const Binomial& p, const Binomial& q) {
  const Tensor &n = p.total_count.value(), &other = q.total_count.value();
  check(any(n < other).item() == 0, "kl", "there is no closed form from Binomial to one of a larger total_count");
  const auto of_coins = [](const Var& count, const Var& a, const Var& b) {
    const Var log_n = log(count);
    const auto side = [&](const Var& l, const Var& m) {
      return deviance(count * sigmoid(l), log_n - softplus(-l), log_n - softplus(-m));
    };
    return side(a, b) + side(-a, -b);
  };
  return where(n > other, kInfinity, in_f64(of_coins, p.total_count, p.logits, q.logits));
}
// log(((s + t)² + (l - m)²) / 4 s t), Chyzak & Nielsen 2019, "A closed-form formula for the Kullback-Leibler divergence
// between Cauchy distributions"
Var kl_cauchy(const Cauchy& p, const Cauchy& q) {
  return in_f64(
      [](const Var& l, const Var& s, const Var& m, const Var& t) {
        const Var spread = s - t, shift = l - m;
        return log1p((spread / s * (spread / t) + shift / s * (shift / t)) * 0.25);
      },
      p.loc, p.scale, q.loc, q.scale);
}
Var kl_categorical(const Categorical& p, const Categorical& q) { return kl_logits(p.logits, q.logits); }
Var kl_one_hot(const OneHotCategorical& p, const OneHotCategorical& q) { return kl_logits(p.logits, q.logits); }
Var kl_uniform(const Uniform& p, const Uniform& q) {
  const Tensor beyond = logical_or(p.low.value() < q.low.value(), p.high.value() > q.high.value());
  return where(beyond, kInfinity, log(q.high - q.low) - log(p.high - p.low));
}
// ½ (tr(Σq⁻¹ Σp) + |Lq⁻¹ (μp - μq)|² - n) + log |Lq| - log |Lp|
Var kl_multivariate(const MultivariateNormal& p, const MultivariateNormal& q) {
  const Var ratio = solve_triangular(q.scale_tril, tril(p.scale_tril), false);
  const Var shift = solve_triangular(q.scale_tril, unsqueeze(p.loc - q.loc, -1), false);
  const double n = static_cast<double>(p.loc.size(-1));
  return (sum(square(ratio), {-2, -1}) + sum(square(shift), {-2, -1}) - n) * 0.5 + q.half_log_determinant() -
         p.half_log_determinant();
}

// ---- any p with moments: -H(p) - E_p[log q], for those q whose log q is linear in x or quadratic

// formula() where q's interval of values contains p's. Infinite elsewhere. If p is unbounded and q is not, the result
// is infinite for all parameters: a constant.
template <class F>
Var if_contained(const Distribution& p, const Distribution& q, F formula) {
  const Interval a = p.bounds(), b = q.bounds();
  const Tensor below = a.low < b.low;
  const Tensor above = a.high > b.high;
  const Tensor outside = logical_or(below, above);
  if (any(outside).item() == 0) return formula();
  const bool unbounded = p.support() == Support::real || p.support() == Support::positive;
  if (unbounded) return expanded(constant(kInfinity, p.dtype()), p, q);
  return where(outside, kInfinity, formula());
}

Var kl_to_normal(const Distribution& p, const Normal& q) {
  const Var second_moment = p.variance() / q.scale / q.scale + square((p.mean() - q.loc) / q.scale);
  return second_moment * 0.5 + log(q.scale) + 0.5 * std::log(2 * std::numbers::pi) - p.entropy();
}
Var kl_to_exponential(const Distribution& p, const Exponential& q) {
  return if_contained(p, q, [&] { return q.rate * p.mean() - log(q.rate) - p.entropy(); });
}
Var kl_to_continuous_bernoulli(const Distribution& p, const ContinuousBernoulli& q) {
  return if_contained(p, q, [&] { return -q.log_prob(p.mean()) - p.entropy(); });
}
Var kl_to_uniform(const Distribution& p, const Uniform& q) {
  return if_contained(p, q, [&] { return expanded(q.entropy() - p.entropy(), p, q); });
}

// ---- the table of formulas

// Made by the first call of table(), so that nothing runs when the library is loaded.
struct Table {
  std::map<std::pair<std::type_index, std::type_index>, KlFormula> pairs;
  std::map<std::type_index, KlFormula> from_moments;  // by the type of q

  template <class P, class Q>
  void closed_form(Var (*formula)(const P&, const Q&)) {
    pairs[{typeid(P), typeid(Q)}] = [formula](const Distribution& p, const Distribution& q) {
      return formula(static_cast<const P&>(p), static_cast<const Q&>(q));
    };
  }
  template <class Q>
  void closed_form_from_moments(Var (*formula)(const Distribution&, const Q&)) {
    from_moments[typeid(Q)] = [formula](const Distribution& p, const Distribution& q) {
      return formula(p, static_cast<const Q&>(q));
    };
  }

  Table() {
    closed_form(kl_normal);
    closed_form(kl_log_normal);
    closed_form(kl_laplace);
    closed_form(kl_gumbel);
    closed_form(kl_exponential);
    closed_form(kl_gamma);
    closed_form(kl_dirichlet);
    closed_form(kl_beta);
    closed_form(kl_cauchy);
    closed_form(kl_bernoulli);
    closed_form(kl_poisson);
    closed_form(kl_binomial);
    closed_form(kl_categorical);
    closed_form(kl_one_hot);
    closed_form(kl_uniform);
    closed_form(kl_multivariate);

    closed_form_from_moments(kl_to_normal);
    closed_form_from_moments(kl_to_exponential);
    closed_form_from_moments(kl_to_continuous_bernoulli);
    closed_form_from_moments(kl_to_uniform);
  }
};

Table& table() {
  static Table formulas;
  return formulas;
}

KlFormula sum_over_axes(const Independent& p, const Independent& q);

// Empty if there is no closed form.
KlFormula formula_for(const Distribution& p, const Distribution& q) {
  check(p.dtype() == q.dtype() && p.event_shape() == q.event_shape(), "kl",
        "p and q must be of one dtype and event shape, got ", p.name(), " of ", p.dtype(), p.event_shape(), " and ",
        q.name(), " of ", q.dtype(), q.event_shape());
  const Table& known = table();
  if (const auto found = known.pairs.find({typeid(p), typeid(q)}); found != known.pairs.end()) return found->second;
  const auto *a = dynamic_cast<const Independent*>(&p), *b = dynamic_cast<const Independent*>(&q);
  if (a != nullptr && b != nullptr && a->axes == b->axes) return sum_over_axes(*a, *b);
  if (!p.has_moments()) return {};
  const auto found = known.from_moments.find(typeid(q));
  return found == known.from_moments.end() ? KlFormula() : found->second;
}

// The divergence of the bases, summed over the axes that p and q have added to the event.
KlFormula sum_over_axes(const Independent& p, const Independent& q) {
  const KlFormula of_bases = formula_for(*p.base, *q.base);
  if (!of_bases) return {};
  return [of_bases, &p, &q](const Distribution&, const Distribution&) {
    return sum_last(of_bases(*p.base, *q.base), p.axes);
  };
}

}  // namespace

Var kl(const Distribution& p, const Distribution& q) {
  const KlFormula formula = formula_for(p, q);
  check(static_cast<bool>(formula), "kl", "there is no closed form from ", p.name(), " to ", q.name(),
        "; pass a random stream to estimate it: kl(p, q, rng)");
  return formula(p, q);
}

Var kl(const Distribution& p, const Distribution& q, Rng& rng, std::int64_t samples) {
  if (const KlFormula formula = formula_for(p, q)) return formula(p, q);
  check(samples >= 1, "kl", "needs at least 1 sample, got ", samples);
  const Var x = p.has_rsample() ? p.rsample(rng, {samples}) : constant(p.sample(rng, {samples}));
  const Var log_p = p.log_prob(x), difference = log_p - q.log_prob(x);
  // The factor e^(l - l) is 1. Its derivatives are those of the score function.
  return mean(p.has_rsample() ? difference : difference * exp(log_p - log_p.detach()), {0});
}

bool has_closed_kl(const Distribution& p, const Distribution& q) { return static_cast<bool>(formula_for(p, q)); }

void register_kl(std::type_index p, std::type_index q, KlFormula formula) {
  table().pairs[{p, q}] = std::move(formula);
}

}  // namespace hourglass
