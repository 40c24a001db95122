// SPDX-License-Identifier: MIT
// Fold: the two loops of one reduction, over rows and over columns. Each line of reduce.def gives its formula.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "tensor/kernels/exp_log.inl"
#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// A line becomes a type. take() works on registers, combine() on registers and on single numbers. They are marked
// always_inline because g++ would call some of them.
#define REDUCE(name, first, taken, combined)                                                               \
  struct reduce_##name {                                                                                   \
    template <class T>                                                                                     \
    static constexpr T start() {                                                                           \
      using Limits = std::numeric_limits<T>;                                                               \
      [[maybe_unused]] constexpr T zero(0), one(1);                                                        \
      [[maybe_unused]] constexpr T highest = Limits::has_infinity ? Limits::infinity() : Limits::max();    \
      [[maybe_unused]] constexpr T lowest = Limits::has_infinity ? -Limits::infinity() : Limits::lowest(); \
      return first;                                                                                        \
    }                                                                                                      \
    template <class V>                                                                                     \
    [[gnu::always_inline]] static V take(V x, [[maybe_unused]] V c) {                                      \
      return taken;                                                                                        \
    }                                                                                                      \
    template <class V>                                                                                     \
    [[gnu::always_inline]] static V combine(V a, V b) {                                                    \
      return static_cast<V>(combined);                                                                     \
    }                                                                                                      \
  };
#include "tensor/kernels/reduce.def"

// A register full of numbers, or a single integer: xsimd does not reduce integers faster.
template <class Acc>
struct Lane {
  static constexpr int count = 1;
  using V = Acc;
};
template <std::floating_point Acc>
struct Lane<Acc> {
  using V = Batch<Acc>;
  static constexpr int count = static_cast<int>(V::size);
};

// The loops of one reduction. The end of a row goes through whole registers, too, and the unused
// lanes do not count. So an exponential has the same bits at every position.
template <class Op, class In, class Acc>
struct Fold {
  using V = typename Lane<Acc>::V;
  static constexpr int width = Lane<Acc>::count;
  // Registers that are added to in turn: 8 hide the latency of an addition, 4 cycles at 2 loads a cycle. Their number
  // fixes the order of the sum. Single numbers have 16, of which the compiler makes vectors.
  static constexpr int registers = width == 1 ? 16 : 8;
  static constexpr int tile_width = registers * width;
  // Longer sums are cut in half, again and again: pairwise summation.
  static constexpr std::int64_t leaf = 64;
  template <int R>
  struct Tile {
    V values[R];
    explicit Tile(V value) {
      for (V& v : values) v = value;
    }
    V& operator[](int r) { return values[r]; }
    const V& operator[](int r) const { return values[r]; }
  };

  static V load(const In* x) {
    if constexpr (width == 1) return static_cast<Acc>(*x);
    else return V::load_unaligned(x);
  }
  static void store(V value, Acc* out) {
    if constexpr (width == 1) *out = value;
    else value.store_unaligned(out);
  }
  // The first `count` lanes come from x; the others are copies of the first lane.
  static V load_some(const In* x, int count) {
    alignas(64) Acc lanes[width];
    store(V(static_cast<Acc>(x[0])), lanes);
    for (int k = 0; k < count; ++k) lanes[k] = static_cast<Acc>(x[k]);
    return load_lanes(lanes);
  }
  static V load_lanes(const Acc* lanes) {
    if constexpr (width == 1) return *lanes;
    else return V::load_aligned(lanes);
  }
  static void store_some(V value, Acc* out, int count) {
    alignas(64) Acc lanes[width];
    store(value, lanes);
    for (int k = 0; k < count; ++k) out[k] = lanes[k];
  }

  // `value` in the first (last) lanes, and the start of the reduction, which changes no result, in the others.
  static V first_lanes(V value, int count) {
    if constexpr (width == 1) return value;
    else return select(V::load_unaligned(steps.lanes + width - count) > V(0), start(), value);
  }
  static V last_lanes(V value, int count) {
    if constexpr (width == 1) return value;
    else return select(V::load_unaligned(steps.lanes + count) > V(0), value, start());
  }
  struct Steps {
    Acc lanes[2 * width]{};  // 0, ..., 0, 1, ..., 1
    constexpr Steps() {
      for (int k = 0; k < width; ++k) lanes[width + k] = 1;
    }
  };
  static constexpr Steps steps{};
  static V start() { return V(Op::template start<Acc>()); }

  // R registers side by side, folded over `rows` rows.
  template <int R>
  static Tile<R> fold_tile(const In* x, std::int64_t row_stride, std::int64_t rows, const Tile<R>& c) {
    if (rows > leaf) {
      const std::int64_t half = rows / 2;
      Tile<R> a = fold_tile<R>(x, row_stride, half, c);
      const Tile<R> b = fold_tile<R>(x + half * row_stride, row_stride, rows - half, c);
      for (int r = 0; r < R; ++r) a[r] = Op::combine(a[r], b[r]);
      return a;
    }
    Tile<R> a(start());
    for (std::int64_t i = 0; i < rows; ++i, x += row_stride)
      for (int r = 0; r < R; ++r) a[r] = Op::combine(a[r], Op::take(load(x + r * width), c[r]));
    return a;
  }

  // A row's elements, folded into the lanes of one register. A long row is a matrix of tile_width columns, then a few
  // registers, then a last register that overlaps the one before it. `readable` elements may be read; the first n are
  // the row's.
  static V fold_lanes(const In* x, std::int64_t n, std::int64_t readable, Acc center) {
    const V c(center);
    if (n < width) {
      const int count = static_cast<int>(n);
      return first_lanes(Op::take(readable < width ? load_some(x, count) : load(x), c), count);
    }
    Tile<registers> tile = fold_tile<registers>(x, tile_width, n / tile_width, Tile<registers>(c));
    std::int64_t i = n - n % tile_width;
    int r = 0;
    for (; i + width <= n; i += width, ++r) tile[r] = Op::combine(tile[r], Op::take(load(x + i), c));
    if (i < n) {
      const V last = Op::take(load(x + n - width), c);
      tile[r] = Op::combine(tile[r], last_lanes(last, static_cast<int>(n - i)));
    }
    for (int half = registers / 2; half > 0; half /= 2)
      for (r = 0; r < half; ++r) tile[r] = Op::combine(tile[r], tile[r + half]);
    return tile[0];
  }

  // a0 b0 a1 b1 ... from lane `first` on. (xsimd's zip does so only in some versions.)
  template <int first, std::size_t... K>
  static V zip(V a, V b, std::index_sequence<K...>) {
    using Register = typename V::register_type;
    return V(__builtin_shufflevector(static_cast<Register>(a), static_cast<Register>(b),
                                     (first + K / 2 + K % 2 * width)...));
  }
  // Lane k of a joined with lane k + width / 2, and the same for b; results of a and b alternate.
  static V join_halves(V a, V b) {
    if constexpr (width == 1) {
      return a;
    } else {
      constexpr auto lanes = std::make_index_sequence<width>{};
      return Op::combine(zip<0>(a, b, lanes), zip<width / 2>(a, b, lanes));
    }
  }

  // All lanes of a register joined, in the order in which rows() joins them.
  static Acc join_lanes(V row) {
    for (int half = width / 2; half > 0; half /= 2) row = join_halves(row, row);
    Acc result;
    store_some(row, &result, 1);
    return result;
  }
  static Acc fold_row(const In* x, std::int64_t n, Acc center) { return join_lanes(fold_lanes(x, n, n, center)); }

  static void rows(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                   Acc* out) {
    // `width` rows end up in the lanes of one register, in order: in each round, half as many registers hold twice as
    // many rows. Rows that are left over go one by one.
    Tile<width> tile(start());
    for (std::int64_t i = 0, count; i < rows; i += count) {
      count = i + width <= rows ? width : 1;
      for (std::int64_t at = i; at < i + count; ++at) {
        const std::int64_t after = row_stride > 0 ? (rows - 1 - at) * row_stride : 0;
        tile[static_cast<int>(at - i)] = fold_lanes(x + at * row_stride, n, n + after, center ? center[at] : Acc(0));
      }
      if (count == 1) {
        out[i] = join_lanes(tile[0]);
        continue;
      }
      for (int half = width / 2; half > 0; half /= 2)
        for (int r = 0; r < half; ++r) tile[r] = join_halves(tile[r], tile[r + half]);
      store(tile[0], out + i);
    }
  }

  template <int R>
  static void fold_columns(const In* x, std::int64_t row_stride, std::int64_t rows, const Acc* center, Acc* out) {
    Tile<R> c(V(Acc(0)));
    if (center)
      for (int r = 0; r < R; ++r) c[r] = Fold<Op, Acc, Acc>::load(center + r * width);
    const Tile<R> tile = fold_tile<R>(x, row_stride, rows, c);
    for (int r = 0; r < R; ++r) store(tile[r], out + r * width);
  }

  static void columns(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                      Acc* out) {
    if (n < width) return narrow_columns(x, row_stride, rows, n, center, out);
    std::int64_t j = 0;
    const auto fold = [&]<int R>(std::integral_constant<int, R>) {
      fold_columns<R>(x + j, row_stride, rows, center ? center + j : nullptr, out + j);
      j += R * width;
    };
    while (j + tile_width <= n) fold(std::integral_constant<int, registers>{});
    while (j + 2 * width <= n) fold(std::integral_constant<int, 2>{});
    while (j < n) {
      if (j + width > n) j = n - width;  // the last register may fold some columns again, to the same bits
      fold(std::integral_constant<int, 1>{});
    }
  }

  static void narrow_columns(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                             Acc* out) {
    const int count = static_cast<int>(n);
    const int abreast = tile_width / count;
    V a = start();
    if (row_stride == n && rows >= 2 * abreast) {
      // Without gaps, several rows are one wide row: fold the wide rows, then the pieces of the result.
      Acc wide[tile_width], wide_center[tile_width];
      for (int k = 0; k < abreast * count; ++k) wide_center[k] = center ? center[k % count] : Acc(0);
      columns(x, abreast * n, rows / abreast, abreast * n, wide_center, wide);
      for (int k = 0; k < abreast; ++k) a = Op::combine(a, Fold<Op, Acc, Acc>::load_some(wide + k * count, count));
      x += rows / abreast * abreast * n;
      rows %= abreast;
    }
    const V c = center ? Fold<Op, Acc, Acc>::load_some(center, count) : V(Acc(0));
    for (std::int64_t i = 0; i < rows; ++i) a = Op::combine(a, Op::take(load_some(x + i * row_stride, count), c));
    store_some(a, out, count);
  }
};

}  // namespace
}  // namespace hourglass
