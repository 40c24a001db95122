// SPDX-License-Identifier: MIT
// Large pictures in tiles, without seams.
#pragma once
#include <cstdint>
#include <functional>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct TileOptions {
  std::int64_t size = 256;    ///< height and width of what is computed at once, without the margin
  std::int64_t margin = 32;   ///< pixels around it that are computed as well, and cut off again
  std::int64_t multiple = 1;  ///< tiles begin at multiples of this number; size and margin are rounded up to them
  std::int64_t scale = 1;     ///< factor by which f enlarges height and width
};

/// f of a picture [channels, height, width], a tile at a time. f maps [1, channels, h, w] to [1, any channels, scale h,
/// scale w]; it is called without a graph. A tile is computed with a margin around it, as far as the picture goes, and
/// the margin is cut off. If each output depends only on inputs at most `margin` pixels away, and f treats all places
/// alike up to moves by `multiple` pixels (a network that halves its pictures n times: 2^n), then the result is that of
/// f on the whole picture, up to rounding. The memory that f needs is that of one tile.
Tensor in_tiles(const std::function<Tensor(const Tensor& tile)>& f, const Tensor& picture,
                const TileOptions& options = {});

}  // namespace hourglass::examples
