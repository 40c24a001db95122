// SPDX-License-Identifier: MIT
// Numbers from gamma distributions, and their derivatives by the distribution's parameter.
#pragma once
#include "tensor/random.h"

namespace hourglass {

/// The logarithms of numbers with density x^(a-1) e^-x / Γ(a), one for each element a > 0 of `concentration`, in its
/// dtype. (The numbers themselves underflow if a is small: for a = 0.01 every second one is below 1e-30.) Marsaglia &
/// Tsang 2000, "A simple method for generating gamma variables". Always advances the stream by one draw, even though
/// some numbers are rejected.
Tensor log_standard_gamma(const Tensor& concentration, Rng& rng);

/// The kth derivative by a, k <= 15, of
///
///     S(a, y) = P(a, x) / (x p(x; a))  if x < a + 1, and otherwise  (P(a, x) - 1) / (x p(x; a)),      x = e^y,
///
/// where p is the density above and P its integral up to x, the regularised incomplete gamma function. The quotient
/// stays in range even where both parts overflow or underflow. a and y broadcast.
Tensor gamma_ratio(int k, const Tensor& a, const Tensor& y);

}  // namespace hourglass
