// SPDX-License-Identifier: MIT
// Counts 0, 1, 2, ..., as numbers of the parameters' dtype. They have no pathwise derivative: the score function
// estimates the derivative of an expectation. log_prob has derivatives by the parameters and by x, as if x were
// continuous; of numbers that are not whole it is -inf.
#pragma once
#include "autograd/distributions/family.h"

namespace hourglass {

/// log(m^k e^-m / Γ(k + 1)) with m = e^log_mean, see tensor/counts.h: of this, all derivatives are elementary.
Var log_poisson(const Var& k, const Var& log_mean);

/// k with probability e^-rate rate^k / k!. The rate is finite and 0 or more; a rate of 0 always gives 0.
class Poisson final : public Family<Poisson> {
 public:
  static constexpr std::string_view kName = "Poisson";
  static constexpr Support kSupport = Support::nonnegative_integer;
  explicit Poisson(Var rate);
  Var rate;

  std::vector<Var> parameters() const override { return {rate}; }
  Var log_prob(const Var& x) const override;
  bool has_rsample() const override { return false; }
  Var mean() const override { return rate; }
  Var variance() const override { return rate; }

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// How many of total_count coins show 1, each with probability sigmoid(logits). Logits may be ±∞. The entropy is a sum
/// over all counts, total_count + 1 rows.
class Binomial final : public Family<Binomial> {
 public:
  static constexpr std::string_view kName = "Binomial";
  static constexpr Support kSupport = Support::nonnegative_integer;
  Binomial(Var total_count, Var logits);
  /// Derivatives by a probability of 0 or 1 are 0.
  static Binomial from_probs(const Var& total_count, const Var& probs);
  Var total_count, logits;
  Var probs() const;

  std::vector<Var> parameters() const override { return {total_count, logits}; }
  Interval bounds() const override;
  Var log_prob(const Var& x) const override;
  bool has_rsample() const override { return false; }
  Var entropy() const override;
  Var mean() const override;
  Var variance() const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

/// How often coins show 1, with probability sigmoid(logits) each, before they have shown 0 total_count times. That
/// number may be any above 0: the count is Poisson with a rate from Gamma(total_count, e^-logits). A logit of -∞ always
/// gives 0.
class NegativeBinomial final : public Family<NegativeBinomial> {
 public:
  static constexpr std::string_view kName = "NegativeBinomial";
  static constexpr Support kSupport = Support::nonnegative_integer;
  NegativeBinomial(Var total_count, Var logits);
  /// Probabilities are below 1. The derivative by a probability of 0 is 0.
  static NegativeBinomial from_probs(const Var& total_count, const Var& probs);
  Var total_count, logits;
  Var probs() const;

  std::vector<Var> parameters() const override { return {total_count, logits}; }
  Var log_prob(const Var& x) const override;
  bool has_rsample() const override { return false; }
  Var mean() const override;
  Var variance() const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
};

}  // namespace hourglass
