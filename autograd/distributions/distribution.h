// SPDX-License-Identifier: MIT
// Distribution: what all distributions can do. Parameters are Vars: samples and densities can be differentiated.
#pragma once
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/var.h"
#include "tensor/random.h"

namespace hourglass {

/// The set of a distribution's values, by PyTorch's names. unit_interval is [0, 1]; interval depends on the parameters,
/// see bounds(); boolean is {0, 1}; nonnegative_integer is {0, 1, 2, ...}, up to bounds(); integer_interval is
/// {0, ..., k - 1}; one_hot and simplex are vectors of k numbers that add up to 1.
enum class Support {
  real,
  positive,
  unit_interval,
  interval,
  boolean,
  nonnegative_integer,
  integer_interval,
  one_hot,
  simplex,
  real_vector
};

/// An interval of numbers for each element of a batch.
struct Interval {
  Tensor low, high;
};

/// A tensor of independent distributions: one for each element of batch_shape, the shape to which the parameters
/// broadcast. Values have the shape event_shape, which is 0-d for numbers. Names are those of torch.distributions.
///
/// Densities are in nats. log_prob of a number outside of the support is -inf; of vectors only the extents are checked.
/// Parameters that make no distribution (a negative scale, NaN) are an error in the constructor. A function without a
/// closed form (the entropy of a mixture) throws an error that says so.
///
/// A distribution of your own derives from this class, or from Family or LocScale in family.h. It overrides what it can
/// answer. If has_moments() is true, kl() has a closed form to four distributions; register_kl() adds formulas.
class Distribution {
 public:
  virtual ~Distribution() = default;

  virtual std::string_view name() const = 0;
  virtual Support support() const = 0;
  const Shape& batch_shape() const { return batch_shape_; }
  const Shape& event_shape() const { return event_shape_; }
  Dtype dtype() const { return dtype_; }
  /// The arguments of the constructor.
  virtual std::vector<Var> parameters() const = 0;
  /// The same kind of distribution with other parameters, in the order of parameters().
  virtual std::shared_ptr<const Distribution> with(const std::vector<Var>& parameters) const = 0;

  /// Random values of shape sample_shape + batch_shape + event_shape.
  Tensor sample(Rng& rng, const Shape& sample_shape = {}) const;
  /// The same values as a differentiable function of the parameters, with the pathwise derivative. An error unless
  /// has_rsample().
  Var rsample(Rng& rng, const Shape& sample_shape = {}) const;
  virtual bool has_rsample() const { return true; }

  /// The log-density of values x. Their last axes are event_shape, which the result drops; their other axes broadcast
  /// with batch_shape.
  virtual Var log_prob(const Var& x) const = 0;
  /// For kl(). True if the values are numbers with a density, and mean(), variance() and entropy() have closed forms.
  virtual bool has_moments() const { return false; }
  /// In nats, of shape batch_shape.
  virtual Var entropy() const;
  /// Of shape batch_shape + event_shape.
  virtual Var mean() const;
  virtual Var variance() const;
  Var stddev() const;
  /// The probability of values up to x, for distributions of numbers.
  virtual Var cdf(const Var& x) const;
  /// log cdf(x). Where Normal, Laplace, Cauchy, Gumbel, LogNormal and Exponential have a cdf too near 0 or 1 for a
  /// number of its own, their log_cdf still has all digits.
  virtual Var log_cdf(const Var& x) const;
  /// The x with cdf(x) = p. An error if p is not in [0, 1].
  Var icdf(const Var& p) const;
  /// The interval of the values, for distributions of numbers. Override it if the support is an interval.
  virtual Interval bounds() const;
  /// A continuous distribution that becomes this one as the temperature goes to 0.
  virtual std::shared_ptr<const Distribution> relaxed(double temperature) const;

 protected:
  Distribution() = default;
  Distribution(const Distribution&) = default;
  Distribution(Distribution&&) = default;
  Distribution& operator=(const Distribution&) = default;
  Distribution& operator=(Distribution&&) = default;

  struct Named {
    std::string_view name;
    Var* parameter;
    int event_axes = 0;  ///< the number of last axes that belong to one distribution and do not broadcast
  };
  /// Expands the parameters to one batch shape, which becomes the distribution's. An error if their dtypes differ.
  void broadcast(std::initializer_list<Named> parameters, const Shape& event_shape = {});
  void set_shapes(const Shape& batch, const Shape& event, Dtype dtype);
  /// An error unless every element of the parameter is above 0 (NaN is an error too).
  void check_positive(std::string_view parameter, const Var& x) const;
  /// An error if an element of the parameter is NaN.
  void check_numbers(std::string_view parameter, const Var& x) const;
  /// An error unless the last axes of x are those of the event: nothing is broadcast along them.
  void check_event(const Var& x) const;
  [[noreturn]] void has_no(std::string_view what) const;

  /// The values of sample() and rsample(), in the full shape.
  virtual Tensor draw(Rng& rng, const Shape& shape) const;
  virtual Var draw_pathwise(Rng& rng, const Shape& shape) const;
  /// icdf, for p in [0, 1].
  virtual Var quantile(const Var& p) const;

 private:
  Shape full_shape(const Shape& sample_shape) const;
  Shape batch_shape_, event_shape_;
  Dtype dtype_ = Dtype::f32;
};

Shape operator+(Shape a, const Shape& b);

}  // namespace hourglass
