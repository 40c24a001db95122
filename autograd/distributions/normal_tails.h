// SPDX-License-Identifier: MIT
// The normal distribution function's logarithm and inverse, by the names of torch.special.
#pragma once
#include "autograd/var.h"

namespace hourglass {

/// log Φ(z), where Φ is the distribution function of N(0, 1). All digits in both tails, in derivatives, too.
Var log_ndtr(const Var& z);
/// The z with Φ(z) = p. All digits near 0 and ½; NaN if p is not in [0, 1].
Var ndtri(const Var& p);

}  // namespace hourglass
