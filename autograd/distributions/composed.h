// SPDX-License-Identifier: MIT
// Distributions of vectors, and distributions that are made of others.
#pragma once
#include <concepts>

#include "autograd/distributions/discrete.h"
#include "autograd/distributions/family.h"

namespace hourglass {

/// Vectors [n] with density exp(-½ (x - loc)ᵀ Σ⁻¹ (x - loc)) / √|2πΣ|, where Σ = L Lᵀ and L = scale_tril [..., n, n] is
/// lower triangular with a positive diagonal.
class MultivariateNormal final : public Family<MultivariateNormal> {
 public:
  static constexpr std::string_view kName = "MultivariateNormal";
  static constexpr Support kSupport = Support::real_vector;
  MultivariateNormal(Var loc, Var scale_tril);
  static MultivariateNormal from_covariance(const Var& loc, const Var& covariance);
  Var loc, scale_tril;
  Var covariance() const;
  Var half_log_determinant() const;  ///< ½ log |Σ|

  std::vector<Var> parameters() const override { return {loc, scale_tril}; }
  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override { return loc; }
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Turns the last `count` axes of d's batch into axes of the event. log_prob and entropy are summed over them.
class Independent final : public Distribution {
 public:
  template <std::derived_from<Distribution> D>
  Independent(const D& d, int count) : Independent(std::make_shared<const D>(d), count) {}
  Independent(std::shared_ptr<const Distribution> d, int count);
  std::shared_ptr<const Distribution> base;
  int axes;

  std::string_view name() const override { return "Independent"; }
  Support support() const override { return base->support(); }
  std::vector<Var> parameters() const override { return base->parameters(); }
  std::shared_ptr<const Distribution> with(const std::vector<Var>& parameters) const override;
  bool has_rsample() const override { return base->has_rsample(); }
  Var log_prob(const Var& x) const override;
  Var entropy() const override;
  Var mean() const override { return base->mean(); }
  Var variance() const override { return base->variance(); }
  std::shared_ptr<const Distribution> relaxed(double temperature) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// A choice among distributions of one kind: the components lie along the last axis of component's batch, and `mixture`
/// is a Categorical over that axis. rsample differentiates implicitly. It needs components that are numbers with a
/// cdf().
class MixtureSameFamily final : public Distribution {
 public:
  template <std::derived_from<Distribution> D>
  MixtureSameFamily(const Categorical& choice, const D& components)
      : MixtureSameFamily(choice, std::make_shared<const D>(components)) {}
  MixtureSameFamily(const Categorical& choice, std::shared_ptr<const Distribution> components);
  Categorical mixture;
  std::shared_ptr<const Distribution> component;

  std::string_view name() const override { return "MixtureSameFamily"; }
  Support support() const override { return component->support(); }
  std::vector<Var> parameters() const override;
  std::shared_ptr<const Distribution> with(const std::vector<Var>& parameters) const override;
  bool has_rsample() const override { return event_shape().empty() && component->has_rsample(); }
  Var log_prob(const Var& x) const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;
  Var log_cdf(const Var& x) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

}  // namespace hourglass
