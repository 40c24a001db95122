// SPDX-License-Identifier: MIT
// A tensor seen around one axis, and how much of it a thread takes at a time.
#pragma once
#include <algorithm>
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass {

/// x as [outer, extent, inner] around one axis. A 0-d tensor has one axis of extent 1.
struct Around {
  std::int64_t outer = 1, extent = 1, inner = 1;

  Around(std::string_view op, const Tensor& x, std::int64_t axis) {
    const int at = normalize_axis(op, axis, std::max(1, x.dim()));
    for (int i = 0; i < x.dim(); ++i) (i < at ? outer : i == at ? extent : inner) *= x.shape()[i];
  }
};

/// A 0-d Tensor or Var as one element along one axis.
template <class X>
X at_least_1d(const X& x) {
  return x.dim() == 0 ? reshape(x, Shape{1}) : x;
}

/// Elements of a chunk: 8 µs of memory traffic on one core. Starting another chunk costs 5 µs.
inline constexpr std::int64_t kReadGrain = 32768;
/// The same for slower elements: each costs an exponential, or waits for the one before it.
inline constexpr std::int64_t kSlowGrain = 8192;

/// How many units of `size` elements make a chunk.
inline std::int64_t grain_of(std::int64_t size, std::int64_t chunk = kReadGrain) {
  return std::max<std::int64_t>(1, chunk / std::max<std::int64_t>(1, size));
}

}  // namespace hourglass
