// Numbers from gamma distributions, and how they move with the distribution's parameter.
#pragma once
#include "tensor/random.h"

namespace hourglass {

/// The logarithms of numbers with density x^(a-1) e^-x / Γ(a), one for each element a > 0 of `concentration`, in its
/// dtype. (The numbers themselves underflow where a is small: for a = 0.01 every second one is below 1e-30.) Marsaglia
/// & Tsang 2000, "A simple method for generating gamma variables". Moves the stream by one draw, however many numbers
/// were refused on the way.
Tensor log_standard_gamma(const Tensor& concentration, Rng& rng);

/// The kth derivative by a, k <= 15, of
///
///     S(a, y) = P(a, x) / (x p(x; a))  if x < a + 1, and otherwise  (P(a, x) - 1) / (x p(x; a)),      x = e^y,
///
/// where p is the density above and P its integral up to x, the regularised incomplete gamma function. The quotient
/// neither overflows nor underflows where both parts do. a and y broadcast.
Tensor gamma_ratio(int k, const Tensor& a, const Tensor& y);

}  // namespace hourglass
