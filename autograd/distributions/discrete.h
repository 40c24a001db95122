// SPDX-License-Identifier: MIT
// Choices, which have no pathwise derivative, and their continuous relaxations, which have one.
#pragma once
#include "autograd/distributions/family.h"

namespace hourglass {

/// 1 with probability sigmoid(logits), otherwise 0. log_prob accepts any x in [0, 1], for losses on grey pixels; other
/// numbers are errors.
class Bernoulli final : public Family<Bernoulli> {
 public:
  static constexpr std::string_view kName = "Bernoulli";
  static constexpr Support kSupport = Support::boolean;
  Bernoulli(Var logits);  // NOLINT(google-explicit-constructor): return {layer(x)};
  static Bernoulli from_probs(const Var& probs);
  Var logits;
  Var probs() const;

  std::vector<Var> parameters() const override { return {logits}; }
  Var log_prob(const Var& x) const override;
  bool has_rsample() const override { return false; }
  Var entropy() const override;
  Var mean() const override { return probs(); }
  Var variance() const override;
  std::shared_ptr<const Distribution> relaxed(double temperature) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// One of k classes, with probabilities softmax(logits) along the last axis of logits [..., k]. The largest logit of a
/// row must be finite; -∞ is a probability of 0. Base of Categorical and OneHotCategorical, which name the class in two
/// ways.
template <class D>
class ClassChoice : public Family<D> {
 public:
  explicit ClassChoice(Var logits);
  static D from_probs(const Var& probs);
  Var logits;
  Var probs() const;

  std::vector<Var> parameters() const override { return {logits}; }
  bool has_rsample() const override { return false; }
  Var entropy() const override;

 protected:
  Tensor draw_classes(Rng& rng, const Shape& shape) const;
};

/// A class number from 0 to k - 1, as i64. A class number is a name: it has no mean.
class Categorical final : public ClassChoice<Categorical> {
 public:
  static constexpr std::string_view kName = "Categorical";
  static constexpr Support kSupport = Support::integer_interval;
  using ClassChoice::ClassChoice;

  Var log_prob(const Var& x) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// The same as a vector [k] with a single 1.
class OneHotCategorical final : public ClassChoice<OneHotCategorical> {
 public:
  static constexpr std::string_view kName = "OneHotCategorical";
  static constexpr Support kSupport = Support::one_hot;
  using ClassChoice::ClassChoice;

  Var log_prob(const Var& x) const override;
  Var mean() const override { return probs(); }
  Var variance() const override;
  std::shared_ptr<const Distribution> relaxed(double temperature) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// sigmoid((logits + L) / temperature) with logistic noise L: a number in (0, 1). It is above 1/2 with probability
/// sigmoid(logits) at every temperature, and mostly near 0 or 1 if the temperature is low (Maddison, Mnih & Teh 2017,
/// "The concrete distribution"; Jang, Gu & Poole 2017, "Categorical reparameterization with Gumbel-softmax").
class RelaxedBernoulli final : public Family<RelaxedBernoulli> {
 public:
  static constexpr std::string_view kName = "RelaxedBernoulli";
  static constexpr Support kSupport = Support::unit_interval;
  RelaxedBernoulli(double temperature, Var logits);
  double temperature;
  Var logits;

  std::vector<Var> parameters() const override { return {logits}; }
  Var log_prob(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

/// softmax((logits + G) / temperature) with Gumbel noise G: a vector [k] on the simplex. Element i is the largest with
/// probability softmax(logits)_i.
class RelaxedOneHotCategorical final : public Family<RelaxedOneHotCategorical> {
 public:
  static constexpr std::string_view kName = "RelaxedOneHotCategorical";
  static constexpr Support kSupport = Support::simplex;
  RelaxedOneHotCategorical(double temperature, Var logits);
  double temperature;
  Var logits;

  std::vector<Var> parameters() const override { return {logits}; }
  Var log_prob(const Var& x) const override;

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
};

}  // namespace hourglass
