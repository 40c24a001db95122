// SPDX-License-Identifier: MIT
// With L(k, m) = log(m^k e^-m / Γ(k + 1)), the logarithm of Poisson's probabilities, those of n coins are
// L(k, n p) + L(n - k, n q) - L(n, n): the exponentials cancel, because p + q = 1. No term is larger than the result if k
// is near its mean, so digits do not cancel even for 1e8 coins (Loader 2000).
#include "autograd/distributions/counts.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "autograd/distributions/noise.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/counts.h"
#include "tensor/gamma.h"

namespace hourglass {

Var log_poisson(const Var& k, const Var& log_mean) {
  static constexpr Op op = Op::elementwise("log_poisson", "log(m^k e^-m / Γ(k + 1)) with m = e^y",
                                           {"dL/dk = y - ψ(k + 1)", "dL/dy = k - m"});
  return record(op, log_poisson(k.value(), log_mean.value()),
                wrt(k, [k, log_mean](const Var& g) { return strong_mul(g, log_mean - digamma(k + 1)); }),
                wrt(log_mean, [k, log_mean](const Var& g) { return strong_mul(g, k - exp(log_mean)); }));
}

namespace {

// log(C(ones + zeros, ones) p^ones q^zeros)
Var log_coins(const Var& ones, const Var& zeros, const Var& logits) {
  const Var n = ones + zeros, log_n = log(n);
  return log_poisson(ones, log_n - softplus(-logits)) + log_poisson(zeros, log_n - softplus(logits)) -
         log_poisson(n, log_n);
}
// Values x that are not one of 0, 1, ..., last.
Tensor outside_counts(const Var& x, double last) {
  const Tensor& k = x.value();
  const Tensor beyond = k > last;
  return logical_or(logical_or(k < 0, beyond), floor(k) < k);
}
Var log_odds_of(std::string_view name, const Var& probs, const Tensor& allowed, const char* range) {
  check(is_floating(probs.dtype()), name, "probs must be f32 or f64, got ", describe(probs));
  if (all(allowed).item() == 0)
    fail(name, "probs must be in ", range, ", got ", min(probs.value()).item(), " to ", max(probs.value()).item(),
         " in ", describe(probs));
  return log(probs) - log1p(-probs);
}
Tensor full_f64(const Var& x, const Shape& shape) { return to(broadcast_to(x.value(), shape), Dtype::f64); }

}  // namespace

// ---- Poisson

Poisson::Poisson(Var r) : rate(std::move(r)) {
  broadcast({{"rate", &rate}});
  check(all(logical_and(rate.value() >= 0, isfinite(rate.value()))).item() != 0, name(),
        "rate must be 0 or more and finite, got ", describe(rate));
}
Tensor Poisson::draw(Rng& rng, const Shape& shape) const { return poisson(broadcast_to(rate.value(), shape), rng); }
Var Poisson::log_prob(const Var& x) const {
  return log_density_on(outside_counts(x, largest_of(dtype())), x, 0, [&](const Var& inside) {
    return in_f64(
        [](const Var& k, const Var& m) {  // directly where no digits cancel, for derivatives at tiny rates and at 0
          const Tensor large = k.value() >= 64;
          const Var few = where(large, 0, k), many = where(large, k, 64);
          return where(large, log_poisson(many, log(m)), x_log_y(few, m) - m - lgamma(few + 1));
        },
        inside, rate);
  });
}

// ---- Binomial

Binomial::Binomial(Var n, Var l) : total_count(std::move(n)), logits(std::move(l)) {
  broadcast({{"total_count", &total_count}, {"logits", &logits}});
  check_numbers("logits", logits);
  const Tensor bad = logical_or(outside_counts(total_count, largest_of(dtype())), isnan(total_count.value()));
  check(any(bad).item() == 0, name(), "total_count must be whole numbers, 0 or more, got ", describe(total_count));
}
Binomial Binomial::from_probs(const Var& total_count, const Var& probs) {
  const Tensor& p = probs.value();
  return {total_count, log_odds_of(kName, probs, logical_and(p >= 0, p <= 1), "[0, 1]")};
}
Var Binomial::probs() const { return sigmoid(logits); }
Interval Binomial::bounds() const { return {zeros_like(total_count.value()), total_count.value()}; }
Tensor Binomial::draw(Rng& rng, const Shape& shape) const {
  return to(binomial(full_f64(total_count, shape), sigmoid(full_f64(logits, shape)), rng), dtype());
}
Var Binomial::log_prob(const Var& x) const {
  const Tensor outside = logical_or(outside_counts(x, largest_of(dtype())), x.value() > total_count.value());
  return log_density_on(outside, x, 0, [&](const Var& k) { return in_f64(log_coins, k, total_count - k, logits); });
}
Var Binomial::entropy() const {
  if (total_count.numel() == 0) return total_count;
  const double most = max(total_count.value()).item();
  check(most <= 1e7, name(), "the entropy is a sum over all counts, which are too many for a total_count of ", most);
  const auto last = static_cast<std::int64_t>(most);
  Shape shape{last + 1};
  for (int i = 0; i < batch_shape().size(); ++i) shape.push_back(1);
  const Var log_p = log_prob(constant(reshape(to(arange(last + 1), dtype()), shape)));
  return -sum(exp(log_p) * maximum(log_p, -largest_of(dtype())), {0});
}
Var Binomial::mean() const { return total_count * probs(); }
Var Binomial::variance() const { return total_count * sigmoid(logits) * sigmoid(-logits); }

// ---- NegativeBinomial

NegativeBinomial::NegativeBinomial(Var r, Var l) : total_count(std::move(r)), logits(std::move(l)) {
  broadcast({{"total_count", &total_count}, {"logits", &logits}});
  check_positive("total_count", total_count);
  check_numbers("logits", logits);
  check(all(logits.value() < kInfinity).item() != 0, name(), "logits must be below infinity, got ", describe(logits));
}
NegativeBinomial NegativeBinomial::from_probs(const Var& total_count, const Var& probs) {
  const Tensor& p = probs.value();
  return {total_count, log_odds_of(kName, probs, logical_and(p >= 0, p < 1), "[0, 1)")};
}
Var NegativeBinomial::probs() const { return sigmoid(logits); }
Tensor NegativeBinomial::draw(Rng& rng, const Shape& shape) const {
  const Tensor log_rate = log_standard_gamma(full_f64(total_count, shape), rng) + full_f64(logits, shape);
  return to(poisson(minimum(exp(log_rate), largest_of(Dtype::f64)), rng), dtype());
}
// The last coin shows 0: k of the k + r coins show 1, in the share r / (k + r) of all orders.
Var NegativeBinomial::log_prob(const Var& x) const {
  return log_density_on(outside_counts(x, largest_of(dtype())), x, 0, [&](const Var& inside) {
    return in_f64([](const Var& r, const Var& k, const Var& l) { return log_coins(k, r, l) - log1p(k / r); },
                  total_count, inside, logits);
  });
}
Var NegativeBinomial::mean() const { return total_count * exp(logits); }
Var NegativeBinomial::variance() const { return mean() / sigmoid(-logits); }

}  // namespace hourglass
