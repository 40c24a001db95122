// SPDX-License-Identifier: MIT
#include "examples/support/baselines/resize.h"

#include <algorithm>
#include <cmath>

#include "examples/support/baselines/border.h"

namespace hourglass::examples {
namespace {

double cubic(double t) {
  constexpr double a = -0.5;
  t = std::abs(t);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return ((t - 5) * t + 8) * t * a - 4 * a;
  return 0;
}

// Pixel i of the result covers the line from i to i + 1 times `scale`; around its middle the cubic reaches 2 pixels of
// the result or of the original, whichever are larger.
Taps bicubic_taps(std::int64_t extent, std::int64_t outputs) {
  const double scale = static_cast<double>(extent) / static_cast<double>(outputs), unit = std::max(scale, 1.0);
  Taps taps{.extent = extent};
  for (std::int64_t i = 0; i < outputs; ++i, taps.end_output()) {
    const double middle = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(middle - 2 * unit + 0.5));
    const auto last = std::min(extent, static_cast<std::int64_t>(middle + 2 * unit + 0.5));
    const auto weight = [&](std::int64_t from) { return cubic((static_cast<double>(from) + 0.5 - middle) / unit); };
    double sum = 0;
    for (std::int64_t from = first; from < last; ++from) sum += weight(from);
    for (std::int64_t from = first; from < last; ++from) taps.add(from, weight(from) / sum);
  }
  return taps;
}

}  // namespace

Tensor resize_bicubic(const Tensor& x, std::int64_t height, std::int64_t width) {
  check_pictures("resize_bicubic", x);
  constexpr std::int64_t kMost = 1'000'000;
  check(height >= 1 && height <= kMost && width >= 1 && width <= kMost, "resize_bicubic",
        "needs a new size of 1 to 1000000 pixels on each side, got ", height, " x ", width);
  check(x.size(-2) >= 1 && x.size(-1) >= 1, "resize_bicubic", "needs pictures with pixels, got ", describe(x));
  return resample(x, {bicubic_taps(x.size(-2), height), bicubic_taps(x.size(-1), width)});
}

}  // namespace hourglass::examples
