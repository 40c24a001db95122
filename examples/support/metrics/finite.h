// What no figure can be made of.
#pragma once
#include <string_view>

#include "tensor/ops.h"

namespace hourglass::examples {

/// An error that names the op if x has NaN or infinities in it.
inline void check_finite(std::string_view op, const Tensor& x) {
  check(all(isfinite(x)).item() != 0, op, "NaN or infinities in ", describe(x));
}

}  // namespace hourglass::examples
