// SPDX-License-Identifier: MIT
#include "examples/support/metrics/references.h"

#include <algorithm>

#include "examples/support/baselines/least_squares.h"
#include "examples/support/metrics/pca.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

double error_of(const Tensor& outputs, const Tensor& targets) { return mean(square(outputs - targets)).item(); }

}  // namespace

double mean_image_error(const ImageData& data) { return error_of(mean(data.train_images, {0}), data.test_images); }

double pca_error(const ImageData& data, std::int64_t k) {
  const Pca pca = fit_pca(data.train_images, std::min(k, data.train_images.size(1)));
  return error_of(clamp(pca.decode(pca.encode(data.test_images)), 0, 1), data.test_images);
}

std::optional<double> linear_denoiser_error(const ImageData& data, const DamagedImages& damaged) {
  if (data.train_images.size(1) > 2000) return std::nullopt;
  LeastSquares fit;
  fit.add(damaged.train, data.train_images);
  const AffineMap map = fit.solve();
  const Dtype dtype = damaged.test.dtype();
  return error_of(matmul(damaged.test, to(map.weight, dtype)) + to(map.bias, dtype), data.test_images);
}

}  // namespace hourglass::examples
