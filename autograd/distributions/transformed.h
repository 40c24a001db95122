// SPDX-License-Identifier: MIT
// Distributions of y = f(x), where f is a bijector: a smooth function with an inverse, applied to each element.
#pragma once
#include <concepts>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/distributions/distribution.h"

namespace hourglass {

/// A function y = f(x) of each element that only grows or only falls. Rounding does not lead out of its image: forward
/// stays inside, and inverse moves y to the nearest number inside, so tanh's inverse of 1 is finite.
class Bijector {
 public:
  virtual ~Bijector() = default;
  virtual Var forward(const Var& x) const = 0;
  virtual Var inverse(const Var& y) const = 0;
  /// log |dy/dx| of each element of x.
  virtual Var log_abs_det(const Var& x) const = 0;
  /// 1 where y falls while x grows; broadcasts with x.
  virtual Tensor falls() const { return scalar(0, Dtype::u8); }
  /// The arguments of the constructor that can be learned, and the same bijector with others in their place.
  virtual std::vector<Var> parameters() const { return {}; }
  virtual std::shared_ptr<const Bijector> with(const std::vector<Var>& parameters) const;

 protected:
  Bijector() = default;
  Bijector(const Bijector&) = default;
  Bijector(Bijector&&) = default;
  Bijector& operator=(const Bijector&) = default;
  Bijector& operator=(Bijector&&) = default;
};

/// loc + scale x, for any scale but 0.
class AffineTransform final : public Bijector {
 public:
  AffineTransform(Var loc, Var scale);
  Var loc, scale;

  Var forward(const Var& x) const override;
  Var inverse(const Var& y) const override;
  Var log_abs_det(const Var& x) const override;
  Tensor falls() const override;
  std::vector<Var> parameters() const override { return {loc, scale}; }
  std::shared_ptr<const Bijector> with(const std::vector<Var>& parameters) const override;
};

#define HOURGLASS_BIJECTOR(Name)                  \
  class Name final : public Bijector {            \
   public:                                        \
    Var forward(const Var& x) const override;     \
    Var inverse(const Var& y) const override;     \
    Var log_abs_det(const Var& x) const override; \
  };
HOURGLASS_BIJECTOR(ExpTransform)       ///< e^x, above 0
HOURGLASS_BIJECTOR(SigmoidTransform)   ///< 1 / (1 + e^-x), in (0, 1)
HOURGLASS_BIJECTOR(TanhTransform)      ///< in (-1, 1)
HOURGLASS_BIJECTOR(SoftplusTransform)  ///< log(1 + e^x), above 0
#undef HOURGLASS_BIJECTOR

/// One after the other, the first one first.
class ComposeTransform final : public Bijector {
 public:
  template <std::derived_from<Bijector>... B>
  requires(sizeof...(B) >= 2) explicit ComposeTransform(const B&... one_by_one)
      : parts{std::make_shared<const B>(one_by_one)...} {}
  explicit ComposeTransform(std::vector<std::shared_ptr<const Bijector>> one_by_one) : parts(std::move(one_by_one)) {}
  std::vector<std::shared_ptr<const Bijector>> parts;

  Var forward(const Var& x) const override;
  Var inverse(const Var& y) const override;
  Var log_abs_det(const Var& x) const override;
  Tensor falls() const override;
  std::vector<Var> parameters() const override;
  std::shared_ptr<const Bijector> with(const std::vector<Var>& parameters) const override;
};

/// The distribution of y = f(x) with x from `base`: log_prob(y) = base.log_prob(x) - Σ log |dy/dx| at x = f⁻¹(y), the sum
/// over the axes of an event. The base has a density on the line, or on vectors: choices, counts and simplices are
/// errors. cdf, log_cdf and icdf are those of the base, moved. Near the end of an interval y has few digits left for x:
/// there, base.log_prob(x) - f.log_abs_det(x) is more exact for an x that is known.
class TransformedDistribution final : public Distribution {
 public:
  template <std::derived_from<Distribution> D, std::derived_from<Bijector> B>
  TransformedDistribution(const D& d, const B& f)
      : TransformedDistribution(std::make_shared<const D>(d), std::make_shared<const B>(f)) {}
  TransformedDistribution(std::shared_ptr<const Distribution> d, std::shared_ptr<const Bijector> f);
  std::shared_ptr<const Distribution> base;
  std::shared_ptr<const Bijector> bijector;

  std::string_view name() const override { return "TransformedDistribution"; }
  Support support() const override { return Support::interval; }
  Interval bounds() const override;
  std::vector<Var> parameters() const override;
  std::shared_ptr<const Distribution> with(const std::vector<Var>& parameters) const override;
  bool has_rsample() const override { return base->has_rsample(); }
  Var log_prob(const Var& y) const override;
  Var cdf(const Var& y) const override;
  Var log_cdf(const Var& y) const override;

 private:
  Tensor draw(Rng& rng, const Shape& shape) const override;
  Var draw_pathwise(Rng& rng, const Shape& shape) const override;
  Var quantile(const Var& p) const override;
};

}  // namespace hourglass
