// SPDX-License-Identifier: MIT
#include "examples/support/baselines/wavelet.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "examples/support/baselines/border.h"

namespace hourglass::examples {
namespace {

constexpr std::int64_t kTaps = 8;
using Filter = std::array<double, kTaps>;

// sym4 (Daubechies 1992, "Ten lectures on wavelets", table 6.3), and its high-pass partner: the same backwards, with
// every other sign changed.
constexpr Filter kCoarse{-0.07576571478927333, -0.02963552764599851, 0.49761866763201545,   0.8037387518059161,
                         0.29785779560527736,  -0.09921954357684722, -0.012603967262037833, 0.0322231006040427};
constexpr Filter kDetail = [] {
  Filter filter{};
  for (std::size_t k = 0; k < filter.size(); ++k) filter[k] = (k % 2 == 0 ? -1 : 1) * kCoarse[filter.size() - 1 - k];
  return filter;
}();

std::int64_t coefficients_of(std::int64_t extent) { return (extent + kTaps - 1) / 2; }

// Coefficient i is the sum of filter[k] x[2 i + 1 - k].
Taps analysis(const Filter& filter, std::int64_t extent) {
  Taps taps{.extent = extent};
  for (std::int64_t i = 0; i < coefficients_of(extent); ++i, taps.end_output())
    for (std::int64_t k = 0; k < kTaps; ++k)
      taps.add(reflected(2 * i + 1 - k, extent), filter[static_cast<std::size_t>(k)]);
  return taps;
}

// The inverse, which is the transpose but for the reflections: x[t] is the sum of filter[2 i + 1 - t] times coefficient i.
Taps synthesis(const Filter& filter, std::int64_t extent) {
  Taps taps{.extent = coefficients_of(extent)};
  for (std::int64_t t = 0; t < extent; ++t, taps.end_output())
    for (std::int64_t i = t / 2; i < taps.extent && 2 * i + 1 - t < kTaps; ++i)
      taps.add(i, filter[static_cast<std::size_t>(2 * i + 1 - t)]);
  return taps;
}

// By BayesShrink's threshold for each plane.
Tensor shrunk(const Tensor& details, double sigma) {
  constexpr double kTiny = 1e-30;
  const double variance = sigma * sigma;
  const Tensor signal = sqrt(maximum(mean(square(details), {-2, -1}, true) - variance, kTiny));
  const Tensor threshold = variance / signal;
  return details - minimum(maximum(details, -threshold), threshold);
}

// x [..., height, width], or with one row of a series in each plane.
Tensor denoise(const Tensor& x, double sigma, std::int64_t levels, bool series) {
  if (levels == 0) return x;
  const auto taps_of = [&](const auto& direction, const Filter& rows, const Filter& columns) {
    return series ? ImageTaps{{}, direction(columns, x.size(-1))}
                  : ImageTaps{direction(rows, x.size(-2)), direction(columns, x.size(-1))};
  };
  Tensor y = zeros_like(x);
  const auto add_band = [&](const Filter& rows, const Filter& columns, const auto& change) {
    const Tensor band = change(resample(x, taps_of(analysis, rows, columns)));
    y = std::move(y) + resample(band, taps_of(synthesis, rows, columns));
  };
  const auto shrink = [&](const Tensor& band) { return shrunk(band, sigma); };
  add_band(kCoarse, kCoarse, [&](const Tensor& band) { return denoise(band, sigma, levels - 1, series); });
  add_band(kCoarse, kDetail, shrink);
  if (series) return y;
  add_band(kDetail, kCoarse, shrink);
  add_band(kDetail, kDetail, shrink);
  return y;
}

Tensor denoise_checked(std::string_view op, const Tensor& x, double sigma, std::int64_t levels, bool series) {
  check(sigma >= 0 && std::isfinite(sigma), op, "needs a sigma of at least 0, got ", sigma);
  check(levels >= 0 && levels <= 60, op, "needs 1 to 60 levels, or 0 for as many as fit, got ", levels);
  if (x.numel() == 0) return x;
  const std::int64_t extent = series ? x.size(-1) : std::min(x.size(-2), x.size(-1));
  const std::int64_t fit = std::bit_width(static_cast<std::uint64_t>(extent / (kTaps - 1))) - 1;
  return denoise(x, sigma, levels > 0 ? levels : std::max<std::int64_t>(1, fit), series);
}

}  // namespace

Tensor wavelet_denoise(const Tensor& x, double sigma, std::int64_t levels) {
  check_pictures("wavelet_denoise", x);
  return denoise_checked("wavelet_denoise", x, sigma, levels, false);
}

Tensor wavelet_denoise_series(const Tensor& x, double sigma, std::int64_t levels) {
  check_floating("wavelet_denoise_series", x);
  check(x.dim() >= 1, "wavelet_denoise_series", "expects series [..., length], got ", describe(x));
  return squeeze(denoise_checked("wavelet_denoise_series", unsqueeze(x, -2), sigma, levels, true), -2);
}

}  // namespace hourglass::examples
