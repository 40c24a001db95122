// SPDX-License-Identifier: MIT
// Numbers on the line. Their distribution functions have inverses with a formula, so rsample puts noise through it.
#pragma once
#include "autograd/distributions/family.h"

namespace hourglass {

// ---- on the whole line

/// Density exp(-(x - loc)² / 2 scale²) / (scale √2π). rsample is loc + scale * noise with noise from N(0, 1): the
/// reparameterisation of Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4.
class Normal final : public LocScale<Normal> {
 public:
  static constexpr std::string_view kName = "Normal";
  static constexpr Support kSupport = Support::real;
  using LocScale::LocScale;
  static Tensor standard_draw(Rng& rng, const Shape& shape, Dtype dtype);

  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override { return loc; }
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Var quantile(const Var& p) const override;
};
/// N(0, 1) in the shape of p: the usual prior.
Normal standard_normal(const Normal& p);

/// Density exp(-|x - loc| / scale) / 2 scale.
class Laplace final : public LocScale<Laplace> {
 public:
  static constexpr std::string_view kName = "Laplace";
  static constexpr Support kSupport = Support::real;
  using LocScale::LocScale;
  static Tensor standard_draw(Rng& rng, const Shape& shape, Dtype dtype);

  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override { return loc; }
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Var quantile(const Var& p) const override;
};

/// Distribution function exp(-exp(-(x - loc) / scale)): the limit for the largest of many numbers. The argmax of
/// log-probabilities plus such noise draws a class.
class Gumbel final : public LocScale<Gumbel> {
 public:
  static constexpr std::string_view kName = "Gumbel";
  static constexpr Support kSupport = Support::real;
  using LocScale::LocScale;
  static Tensor standard_draw(Rng& rng, const Shape& shape, Dtype dtype);

  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Var quantile(const Var& p) const override;
};

/// Density 1 / (π scale (1 + ((x - loc) / scale)²)), so wide that the mean is NaN and the variance infinite. rsample is
/// loc + scale * tan(π (u - ½)).
class Cauchy final : public LocScale<Cauchy> {
 public:
  static constexpr std::string_view kName = "Cauchy";
  static constexpr Support kSupport = Support::real;
  using LocScale::LocScale;
  static Tensor standard_draw(Rng& rng, const Shape& shape, Dtype dtype);

  Var log_prob(const Var& x) const override;
  bool has_moments() const override { return false; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Var quantile(const Var& p) const override;
};

/// loc + scale * noise / √(g / (df / 2)), with noise from N(0, 1) and g from Gamma(df / 2, 1): Cauchy's at df = 1, and
/// Normal as df goes to ∞. The mean is NaN if df <= 1; the variance is infinite if df <= 2, and NaN if df <= 1. rsample
/// differentiates g implicitly (gamma.h); numbers beyond the dtype's range become huge finite ones.
class StudentT final : public Family<StudentT> {
 public:
  static constexpr std::string_view kName = "StudentT";
  static constexpr Support kSupport = Support::real;
  StudentT(Var df, Var loc, Var scale);
  Var df, loc, scale;

  std::vector<Var> parameters() const override { return {df, loc, scale}; }
  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

// ---- on a part of the line

/// exp of a Normal(loc, scale).
class LogNormal final : public LocScale<LogNormal> {
 public:
  static constexpr std::string_view kName = "LogNormal";
  static constexpr Support kSupport = Support::positive;
  using LocScale::LocScale;
  static Tensor standard_draw(Rng& rng, const Shape& shape, Dtype dtype) {
    return Normal::standard_draw(rng, shape, dtype);
  }

  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
  Var quantile(const Var& p) const override;
};

/// Density rate * exp(-rate x) for x >= 0.
class Exponential final : public Family<Exponential> {
 public:
  static constexpr std::string_view kName = "Exponential";
  static constexpr Support kSupport = Support::positive;
  explicit Exponential(Var rate);
  Var rate;

  std::vector<Var> parameters() const override { return {rate}; }
  Var log_prob(const Var& x) const override;
  bool has_moments() const override { return true; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
  Var quantile(const Var& p) const override;
};

/// Density 1 / (high - low) in [low, high).
class Uniform final : public Family<Uniform> {
 public:
  static constexpr std::string_view kName = "Uniform";
  static constexpr Support kSupport = Support::interval;
  Uniform(Var low, Var high);
  Var low, high;

  std::vector<Var> parameters() const override { return {low, high}; }
  Interval bounds() const override { return {low.value(), high.value()}; }
  Var log_prob(const Var& x) const override;
  bool has_moments() const override { return true; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
  Var quantile(const Var& p) const override;
};

/// Density in proportion to e^(x logits) for x in [0, 1]: a Bernoulli distribution's formula as a density of its own
/// (Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli"). With A(l) = log ∫ e^(l x) dx = log((e^l - 1) / l),
/// log_prob is x l - A(l), the mean A'(l) and the variance A''(l).
class ContinuousBernoulli final : public Family<ContinuousBernoulli> {
 public:
  static constexpr std::string_view kName = "ContinuousBernoulli";
  static constexpr Support kSupport = Support::unit_interval;
  explicit ContinuousBernoulli(Var logits);
  Var logits;

  std::vector<Var> parameters() const override { return {logits}; }
  Var log_prob(const Var& x) const override;
  bool has_moments() const override { return true; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

}  // namespace hourglass
