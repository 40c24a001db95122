// SPDX-License-Identifier: MIT
// What kernels that keep a tile of sums in registers share: cutting, unrolling and packing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// Splits `total` items into parts of at most `longest`, of sizes that differ by at most one: three tiles of 7, 7 and 6
// rows keep the multipliers busier than 8, 8 and 4. The larger parts come first, so that parts of one size are
// neighbours: a function that computes many tiles of one size is up to 1.5 times as fast as one call for each, which
// keeps the multipliers waiting for 70 cycles.
struct Parts {
  std::int64_t count, size, larger;  // the first `larger` parts have one more

  Parts(std::int64_t total, std::int64_t longest)
      : count(ceil_div(total, longest)), size(count > 0 ? total / count : 0), larger(count > 0 ? total % count : 0) {}
  std::int64_t begin(std::int64_t index) const { return index * size + smaller(index, larger); }
  std::int64_t size_of(std::int64_t index) const { return size + (index < larger ? 1 : 0); }
  // f(first part, number of parts, their size) for each of the two sizes.
  template <class F>
  void for_each_size(const F& f) const {
    if (larger > 0) f(0, larger, size + 1);
    if (count > larger) f(larger, count - larger, size);
  }
};

// f(0), f(1), ... f(Count - 1), with constants as arguments and without a loop: a loop would index the sums, so that
// they would have to be in memory (1.4 times slower at a depth of 20). In large files the compiler stops inlining at
// some point, and a single call left in a tile costs two thirds of its speed. tests/project/kernel_objects.cmake checks
// that there is none.
#define HOURGLASS_INLINE __attribute__((always_inline))
template <int Count, class F>
HOURGLASS_INLINE inline void unrolled(const F& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) HOURGLASS_INLINE { (f(std::integral_constant<int, I>()), ...); }
  (std::make_integer_sequence<int, Count>());
}

// Whether the set has 32 registers. A row of B takes three and one number of A another, which leaves 12 of 16 for sums,
// or more than 24 of 32.
constexpr bool kManyRegisters = std::is_base_of_v<xsimd::avx512f, Arch> || std::is_base_of_v<xsimd::neon64, Arch>;

// ---- packing ------------------------------------------------------------------------------------------------------

// An operand as the product sees it: *lanes* (rows of A, columns of B), each of which runs along depth.
template <class T>
struct Lanes {
  const T* data;
  std::int64_t lane_step, depth_step;
  Lanes from(std::int64_t lane, std::int64_t depth) const {
    return {data + lane * lane_step + depth * depth_step, lane_step, depth_step};
  }
};

// One step of a transposition: each 2 x 2 group of blocks, Block lanes wide, swaps the two blocks off its diagonal.
template <int Block, class T, std::size_t... Lane>
[[gnu::always_inline]] inline void swap_blocks(Batch<T>& upper, Batch<T>& lower, std::index_sequence<Lane...>) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const auto a = upper.data, b = lower.data;
  upper = Batch<T>(__builtin_shufflevector(a, b, (Lane & Block ? size + int(Lane) - Block : int(Lane))...));
  lower = Batch<T>(__builtin_shufflevector(a, b, (Lane & Block ? size + int(Lane) : int(Lane) + Block)...));
}

// Transposes a square of registers: blocks of half its size, then of a quarter within each, down to single lanes.
template <class T, int Block = static_cast<int>(Batch<T>::size) / 2>
[[gnu::always_inline]] inline void transpose(Batch<T> (&square)[Batch<T>::size]) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  for (int i = 0; i < size; ++i)
    if ((i & Block) == 0) swap_blocks<Block, T>(square[i], square[i + Block], std::make_index_sequence<size>());
  if constexpr (Block > 1) transpose<T, Block / 2>(square);
}

// panel[k * step + lane] = source(lane, k) where depth is contiguous in memory. `lanes` is a multiple of a register's
// size, and depth is at least that size. The last square may overlap the one before it.
template <class T>
void pack_along_depth(const Lanes<T>& source, std::int64_t lanes, std::int64_t depth, T* panel, std::int64_t step) {
  constexpr std::int64_t size = Batch<T>::size;
  for (std::int64_t lane = 0; lane < lanes; lane += size)
    for (std::int64_t next = 0; next < depth; next += size) {
      const std::int64_t k = smaller(next, depth - size);
      Batch<T> square[size];
      const T* from = source.data + lane * source.lane_step + k;
      for (Batch<T>& row : square) {
        row = Batch<T>::load_unaligned(from);
        from += source.lane_step;
      }
      transpose<T>(square);
      T* to = panel + k * step + lane;
      for (const Batch<T>& row : square) {
        row.store_unaligned(to);
        to += step;
      }
    }
}

}  // namespace
}  // namespace hourglass
