// Distributions by PyTorch's names and parameters. Formulas are per element of batch_shape; see distribution.h for what
// all of them can do.
#pragma once
#include <concepts>

#include "autograd/distributions/distribution.h"

namespace hourglass {

// What a class of distributions says of itself, and which of the questions it answers.
#define HOURGLASS_DISTRIBUTION(Name, kSupport)                                                 \
  std::string_view name() const override { return #Name; }                                     \
  Support support() const override { return kSupport; }                                        \
  std::vector<Var> parameters() const override;                                                \
  std::shared_ptr<const Distribution> with(const std::vector<Var>& parameters) const override; \
  Var log_prob(const Var& x) const override

// ---- numbers on the whole line ------------------------------------------------------ distributions_continuous.cpp

/// Density exp(-(x - loc)² / 2 scale²) / (scale √2π). rsample is loc + scale * noise with noise from N(0, 1): the
/// reparameterisation of Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4.
class Normal final : public Distribution {
 public:
  Normal(Var loc, Var scale);
  Var loc, scale;

  HOURGLASS_DISTRIBUTION(Normal, Support::real);
  Var entropy() const override;
  Var mean() const override { return loc; }
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};
/// N(0, 1) in the shape of p: the usual prior.
Normal standard_normal(const Normal& p);

/// Density exp(-|x - loc| / scale) / 2 scale.
class Laplace final : public Distribution {
 public:
  Laplace(Var loc, Var scale);
  Var loc, scale;

  HOURGLASS_DISTRIBUTION(Laplace, Support::real);
  Var entropy() const override;
  Var mean() const override { return loc; }
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Distribution function exp(-exp(-(x - loc) / scale)): the largest of many. Adding such noise to log-probabilities and
/// taking the largest draws a class.
class Gumbel final : public Distribution {
 public:
  Gumbel(Var loc, Var scale);
  Var loc, scale;

  HOURGLASS_DISTRIBUTION(Gumbel, Support::real);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

// ---- numbers on a part of the line -------------------------------------------------- distributions_continuous.cpp

/// exp of a Normal(loc, scale).
class LogNormal final : public Distribution {
 public:
  LogNormal(Var loc, Var scale);
  Var loc, scale;

  HOURGLASS_DISTRIBUTION(LogNormal, Support::positive);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Density rate * exp(-rate x) for x >= 0.
class Exponential final : public Distribution {
 public:
  explicit Exponential(Var rate);
  Var rate;

  HOURGLASS_DISTRIBUTION(Exponential, Support::positive);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Density 1 / (high - low) in [low, high).
class Uniform final : public Distribution {
 public:
  Uniform(Var low, Var high);
  Var low, high;

  HOURGLASS_DISTRIBUTION(Uniform, Support::interval);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Density in proportion to e^(x logits) for x in [0, 1]: a Bernoulli distribution's formula as a density of its own
/// (Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli"). With A(l) = log ∫ e^(l x) dx = log((e^l - 1) / l),
/// log_prob is x l - A(l), the mean A'(l) and the variance A''(l).
class ContinuousBernoulli final : public Distribution {
 public:
  explicit ContinuousBernoulli(Var logits);
  Var logits;

  HOURGLASS_DISTRIBUTION(ContinuousBernoulli, Support::unit_interval);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

// ---- the gamma distribution and its kin -------------------------------------------------- distributions_gamma.cpp
// No formula turns noise into a gamma number, so rsample differentiates implicitly: a number z keeps its place F(z; a)
// in the distribution while a changes, dz/da = -(∂F/∂a) / (∂F/∂z) (Figurnov, Mohamed & Mnih 2018, "Implicit
// reparameterization gradients"). This holds to any order.

/// Density rate^a x^(a-1) e^(-rate x) / Γ(a) for x > 0, where a is the concentration.
class Gamma final : public Distribution {
 public:
  Gamma(Var concentration, Var rate);
  Var concentration, rate;

  HOURGLASS_DISTRIBUTION(Gamma, Support::positive);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;
  Var cdf(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Density in proportion to x^(a-1) (1 - x)^(b-1) for x in [0, 1]: a = concentration1, b = concentration0. Samples stay
/// inside (0, 1) even where they round to 0 or 1.
class Beta final : public Distribution {
 public:
  Beta(Var concentration1, Var concentration0);
  Var concentration1, concentration0;

  HOURGLASS_DISTRIBUTION(Beta, Support::unit_interval);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// Over vectors of k positive numbers whose sum is 1, with density in proportion to Π x_i^(a_i - 1); concentration a
/// is [..., k].
class Dirichlet final : public Distribution {
 public:
  explicit Dirichlet(Var concentration);
  Var concentration;

  HOURGLASS_DISTRIBUTION(Dirichlet, Support::simplex);
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

// ---- choices --------------------------------------------------------------------------- distributions_discrete.cpp

/// 1 with probability sigmoid(logits), otherwise 0. log_prob takes anything in [0, 1], as losses on grey pixels do.
class Bernoulli final : public Distribution {
 public:
  Bernoulli(Var logits);  // NOLINT(google-explicit-constructor): return {layer(x)};
  static Bernoulli from_probs(const Var& probs);
  Var logits;
  Var probs() const;

  HOURGLASS_DISTRIBUTION(Bernoulli, Support::boolean);
  bool has_rsample() const override { return false; }
  Var entropy() const override;
  Var mean() const override { return probs(); }
  Var variance() const override;
  std::shared_ptr<const Distribution> relaxed(double temperature) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// A number from 0 to k - 1 as i64, with probabilities softmax(logits) along the last axis of logits [..., k]. Its
/// values are names: they have no mean.
class Categorical final : public Distribution {
 public:
  explicit Categorical(Var logits);
  static Categorical from_probs(const Var& probs);
  Var logits;
  Var probs() const;

  HOURGLASS_DISTRIBUTION(Categorical, Support::integer_interval);
  bool has_rsample() const override { return false; }
  Var entropy() const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// The same as vectors [k] with a single 1.
class OneHotCategorical final : public Distribution {
 public:
  explicit OneHotCategorical(Var logits);
  static OneHotCategorical from_probs(const Var& probs);
  Var logits;
  Var probs() const;

  HOURGLASS_DISTRIBUTION(OneHotCategorical, Support::one_hot);
  bool has_rsample() const override { return false; }
  Var entropy() const override;
  Var mean() const override { return probs(); }
  Var variance() const override;
  std::shared_ptr<const Distribution> relaxed(double temperature) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// sigmoid((logits + L) / temperature) with logistic noise L: a number in (0, 1) that is mostly near 0 or 1 if the
/// temperature is low, and above 1/2 with probability sigmoid(logits) at any (Maddison, Mnih & Teh 2017, "The concrete
/// distribution"; Jang, Gu & Poole 2017, "Categorical reparameterization with Gumbel-softmax").
class RelaxedBernoulli final : public Distribution {
 public:
  RelaxedBernoulli(double temperature, Var logits);
  double temperature;
  Var logits;

  HOURGLASS_DISTRIBUTION(RelaxedBernoulli, Support::unit_interval);

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// softmax((logits + G) / temperature) with Gumbel noise G, a vector [k] on the simplex; the largest element is i with
/// probability softmax(logits)_i.
class RelaxedOneHotCategorical final : public Distribution {
 public:
  RelaxedOneHotCategorical(double temperature, Var logits);
  double temperature;
  Var logits;

  HOURGLASS_DISTRIBUTION(RelaxedOneHotCategorical, Support::simplex);

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

// ---- made of others -------------------------------------------------------------------- distributions_composed.cpp

/// Vectors [n] with density exp(-½ (x - loc)ᵀ Σ⁻¹ (x - loc)) / √|2πΣ|, where Σ = L Lᵀ and L = scale_tril [..., n, n] is
/// lower triangular with a positive diagonal.
class MultivariateNormal final : public Distribution {
 public:
  MultivariateNormal(Var loc, Var scale_tril);
  static MultivariateNormal from_covariance(const Var& loc, const Var& covariance);
  Var loc, scale_tril;
  Var covariance() const;
  Var half_log_determinant() const;  ///< ½ log |Σ|

  HOURGLASS_DISTRIBUTION(MultivariateNormal, Support::real_vector);
  Var entropy() const override;
  Var mean() const override { return loc; }
  Var variance() const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// The last axes of another one's batch as axes of the event: log_prob and entropy are summed over them.
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

/// A choice among distributions of one kind, which stand along the last axis of component's batch; `mixture` is a
/// Categorical over that axis. rsample needs components that are numbers with a cdf(), and differentiates implicitly.
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

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

#undef HOURGLASS_DISTRIBUTION

}  // namespace hourglass
