#include "autograd/distributions/kl.h"

#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEuler = std::numbers::egamma;

Var expanded(const Var& x, const Distribution& p, const Distribution& q) {
  return expand(x, broadcast_shapes("kl", p.batch_shape(), q.batch_shape()));
}
Var infinite(const Distribution& p, const Distribution& q) {
  return expanded(constant(scalar(kInfinity, p.dtype())), p, q);
}

// ---- two of one kind

Var kl_normal(const Normal& p, const Normal& q) {
  const Var spread = square(p.scale / q.scale), shift = square((p.loc - q.loc) / q.scale);
  return (spread + shift - 1 - log(spread)) * 0.5;
}
// exp changes both densities by one factor.
Var kl_log_normal(const LogNormal& p, const LogNormal& q) {
  return kl_normal(Normal(p.loc, p.scale), Normal(q.loc, q.scale));
}
Var kl_laplace(const Laplace& p, const Laplace& q) {
  const Var ratio = p.scale / q.scale, distance = abs(p.loc - q.loc);
  return ratio * exp(-distance / p.scale) + distance / q.scale - log(ratio) - 1;
}
Var kl_gumbel(const Gumbel& p, const Gumbel& q) {
  const Var ratio = p.scale / q.scale, shift = (q.loc - p.loc) / q.scale;
  return exp(shift + lgamma(ratio + 1)) - shift - log(ratio) + ratio * kEuler - (1 + kEuler);
}
Var kl_exponential(const Exponential& p, const Exponential& q) {
  const Var ratio = q.rate / p.rate;
  return ratio - 1 - log(ratio);
}
Var kl_gamma(const Gamma& p, const Gamma& q) {
  const Var &a = p.concentration, &b = q.concentration;
  return b * log(p.rate / q.rate) + lgamma(b) - lgamma(a) + (a - b) * digamma(a) + a * (q.rate / p.rate - 1);
}
Var kl_dirichlet(const Dirichlet& p, const Dirichlet& q) {
  const Var &a = p.concentration, &b = q.concentration;
  const Var total = sum(a, {-1}, true);
  return squeeze(lgamma(total) - lgamma(sum(b, {-1}, true)), -1) +
         sum(lgamma(b) - lgamma(a) + (a - b) * (digamma(a) - digamma(total)), {-1});
}
// The Dirichlet distribution of two numbers.
Var kl_beta(const Beta& p, const Beta& q) {
  return kl_dirichlet(Dirichlet(stack({p.concentration1, p.concentration0}, -1)),
                      Dirichlet(stack({q.concentration1, q.concentration0}, -1)));
}
Var kl_bernoulli(const Bernoulli& p, const Bernoulli& q) {
  return bce_with_logits(q.logits, p.probs()) - bce_with_logits(p.logits, p.probs());
}
// Where p is 0, so is the term, even if q is 0 as well.
Var kl_logits(const Var& p, const Var& q) {
  const Var log_p = log_softmax(p, -1), log_q = log_softmax(q, -1);
  const Tensor never = broadcast_to(log_p.value() == -kInfinity, broadcast_shapes("kl", p.shape(), q.shape()));
  return sum(where(never, 0, exp(log_p) * where(never, 0, log_p - log_q)), {-1});
}
Var kl_categorical(const Categorical& p, const Categorical& q) { return kl_logits(p.logits, q.logits); }
Var kl_one_hot(const OneHotCategorical& p, const OneHotCategorical& q) { return kl_logits(p.logits, q.logits); }
Var kl_uniform(const Uniform& p, const Uniform& q) {
  const Tensor beyond = logical_or(p.low.value() < q.low.value(), p.high.value() > q.high.value());
  return where(beyond, kInfinity, log((q.high - q.low) / (p.high - p.low)));
}
// ½ (tr(Σq⁻¹ Σp) + |Lq⁻¹ (μp - μq)|² - n) + log |Lq| - log |Lp|
Var kl_multivariate(const MultivariateNormal& p, const MultivariateNormal& q) {
  const Var ratio = solve_triangular(q.scale_tril, tril(p.scale_tril), false);
  const Var shift = solve_triangular(q.scale_tril, unsqueeze(p.loc - q.loc, -1), false);
  const double n = static_cast<double>(p.loc.size(-1));
  return (sum(square(ratio), {-2, -1}) + sum(square(shift), {-2, -1}) - n) * 0.5 + q.half_log_determinant() -
         p.half_log_determinant();
}

// ---- any p: -H(p) - E_p[log q], for those q whose log q is linear in moments of p

bool is_number(const Distribution& p) { return p.event_shape().empty() && p.support() != Support::integer_interval; }
bool is_discrete(const Distribution& p) {
  return p.support() == Support::boolean || p.support() == Support::integer_interval || p.support() == Support::one_hot;
}

Var kl_to_normal(const Distribution& p, const Normal& q) {
  const Var second_moment = p.variance() + square(p.mean() - q.loc);
  return second_moment / (square(q.scale) * 2) + log(q.scale) + 0.5 * std::log(2 * std::numbers::pi) - p.entropy();
}
Var kl_to_exponential(const Distribution& p, const Exponential& q) {
  return q.rate * p.mean() - log(q.rate) - p.entropy();
}
Var kl_to_continuous_bernoulli(const Distribution& p, const ContinuousBernoulli& q) {
  return -q.log_prob(p.mean()) - p.entropy();  // log q is linear in x
}
Var kl_to_uniform(const Distribution& p, const Uniform& q, double low, double high) {
  return where(logical_or(q.low.value() > low, q.high.value() < high), kInfinity,
               expanded(q.entropy() - p.entropy(), p, q));
}

bool has_moments(const Distribution& p) {
  return dynamic_cast<const MixtureSameFamily*>(&p) == nullptr &&
         dynamic_cast<const RelaxedBernoulli*>(&p) == nullptr && dynamic_cast<const Independent*>(&p) == nullptr &&
         is_number(p) && !is_discrete(p);
}

// The first of the formulas above that fits; nothing where none does.
std::function<Var()> moment_formula(const Distribution& p, const Distribution& q) {
  if (!has_moments(p)) return {};
  const Support support = p.support();
  const auto never = [&p, &q] { return infinite(p, q); };
  if (const auto* normal = dynamic_cast<const Normal*>(&q)) return [&p, normal] { return kl_to_normal(p, *normal); };
  if (const auto* to = dynamic_cast<const Exponential*>(&q)) {
    if (support == Support::real) return never;
    if (const auto* from = dynamic_cast<const Uniform*>(&p))
      return [from, to] { return where(from->low.value() < 0, kInfinity, kl_to_exponential(*from, *to)); };
    return [&p, to] { return kl_to_exponential(p, *to); };
  }
  if (const auto* to = dynamic_cast<const ContinuousBernoulli*>(&q)) {
    if (support == Support::real || support == Support::positive) return never;
    if (const auto* from = dynamic_cast<const Uniform*>(&p))
      return [from, to] {
        const Tensor outside = logical_or(from->low.value() < 0, from->high.value() > 1);
        return where(outside, kInfinity, kl_to_continuous_bernoulli(*from, *to));
      };
    return [&p, to] { return kl_to_continuous_bernoulli(p, *to); };
  }
  if (const auto* to = dynamic_cast<const Uniform*>(&q)) {
    if (support == Support::real || support == Support::positive) return never;
    return [&p, to] { return kl_to_uniform(p, *to, 0, 1); };
  }
  return {};
}

// ---- the registry

using Pair = std::pair<std::type_index, std::type_index>;

template <class P>
std::pair<const Pair, KlFormula> of_one_kind(Var (*formula)(const P&, const P&)) {
  return {{typeid(P), typeid(P)}, [formula](const Distribution& p, const Distribution& q) {
            return formula(static_cast<const P&>(p), static_cast<const P&>(q));
          }};
}
Var kl_continuous_bernoulli(const ContinuousBernoulli& p, const ContinuousBernoulli& q) {
  return kl_to_continuous_bernoulli(p, q);
}

std::map<Pair, KlFormula>& registry() {
  static std::map<Pair, KlFormula> formulas{of_one_kind(kl_normal),       of_one_kind(kl_log_normal),
                                            of_one_kind(kl_laplace),      of_one_kind(kl_gumbel),
                                            of_one_kind(kl_exponential),  of_one_kind(kl_gamma),
                                            of_one_kind(kl_dirichlet),    of_one_kind(kl_beta),
                                            of_one_kind(kl_bernoulli),    of_one_kind(kl_categorical),
                                            of_one_kind(kl_one_hot),      of_one_kind(kl_uniform),
                                            of_one_kind(kl_multivariate), of_one_kind(kl_continuous_bernoulli)};
  return formulas;
}

// Nothing where there is no closed form.
std::function<Var()> closed_form(const Distribution& p, const Distribution& q) {
  check(p.dtype() == q.dtype() && p.event_shape() == q.event_shape(), "kl",
        "p and q must be of one dtype and event shape, got ", p.name(), " of ", p.dtype(), p.event_shape(), " and ",
        q.name(), " of ", q.dtype(), q.event_shape());
  if (const auto found = registry().find({typeid(p), typeid(q)}); found != registry().end())
    return [&p, &q, formula = found->second] { return formula(p, q); };
  const auto *a = dynamic_cast<const Independent*>(&p), *b = dynamic_cast<const Independent*>(&q);
  if (a != nullptr && b != nullptr && a->axes == b->axes)
    if (const std::function<Var()> of_bases = closed_form(*a->base, *b->base))
      return [of_bases, count = a->axes] {
        Axes last;
        for (int i = count; i > 0; --i) last.push_back(-i);
        return count == 0 ? of_bases() : sum(of_bases(), last);
      };
  return moment_formula(p, q);
}

}  // namespace

Var kl(const Distribution& p, const Distribution& q) {
  const std::function<Var()> formula = closed_form(p, q);
  check(static_cast<bool>(formula), "kl", "there is no closed form from ", p.name(), " to ", q.name(),
        "; pass a random stream to estimate it: kl(p, q, rng)");
  return formula();
}

Var kl(const Distribution& p, const Distribution& q, Rng& rng, std::int64_t samples) {
  if (const std::function<Var()> formula = closed_form(p, q)) return formula();
  check(samples >= 1, "kl", "needs at least 1 sample, got ", samples);
  const Var x = p.has_rsample() ? p.rsample(rng, {samples}) : constant(p.sample(rng, {samples}));
  const Var log_p = p.log_prob(x), difference = log_p - q.log_prob(x);
  // e^(l - l) is 1 and has the derivatives that the samples lack.
  return mean(p.has_rsample() ? difference : difference * exp(log_p - log_p.detach()), {0});
}

bool has_closed_kl(const Distribution& p, const Distribution& q) { return static_cast<bool>(closed_form(p, q)); }

void register_kl(std::type_index p, std::type_index q, KlFormula formula) { registry()[{p, q}] = std::move(formula); }

}  // namespace hourglass
