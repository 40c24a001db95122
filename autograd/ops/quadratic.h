// SPDX-License-Identifier: MIT
// Sums of squares whose rules pass over memory once, for the size of a Jacobian.
#pragma once
#include "autograd/var.h"

namespace hourglass {

/// Σ x² over all axes from the third on: [a, b, ...] to [a, b].
Var sum_of_squares(const Var& x);
/// a M aᵀ for each row a, the last axis of A, and symmetric M: [..., n] to [...].
Var quadratic_form(const Var& a, const Var& m);

}  // namespace hourglass
