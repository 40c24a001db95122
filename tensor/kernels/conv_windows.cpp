// SPDX-License-Identifier: MIT
// Weights times windows, with windows along the lanes: runs of the frame are registers as they lie in memory.
#include "tensor/kernels/conv.h"
#include "tensor/kernels/conv_tile.inl"

namespace hourglass {
namespace {

namespace conv {

// Tile by tile, and within a tile step by step: packed[(t depth + k) height + i] = weights[t height + i, k].
template <class T>
void pack_weights(const T* weights, std::int64_t rows, std::int64_t depth, T* packed) {
  const std::int64_t height = tile_height(rows);
  for (std::int64_t row = 0; row < rows; row += height) {
    const std::int64_t count = smaller(height, rows - row);
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t i = 0; i < count; ++i) *packed++ = weights[(row + i) * depth + k];
  }
}

// The whole depth at once: the part of the frame that a tile reads again and again is small.
template <class T>
void windows_product(const WindowsProduct<T>& p) {
  using Weights = Dense<T, 1>;
  using Function = TilesFunction<T, Weights, Scattered<T>, RowStart<T>>;
  static constexpr auto tiles_of =
      tile_table<Function, kTileRows, kMaxVectors>([]<int Rows, int Vectors>() -> Function {
        if constexpr (Vectors > tile_vectors(Rows)) return nullptr;
        else return tiles<T, Rows, Vectors, Weights, Scattered<T>, RowStart<T>>;
      });
  static constexpr T zero = 0;
  const RowStart<T> start = p.bias ? RowStart<T>{p.bias, 1} : RowStart<T>{&zero, 0};
  const std::int64_t height = tile_height(p.rows), down = p.rows / height, rest = p.rows % height;
  const Parts groups(p.runs, tile_vectors(static_cast<int>(height)));
  groups.for_each_size([&](std::int64_t group, std::int64_t across, std::int64_t width) {
    const std::int64_t run = groups.begin(group);
    const auto rows = [&](std::int64_t row, std::int64_t tile_rows, std::int64_t count) {
      tiles_of(tile_rows, width)({p.weights + row * p.depth, tile_rows}, {p.frame, p.position + run, p.offset}, p.depth,
                                 start.below(row), {p.c + row * p.row_step, p.row_step, p.column + run}, count, across);
    };
    rows(0, height, down);
    if (rest > 0) rows(p.rows - rest, rest, 1);
  });
}

template <class T>
constexpr WindowsKernelsOf<T> windows_of{pack_weights<T>, windows_product<T>};

}  // namespace conv

}  // namespace

namespace HOURGLASS_SET {
extern const WindowsKernels windows_kernels;
constinit const WindowsKernels windows_kernels{conv::windows_of<float>, conv::windows_of<double>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
