// SPDX-License-Identifier: MIT
// The matrix product, after Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", and BLIS
// (Van Zee and van de Geijn 2015).
//
// C is computed in *tiles* of MR x NR sums that stay in registers: for each step of depth, a few rows of A times up to
// three registers of B. The loops around the tile keep one operand in a cache while the other passes by:
//   a *panel* of B, KC x NR, stays in the first-level cache while all tiles of a block of A are computed from it;
//   a *block* of A, MC x KC, stays in the second-level cache while all panels pass by.
// A panel is packed, so that the tile reads it front to back, unless the tile can read B in place. The same goes for A.
// Here MR x NR is tile_rows x (kMaxVectors registers), MC is kBlockRows, and KC is gemm_depth_block. B is not cut into
// blocks of NC columns: panels are packed one at a time.
#include "tensor/kernels/gemm.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "tensor/kernels/simd.inl"
#include "tensor/kernels/tile.inl"

namespace hourglass {
namespace {

namespace gemm {

// A tile is up to kMaxVectors registers wide. A row of B takes that many registers and one number of A another, which
// leaves 12 of 16 registers for sums, or more than 24 of 32. Tiles are wide rather than high, because a row of B is
// loaded once per register, and because C may be narrow: with AVX-512, tiles of 8 x 3 reach 0.99 of peak, 8 x 2
// 0.98 and 8 x 1 0.8.
constexpr int kMaxVectors = 3, kMaxRows = 8;
constexpr int tile_rows(std::int64_t vectors) {
  if (kManyRegisters) return 8;
  return vectors == 3 ? 4 : vectors == 2 ? 6 : 8;
}

constexpr std::int64_t kBlockRows = 192;

// ---- packing ------------------------------------------------------------------------------------------------------

// panel[k * step + lane] = source(lane, k) where lanes are neighbours in memory and their number is known to the
// compiler.
template <int Count, class T>
void pack_along_lanes(const Lanes<T>& source, std::int64_t depth, T* panel, std::int64_t step) {
  for (std::int64_t k = 0; k < depth; ++k)
    std::memcpy(panel + k * step, source.data + k * source.depth_step, Count * sizeof(T));
}

// The same for any lanes.
template <class T>
void pack(const Lanes<T>& source, std::int64_t lanes, std::int64_t depth, T* panel, std::int64_t step) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  if (source.depth_step == 1 && lanes % size == 0 && depth >= size)
    return pack_along_depth(source, lanes, depth, panel, step);
  if (source.lane_step == 1) {
    if (lanes == size) return pack_along_lanes<size>(source, depth, panel, step);
    if (lanes == 2 * size) return pack_along_lanes<2 * size>(source, depth, panel, step);
    if (lanes == 3 * size) return pack_along_lanes<3 * size>(source, depth, panel, step);
    if (lanes == tile_rows(1)) return pack_along_lanes<tile_rows(1)>(source, depth, panel, step);
    if (lanes == tile_rows(2)) return pack_along_lanes<tile_rows(2)>(source, depth, panel, step);
    if (lanes == tile_rows(3)) return pack_along_lanes<tile_rows(3)>(source, depth, panel, step);
  }
  for (std::int64_t k = 0; k < depth; ++k)
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      panel[k * step + lane] = source.data[lane * source.lane_step + k * source.depth_step];
}

// ---- the tile -----------------------------------------------------------------------------------------------------

// A part of C.
template <class T>
struct Target {
  T* data;
  std::int64_t row_step;
  bool add;       // to what is there
  const T* bias;  // or null

  Target from(std::int64_t row, std::int64_t column) const {
    return {data + row * row_step + column, row_step, add, bias ? bias + column : nullptr};
  }
};

// The rows of B that a tile reads. Its registers are neighbours, except that the last one ends with the last column of
// C, so it may overlap the one before it. Where two registers overlap they hold the same sums.
template <class T>
struct Panel {
  const T* data;
  std::int64_t depth_step;
  std::int64_t last, last_in_c;
};

// `count` tiles of Rows x (Vectors registers) of C, one below the other. A advances by a_step from one to the next.
template <class T, int Rows, int Vectors>
void tiles(const Lanes<T>& all, std::int64_t a_step, std::int64_t count, const Panel<T>& panel, std::int64_t depth,
           const Target<T>& target) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  Target<T> c = target;
  Lanes<T> first = all;
  const std::int64_t b_step = panel.depth_step, last = panel.last, last_in_c = panel.last_in_c;
  const auto in_b = [&](int v) HOURGLASS_INLINE { return v < Vectors - 1 ? v * size : last; };
  const auto in_c = [&](int v) HOURGLASS_INLINE { return v < Vectors - 1 ? v * size : last_in_c; };
  for (; count > 0; --count, first.data += a_step, c.data += Rows * c.row_step) {
    Lanes<T> a = first;
    const T* b = panel.data;
    Batch<T> sum[Rows][Vectors];
    // f(sum, its place in C, its column) for all of the tile.
    const auto for_each = [&](const auto& f) HOURGLASS_INLINE {
      T* to = c.data;
      unrolled<Rows>([&](int i) HOURGLASS_INLINE {
        unrolled<Vectors>([&](int v) HOURGLASS_INLINE { f(sum[i][v], to + in_c(v), in_c(v)); });
        to += c.row_step;
      });
    };

    // C is fetched while the sums are computed: 1.2 times faster at a depth of 20 to 32.
    for_each([](Batch<T>& s, T* to, std::int64_t) HOURGLASS_INLINE {
      __builtin_prefetch(to, 1);
      s = Batch<T>(T(0));
    });
    for (std::int64_t k = 0; k < depth; ++k) {
      Batch<T> row[Vectors];
      unrolled<Vectors>([&](int v) HOURGLASS_INLINE { row[v] = Batch<T>::load_unaligned(b + in_b(v)); });
      unrolled<Rows>([&](int i) HOURGLASS_INLINE {
        const Batch<T> x(a.data[i * a.lane_step]);
        unrolled<Vectors>([&](int v) HOURGLASS_INLINE { sum[i][v] = multiply_add<T>(x, row[v], sum[i][v]); });
      });
      __builtin_prefetch(a.data + 16 * a.depth_step);  // a transposed A: 1.2 times faster at 256 x 64 x 8960
      a.data += a.depth_step;
      b += b_step;
    }

    if (c.add)  // before anything is stored, since registers may overlap
      for_each([](Batch<T>& s, const T* at, std::int64_t) HOURGLASS_INLINE { s = Batch<T>::load_unaligned(at) + s; });
    if (c.bias)
      for_each([&](Batch<T>& s, const T*, std::int64_t column)
                   HOURGLASS_INLINE { s = s + Batch<T>::load_unaligned(c.bias + column); });
    for_each([](const Batch<T>& s, T* to, std::int64_t) HOURGLASS_INLINE { s.store_unaligned(to); });
  }
}

template <class T>
using TilesFunction = void (*)(const Lanes<T>& a, std::int64_t a_step, std::int64_t count, const Panel<T>& panel,
                               std::int64_t depth, const Target<T>& target);

// tiles<T, rows, vectors>, for numbers known at run time.
template <class T>
TilesFunction<T> tiles_of(std::int64_t rows, std::int64_t vectors) {
  struct Table {
    TilesFunction<T> entries[kMaxVectors][kMaxRows];
  };
  static constexpr Table table = []<int... I>(std::integer_sequence<int, I...>) {
    return Table{{{tiles<T, I + 1, 1>...},
                  {tiles<T, (I < tile_rows(2) ? I + 1 : 1), 2>...},
                  {tiles<T, (I < tile_rows(3) ? I + 1 : 1), 3>...}}};
  }
  (std::make_integer_sequence<int, kMaxRows>());
  return table.entries[vectors - 1][rows - 1];
}

// If C has fewer columns than a register, its tiles are computed in a buffer, by the same code, and copied.
template <class T>
void narrow_tiles(std::int64_t rows, std::int64_t columns, Lanes<T> a, std::int64_t a_step, std::int64_t count,
                  const Panel<T>& panel, std::int64_t depth, const Target<T>& target) {
  constexpr std::int64_t size = Batch<T>::size;
  alignas(64) T sums[kMaxRows * size];
  for (std::int64_t t = 0; t < count; ++t, a.data += a_step) {
    tiles_of<T>(rows, 1)(a, 0, 1, {panel.data, panel.depth_step, 0, 0}, depth, {sums, size, false, nullptr});
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) {
        T& to = target.data[(t * rows + i) * target.row_step + j];
        T y = sums[i * size + j];
        if (target.add) y = to + y;
        if (target.bias) y = y + target.bias[j];
        to = y;
      }
  }
}

// ---- the loops around it -------------------------------------------------------------------------------------------

template <class T>
std::int64_t workspace(const GemmSize& size) {
  constexpr std::int64_t width = kMaxVectors * static_cast<std::int64_t>(Batch<T>::size);
  const std::int64_t rows = smaller(2 * size.rows + kMaxRows, 2 * kBlockRows);  // a tile of few rows has room for more
  return gemm_depth_block(size.depth) * (width + rows);
}

// Packs the tiles of rows [row, row + rows), one after another. It goes by strips of depth, because the tiles of a
// transposed A share rows of memory: 1.2 times faster at A = 256 x 8960.
template <class T>
void pack_block(const Lanes<T>& a, std::int64_t row, std::int64_t rows, std::int64_t all_rows, std::int64_t k,
                std::int64_t depth, std::int64_t height, T* block) {
  constexpr std::int64_t strip = 32;
  const Parts tiles(rows, height);
  for (std::int64_t at = 0; at < depth; at += strip)
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const std::int64_t i = row + tiles.begin(t);
      // Copies the full height if A has the rows, although the last ones may belong to the next
      // tile: copying a number of rows known to the compiler is fast.
      const std::int64_t count = smaller(height, all_rows - i);
      pack(a.from(i, k + at), count, smaller(strip, depth - at), block + (t * depth + at) * height, height);
    }
}

// The panel of B for `columns` columns from `column` on, `vectors` registers wide; packed only if necessary.
template <class T>
Panel<T> panel_of(const Lanes<T>& b, std::int64_t column, std::int64_t columns, std::int64_t vectors, std::int64_t k,
                  std::int64_t depth, bool reused, T* packed) {
  constexpr std::int64_t size = Batch<T>::size;
  const std::int64_t width = vectors * size, last = width - size, last_in_c = columns - size;
  if (last_in_c < 0) {
    std::memset(packed, 0, static_cast<std::size_t>(depth * size) * sizeof(T));  // the lanes beyond the last column
    pack(b.from(column, k), columns, depth, packed, size);
    return {packed, size, 0, 0};
  }
  if (b.lane_step == 1) {
    // Reading in place is 1.25 times faster at 128 x 400 x 784. But rows a multiple of 2 KiB apart compete for the same
    // few lines of the cache, and packing them is 1.05 times faster at 128 x 1024 x 1024.
    const bool compete = b.depth_step * static_cast<std::int64_t>(sizeof(T)) % 2048 == 0;
    if (!(compete && reused)) return {b.from(column, k).data, b.depth_step, last_in_c, last_in_c};
  }
  if (last == last_in_c) {
    pack(b.from(column, k), width, depth, packed, width);
  } else {
    if (last > 0) pack(b.from(column, k), last, depth, packed, width);
    pack(b.from(column + last_in_c, k), size, depth, packed + last, width);
  }
  return {packed, width, last, last_in_c};
}

// C = A B for rows [row, row + rows) of A, one block of depth and all columns.
template <class T>
void multiply_block(std::int64_t row, std::int64_t rows, std::int64_t k, std::int64_t depth, const GemmSize& size,
                    const Lanes<T>& a, const Lanes<T>& b, const Target<T>& c, T* workspace) {
  constexpr std::int64_t lanes = Batch<T>::size;
  const Parts panels(ceil_div(size.columns, lanes), kMaxVectors);  // in registers
  const std::int64_t height = tile_rows(panels.size_of(0));
  const Parts tiles(rows, height);
  T* const b_packed = workspace;
  T* const a_packed = workspace + kMaxVectors * lanes * depth;

  // A transposed A is worth packing when many panels reuse it.
  const bool a_in_place = a.depth_step == 1 || panels.count <= 4;
  if (!a_in_place) pack_block(a, row, rows, size.rows, k, depth, height, a_packed);

  for (std::int64_t p = 0; p < panels.count; ++p) {
    const std::int64_t width = panels.size_of(p), column = panels.begin(p) * lanes;
    const std::int64_t columns = smaller(width * lanes, size.columns - column);
    const Panel<T> panel = panel_of(b, column, columns, width, k, depth, tiles.count > 2, b_packed);
    tiles.for_each_size([&](std::int64_t tile, std::int64_t count, std::int64_t high) {
      const std::int64_t i = row + tiles.begin(tile);
      const Lanes<T> from = a_in_place ? a.from(i, k) : Lanes<T>{a_packed + tile * depth * height, 1, height};
      const std::int64_t step = a_in_place ? high * a.lane_step : depth * height;
      const Target<T> target = c.from(i, column);
      if (columns < lanes) narrow_tiles(high, columns, from, step, count, panel, depth, target);
      else tiles_of<T>(high, width)(from, step, count, panel, depth, target);
    });
  }
}

template <class T>
void product(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c,
             T* workspace) {
  if (size.rows == 0 || size.columns == 0) return;
  const Lanes<T> a_lanes{a.data, a.row_step, a.column_step}, b_lanes{b.data, b.column_step, b.row_step};
  const Parts blocks(size.rows, kBlockRows);
  const std::int64_t depth_block = gemm_depth_block(size.depth);
  std::int64_t k = 0;
  do {  // once even when depth is 0: then the sums are 0
    const std::int64_t depth = smaller(size.depth - k, depth_block);
    const bool complete = k + depth == size.depth;
    const Target<T> target{c.data, c.row_step, c.accumulate || k > 0, complete ? c.epilogue.bias : nullptr};
    for (std::int64_t block = 0; block < blocks.count; ++block)
      multiply_block(blocks.begin(block), blocks.size_of(block), k, depth, size, a_lanes, b_lanes, target, workspace);
    k += depth;
  } while (k < size.depth);
}

template <class T>
constexpr GemmKernelsOf<T> kernels_of{Batch<T>::size, workspace<T>, product<T>};

}  // namespace gemm

}  // namespace

namespace HOURGLASS_SET {
extern const GemmKernels gemm_kernels;
constinit const GemmKernels gemm_kernels{gemm::kernels_of<float>, gemm::kernels_of<double>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
