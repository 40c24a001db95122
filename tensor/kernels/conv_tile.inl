// SPDX-License-Identifier: MIT
// The tile of sums that products with windows keep in registers, for operands that lie scattered in memory.
//
// Element (i, k) of a *scattered* operand is data[lane[i] + place[k]], with a table for each axis (the block-scatter
// matrices of Matthews 2018, "High-performance tensor contraction without transposition"). Looking up a place costs one
// load for a whole step of the tile, so only the small operand is packed.
#pragma once
#include "tensor/kernels/tile.inl"

namespace hourglass {
namespace {

namespace conv {

// Tiles are as wide as the registers allow: the fewer rows, the wider. A tile one register wide has
// up to 9 rows, because a 3 x 3 window has 9 numbers.
constexpr int kMaxRows = 9, kMaxVectors = 8;
constexpr int tile_vectors(int rows) {
  constexpr int many[] = {8, 8, 6, 5, 4, 4, 3, 3, 1}, few[] = {8, 5, 3, 3, 2, 2, 1, 1, 1};
  return kManyRegisters ? many[rows - 1] : few[rows - 1];
}

// The height of the highest tile that is 3 registers wide, and the height of equal tiles, at most
// as high, that cover `rows` rows.
constexpr int kTileRows = kManyRegisters ? 8 : 4;
constexpr std::int64_t tile_height(std::int64_t rows) { return ceil_div(rows, ceil_div(rows, kTileRows)); }

// A function for each size of tile: of<Rows, Vectors>() is null if there is no such tile.
template <class Function, int MaxRows, int MaxVectors>
struct TileTable {
  Function entries[MaxRows * MaxVectors];

  Function operator()(std::int64_t rows, std::int64_t vectors) const {
    return entries[(rows - 1) * MaxVectors + vectors - 1];
  }
};
template <class Function, int MaxRows, int MaxVectors, class Of>
constexpr TileTable<Function, MaxRows, MaxVectors> tile_table(const Of& of) {
  return [&]<int... I>(std::integer_sequence<int, I...>) {
    return TileTable<Function, MaxRows, MaxVectors>{
        {of.template operator()<I / MaxVectors + 1, I % MaxVectors + 1>()...}};
  }
  (std::make_integer_sequence<int, MaxRows * MaxVectors>());
}

// ---- operands -----------------------------------------------------------------------------------------------------

// Element (i, k) is data[i * unit + k * step], unit known to the compiler.
template <class T, int Unit>
struct Dense {
  const T* data;
  std::int64_t step;

  template <int Count>
  struct Reader {
    const T* data;
    std::int64_t step;
    [[gnu::always_inline]] const T* at(std::int64_t k) const { return data + k * step; }
    [[gnu::always_inline]] std::int64_t lane(int i) const { return i * Unit; }
  };
  template <int Count>
  [[gnu::always_inline]] Reader<Count> reader() const {
    return {data, step};
  }
  // The lanes of the next tile, which lie after all `depth` steps of these.
  template <int Count>
  [[gnu::always_inline]] Dense next(std::int64_t depth) const {
    return {data + depth * step, step};
  }
};

// Element (i, k) is data[lane[i] + place[k]].
template <class T>
struct Scattered {
  const T* data;
  const std::int64_t* lane;
  const std::int64_t* place;

  template <int Count>
  struct Reader {
    const T* data;
    const std::int64_t* place;
    std::int64_t lanes[Count];
    [[gnu::always_inline]] const T* at(std::int64_t k) const { return data + place[k]; }
    [[gnu::always_inline]] std::int64_t lane(int i) const { return lanes[i]; }
  };
  template <int Count>
  [[gnu::always_inline]] Reader<Count> reader() const {
    Reader<Count> result;
    result.data = data;
    result.place = place;
    unrolled<Count>([&](auto i) HOURGLASS_INLINE { result.lanes[i] = lane[i]; });
    return result;
  }
  template <int Count>
  [[gnu::always_inline]] Scattered next(std::int64_t) const {
    return {data, lane + Count, place};
  }
};

// ---- initial values of the sums -----------------------------------------------------------------------------------

// A number for each row; with step 0, one number for all rows.
template <class T>
struct RowStart {
  const T* numbers;
  std::int64_t step;

  [[gnu::always_inline]] Batch<T> at(int i, int) const { return Batch<T>(numbers[i * step]); }
  [[gnu::always_inline]] RowStart below(std::int64_t rows) const { return {numbers + rows * step, step}; }
};

// Numbers in memory; with row_step 0, all rows start with the same numbers.
template <class T>
struct MemoryStart {
  const T* data;
  std::int64_t row_step;

  [[gnu::always_inline]] Batch<T> at(int i, int v) const {
    return Batch<T>::load_unaligned(data + i * row_step + v * static_cast<int>(Batch<T>::size));
  }
  [[gnu::always_inline]] MemoryStart below(std::int64_t rows) const { return {data + rows * row_step, row_step}; }
};

// ---- the tile -----------------------------------------------------------------------------------------------------

// Where the sums go: rows row_step apart, register v of a row to columns[v].
template <class T>
struct Target {
  T* data;
  std::int64_t row_step;
  const std::int64_t* columns;
};

// Rows x Vectors registers of C: the sum over k of a(i, k) times the register that starts with b(v, k).
template <class T, int Rows, int Vectors, class A, class B, class Start>
[[gnu::always_inline]] inline void tile(const A& a, const B& b, std::int64_t depth, const Start& start,
                                        const Target<T>& c) {
  Batch<T> sum[Rows][Vectors];
  unrolled<Rows * Vectors>([&](auto at) HOURGLASS_INLINE {
    constexpr int i = at / Vectors, v = at % Vectors;
    sum[i][v] = start.at(i, v);
  });
  for (std::int64_t k = 0; k < depth; ++k) {
    const T* const x = a.at(k);
    const T* const y = b.at(k);
    Batch<T> row[Vectors];
    unrolled<Vectors>([&](auto v) HOURGLASS_INLINE { row[v] = Batch<T>::load_unaligned(y + b.lane(v)); });
    unrolled<Rows>([&](auto i) HOURGLASS_INLINE {
      const Batch<T> factor(x[a.lane(i)]);
      unrolled<Vectors>([&](auto v) HOURGLASS_INLINE { sum[i][v] = multiply_add<T>(factor, row[v], sum[i][v]); });
    });
  }
  unrolled<Rows * Vectors>([&](auto at) HOURGLASS_INLINE {
    constexpr int i = at / Vectors, v = at % Vectors;
    sum[i][v].store_unaligned(c.data + i * c.row_step + c.columns[v]);
  });
}

template <class T, class A, class B, class Start>
using TilesFunction = void (*)(const A& a, const B& b, std::int64_t depth, const Start& start, const Target<T>& target,
                               std::int64_t down, std::int64_t across);

// `down` x `across` tiles.
template <class T, int Rows, int Vectors, class A, class B, class Start>
void tiles(const A& a_operand, const B& b_operand, std::int64_t depth, const Start& start, const Target<T>& target,
           std::int64_t down, std::int64_t across) {
  B b_next = b_operand;
  const std::int64_t* columns = target.columns;
  for (; across > 0; --across) {
    const auto b = b_next.template reader<Vectors>();
    A a_next = a_operand;
    Start from = start;
    Target<T> c{target.data, target.row_step, columns};
    for (std::int64_t t = 0; t < down; ++t) {
      tile<T, Rows, Vectors>(a_next.template reader<Rows>(), b, depth, from, c);
      a_next = a_next.template next<Rows>(depth);
      from = from.below(Rows);
      c.data += Rows * c.row_step;
    }
    b_next = b_next.template next<Vectors>(depth);
    columns += Vectors;
  }
}

}  // namespace conv

}  // namespace
}  // namespace hourglass
