// SPDX-License-Identifier: MIT
// Refuses NaN and infinity where no metric can be computed from them.
#pragma once
#include <string_view>

#include "tensor/ops.h"

namespace hourglass::examples {

/// An error that names the op if x contains NaN or infinity.
inline void check_finite(std::string_view op, const Tensor& x) {
  check(all(isfinite(x)).item() != 0, op, "NaN or infinities in ", describe(x));
}

}  // namespace hourglass::examples
