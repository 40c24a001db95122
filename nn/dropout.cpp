// SPDX-License-Identifier: MIT
#include "nn/dropout.h"

#include <cmath>

#include "autograd/ops.h"

namespace hourglass::nn {
namespace {

double checked(std::string_view op, double p) {
  check(p >= 0 && p <= 1, op, "p is a probability, got ", p);
  return p;
}

}  // namespace

Dropout::Dropout(Rng& rng, double p) : Dropout(rng, p, kMaxAxes) {}
Dropout::Dropout(Rng& rng, double p, int axes) : Noise(rng), p_(checked("dropout", p)), axes_(axes) {}
Var Dropout::noisy(const Var& x) const {
  if (p_ == 1) return x * constant(zeros_like(x.value()));
  check(axes_ == kMaxAxes || x.dim() >= axes_, "dropout", "drops channels of [n, c, ...], got ", describe(x));
  Shape coins = x.shape();
  for (int axis = axes_; axis < coins.size(); ++axis) coins[axis] = 1;
  return x * constant(rng().bernoulli(coins, 1 - p_, x.dtype()) / (1 - p_));
}

AlphaDropout::AlphaDropout(Rng& rng, double p) : Noise(rng), p_(checked("alpha_dropout", p)) {}
Var AlphaDropout::noisy(const Var& x) const {
  if (p_ == 1) return x * constant(zeros_like(x.value()));
  const double limit = -1.6732632423543772 * 1.0507009873554805;        // selu(-∞)
  const double a = 1 / std::sqrt((1 - p_) * (1 + p_ * limit * limit));  // restores the variance,
  const double b = -a * p_ * limit;                                     // and b the mean
  const Tensor dropped = rng().bernoulli(x.shape(), p_, x.dtype()) != 0;
  return where(dropped, a * limit + b, x * a + b);
}

GaussianNoise::GaussianNoise(Rng& rng, double std) : Noise(rng), std_(std) {
  check(std >= 0, "gaussian_noise", "needs a standard deviation of at least 0, got ", std);
}
Var GaussianNoise::noisy(const Var& x) const { return x + constant(rng().normal(x.shape(), 0, std_, x.dtype())); }

MaskingNoise::MaskingNoise(Rng& rng, double p) : Noise(rng), p_(checked("masking_noise", p)) {}
Var MaskingNoise::noisy(const Var& x) const {
  return masked_fill(x, rng().bernoulli(x.shape(), p_, x.dtype()) != 0, 0);
}

SaltAndPepperNoise::SaltAndPepperNoise(Rng& rng, double p, double low, double high)
    : Noise(rng), p_(checked("salt_and_pepper_noise", p)), low_(low), high_(high) {}
Var SaltAndPepperNoise::noisy(const Var& x) const {
  const Tensor u = rng().uniform(x.shape(), 0, 1, x.dtype());
  return where(u < p_ / 2, low_, where(u >= 1 - p_ / 2, high_, x));
}

}  // namespace hourglass::nn
