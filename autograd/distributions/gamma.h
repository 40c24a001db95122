// SPDX-License-Identifier: MIT
// The gamma distribution and two that are made of it.
//
// No formula turns noise into a gamma number, so rsample differentiates implicitly: a number z keeps its place F(z; a)
// in the distribution while a changes, dz/da = -(∂F/∂a) / (∂F/∂z) (Figurnov, Mohamed & Mnih 2018, "Implicit
// reparameterization gradients"). This holds to any order.
#pragma once
#include "autograd/distributions/family.h"

namespace hourglass {

/// log x for x with density x^(a-1) e^-x / Γ(a), with its implicit derivative by a. x itself underflows if a is small.
Var log_standard_gamma(const Var& a, Rng& rng);

/// Density rate^a x^(a-1) e^(-rate x) / Γ(a) for x > 0, where a is the concentration.
class Gamma final : public Family<Gamma> {
 public:
  static constexpr std::string_view kName = "Gamma";
  static constexpr Support kSupport = Support::positive;
  Gamma(Var concentration, Var rate);
  Var concentration, rate;

  std::vector<Var> parameters() const override { return {concentration, rate}; }
  Var log_prob(const Var& x) const override;
  bool has_moments() const override { return true; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Density in proportion to x^(a-1) (1 - x)^(b-1) for x in [0, 1]: a = concentration1, b = concentration0. Samples stay
/// inside (0, 1) even where they would round to 0 or 1.
class Beta final : public Family<Beta> {
 public:
  static constexpr std::string_view kName = "Beta";
  static constexpr Support kSupport = Support::unit_interval;
  Beta(Var concentration1, Var concentration0);
  Var concentration1, concentration0;

  std::vector<Var> parameters() const override { return {concentration1, concentration0}; }
  Var log_prob(const Var& x) const override;
  bool has_moments() const override { return true; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Vectors of k positive numbers whose sum is 1, with density in proportion to Π x_i^(a_i - 1); the concentration a is
/// [..., k].
class Dirichlet final : public Family<Dirichlet> {
 public:
  static constexpr std::string_view kName = "Dirichlet";
  static constexpr Support kSupport = Support::simplex;
  explicit Dirichlet(Var concentration);
  Var concentration;

  std::vector<Var> parameters() const override { return {concentration}; }
  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

}  // namespace hourglass
