// SPDX-License-Identifier: MIT
// Bicubic resizing, as a picture viewer does it.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Pictures [..., height, width] of another size, by cubic convolution with a = -1/2 (Keys 1981, "Cubic convolution
/// interpolation for digital image processing", equations 4 and 15). A picture that shrinks is smoothed by as much as
/// it shrinks, which prevents false patterns, and beyond the border lies nothing: the weights that remain are scaled to
/// sum to 1. Equal to Pillow's resize(..., BICUBIC). f32 or f64; the new height and width are 1 to 1,000,000, and the
/// pictures have pixels. Edges overshoot, so results may leave [0, 1]. (interpolate() in tensor/ops.h is
/// PyTorch's: a = -3/4, without smoothing.)
Tensor resize_bicubic(const Tensor& x, std::int64_t height, std::int64_t width);

}  // namespace hourglass::examples
