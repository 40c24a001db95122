// SPDX-License-Identifier: MIT
// Standard noise, and helpers for the formulas of densities.
#pragma once
#include <limits>
#include <tuple>

#include "autograd/distributions/distribution.h"
#include "autograd/ops.h"
#include "tensor/random.h"

namespace hourglass {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The distance from 1 to the next smaller number.
constexpr double gap_below_one(Dtype dtype) { return epsilon_of(dtype) / 2; }

/// Uniform in (0, 1): log u and log(1 - u) are finite. Always f64: the tails of distributions come from u near 0 and 1,
/// where f32 would have steps of 2^-24.
inline Tensor open_uniform(Rng& rng, const Shape& shape) {
  return rng.uniform(shape, smallest_normal_of(Dtype::f64), 1, Dtype::f64);
}
/// -log(-log u). The argmax of log-probabilities plus such noise is class i with class i's probability.
inline Tensor gumbel_noise(Rng& rng, const Shape& shape, Dtype dtype) {
  return to(-log(-log(open_uniform(rng, shape))), dtype);
}
/// log u - log(1 - u). It is above -l with probability sigmoid(l).
inline Tensor logistic_noise(Rng& rng, const Shape& shape, Dtype dtype) {
  const Tensor u = open_uniform(rng, shape);
  return to(log(u) - log1p(-u), dtype);
}

/// The sum over the last `count` axes; x itself if count is 0.
Var sum_last(const Var& x, int count);
/// The axes of `shape` in front of those of the distribution itself.
Shape sample_shape_of(const Shape& shape, const Distribution& d);

/// f(x...) computed in f64, for formulas whose large terms cancel.
template <class F, class... Vars>
Var in_f64(F f, const Vars&... x) {
  const Dtype dtype = std::get<0>(std::tie(x...)).dtype();
  return dtype == Dtype::f64 ? f(x...) : to(f(to(x, Dtype::f64)...), dtype);
}

/// x in (0, 1), moved away from the ends: rounding may have put it there, where densities are infinite.
inline Var inside_unit_interval(const Var& x) {
  return clamp(x, smallest_normal_of(x.dtype()), 1 - gap_below_one(x.dtype()));
}

/// f(x) where x is inside, and -inf elsewhere. f only sees values inside: `safe`, which is one, replaces the others.
/// NaN counts as inside, and stays NaN.
template <class F>
Var log_density_on(const Tensor& outside, const Var& x, const Var& safe, F f) {
  if (any(outside).item() == 0) return f(x);
  return where(outside, -kInfinity, f(where(outside, safe, x)));
}
template <class F>
Var log_density_on(const Tensor& outside, const Var& x, double safe, F f) {
  return log_density_on(outside, x, constant(safe, x.dtype()), f);
}

/// a log x, and 0 where a is 0 and log x is infinite.
inline Var x_log_y(const Var& a, const Var& x) {
  const Tensor both = logical_and(a.value() == 0, logical_or(x.value() == 0, isinf(x.value())));
  if (any(both).item() == 0) return a * log(x);
  return where(both, 0, a * log(where(both, 1, x)));
}

}  // namespace hourglass
