// SPDX-License-Identifier: MIT
// Filters that remove noise from pictures and need no training. Pictures are f32 or f64 [..., height, width]; the
// result has the same shape and dtype, and a picture's result does not depend on the others. Beyond the border lies
// the picture's reflection (border.h). A pixel that is NaN makes NaN of the pixels that it has a part in. Empty sets
// stay as they are.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// The median of the size x size pixels around each pixel: of size * size sorted numbers, counted from 0, the one at
/// size * size / 2; size is 1 to 1000. With an even size the window reaches one pixel further up and left. Equal to
/// scipy.ndimage.median_filter. Removes single wrong pixels and keeps edges.
Tensor median_filter(const Tensor& x, std::int64_t size = 3);

/// The median over time of each pixel of frames [time, ...]: what stays when objects pass. Of an even number of frames,
/// the mean of the two in the middle. At least one frame is needed.
Tensor temporal_median(const Tensor& frames);

/// The mean with weights exp(-d² / (2 sigma²)) of pixels at distance d, rows and columns up to round(4 sigma) away.
/// sigma is in pixels, above 0 and at most 1000. Equal to scipy.ndimage.gaussian_filter.
Tensor gaussian_filter(const Tensor& x, double sigma);

/// The mean with weights exp(-d² / (2 sigma_spatial²)) exp(-|c - c'|² / (2 sigma_color²)) of pixels whose colours c'
/// differ from the pixel's c and which lie at distance d, in a window that reaches max(2, ceil(3 sigma_spatial)) pixels
/// in each direction: smooth within regions, sharp between them. In [n, channels, height, width] a colour is the
/// numbers of all channels; otherwise each plane is a picture. (Tomasi & Manduchi 1998, "Bilateral filtering for gray
/// and color images", equation 5.) Both sigmas are above 0; sigma_spatial is at most 100.
Tensor bilateral_filter(const Tensor& x, double sigma_color, double sigma_spatial);

/// The u that minimises  Σ (u - x)² / 2 + weight Σ |∇u|  for each plane, with forward differences ∇: flat regions with
/// sharp edges (Rudin, Osher & Fatemi 1992). The dual is solved by `steps` steps of size 1/4 of Chambolle 2004, "An
/// algorithm for total variation minimization and applications", equation 9. weight is above 0.
Tensor total_variation(const Tensor& x, double weight, std::int64_t steps = 200);

}  // namespace hourglass::examples
