// How much one picture looks like another.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The peak signal-to-noise ratio of each image, in decibels: 10 log10( range² / mean (a - b)² ), range being the
/// distance from the darkest to the brightest value there can be. Infinite for images that are the same. Of a [n, ...]
/// and b of the same shape, f64[n].
Tensor psnr(const Tensor& a, const Tensor& b, double range = 1);

/// The structural similarity of each image, computed in f64 as nn::ssim says with its window of 11 pixels (Wang et al.
/// 2004): 1 where they are the same, about 0 where they have nothing in common, and below where one is the other's
/// negative. Of a [n, h, w] or [n, c, h, w] and b of the same shape, f64[n].
Tensor structural_similarity(const Tensor& a, const Tensor& b, double range = 1);

}  // namespace hourglass::examples
