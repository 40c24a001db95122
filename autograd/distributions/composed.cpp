// SPDX-License-Identifier: MIT
#include "autograd/distributions/composed.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/distributions/noise.h"
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/ops/flow.h"

namespace hourglass {

// ---- MultivariateNormal

MultivariateNormal::MultivariateNormal(Var l, Var tril) : loc(std::move(l)), scale_tril(std::move(tril)) {
  check(loc.dim() >= 1 && scale_tril.dim() >= 2 && scale_tril.size(-1) == scale_tril.size(-2) &&
            scale_tril.size(-1) == loc.size(-1),
        name(), "needs loc [..., n] and scale_tril [..., n, n], got ", describe(loc), " and ", describe(scale_tril));
  broadcast({{"loc", &loc, 1}, {"scale_tril", &scale_tril, 2}}, {loc.size(-1)});
  check_numbers("loc", loc);
  check_numbers("scale_tril", scale_tril);
  check_positive("scale_tril's diagonal", diagonal(scale_tril.detach(), 0, -2, -1));
}
MultivariateNormal MultivariateNormal::from_covariance(const Var& loc, const Var& covariance) {
  return {loc, cholesky(covariance)};
}
Var MultivariateNormal::covariance() const { return matmul(scale_tril, transpose(scale_tril)); }
Var MultivariateNormal::half_log_determinant() const { return sum(log(diagonal(scale_tril, 0, -2, -1)), {-1}); }
Var MultivariateNormal::draw_pathwise(Rng& rng, const Shape& shape) const {
  const Var noise = constant(unsqueeze(rng.normal(shape, 0, 1, dtype()), -1));
  return loc + squeeze(matmul(tril(scale_tril), noise), -1);
}
Var MultivariateNormal::log_prob(const Var& x) const {
  check_event(x);
  const double n = static_cast<double>(loc.size(-1));
  const Var whitened = squeeze(solve_triangular(scale_tril, unsqueeze(x - loc, -1), false), -1);
  return (sum(square(whitened), {-1}) + n * std::log(2 * std::numbers::pi)) * -0.5 - half_log_determinant();
}
Var MultivariateNormal::entropy() const {
  return half_log_determinant() + 0.5 * static_cast<double>(loc.size(-1)) * (1 + std::log(2 * std::numbers::pi));
}
Var MultivariateNormal::variance() const { return sum(square(tril(scale_tril)), {-1}); }

// ---- Independent

Var sum_last(const Var& x, int count) {
  Axes axes;
  for (int i = count; i > 0; --i) axes.push_back(-i);
  return axes.empty() ? x : sum(x, axes);
}
namespace {
Shape part(const Shape& shape, int from, int to) {
  Shape cut;
  for (int i = from; i < to; ++i) cut.push_back(shape[i]);
  return cut;
}
}  // namespace

Independent::Independent(std::shared_ptr<const Distribution> b, int n) : base(std::move(b)), axes(n) {
  const Shape& batch = base->batch_shape();
  check(axes >= 0 && axes <= batch.size(), name(), "cannot take ", axes, " axes from the batch shape ", batch);
  const int kept = batch.size() - axes;
  set_shapes(part(batch, 0, kept), part(batch, kept, batch.size()) + base->event_shape(), base->dtype());
}
std::shared_ptr<const Distribution> Independent::with(const std::vector<Var>& p) const {
  return std::make_shared<const Independent>(base->with(p), axes);
}
Var Independent::log_prob(const Var& x) const {
  check_event(x);
  return sum_last(base->log_prob(x), axes);
}
Var Independent::entropy() const { return sum_last(base->entropy(), axes); }
std::shared_ptr<const Distribution> Independent::relaxed(double temperature) const {
  return std::make_shared<const Independent>(base->relaxed(temperature), axes);
}
Shape sample_shape_of(const Shape& shape, const Distribution& d) {
  return part(shape, 0, shape.size() - d.batch_shape().size() - d.event_shape().size());
}
Tensor Independent::draw(Rng& rng, const Shape& shape) const {
  return base->sample(rng, sample_shape_of(shape, *this));
}
Var Independent::draw_pathwise(Rng& rng, const Shape& shape) const {
  return base->rsample(rng, sample_shape_of(shape, *this));
}

// ---- MixtureSameFamily

MixtureSameFamily::MixtureSameFamily(const Categorical& choice, std::shared_ptr<const Distribution> components)
    : mixture(choice), component(std::move(components)) {
  const Shape& batch = component->batch_shape();
  const Shape choices = mixture.batch_shape() + Shape{mixture.logits.size(-1)};
  check(!batch.empty() && batch == choices, name(), "the components' batch shape must be the mixture's logits', ",
        choices, ", with a component for each choice along the last axis; got ", batch);
  check(mixture.dtype() == component->dtype(), name(), "the mixture is ", mixture.dtype(), ", its components ",
        component->dtype());
  set_shapes(part(batch, 0, batch.size() - 1), component->event_shape(), component->dtype());
}
std::vector<Var> MixtureSameFamily::parameters() const {
  std::vector<Var> all{mixture.logits};
  for (const Var& parameter : component->parameters()) all.push_back(parameter);
  return all;
}
std::shared_ptr<const Distribution> MixtureSameFamily::with(const std::vector<Var>& p) const {
  return std::make_shared<const MixtureSameFamily>(Categorical(p[0]), component->with({p.begin() + 1, p.end()}));
}
namespace {
// The axis of the components in their values, counted from the back.
std::int64_t component_axis(const Distribution& d) { return -1 - d.event_shape().size(); }
// Weights [..., k] in the shape [..., k, 1, ...], to multiply values [..., k, event].
Var over_event(Var weights, const Distribution& d) {
  for (int i = 0; i < d.event_shape().size(); ++i) weights = unsqueeze(weights, -1);
  return weights;
}
}  // namespace
Tensor MixtureSameFamily::draw(Rng& rng, const Shape& shape) const {
  const Shape samples = sample_shape_of(shape, *this);
  const Tensor all = component->sample(rng, samples), chosen = mixture.sample(rng, samples);
  const std::int64_t axis = component_axis(*this);
  Tensor index = unsqueeze(chosen, -1);
  for (int i = 0; i < event_shape().size(); ++i) index = unsqueeze(index, -1);
  Shape one = all.shape();
  one[one.size() + static_cast<int>(axis)] = 1;
  return squeeze(gather(all, axis, contiguous(expand(index, one))), axis);
}
Var MixtureSameFamily::log_prob(const Var& x) const {
  const Var each = component->log_prob(unsqueeze(x, component_axis(*this)));
  return logsumexp(log_softmax(mixture.logits, -1) + each, {-1});
}
Var MixtureSameFamily::mean() const {
  return sum(over_event(mixture.probs(), *this) * component->mean(), {component_axis(*this)});
}
Var MixtureSameFamily::variance() const {  // within components plus between them
  const Var distance = component->mean() - unsqueeze(mean(), component_axis(*this));
  return sum(over_event(mixture.probs(), *this) * (component->variance() + square(distance)), {component_axis(*this)});
}
Var MixtureSameFamily::cdf(const Var& x) const { return sum(mixture.probs() * component->cdf(unsqueeze(x, -1)), {-1}); }
Var MixtureSameFamily::log_cdf(const Var& x) const {
  return logsumexp(log_softmax(mixture.logits, -1) + component->log_cdf(unsqueeze(x, -1)), {-1});
}

// A number keeps its place while the parameters change: dz/dθ = -(∂F/∂θ) / p(z). F is differentiated by a copy of θ, so
// that z does not count as a function of it. The result is recorded as a function of θ and z. It is right to any order.
Var MixtureSameFamily::draw_pathwise(Rng& rng, const Shape& shape) const {
  check(has_rsample(), name(), "a pathwise derivative needs components that are numbers and have one, not ",
        component->name(), " of event shape ", event_shape());
  const std::vector<Var> theta = parameters();
  const auto by_parameter = [&](std::size_t i) {
    return wrt(theta[i], [theta, i, self = *this](const Var& g, const Var& z) {
      const bool create_graph = recording();
      const Recording on(true);
      std::vector<Var> copies = theta;
      copies[i] = alias(theta[i]);
      const std::shared_ptr<const Distribution> q = self.with(copies);
      const Var place = q->cdf(z), cotangent = -strong_div(g, exp(q->log_prob(z)));
      return grad({&place, 1}, {&cotangent, 1}, {&copies[i], 1}, {.create_graph = create_graph})[0];
    });
  };
  std::vector<decltype(by_parameter(0))> edges;
  for (std::size_t i = 0; i < theta.size(); ++i) edges.push_back(by_parameter(i));
  static constexpr Op op{"implicit_sample", "a draw", {"-F_θ / p: the draw keeps its place in the distribution"}};
  return record(op, draw(rng, shape), std::move(edges));
}

}  // namespace hourglass
