// SPDX-License-Identifier: MIT
// Strong zeros for products of arrays.
#pragma once
#include "autograd/var.h"

namespace hourglass {

/// The factor that a rule multiplies g by, in a product that adds up. Where g is 0 throughout, the factor's infinities
/// and NaNs become 0: 0 times infinity would be NaN, and would spread to everything that the product adds it to. g and
/// the factor are compared row by row, along the first `axes` axes; as a whole if there are 0 or the extents differ.
/// Almost always the result is the factor itself, found after a look at the first number of each row.
Var shielded(const Var& factor, const Var& g, int axes);

}  // namespace hourglass
