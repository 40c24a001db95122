// SPDX-License-Identifier: MIT
#include "examples/support/tiles.h"

#include <algorithm>

#include "autograd/grad.h"
#include "tensor/error.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

// Along one axis: [begin, end) is computed, and [first, last) of it is kept.
struct Span {
  std::int64_t begin, end, first, last;
};
Span span_at(std::int64_t first, std::int64_t size, std::int64_t margin, std::int64_t extent) {
  const std::int64_t last = std::min(extent, first + size);
  return {std::max<std::int64_t>(0, first - margin), std::min(extent, last + margin), first, last};
}

// Copies a part of the tile [channels, h, w] into the picture [channels, height, width].
void put(const Tensor& tile, const Span& rows, const Span& columns, std::int64_t scale, Tensor& picture) {
  const std::int64_t height = picture.size(1), width = picture.size(2), tile_height = tile.size(1),
                     tile_width = tile.size(2);
  const float* from = tile.data<float>();
  float* to = picture.mutable_data<float>();
  const std::int64_t left = scale * (columns.first - columns.begin), count = scale * (columns.last - columns.first);
  for (std::int64_t c = 0; c < picture.size(0); ++c)
    for (std::int64_t y = scale * rows.first; y < scale * rows.last; ++y)
      std::copy_n(from + (c * tile_height + y - scale * rows.begin) * tile_width + left, count,
                  to + (c * height + y) * width + scale * columns.first);
}

}  // namespace

Tensor in_tiles(const std::function<Tensor(const Tensor& tile)>& f, const Tensor& picture, const TileOptions& options) {
  check(picture.dim() == 3 && picture.dtype() == Dtype::f32, "in_tiles",
        "needs a picture f32[channels, height, width], "
        "got ",
        describe(picture));
  check(picture.numel() > 0, "in_tiles", "the picture is empty: ", describe(picture));
  check(options.size >= 1 && options.margin >= 0 && options.multiple >= 1 && options.scale >= 1, "in_tiles",
        "size, multiple and scale must be at least 1 and margin at least 0, got ", options.size, ", ", options.multiple,
        ", ", options.scale, " and ", options.margin);
  const NoGrad no_grad;
  const auto rounded = [&](std::int64_t x) { return ceil_div(x, options.multiple) * options.multiple; };
  const std::int64_t size = rounded(options.size), margin = rounded(options.margin), scale = options.scale;
  const std::int64_t height = picture.size(1), width = picture.size(2);
  Tensor result;
  for (std::int64_t top = 0; top < height; top += size)
    for (std::int64_t left = 0; left < width; left += size) {
      const Span rows = span_at(top, size, margin, height), columns = span_at(left, size, margin, width);
      const Tensor part = slice(slice(picture, 1, rows.begin, rows.end), 2, columns.begin, columns.end);
      const Tensor tile = contiguous(f(contiguous(unsqueeze(part, 0))));
      check(tile.dim() == 4 && tile.size(0) == 1 && tile.dtype() == Dtype::f32 &&
                tile.size(2) == scale * part.size(1) && tile.size(3) == scale * part.size(2),
            "in_tiles", "the function made ", describe(tile), " of a tile ", describe(part),
            "; expected f32[1, channels, ", scale * part.size(1), ", ", scale * part.size(2), "]");
      if (result.numel() == 0) result = Tensor({tile.size(1), scale * height, scale * width});
      check(result.size(0) == tile.size(1), "in_tiles", "the function made tiles of ", result.size(0), " and of ",
            tile.size(1), " channels");
      put(squeeze(tile, 0), rows, columns, scale, result);
    }
  return result;
}

}  // namespace hourglass::examples
