#include "autograd/stochastic.h"

#include <cmath>
#include <numbers>

#include "autograd/ops.h"

namespace hourglass {
namespace {
const double kLogSqrt2Pi = 0.5 * std::log(2 * std::numbers::pi);
}  // namespace

Var Normal::rsample(Rng& rng) const {
  const Shape shape = broadcast_shapes("Normal", mean.value(), std.value());
  return mul_add(std, constant(rng.normal(shape, 0, 1, mean.dtype())), mean);
}
Var Normal::log_prob(const Var& x) const { return square((x - mean) / std) * -0.5 - log(std) - kLogSqrt2Pi; }
Var Normal::entropy() const { return log(std) + (0.5 + kLogSqrt2Pi); }

Var kl(const Normal& p, const Normal& q) {
  const Var spread = square(p.std / q.std), shift = square((p.mean - q.mean) / q.std);
  return (spread + shift - 1 - log(spread)) * 0.5;
}

Normal standard_normal(const Normal& p) {
  return {constant(zeros_like(p.mean.value())), constant(ones_like(p.std.value()))};
}

Var Bernoulli::probs() const { return sigmoid(logits); }
Var Bernoulli::log_prob(const Var& x) const { return -bce_with_logits(logits, x); }

}  // namespace hourglass
