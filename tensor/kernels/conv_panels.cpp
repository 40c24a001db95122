// SPDX-License-Identifier: MIT
// Windows times a packed panel, with the panel's columns along the lanes. Windows may lie anywhere.
#include "tensor/kernels/conv.h"
#include "tensor/kernels/conv_tile.inl"

namespace hourglass {
namespace {

namespace conv {

// Depth is divided into blocks of at most this length, so that a panel stays in the first-level cache. From the second
// block on, the sums start with what C holds.
constexpr std::int64_t kDepth = 256;
constexpr int kPanelVectors = kManyRegisters ? 4 : 3;
// The highest tile that is `vectors` registers wide.
constexpr int panel_tile_rows(std::int64_t vectors) {
  int rows = kMaxRows;
  while (tile_vectors(rows) < vectors) --rows;
  return rows;
}

template <class T>
void pack_panel(const T* from, std::int64_t step, std::int64_t columns, std::int64_t depth, std::int64_t width,
                T* panel) {
  constexpr std::int64_t lanes = Batch<T>::size;
  const std::int64_t whole = depth >= lanes ? columns / lanes * lanes : 0;
  if (whole > 0) pack_along_depth<T>({from, step, 1}, whole, depth, panel, width);
  if (whole == width) return;
  for (std::int64_t k = 0; k < depth; ++k)
    for (std::int64_t j = whole; j < width; ++j) panel[k * width + j] = j < columns ? from[j * step + k] : T(0);
}

template <class T>
void panel_product(const PanelProduct<T>& p) {
  constexpr int lanes = static_cast<int>(Batch<T>::size);
  using Panel = Dense<T, lanes>;
  using Function = TilesFunction<T, Scattered<T>, Panel, MemoryStart<T>>;
  static constexpr auto tiles_of =
      tile_table<Function, kMaxRows, kPanelVectors>([]<int Rows, int Vectors>() -> Function {
        if constexpr (Rows > panel_tile_rows(Vectors)) return nullptr;
        else return tiles<T, Rows, Vectors, Scattered<T>, Panel, MemoryStart<T>>;
      });
  static constexpr std::int64_t columns[] = {0, lanes, 2 * lanes, 3 * lanes};
  static constexpr T zeros[kPanelVectors * lanes] = {};
  const std::int64_t width = p.vectors * lanes;
  const Parts parts(p.rows, panel_tile_rows(p.vectors));
  std::int64_t k = 0;
  do {  // once even when depth is 0
    const std::int64_t depth = smaller(p.depth - k, kDepth);
    const bool add = p.accumulate || k > 0;
    const MemoryStart<T> start = add ? MemoryStart<T>{p.c, p.row_step} : MemoryStart<T>{p.bias ? p.bias : zeros, 0};
    parts.for_each_size([&](std::int64_t tile, std::int64_t down, std::int64_t rows) {
      const std::int64_t i = parts.begin(tile);
      tiles_of(rows, p.vectors)({p.frame, p.row_offset + i, p.depth_offset + k}, {p.panel + k * width, width}, depth,
                                start.below(i), {p.c + i * p.row_step, p.row_step, columns}, down, 1);
    });
    k += depth;
  } while (k < p.depth);
}

template <class T>
constexpr PanelKernelsOf<T> panels_of{kPanelVectors, pack_panel<T>, panel_product<T>};

}  // namespace conv

}  // namespace

namespace HOURGLASS_SET {
extern const PanelKernels panel_kernels;
constinit const PanelKernels panel_kernels{conv::panels_of<float>, conv::panels_of<double>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
