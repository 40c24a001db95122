// SPDX-License-Identifier: MIT
#include "examples/support/baselines/filters.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "examples/support/baselines/border.h"
#include "tensor/around.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

// The number at index n / 2 of the sorted window, NaN if there is one.
template <class T>
T middle_of(std::vector<T>& window) {
  for (const T value : window)
    if (std::isnan(value)) return value;
  const auto middle = window.begin() + static_cast<std::ptrdiff_t>(window.size() / 2);
  std::nth_element(window.begin(), middle, window.end());
  return *middle;
}

// Chambolle's steps for planes [..., height, width]. (px, py) is the dual field times the weight.
Tensor minimise_variation(const Tensor& x, double weight, std::int64_t steps) {
  constexpr double kStep = 0.25;
  Tensor u = x, px = zeros_like(x), py = px;
  for (std::int64_t step = 0; step < steps; ++step) {
    const Tensor dx = pad(diff(u, 1, -1), {{0, 1}}), dy = pad(diff(u, 1, -2), {{0, 1}, {0, 0}});
    const Tensor scale = sqrt(square(dx) + square(dy)) * (kStep / weight) + 1;
    px = (std::move(px) - dx * kStep) / scale;
    py = (std::move(py) - dy * kStep) / scale;
    u = x - diff(pad(px, {{1, 0}}), 1, -1) - diff(pad(py, {{1, 0}, {0, 0}}), 1, -2);
  }
  return u;
}

// A line of `extent` pixels, each replaced by the weighted mean of its reflected surroundings.
Taps gaussian_taps(std::int64_t extent, double sigma) {
  const auto reach = static_cast<std::int64_t>(4 * sigma + 0.5);
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t d = -reach; d <= reach; ++d) {
    weights.push_back(std::exp(-0.5 * std::pow(static_cast<double>(d) / sigma, 2)));
    sum += weights.back();
  }
  Taps taps{.extent = extent};
  for (std::int64_t i = 0; i < extent; ++i, taps.end_output())
    for (std::int64_t d = -reach; d <= reach; ++d)
      taps.add(reflected(i + d, extent), weights[static_cast<std::size_t>(d + reach)] / sum);
  return taps;
}

}  // namespace

Tensor median_filter(const Tensor& x, std::int64_t size) {
  check_pictures("median_filter", x);
  check(size >= 1 && size <= 1000, "median_filter", "needs a window of 1 to 1000 pixels, got ", size);
  if (x.numel() == 0) return x;
  const std::int64_t height = x.size(-2), width = x.size(-1);
  const Tensor padded = reflect_pad(x, size / 2, size - 1 - size / 2);
  Tensor y(x.shape(), x.dtype());
  dispatch_floating("median_filter", x.dtype(), [&]<class T>() {
    const T* const from = padded.data<T>();
    T* const to = y.mutable_data<T>();
    const std::int64_t stride = padded.size(-1);
    parallel_for(x.numel() / width, grain_of(width * size * size), [&](std::int64_t begin, std::int64_t end) {
      std::vector<T> window;
      for (std::int64_t row = begin; row < end; ++row) {
        const T* const corner = from + (row / height * padded.size(-2) + row % height) * stride;
        for (std::int64_t column = 0; column < width; ++column) {
          window.clear();
          for (std::int64_t i = 0; i < size; ++i) {
            const T* const line = corner + i * stride + column;
            window.insert(window.end(), line, line + size);
          }
          to[row * width + column] = middle_of(window);
        }
      }
    });
  });
  return y;
}

Tensor temporal_median(const Tensor& frames) {
  check_floating("temporal_median", frames);
  check(frames.dim() >= 1 && frames.size(0) > 0, "temporal_median", "needs frames [time, ...], at least one, got ",
        describe(frames));
  return quantile(frames, 0.5, 0);
}

Tensor gaussian_filter(const Tensor& x, double sigma) {
  check_pictures("gaussian_filter", x);
  check(sigma > 0 && sigma <= 1000, "gaussian_filter", "needs a sigma above 0 and at most 1000 pixels, got ", sigma);
  if (x.numel() == 0) return x;
  return resample(x, {gaussian_taps(x.size(-2), sigma), gaussian_taps(x.size(-1), sigma)});
}

Tensor bilateral_filter(const Tensor& x, double sigma_color, double sigma_spatial) {
  check_pictures("bilateral_filter", x);
  check(sigma_color > 0, "bilateral_filter", "needs a sigma_color above 0, got ", sigma_color);
  check(sigma_spatial > 0 && sigma_spatial <= 100, "bilateral_filter",
        "needs a sigma_spatial above 0 and at most 100 pixels, got ", sigma_spatial);
  if (x.numel() == 0) return x;
  const auto reach = std::max<std::int64_t>(2, static_cast<std::int64_t>(std::ceil(3 * sigma_spatial)));
  const Tensor padded = reflect_pad(x, reach, reach);
  Tensor total = zeros_like(x), weights = total;
  for (std::int64_t dy = 0; dy <= 2 * reach; ++dy)
    for (std::int64_t dx = 0; dx <= 2 * reach; ++dx) {
      const Tensor other = slice(slice(padded, -2, dy, dy + x.size(-2)), -1, dx, dx + x.size(-1));
      Tensor distance = square(other - x);
      if (x.dim() == 4) distance = sum(distance, {1}, true);
      const auto apart = static_cast<double>((dy - reach) * (dy - reach) + (dx - reach) * (dx - reach));
      const Tensor weight = exp(std::move(distance) * (-0.5 / (sigma_color * sigma_color)) -
                                0.5 * apart / (sigma_spatial * sigma_spatial));
      total = std::move(total) + weight * other;
      weights = std::move(weights) + weight;
    }
  return total / weights;
}

Tensor total_variation(const Tensor& x, double weight, std::int64_t steps) {
  check_pictures("total_variation", x);
  check(weight > 0, "total_variation", "needs a weight above 0, got ", weight);
  check(steps >= 0, "total_variation", "needs at least 0 steps, got ", steps);
  if (x.numel() == 0) return x;
  // As many planes at a time as stay in a core's cache: a large picture shares its ops among the threads.
  const Tensor planes = reshape(x, {-1, x.size(-2), x.size(-1)});
  const std::int64_t grain = grain_of(x.size(-2) * x.size(-1)), count = planes.size(0);
  std::vector<Tensor> parts(static_cast<std::size_t>(ceil_div(count, grain)));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    parts[static_cast<std::size_t>(begin / grain)] = minimise_variation(slice(planes, 0, begin, end), weight, steps);
  });
  return reshape(concat(parts, 0), x.shape());
}

}  // namespace hourglass::examples
