// SPDX-License-Identifier: MIT
// Ink and paper told apart by a threshold that follows the page's light.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// The threshold  m (1 + k (s / r - 1))  at each pixel of pages [..., height, width], f32 or f64, where m and s are the
/// mean and the standard deviation of the window x window pixels around it: a little below the paper's brightness where
/// there is paper alone, in the middle between ink and paper where there are both (Sauvola & Pietikäinen 2000, "Adaptive
/// document image binarization", equation 5). window is odd, at most 9999; r > 0 is the largest possible s. Beyond the border lies
/// the page's reflection (border.h). Equal to skimage.filters.threshold_sauvola on pages that were reflected so before.
/// A pixel that is NaN makes NaN of the thresholds around it.
Tensor sauvola(const Tensor& page, std::int64_t window = 15, double k = 0.2, double r = 0.5);

/// The page in black and white: 1 where it is brighter than the threshold, otherwise 0. With a softness above 0 the
/// step is a ramp of that width, (page - threshold) / softness + 1/2 within [0, 1], so that edges of letters stay grey.
/// `threshold` broadcasts to the page. NaN stays.
Tensor clean_page(const Tensor& page, const Tensor& threshold, double softness = 0);

}  // namespace hourglass::examples
