// SPDX-License-Identifier: MIT
#include "examples/support/metrics/references.h"

#include <algorithm>

#include "examples/support/metrics/pca.h"
#include "tensor/linalg.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

double error_of(const Tensor& outputs, const Tensor& targets) { return mean(square(outputs - targets)).item(); }

// Aᵀ B, a few thousand rows at a time, in f64.
Tensor products_of(const Tensor& a, const Tensor& b) {
  Tensor total = zeros({a.size(1), b.size(1)}, Dtype::f64);
  for (std::int64_t first = 0; first < a.size(0); first += 4096) {
    const auto rows = [first, end = std::min(first + 4096, a.size(0))](const Tensor& x) {
      return to(slice(x, 0, first, end), Dtype::f64);
    };
    total = total + matmul(transpose(rows(a)), rows(b));
  }
  return total;
}

}  // namespace

double mean_image_error(const ImageData& data) { return error_of(mean(data.train_images, {0}), data.test_images); }

double pca_error(const ImageData& data, std::int64_t k) {
  const Pca pca = fit_pca(data.train_images, std::min(k, data.train_images.size(1)));
  return error_of(clamp(pca.decode(pca.encode(data.test_images)), 0, 1), data.test_images);
}

std::optional<double> linear_denoiser_error(const ImageData& data, const DamagedImages& damaged) {
  if (data.train_images.size(1) > 2000) return std::nullopt;
  const Tensor mean_damaged = mean(damaged.train, {0}), mean_clean = mean(data.train_images, {0});
  const Tensor x = damaged.train - mean_damaged, y = data.train_images - mean_clean;
  // A little of the identity, for pixels that are the same in all images.
  const Tensor squares = products_of(x, x);
  const Tensor ridge = eye(squares.size(0), -1, Dtype::f64) * (1e-6 * mean(diagonal(squares)).item() + 1e-12);
  const Tensor w = to(solve(squares + ridge, products_of(x, y)), damaged.test.dtype());
  return error_of(matmul(damaged.test - mean_damaged, w) + mean_clean, data.test_images);
}

}  // namespace hourglass::examples
