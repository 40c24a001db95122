// What all distributions have in common. Their parameters are Vars, so that what is sampled and what is measured can be
// differentiated.
#pragma once
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/var.h"
#include "tensor/random.h"

namespace hourglass {

/// Where a distribution's values lie, by PyTorch's names: unit_interval is [0, 1], interval what the parameters say,
/// boolean {0, 1}, integer_interval {0, ..., k - 1}, one_hot and simplex vectors of k numbers that add up to 1.
enum class Support {
  real,
  positive,
  unit_interval,
  interval,
  boolean,
  integer_interval,
  one_hot,
  simplex,
  real_vector
};

/// A tensor's worth of distributions: one of values of shape event_shape (0-d for numbers) for each element of
/// batch_shape, which the parameters broadcast to. All are independent. Names are those of torch.distributions.
///
/// Densities are in nats. log_prob of a number outside of the support is -inf; vectors are taken to lie in theirs.
/// Parameters that make no distribution (a negative scale, NaN) are an error where the distribution is made. What has
/// no closed form (the entropy of a mixture) is an error that says so.
class Distribution {
 public:
  virtual ~Distribution() = default;

  virtual std::string_view name() const = 0;
  virtual Support support() const = 0;
  const Shape& batch_shape() const { return batch_shape_; }
  const Shape& event_shape() const { return event_shape_; }
  Dtype dtype() const { return dtype_; }
  /// What it was made of.
  virtual std::vector<Var> parameters() const = 0;
  /// The same kind of distribution with other parameters, which stand in the order of parameters().
  virtual std::shared_ptr<const Distribution> with(const std::vector<Var>& parameters) const = 0;

  /// Random values of shape sample_shape + batch_shape + event_shape.
  Tensor sample(Rng& rng, const Shape& sample_shape = {}) const;
  /// The same as a differentiable function of the parameters, the pathwise derivative; an error unless has_rsample().
  Var rsample(Rng& rng, const Shape& sample_shape = {}) const;
  virtual bool has_rsample() const { return true; }

  /// Of values whose last axes are event_shape and whose others broadcast with batch_shape. The event axes are gone.
  virtual Var log_prob(const Var& x) const = 0;
  /// In nats, of shape batch_shape.
  virtual Var entropy() const;
  /// Of shape batch_shape + event_shape.
  virtual Var mean() const;
  virtual Var variance() const;
  Var stddev() const;
  /// The probability of values up to x, for distributions of numbers.
  virtual Var cdf(const Var& x) const;
  /// A continuous distribution which becomes this one as the temperature goes to 0.
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
    int event_axes = 0;  ///< how many of its last axes belong to one distribution, and take no part in broadcasting
  };
  /// Brings the parameters to one batch shape, which becomes this one's; an error if their dtypes differ.
  void broadcast(std::initializer_list<Named> parameters, const Shape& event_shape = {});
  void set_shapes(const Shape& batch, const Shape& event, Dtype dtype);
  /// An error unless every element of the parameter is above 0. NaN is not.
  void check_positive(std::string_view parameter, const Var& x) const;
  [[noreturn]] void has_no(std::string_view what) const;

  /// What sample() and rsample() return, in that shape.
  virtual Tensor draw(Rng& rng, const Shape& shape) const;
  virtual Var draw_pathwise(Rng& rng, const Shape& shape) const;

 private:
  Shape full_shape(const Shape& sample_shape) const;
  Shape batch_shape_, event_shape_;
  Dtype dtype_ = Dtype::f32;
};

Shape operator+(Shape a, const Shape& b);

}  // namespace hourglass
