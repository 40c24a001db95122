// SPDX-License-Identifier: MIT
#include "autograd/distributions/discrete.h"

#include <cmath>

#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

// The lowest finite number in place of -inf, so that 0 times the logarithm of 0 is 0.
Var finite(const Var& log_probs) { return maximum(log_probs, -largest_of(log_probs.dtype())); }
Var log_odds(const Var& probs) {
  const Var p = inside_unit_interval(probs);
  return log(p) - log1p(-p);
}
void check_probs(std::string_view name, const Var& probs) {
  check(is_floating(probs.dtype()), name, "probs must be f32 or f64, got ", describe(probs));
  if (probs.numel() == 0) return;
  const double least = min(probs.value()).item(), most = max(probs.value()).item();
  check(least >= 0 && most < kInfinity, name, "probs must be 0 or more and finite, got ", least, " to ", most, " in ",
        describe(probs));
}
void check_classes(std::string_view name, const Var& logits) {
  check(logits.dim() >= 1 && logits.size(-1) >= 1, name, "logits must be [..., k] with k >= 1, got ", describe(logits));
  if (logits.numel() == 0 || !is_floating(logits.dtype())) return;
  const Tensor highest = max(logits.value(), {-1});  // NaN if one logit is
  if (const Tensor bad = logical_not(isfinite(highest)); any(bad).item() != 0)
    fail(name, "the largest logit of a row must be finite, got ", max(where(bad, highest, -kInfinity)).item(), " in ",
         describe(logits));
}
void check_temperature(std::string_view name, double temperature) {
  check(temperature > 0, name, "temperature must be positive, got ", temperature);
}

}  // namespace

// ---- Bernoulli

Bernoulli::Bernoulli(Var l) : logits(std::move(l)) {
  check_numbers("logits", logits);
  broadcast({{"logits", &logits}});
}
Bernoulli Bernoulli::from_probs(const Var& probs) {
  check_probs("Bernoulli", probs);
  check(probs.numel() == 0 || max(probs.value()).item() <= 1, "Bernoulli", "probs must be at most 1, got ",
        max(probs.value()).item(), " in ", describe(probs));
  return {log_odds(probs)};
}
Var Bernoulli::probs() const { return sigmoid(logits); }
Tensor Bernoulli::draw(Rng& rng, const Shape& shape) const {
  return rng.bernoulli(broadcast_to(sigmoid(logits.value()), shape));
}
Var Bernoulli::log_prob(const Var& x) const {
  if (x.numel() > 0) {
    const double low = min(x.value()).item(), high = max(x.value()).item();
    check(!(low < 0) && !(high > 1), name(), "values must lie in [0, 1], got ", low, " to ", high, " in ", describe(x));
  }
  return -bce_with_logits(logits, x);
}
Var Bernoulli::entropy() const { return bce_with_logits(logits, probs()); }
Var Bernoulli::variance() const { return sigmoid(logits) * sigmoid(-logits); }
std::shared_ptr<const Distribution> Bernoulli::relaxed(double temperature) const {
  return std::make_shared<const RelaxedBernoulli>(temperature, logits);
}

// ---- Categorical and OneHotCategorical

template <class D>
ClassChoice<D>::ClassChoice(Var l) : logits(std::move(l)) {
  check_classes(this->name(), logits);
  const bool is_vector = D::kSupport == Support::one_hot;
  this->broadcast({{"logits", &logits, 1}}, is_vector ? Shape{logits.size(-1)} : Shape{});
}
template <class D>
D ClassChoice<D>::from_probs(const Var& probs) {
  check_probs(D::kName, probs);
  if (probs.dim() > 0 && probs.numel() > 0)
    check(min(max(probs.value(), {-1})).item() > 0, D::kName, "probs of a row must not all be 0, got ",
          describe(probs));
  return D(log(probs));
}
template <class D>
Var ClassChoice<D>::probs() const {
  return softmax(logits, -1);
}
template <class D>
Var ClassChoice<D>::entropy() const {
  const Var log_p = log_softmax(logits, -1);
  return -sum(exp(log_p) * finite(log_p), {-1});
}
// The argmax of logits plus Gumbel noise. `shape` ends with the k logits.
template <class D>
Tensor ClassChoice<D>::draw_classes(Rng& rng, const Shape& shape) const {
  return argmax(to(logits.value(), Dtype::f64) + gumbel_noise(rng, shape, Dtype::f64), -1);
}
template class ClassChoice<Categorical>;
template class ClassChoice<OneHotCategorical>;

Tensor Categorical::draw(Rng& rng, const Shape& shape) const {
  return draw_classes(rng, shape + Shape{logits.size(-1)});
}
Var Categorical::log_prob(const Var& x) const {
  check(x.dtype() == Dtype::i64, name(), "values are class numbers, i64, got ", describe(x));
  const Shape shape = broadcast_shapes(name(), x.shape(), batch_shape());
  const Var log_p = expand(log_softmax(logits, -1), shape + Shape{logits.size(-1)});
  return squeeze(gather(log_p, -1, unsqueeze(contiguous(expand(x.value(), shape)), -1)), -1);
}

Tensor OneHotCategorical::draw(Rng& rng, const Shape& shape) const {
  return one_hot(draw_classes(rng, shape), logits.size(-1), dtype());
}
Var OneHotCategorical::log_prob(const Var& x) const {
  check_event(x);
  return sum(x * finite(log_softmax(logits, -1)), {-1});
}
Var OneHotCategorical::variance() const { return probs() * (1 - probs()); }
std::shared_ptr<const Distribution> OneHotCategorical::relaxed(double temperature) const {
  return std::make_shared<const RelaxedOneHotCategorical>(temperature, logits);
}

// ---- RelaxedBernoulli

RelaxedBernoulli::RelaxedBernoulli(double t, Var l) : temperature(t), logits(std::move(l)) {
  check_temperature(name(), temperature);
  check_numbers("logits", logits);
  broadcast({{"logits", &logits}});
}
Var RelaxedBernoulli::draw_pathwise(Rng& rng, const Shape& shape) const {
  return inside_unit_interval(sigmoid((logits + constant(logistic_noise(rng, shape, dtype()))) / temperature));
}
// Maddison et al. 2017, equation 24, with d = logits - temperature * log-odds of x.
Var RelaxedBernoulli::log_prob(const Var& x) const {
  return log_density_on(logical_or(x.value() <= 0, x.value() >= 1), x, 0.5, [&](const Var& inside) {
    const Var log_x = log(inside), log_rest = log1p(-inside), d = logits - (log_x - log_rest) * temperature;
    return d - softplus(d) * 2 + std::log(temperature) - log_x - log_rest;
  });
}

// ---- RelaxedOneHotCategorical

RelaxedOneHotCategorical::RelaxedOneHotCategorical(double t, Var l) : temperature(t), logits(std::move(l)) {
  check_temperature(name(), temperature);
  check_classes(name(), logits);
  broadcast({{"logits", &logits, 1}}, {logits.size(-1)});
}
Var RelaxedOneHotCategorical::draw_pathwise(Rng& rng, const Shape& shape) const {
  const Var y = softmax((logits + constant(gumbel_noise(rng, shape, dtype()))) / temperature, -1);
  return maximum(y, smallest_normal_of(dtype()));
}
// Maddison et al. 2017, equation 22: (k - 1)! t^(k-1) Π p_i x_i^(-t-1) / (Σ p_i x_i^-t)^k.
Var RelaxedOneHotCategorical::log_prob(const Var& x) const {
  check_event(x);
  const double k = static_cast<double>(logits.size(-1));
  const Var log_x = log(x), score = logits - log_x * temperature;
  return sum(score - log_x, {-1}) - logsumexp(score, {-1}) * k + (std::lgamma(k) + (k - 1) * std::log(temperature));
}

}  // namespace hourglass
