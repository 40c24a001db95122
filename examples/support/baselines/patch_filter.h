// SPDX-License-Identifier: MIT
// The best linear filter of patches: what a network of one linear layer could learn at best.
#pragma once
#include <cstdint>

#include "examples/support/baselines/least_squares.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

struct PatchFilterOptions {
  std::int64_t size = 8;  ///< patches are size x size pixels
  double ridge = 1e-6;    ///< of the least squares, see LeastSquares
};

/// Learns from pairs of pictures the affine map of damaged patches to clean ones that has the least squared error
/// (Wiener's filter, for patches in place of endless signals). To restore a picture, it maps all patches of the picture,
/// which overlap, and averages for each pixel the size² results that contain it. The picture is first continued by its
/// reflection (border.h), so that this holds at the border, too. All in all that is one convolution with a kernel of
/// 2 size - 1 pixels, which is how it is computed. Pictures are f32 or f64, [..., height, width], each plane a picture,
/// or [n, channels, height, width], where a patch has all channels. Damaged and clean pictures may have different
/// numbers of channels.
class PatchFilter {
 public:
  explicit PatchFilter(const PatchFilterOptions& options = {});
  /// Learns from all patches of these pictures, together with those of earlier calls. Pictures of different calls may
  /// have different extents, which are at least `size`. NaN and infinity are an error.
  void learn(const Tensor& damaged, const Tensor& clean);
  /// Restores pictures of any extent. It is an error if nothing was learnt.
  Tensor operator()(const Tensor& x) const;

 private:
  PatchFilterOptions options_;
  LeastSquares patches_;
  Tensor kernel_, bias_;  // of the convolution: f64[out, in, 2 size - 1, 2 size - 1] and f64[out]
};

}  // namespace hourglass::examples
