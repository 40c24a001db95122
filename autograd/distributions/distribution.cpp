// SPDX-License-Identifier: MIT
#include "autograd/distributions/distribution.h"

#include <cmath>
#include <limits>

#include "autograd/ops.h"

namespace hourglass {

Shape operator+(Shape a, const Shape& b) {
  for (const std::int64_t extent : b) a.push_back(extent);
  return a;
}

Tensor Distribution::sample(Rng& rng, const Shape& sample_shape) const { return draw(rng, full_shape(sample_shape)); }
Var Distribution::rsample(Rng& rng, const Shape& sample_shape) const {
  return draw_pathwise(rng, full_shape(sample_shape));
}
Shape Distribution::full_shape(const Shape& sample_shape) const { return sample_shape + batch_shape_ + event_shape_; }

Tensor Distribution::draw(Rng& rng, const Shape& shape) const {
  const NoGrad no_grad;
  return draw_pathwise(rng, shape).value();
}
Var Distribution::draw_pathwise(Rng&, const Shape&) const { has_no("pathwise derivative (see has_rsample)"); }

Var Distribution::entropy() const { has_no("closed form of the entropy"); }
Var Distribution::mean() const { has_no("closed form of the mean"); }
Var Distribution::variance() const { has_no("closed form of the variance"); }
Var Distribution::stddev() const { return sqrt(variance()); }
Var Distribution::cdf(const Var&) const { has_no("closed form of the distribution function"); }
Var Distribution::log_cdf(const Var& x) const { return log(cdf(x)); }
Var Distribution::icdf(const Var& p) const {
  if (any(logical_or(p.value() < 0, p.value() > 1)).item() != 0)
    fail(name(), "icdf needs probabilities in [0, 1], got ", min(p.value()).item(), " to ", max(p.value()).item(),
         " in ", describe(p));
  return quantile(p);
}
Var Distribution::quantile(const Var&) const { has_no("closed form of the inverse distribution function"); }
Interval Distribution::bounds() const {
  const auto between = [this](double low, double high) {
    return Interval{scalar(low, dtype()), scalar(high, dtype())};
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (support()) {
    case Support::real: return between(-infinity, infinity);
    case Support::positive:
    case Support::nonnegative_integer: return between(0, infinity);
    case Support::unit_interval:
    case Support::boolean: return between(0, 1);
    default: has_no("interval of values");
  }
}
std::shared_ptr<const Distribution> Distribution::relaxed(double) const { has_no("continuous relaxation"); }
void Distribution::has_no(std::string_view what) const { fail(name(), "there is no ", what); }

void Distribution::set_shapes(const Shape& batch, const Shape& event, Dtype dtype) {
  batch_shape_ = batch;
  event_shape_ = event;
  dtype_ = dtype;
}

void Distribution::broadcast(std::initializer_list<Named> parameters, const Shape& event_shape) {
  const Named& first = *parameters.begin();
  const auto cut = [](Shape shape, int from, int count) {
    Shape part;
    for (int i = from; i < count; ++i) part.push_back(shape[i]);
    return part;
  };
  Shape batch;
  for (const Named& p : parameters) {
    const Var& x = *p.parameter;
    check(is_floating(x.dtype()) && x.dtype() == first.parameter->dtype(), name(),
          "parameters must all be f32 or all f64: ", first.name, " is ", describe(*first.parameter), ", ", p.name,
          " is ", describe(x));
    check(x.dim() >= p.event_axes, name(), p.name, " needs at least ", p.event_axes, " axes, got ", describe(x));
    check(try_broadcast(batch, cut(x.shape(), 0, x.dim() - p.event_axes), batch) == 0, name(),
          "parameters do not broadcast: ", first.name, " is ", describe(*first.parameter), ", ", p.name, " is ",
          describe(x));
  }
  for (const Named& p : parameters) {
    Var& x = *p.parameter;
    const Shape shape = batch + cut(x.shape(), x.dim() - p.event_axes, x.dim());
    if (x.shape() != shape) x = expand(x, shape);
  }
  set_shapes(batch, event_shape, first.parameter->dtype());
}

void Distribution::check_numbers(std::string_view parameter, const Var& x) const {
  if (x.numel() == 0) return;
  check(!std::isnan(min(x.value()).item()), name(), parameter, " has NaN, got ", describe(x));
}

void Distribution::check_event(const Var& x) const {
  bool fits = x.dim() >= event_shape_.size();
  for (int axis = -event_shape_.size(); fits && axis < 0; ++axis)
    fits = x.size(axis) == event_shape_[event_shape_.size() + axis];
  check(fits, name(), "values must end with the axes ", event_shape_, ", got ", describe(x));
}

void Distribution::check_positive(std::string_view parameter, const Var& x) const {
  if (x.numel() == 0) return;
  const double least = min(x.value()).item();
  check(least > 0, name(), parameter, " must be positive, got ", least, " in ", describe(x));
}

}  // namespace hourglass
