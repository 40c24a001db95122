// SPDX-License-Identifier: MIT
// Sums over windows, for one type of numbers: each sum has a register, with windows along the lanes
// of both operands. The lanes are added up at the end.
#pragma once
#include <cstring>

#include "tensor/kernels/conv.h"
#include "tensor/kernels/conv_tile.inl"

namespace hourglass {
namespace {

namespace conv {

// The last `count` lanes of a register; the others become 0.
template <class T>
struct LastLanes {
  using Bits = typename BitsOf<T>::type;
  Bits mask;
  explicit LastLanes(std::int64_t count) {
    constexpr int size = static_cast<int>(Batch<T>::size);
    Word<T> words[size];
    for (int i = 0; i < size; ++i) words[i] = i >= size - count ? ~Word<T>(0) : Word<T>(0);
    std::memcpy(&mask, words, sizeof mask);
  }
  [[gnu::always_inline]] Batch<T> operator()(const Batch<T>& x) const { return from_bits<T>(to_bits<T>(x) & mask); }
};

// x, loaded once. Compilers like to load an operand again for each instruction that uses it, which costs twice as much
// where it crosses a cache line.
template <class T>
[[gnu::always_inline]] inline Batch<T> in_register(const Batch<T>& x) {
  typename Batch<T>::register_type numbers = x;
#if defined(__x86_64__)
  asm("" : "+v"(numbers));
#endif
  return Batch<T>(numbers);
}

template <class T>
using LaneSumsFunction = void (*)(const LaneSums<T>& product, std::int64_t row, std::int64_t k);

// Rows x Width registers of sums. Both operands are read register by register, as they lie in memory.
template <class T, int Rows, int Width>
void lane_sums_tile(const LaneSums<T>& product, std::int64_t row, std::int64_t k) {
  constexpr std::int64_t size = Batch<T>::size;
  static constexpr T zeros[size] = {};
  const LaneSums<T> p = product;
  const std::int64_t whole = p.windows / size, rest = p.windows % size;
  T* const to = p.sums + (row * p.depth + k) * size;
  std::int64_t rows[Rows], offsets[Width];
  unrolled<Rows>([&](auto i) HOURGLASS_INLINE { rows[i] = i * p.g_row; });
  unrolled<Width>([&](auto t) HOURGLASS_INLINE { offsets[t] = p.offset[k + t]; });

  Batch<T> sum[Rows][Width];
  const T* const start = p.accumulate ? to : zeros;
  const std::int64_t start_step = p.accumulate ? size : 0;
  unrolled<Rows * Width>([&](auto at) HOURGLASS_INLINE {
    constexpr int i = at / Width, t = at % Width;
    sum[i][t] = Batch<T>::load_unaligned(start + (i * p.depth + t) * start_step);
  });
  const LastLanes<T> last(rest);
  const auto line = [&](const T* g, const T* x) HOURGLASS_INLINE {
    const auto step = [&](const auto& part) HOURGLASS_INLINE {
      Batch<T> window[Width];
      unrolled<Width>([&](auto t) HOURGLASS_INLINE { window[t] = part(Batch<T>::load_unaligned(x + offsets[t])); });
      unrolled<Rows>([&](auto i) HOURGLASS_INLINE {
        const Batch<T> factor = in_register<T>(part(Batch<T>::load_unaligned(g + rows[i])));
        unrolled<Width>([&](auto t) HOURGLASS_INLINE { sum[i][t] = multiply_add<T>(factor, window[t], sum[i][t]); });
      });
    };
    for (std::int64_t v = 0; v < whole; ++v) {
      step([](const Batch<T>& all) HOURGLASS_INLINE { return all; });
      g += size;
      x += size;
    }
    if (rest == 0) return;
    g -= size - rest;  // the last register ends with the last window
    x -= size - rest;
    step(last);
  };
  for (std::int64_t n = 0; n < p.images; ++n)
    for (std::int64_t i = 0; i < p.lines; ++i)
      line(p.g + n * p.g_image + i * p.g_line + row * p.g_row, p.frame + n * p.frame_image + i * p.frame_line);
  unrolled<Rows * Width>([&](auto at) HOURGLASS_INLINE {
    constexpr int i = at / Width, t = at % Width;
    sum[i][t].store_unaligned(to + (i * p.depth + t) * size);
  });
}

// The part of g that a tile reads stays in the first-level cache for all numbers of the windows.
template <class T>
void lane_sums(const LaneSums<T>& p) {
  using Function = LaneSumsFunction<T>;
  static constexpr auto tile_of = tile_table<Function, kTileRows, kMaxVectors>([]<int Rows, int Width>() -> Function {
    if constexpr (Width > tile_vectors(Rows)) return nullptr;
    else return lane_sums_tile<T, Rows, Width>;
  });
  const std::int64_t height = tile_height(p.rows);
  const Parts groups(p.depth, tile_vectors(static_cast<int>(height)));
  for (std::int64_t row = 0; row < p.rows; row += height)
    for (std::int64_t group = 0; group < groups.count; ++group)
      tile_of(smaller(height, p.rows - row), groups.size_of(group))(p, row, groups.begin(group));
}

template <class T>
void add_lanes(const T* from, std::int64_t count, T* to) {
  constexpr std::int64_t size = Batch<T>::size;
  for (std::int64_t next = 0; next < count; next += size) {
    if (count < size) {
      for (std::int64_t i = 0; i < count; ++i) {
        to[i] = from[i * size];
        for (std::int64_t lane = 1; lane < size; ++lane) to[i] += from[i * size + lane];
      }
      return;
    }
    const std::int64_t at = smaller(next, count - size);
    Batch<T> square[size];
    for (std::int64_t i = 0; i < size; ++i) square[i] = Batch<T>::load_unaligned(from + (at + i) * size);
    transpose<T>(square);
    for (std::int64_t lane = 1; lane < size; ++lane) square[0] = square[0] + square[lane];
    square[0].store_unaligned(to + at);
  }
}

}  // namespace conv

}  // namespace

}  // namespace hourglass
