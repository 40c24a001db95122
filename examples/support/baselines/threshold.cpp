// SPDX-License-Identifier: MIT
#include "examples/support/baselines/threshold.h"

#include "examples/support/baselines/border.h"

namespace hourglass::examples {
namespace {

Taps window_mean_taps(std::int64_t extent, std::int64_t window) {
  Taps taps{.extent = extent};
  for (std::int64_t i = 0; i < extent; ++i, taps.end_output())
    for (std::int64_t d = -(window / 2); d <= window / 2; ++d)
      taps.add(reflected(i + d, extent), 1 / static_cast<double>(window));
  return taps;
}

}  // namespace

Tensor sauvola(const Tensor& page, std::int64_t window, double k, double r) {
  check_pictures("sauvola", page);
  check(window >= 1 && window <= 9999 && window % 2 == 1, "sauvola", "needs an odd window of at most 9999 pixels, got ",
        window);
  check(r > 0, "sauvola", "needs an r above 0, got ", r);
  if (page.numel() == 0) return page;
  const ImageTaps around{window_mean_taps(page.size(-2), window), window_mean_taps(page.size(-1), window)};
  const Tensor x = to(page, Dtype::f64), m = resample(x, around);  // in f64: the variance is a small difference
  const Tensor s = sqrt(maximum(resample(square(x), around) - square(m), 0));
  return to(m * (1 + k * (s / r - 1)), page.dtype());
}

Tensor clean_page(const Tensor& page, const Tensor& threshold, double softness) {
  check_same_dtype("clean_page", page, threshold);
  check_floating("clean_page", page);
  check(softness >= 0, "clean_page", "needs a softness of at least 0, got ", softness);
  const Tensor above = page - threshold;
  check(above.shape() == page.shape(), "clean_page", "needs a threshold that broadcasts to the page, got ",
        describe(threshold), " for ", describe(page));
  if (softness > 0) return clamp(above / softness + 0.5, 0, 1);
  return where(isnan(above), above, to(above > 0, page.dtype()));
}

}  // namespace hourglass::examples
