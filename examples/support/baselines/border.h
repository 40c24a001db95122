// SPDX-License-Identifier: MIT
// What lies beyond the border of a picture: its reflection, with the outermost pixel repeated (d c b a | a b c d | d c b
// a), as SciPy's mode "reflect" and NumPy's "symmetric". All filters of this folder use it.
#pragma once
#include <cstdint>
#include <string_view>

#include "tensor/ops.h"

namespace hourglass::examples {

/// The index in [0, extent) whose element stands at position i of the reflected line; any i, extent > 0.
constexpr std::int64_t reflected(std::int64_t i, std::int64_t extent) {
  const std::int64_t within = (i % (2 * extent) + 2 * extent) % (2 * extent);
  return within < extent ? within : 2 * extent - 1 - within;
}

/// x [..., height, width] with `before` and `after` more rows and columns on each side. The picture must have pixels.
inline Tensor reflect_pad(const Tensor& x, std::int64_t before, std::int64_t after) {
  const auto line = [&](std::int64_t extent) {
    std::vector<std::int64_t> from;
    for (std::int64_t i = -before; i < extent + after; ++i) from.push_back(reflected(i, extent));
    return Tensor::from(from);
  };
  return index_select(index_select(x, -2, line(x.size(-2))), -1, line(x.size(-1)));
}

/// An error that names op unless x is f32 or f64 and has at least the axes [height, width].
inline void check_pictures(std::string_view op, const Tensor& x) {
  check_floating(op, x);
  check(x.dim() >= 2, op, "expects pictures [..., height, width], got ", describe(x));
}

}  // namespace hourglass::examples
