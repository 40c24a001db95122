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

// Chambolle's steps for one plane. p is the dual field times the weight. Its rows begin with one of zeros, and px is 0
// in the last column, so that the divergence reads zeros beyond the upper and the left border.
template <class T>
void minimise_variation(const T* x, T* u, std::int64_t height, std::int64_t width, T weight, std::int64_t steps) {
  constexpr T kStep = 0.25;
  const std::int64_t grain = grain_of(width, kSlowGrain);
  std::vector<T> px_rows(static_cast<std::size_t>((height + 1) * width)), py_rows(px_rows);
  T *const px = px_rows.data() + width, *const py = py_rows.data() + width;
  std::copy(x, x + height * width, u);
  for (std::int64_t step = 0; step < steps; ++step) {
    parallel_for(height, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t first = row * width, below = row + 1 < height ? width : 0;
        const auto move = [&](std::int64_t i, T dx, T dy) {
          const T scale = 1 / (1 + kStep / weight * std::sqrt(dx * dx + dy * dy));
          px[i] = (px[i] - kStep * dx) * scale;
          py[i] = (py[i] - kStep * dy) * scale;
        };
        for (std::int64_t i = first; i < first + width - 1; ++i) move(i, u[i + 1] - u[i], u[i + below] - u[i]);
        const std::int64_t last = first + width - 1;
        move(last, 0, u[last + below] - u[last]);
      }
    });
    parallel_for(height * width, grain * width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) u[i] = x[i] - px[i] - py[i] + px[i - 1] + py[i - width];
    });
  }
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
  check(size >= 1, "median_filter", "needs a window of at least 1 pixel, got ", size);
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
  check(steps >= 0, "total_variation", "needs a number of steps, got ", steps);
  if (x.numel() == 0) return x;
  const Tensor from = contiguous(x);
  Tensor y(x.shape(), x.dtype());
  const std::int64_t height = x.size(-2), width = x.size(-1), size = height * width;
  dispatch_floating("total_variation", x.dtype(), [&]<class T>() {
    const T* const pictures = from.data<T>();
    T* const to = y.mutable_data<T>();
    // One picture is shared among threads by its rows, several by picture.
    parallel_for(x.numel() / size, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        minimise_variation(pictures + i * size, to + i * size, height, width, static_cast<T>(weight), steps);
    });
  });
  return y;
}

}  // namespace hourglass::examples
