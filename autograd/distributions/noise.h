// Standard noise, and helpers for the formulas of densities.
#pragma once
#include <limits>

#include "autograd/ops.h"
#include "tensor/random.h"

namespace hourglass {

/// The smallest normal number of the dtype, and the distance from 1 to the next number below.
inline double tiny(Dtype dtype) {
  return dtype == Dtype::f32 ? double{std::numeric_limits<float>::min()} : std::numeric_limits<double>::min();
}
inline double gap_below_one(Dtype dtype) {
  return (dtype == Dtype::f32 ? double{std::numeric_limits<float>::epsilon()}
                              : std::numeric_limits<double>::epsilon()) /
         2;
}

/// Uniform in (0, 1): log u and log(1 - u) are finite.
inline Tensor open_uniform(Rng& rng, const Shape& shape, Dtype dtype) {
  return rng.uniform(shape, tiny(dtype), 1, dtype);
}
/// -log(-log u). The argmax of log-probabilities plus such noise is class i with class i's probability.
inline Tensor gumbel_noise(Rng& rng, const Shape& shape, Dtype dtype) {
  return -log(-log(open_uniform(rng, shape, dtype)));
}
/// log u - log(1 - u). It is above -l with probability sigmoid(l).
inline Tensor logistic_noise(Rng& rng, const Shape& shape, Dtype dtype) {
  const Tensor u = open_uniform(rng, shape, dtype);
  return log(u) - log1p(-u);
}

/// x in (0, 1), moved away from the ends: rounding may have put it there, where densities are infinite.
inline Var inside_unit_interval(const Var& x) { return clamp(x, tiny(x.dtype()), 1 - gap_below_one(x.dtype())); }

/// f(x) where x is inside, and -inf elsewhere. f only sees values inside: `safe`, which is one, replaces the others.
/// NaN counts as inside, and stays NaN.
template <class F>
Var log_density_on(const Tensor& outside, const Var& x, const Var& safe, F f) {
  if (any(outside).item() == 0) return f(x);
  return where(outside, -std::numeric_limits<double>::infinity(), f(where(outside, safe, x)));
}
template <class F>
Var log_density_on(const Tensor& outside, const Var& x, double safe, F f) {
  return log_density_on(outside, x, constant(scalar(safe, x.dtype())), f);
}

/// a log x, and 0 where both a and x are 0.
inline Var x_log_y(const Var& a, const Var& x) {
  const Tensor both = logical_and(a.value() == 0, x.value() == 0);
  if (any(both).item() == 0) return a * log(x);
  return where(both, 0, a * log(where(both, 1, x)));
}

}  // namespace hourglass
