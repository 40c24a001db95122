// SPDX-License-Identifier: MIT
// Small pictures whose pixels NumPy computes with the same bits.
#pragma once
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "tensor/ops.h"

namespace hourglass::test {

/// Blocks of 4 x 5 pixels, alternately dark and bright, with a rough surface, f64[height, width]. In Python:
///   def picture(h, w, seed=0):
///       i, j = np.mgrid[:h, :w]
///       return .6 * ((i // 4 + j // 5) % 2) + .3 * ((i * 37 + j * 91 + i * j * 13 + seed) % 101) / 101
inline Tensor picture(std::int64_t height, std::int64_t width, std::int64_t seed = 0) {
  std::vector<double> pixels;
  for (std::int64_t i = 0; i < height; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      pixels.push_back(0.6 * static_cast<double>((i / 4 + j / 5) % 2) +
                       0.3 * static_cast<double>((i * 37 + j * 91 + i * j * 13 + seed) % 101) / 101);
  return Tensor::from(pixels, {height, width});
}

/// Whether x has these numbers, in row-major order, up to the tolerance. The largest difference is shown if not.
inline bool close_to(const Tensor& x, const std::vector<double>& expected, double tolerance) {
  if (x.numel() != static_cast<std::int64_t>(expected.size())) {
    MESSAGE("has ", x.numel(), " numbers instead of ", expected.size());
    return false;
  }
  const double apart = max(abs(flatten(to(x, Dtype::f64)) - Tensor::from(expected))).item();
  if (!(apart <= tolerance)) MESSAGE("differs by ", apart);
  return apart <= tolerance;
}

}  // namespace hourglass::test
