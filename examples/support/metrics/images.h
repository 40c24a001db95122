// SPDX-License-Identifier: MIT
// How similar two pictures are: PSNR and SSIM.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The peak signal-to-noise ratio of each image, in decibels: 10 log10( range² / mean (a - b)² ), where
/// range is the distance from the darkest to the brightest possible value. Infinite for equal images. a [n, ...] and b
/// have the same shape; the result is f64[n].
Tensor psnr(const Tensor& a, const Tensor& b, double range = 1);

/// The structural similarity of each image, as nn::ssim computes it with a window of 11 pixels, in f64 (Wang et al.
/// 2004). 1 for equal images, about 0 for unrelated ones, negative if one is the other's negative. a [n, h, w] or [n,
/// c, h, w] and b have the same shape; the result is f64[n].
Tensor structural_similarity(const Tensor& a, const Tensor& b, double range = 1);

}  // namespace hourglass::examples
