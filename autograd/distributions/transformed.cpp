// SPDX-License-Identifier: MIT
#include "autograd/distributions/transformed.h"

#include <cstddef>
#include <numbers>
#include <utility>

#include "autograd/distributions/noise.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

Var above_zero(const Var& y) { return clamp_min(y, smallest_normal_of(y.dtype())); }
Var within_one(const Var& y) {
  const double end = 1 - gap_below_one(y.dtype());
  return clamp(y, -end, end);
}

}  // namespace

std::shared_ptr<const Bijector> Bijector::with(const std::vector<Var>&) const {
  fail("Bijector", "with() is for bijectors that have parameters");
}

// ---- bijectors

AffineTransform::AffineTransform(Var l, Var s) : loc(std::move(l)), scale(std::move(s)) {
  check(all(logical_or(scale.value() < 0, scale.value() > 0)).item() != 0, "AffineTransform",
        "scale must not be 0 or NaN, got ", describe(scale));
}
Var AffineTransform::forward(const Var& x) const { return mul_add(scale, x, loc); }
Var AffineTransform::inverse(const Var& y) const { return (y - loc) / scale; }
Var AffineTransform::log_abs_det(const Var& x) const {
  return expand(log(abs(scale)), broadcast_shapes("AffineTransform", x.shape(), scale.shape()));
}
Tensor AffineTransform::falls() const { return scale.value() < 0; }
std::shared_ptr<const Bijector> AffineTransform::with(const std::vector<Var>& p) const {
  return std::make_shared<const AffineTransform>(p[0], p[1]);
}

Var ExpTransform::forward(const Var& x) const { return above_zero(exp(x)); }
Var ExpTransform::inverse(const Var& y) const { return log(above_zero(y)); }
Var ExpTransform::log_abs_det(const Var& x) const { return x; }

Var SigmoidTransform::forward(const Var& x) const { return inside_unit_interval(sigmoid(x)); }
Var SigmoidTransform::inverse(const Var& y) const { return logit(inside_unit_interval(y)); }
Var SigmoidTransform::log_abs_det(const Var& x) const { return -softplus(x) - softplus(-x); }

// log(1 - tanh² x) = log(4 / (e^x + e^-x)²)
Var TanhTransform::forward(const Var& x) const { return within_one(tanh(x)); }
Var TanhTransform::inverse(const Var& y) const { return atanh(within_one(y)); }
Var TanhTransform::log_abs_det(const Var& x) const { return (std::numbers::ln2 - x - softplus(x * -2)) * 2; }

Var SoftplusTransform::forward(const Var& x) const { return above_zero(softplus(x)); }
Var SoftplusTransform::inverse(const Var& y) const {
  const Var inside = above_zero(y);
  return inside + log(-expm1(-inside));
}
Var SoftplusTransform::log_abs_det(const Var& x) const { return log_sigmoid(x); }

Var ComposeTransform::forward(const Var& x) const {
  Var y = x;
  for (const auto& part : parts) y = part->forward(y);
  return y;
}
Var ComposeTransform::inverse(const Var& y) const {
  Var x = y;
  for (std::size_t i = parts.size(); i-- > 0;) x = parts[i]->inverse(x);
  return x;
}
Var ComposeTransform::log_abs_det(const Var& x) const {
  Var y = x, total = constant(zeros_like(x.value()));
  for (const auto& part : parts) {
    total = total + part->log_abs_det(y);
    y = part->forward(y);
  }
  return total;
}
Tensor ComposeTransform::falls() const {
  Tensor falling = scalar(0, Dtype::u8);
  for (const auto& part : parts) falling = falling != part->falls();
  return falling;
}
std::vector<Var> ComposeTransform::parameters() const {
  std::vector<Var> all;
  for (const auto& part : parts)
    for (const Var& parameter : part->parameters()) all.push_back(parameter);
  return all;
}
std::shared_ptr<const Bijector> ComposeTransform::with(const std::vector<Var>& p) const {
  auto others = parts;
  auto next = p.begin();
  for (auto& part : others) {
    const auto count = static_cast<std::ptrdiff_t>(part->parameters().size());
    if (count > 0) part = part->with({next, next + count});
    next += count;
  }
  return std::make_shared<const ComposeTransform>(std::move(others));
}

// ---- TransformedDistribution

TransformedDistribution::TransformedDistribution(std::shared_ptr<const Distribution> d,
                                                 std::shared_ptr<const Bijector> f)
    : base(std::move(d)), bijector(std::move(f)) {
  switch (base->support()) {
    case Support::real:
    case Support::real_vector:
    case Support::positive:
    case Support::unit_interval:
    case Support::interval: break;
    default: fail(name(), "needs a base with a density on the line or on vectors, not ", base->name());
  }
  set_shapes(base->batch_shape(), base->event_shape(), base->dtype());
  const Shape shape = batch_shape() + event_shape();
  const NoGrad no_grad;
  const Var y = bijector->forward(constant(zeros(shape, dtype())));
  check(y.shape() == shape, name(), "the bijector makes ", describe(y), " of the base's shape ", shape,
        "; give the base parameters of the larger shape");
}
std::vector<Var> TransformedDistribution::parameters() const {
  std::vector<Var> all = base->parameters();
  for (const Var& parameter : bijector->parameters()) all.push_back(parameter);
  return all;
}
std::shared_ptr<const Distribution> TransformedDistribution::with(const std::vector<Var>& p) const {
  const auto middle = p.begin() + static_cast<std::ptrdiff_t>(base->parameters().size());
  return std::make_shared<const TransformedDistribution>(
      base->with({p.begin(), middle}), middle == p.end() ? bijector : bijector->with({middle, p.end()}));
}
namespace {
// The values of f between low and high.
Interval image_of(const Bijector& f, const Tensor& low, const Tensor& high) {
  const NoGrad no_grad;
  const Tensor a = f.forward(constant(low)).value(), b = f.forward(constant(high)).value();
  return {minimum(a, b), maximum(a, b)};
}
}  // namespace
Interval TransformedDistribution::bounds() const {
  const Interval inside = base->bounds();
  return image_of(*bijector, inside.low, inside.high);
}
Tensor TransformedDistribution::draw(Rng& rng, const Shape& shape) const {
  const NoGrad no_grad;
  return bijector->forward(constant(base->sample(rng, sample_shape_of(shape, *this)))).value();
}
Var TransformedDistribution::draw_pathwise(Rng& rng, const Shape& shape) const {
  return bijector->forward(base->rsample(rng, sample_shape_of(shape, *this)));
}
Var TransformedDistribution::log_prob(const Var& y) const {
  check_event(y);
  const auto density = [&](const Var& at) {
    const Var x = bijector->inverse(at);
    return base->log_prob(x) - sum_last(bijector->log_abs_det(x), event_shape().size());
  };
  const Interval image = image_of(*bijector, scalar(-kInfinity, dtype()), scalar(kInfinity, dtype()));
  const Tensor outside = logical_or(y.value() < image.low, y.value() > image.high);
  if (any(outside).item() == 0) return density(y);
  const Var log_p = density(where(outside, bijector->forward(constant(0, dtype())), y));
  return where(sum_last(constant(to(outside, dtype())), event_shape().size()).value() != 0, -kInfinity, log_p);
}
Var TransformedDistribution::cdf(const Var& y) const {
  const Tensor falling = bijector->falls();
  const Var place = base->cdf(bijector->inverse(y));
  return any(falling).item() == 0 ? place : where(falling, 1 - place, place);
}
Var TransformedDistribution::log_cdf(const Var& y) const {
  const Tensor falling = bijector->falls();
  const Var x = bijector->inverse(y), log_place = base->log_cdf(x);
  return any(falling).item() == 0 ? log_place : where(falling, log1p(-base->cdf(x)), log_place);
}
Var TransformedDistribution::quantile(const Var& p) const {
  const Tensor falling = bijector->falls();
  return bijector->forward(base->icdf(any(falling).item() == 0 ? p : where(falling, 1 - p, p)));
}

}  // namespace hourglass
