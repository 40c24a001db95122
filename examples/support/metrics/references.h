// SPDX-License-Identifier: MIT
// What an autoencoder must beat, computed from the data of the run: the mean image, the best linear code, the best
// linear denoiser. All fit the training images, and all give the mean squared error per pixel on the test images.
#pragma once
#include <cstdint>
#include <optional>

#include "examples/support/datasets.h"

namespace hourglass::examples {

/// Of the mean training image as the output for every input.
double mean_image_error(const ImageData& data);

/// Of principal component analysis with k components, at most as many as there are pixels, with outputs clipped to
/// [0, 1].
double pca_error(const ImageData& data, std::int64_t k);

/// Of the linear function W x~ + b that restores clean images best from damaged ones: least squares over the damaged
/// training images. Damaged and clean images are [n, pixels]. Nothing for images of more than 2000 pixels, where least
/// squares would take longer than training.
struct DamagedImages {
  Tensor train, test;
};
std::optional<double> linear_denoiser_error(const ImageData& data, const DamagedImages& damaged);

}  // namespace hourglass::examples
