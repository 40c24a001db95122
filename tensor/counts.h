// SPDX-License-Identifier: MIT
// Random counts, and the logarithm of Poisson's probabilities, of which those of other counts are made.
#pragma once
#include "tensor/random.h"

namespace hourglass {

/// log(m^k e^-m / Γ(k + 1)) for k > -1 and m = e^log_mean, in the operands' dtype; they broadcast. For k from 64 on it
/// is Stirling's formula minus the deviance k log(k / m) - (k - m), so digits do not cancel (Loader 2000, "Fast and
/// accurate computation of binomial probabilities"): the error is about 1e-16 |k - m| log m.
Tensor log_poisson(const Tensor& k, const Tensor& log_mean);

/// Counts with probability e^-rate rate^k / k!, one for each element of `rate`, in its dtype. Rates are finite and 0 or
/// more. Small rates count the arrivals in a unit of time; from 10 on by transformed rejection, PTRS (Hörmann 1993, "The
/// transformed rejection method for generating Poisson random variables"). Advances the stream by one draw.
Tensor poisson(const Tensor& rate, Rng& rng);

/// How many of `count` coins show 1, with the given probability of each. Counts are whole and 0 or more; the two
/// broadcast. Adds up waiting times if few coins show the rarer side, and otherwise by transformed rejection, BTRS
/// (Hörmann 1993, "The generation of binomial random variates"). Advances the stream by one draw.
Tensor binomial(const Tensor& count, const Tensor& probability, Rng& rng);

}  // namespace hourglass
