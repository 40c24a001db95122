// SPDX-License-Identifier: MIT
// A network that repairs pictures: a residual U-Net, which has no bottleneck.
#pragma once
#include <cstdint>

#include "examples/support/args.h"
#include "nn/conv.h"
#include "nn/layer.h"
#include "nn/sequential.h"
#include "tensor/random.h"

namespace hourglass::examples {

struct UNetRepairOptions {
  std::int64_t channels = 3;  ///< of the pictures
  std::int64_t width = 32;    ///< channels of the finest level; each level has twice as many as the one above it
  std::int64_t levels = 3;    ///< sizes at which the picture is looked at, each half of the one above it
  std::int64_t blocks = 1;    ///< of two convolutions, on the way down and on the way up, at each level
  std::int64_t shrink = 1;    ///< side in pixels of the squares that are one place at the finest level (see below)
  std::int64_t scale = 1;     ///< factor by which height and width grow: super-resolution
};

/// y = enlarge(x) + r(x): what is wrong with a picture is simpler than the picture, so the network predicts the
/// difference (Zhang et al. 2017, "Beyond a Gaussian denoiser"). r is a U-Net (Ronneberger et al. 2015) of residual
/// blocks without normalisation, whose ways down and up are strided convolutions and whose skip connections add, as in
/// DRUNet (Zhang et al. 2021, "Plug-and-play image restoration with deep denoiser prior"):
///
///     level_i(h)  =  blocks( h + up( level_{i+1}( down( h ) ) ) )      with blocks also on the way down
///
/// With shrink = s, pixel-unshuffle first makes s² channels of each square of s x s pixels and pixel-shuffle puts them
/// back at the end: a level costs 1 / s² as much and sees s times as far (FFDNet, Zhang et al. 2018). With scale = s,
/// enlarge is bicubic interpolation (Keys 1981) and the pixel-shuffle at the end makes s² pixels of each.
///
/// The last convolution begins as 0, so the untrained network returns enlarge(x). Pictures [n, channels, h, w] of any
/// height and width: they are extended at the lower and right edge to multiples of shrink 2^(levels - 1) with copies of
/// the edge, and the result is cut to scale h x scale w.
class UNetRepair : public nn::Layer {
 public:
  UNetRepair(const UNetRepairOptions& options, Rng& rng);
  Var forward(const Var& x) const override;

  /// A pixel of the result depends on pixels up to this far away: the margin for in_tiles.
  std::int64_t reach() const;
  /// If a picture moves by a multiple of this number of pixels, so does the result.
  std::int64_t multiple() const;
  const UNetRepairOptions& options() const { return options_; }

 private:
  UNetRepairOptions options_;
  nn::Sequential& layers_;
};

/// --width, --levels and --blocks, whose defaults are the options as they are.
void add_flags(Program& program, UNetRepairOptions& options);

/// The repaired picture [channels, height, width] of one of any size, in tiles, cut to [0, 1].
Tensor repaired(const UNetRepair& net, const Tensor& picture);

}  // namespace hourglass::examples
