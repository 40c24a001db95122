// Two loops per line of reduce.def, softmax, standardizing and summed losses.
#include "tensor/kernels/reduce.h"

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "tensor/kernels/math.inl"
#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// A line becomes a type. take() works on registers, combine() on registers and on single numbers alike. g++
// would call some of them instead.
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

// A register full of numbers; of integers, which xsimd does not reduce any faster, one.
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

// The loops of one reduction. Whatever is left where a row ends goes through whole registers too, whose other lanes do
// not count: an exponential is the same wherever it stands.
template <class Op, class In, class Acc>
struct Fold {
  using V = typename Lane<Acc>::V;
  static constexpr int width = Lane<Acc>::count;
  // Registers that take turns: 8 hide the latency of an addition, 4 cycles at 2 loads a cycle. Their number fixes the
  // order of the sum. Of single numbers, 16: the compiler makes vectors of them.
  static constexpr int registers = width == 1 ? 16 : 8;
  static constexpr int tile_width = registers * width;
  // Longer sums than this are cut in half, and their halves in half: pairwise summation.
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
  // The first `count` lanes from x, the others copies of the first of them.
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

  // `value` in the first (last) lanes, in the others what changes no result.
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

  // A row's elements, folded into the lanes of one register. A long row is a matrix of tile_width columns, a few
  // registers, and a last register that overlaps with what came before. `readable` elements may be read, n of them the
  // row's own.
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

  // a0 b0 a1 b1 ... and so on from lane `first`. (What xsimd calls zip does so in some versions only.)
  template <int first, std::size_t... K>
  static V zip(V a, V b, std::index_sequence<K...>) {
    using Register = typename V::register_type;
    return V(__builtin_shufflevector(static_cast<Register>(a), static_cast<Register>(b),
                                     (first + K / 2 + K % 2 * width)...));
  }
  // Lane k of a joined with lane k + width / 2, and those of b, in turns: a's and b's.
  static V join_halves(V a, V b) {
    if constexpr (width == 1) {
      return a;
    } else {
      constexpr auto lanes = std::make_index_sequence<width>{};
      return Op::combine(zip<0>(a, b, lanes), zip<width / 2>(a, b, lanes));
    }
  }

  static void rows(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                   Acc* out) {
    const auto fold = [&](std::int64_t i) {
      const std::int64_t after = row_stride > 0 ? (rows - 1 - i) * row_stride : 0;
      return fold_lanes(x + i * row_stride, n, n + after, center ? center[i] : Acc(0));
    };
    std::int64_t i = 0;
    // As many rows as a register has lanes end up in the lanes of one, in order: in each round, half as many registers
    // hold twice as many rows.
    for (; i + width <= rows; i += width) {
      Tile<width> tile(start());
      for (int r = 0; r < width; ++r) tile[r] = fold(i + r);
      for (int half = width / 2; half > 0; half /= 2)
        for (int r = 0; r < half; ++r) tile[r] = join_halves(tile[r], tile[r + half]);
      store(tile[0], out + i);
    }
    for (; i < rows; ++i) {  // the same joins, for one
      V row = fold(i);
      for (int half = width / 2; half > 0; half /= 2) row = join_halves(row, row);
      store_some(row, out + i, 1);
    }
  }
  static Acc fold_row(const In* x, std::int64_t n, Acc center) {
    Acc result;
    rows(x, 0, 1, n, &center, &result);
    return result;
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
      // Without gaps, several rows are one wide row: fold those, then what they hold side by side.
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

// y[j] = f(x[j] ...) for each of n numbers of some rows, where f takes and gives registers. y may be one of the rows.
template <class T, class F, class... Rows>
void map_row(std::int64_t n, T* y, F&& f, const Rows*... x) {
  using Read = Fold<reduce_sum, T, T>;
  constexpr int width = Read::width;
  if (n < width) {
    const int count = static_cast<int>(n);
    if (count > 0) Read::store_some(f(Read::load_some(x, count)...), y, count);
    return;
  }
  const auto last = f(Read::load(x + n - width)...);  // before anything is stored
  for (std::int64_t j = 0; j + width <= n; j += width) Read::store(f(Read::load(x + j)...), y + j);
  if (n % width != 0) Read::store(last, y + n - width);
}

// The row is in the first-level cache after its maximum is found, so the passes that follow cost no memory traffic.
template <class T>
void softmax_rows(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y) {
  for (; rows > 0; --rows, x += row_stride, y += n) {
    const Batch<T> highest(Fold<reduce_max, T, T>::fold_row(x, n, 0));
    map_row(
        n, y, [&](Batch<T> v) { return exp(v - highest); }, x);
    const Batch<T> total(Fold<reduce_sum, T, T>::fold_row(y, n, 0));
    map_row(
        n, y, [&](Batch<T> v) { return v / total; }, y);
  }
}
template <class T>
void log_softmax_rows(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y) {
  for (; rows > 0; --rows, x += row_stride, y += n) {
    const T highest = Fold<reduce_max, T, T>::fold_row(x, n, 0);
    const T log_total = std::log(Fold<reduce_sum_of_exps, T, T>::fold_row(x, n, highest));
    map_row(
        n, y, [&](Batch<T> v) { return (v - Batch<T>(highest)) - Batch<T>(log_total); }, x);
  }
}

// ---- standardizing: a row is read two or three times, but after the first time from the cache

// Σ over a row of each of the K registers that f(x, y) gives; y is a second array in the same layout. Numbers are
// summed in registers block by block, runs that are shorter than a block together, and the blocks in double.
template <int K, class T, class F>
std::array<double, K> sums_of_row(const T* x, const T* y, const RowLayout& row, F&& f) {
  using Read = Fold<reduce_sum, T, T>;
  using V = Batch<T>;
  constexpr int width = Read::width, registers = 4;
  constexpr std::int64_t block = std::int64_t{64} * registers * width;
  std::array<double, K> totals{};
  V sums[K][registers];
  for (auto& sum : sums)
    for (V& s : sum) s = V(T(0));
  const auto add = [&](int r, const std::array<V, K>& terms) {
    for (int i = 0; i < K; ++i) sums[i][r] += terms[i];
  };
  std::int64_t added = 0;
  for (std::int64_t k = 0; k < row.segments; ++k, x += row.segment_stride, y += row.segment_stride)
    for (std::int64_t begin = 0; begin < row.n; begin += block) {
      const std::int64_t end = begin + block < row.n ? begin + block : row.n;
      std::int64_t j = begin;
      for (; j + registers * width <= end; j += registers * width)
        for (int r = 0; r < registers; ++r) add(r, f(Read::load(x + j + r * width), Read::load(y + j + r * width)));
      for (; j + width <= end; j += width) add(0, f(Read::load(x + j), Read::load(y + j)));
      if (j < end) {  // a last register, of which some numbers are in the one before
        const int count = static_cast<int>(end - j);
        const bool alone = row.n < width;
        std::array<V, K> terms = alone ? f(Read::load_some(x, count), Read::load_some(y, count))
                                       : f(Read::load(x + end - width), Read::load(y + end - width));
        for (V& term : terms) term = alone ? Read::first_lanes(term, count) : Read::last_lanes(term, count);
        add(0, terms);
      }
      added += end - begin;
      if (added < block && k + 1 < row.segments) continue;
      added = 0;
      for (int i = 0; i < K; ++i) {
        alignas(64) T lanes[width];
        ((sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3])).store_aligned(lanes);
        for (const T lane : lanes) totals[i] += static_cast<double>(lane);
        for (V& s : sums[i]) s = V(T(0));
      }
    }
  return totals;
}

// The mean is center + rest: as a T alone it would be off by a rounding error, and so would all that is standardized,
// by a share that grows with the mean. scale = 1 / √(variance + eps).
template <class T>
struct Moments {
  Batch<T> center, rest, scale;

  Batch<T> centered(const Batch<T>& x) const { return (x - center) - rest; }
};
// One pass gives both mean and variance, around a number that is not far from the mean: that of the first few, if they
// are like the others. If not, the variance is a small difference of large squares, and there is a second pass.
template <class T>
Moments<T> moments_of_row(const T* x, const RowLayout& row, double eps) {
  using V = Batch<T>;
  const auto mean = [](double sum, const RowLayout& of) { return sum / static_cast<double>(of.segments * of.n); };
  const RowLayout first{0, 1, 0, row.n < 256 ? row.n : 256};
  const auto [sum] = sums_of_row<1>(x, x, first, [](V v, V) { return std::array<V, 1>{v}; });
  V center(static_cast<T>(mean(sum, first)));
  double rest = 0, variance = 0;
  for (int pass = 0; pass == 0 || (pass == 1 && rest * rest > 4 * variance); ++pass) {
    center += V(static_cast<T>(rest));
    const auto [squares, rests] = sums_of_row<2>(x, x, row, [&](V v, V) {
      const V d = v - center;
      return std::array<V, 2>{d * d, d};
    });
    rest = mean(rests, row);
    variance = mean(squares, row) - rest * rest;
  }
  if (variance < 0) variance = 0;  // a rounding error
  return {center, V(static_cast<T>(rest)), V(static_cast<T>(1 / std::sqrt(variance + eps)))};
}

template <class T>
void standardize_rows(const T* x, const RowLayout& row, std::int64_t begin, std::int64_t end, double eps, T* y) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T* const from = x + i * row.row_stride;
    const Moments<T> moments = moments_of_row(from, row, eps);
    for (std::int64_t k = 0; k < row.segments; ++k)
      map_row(
          row.n, y + i * row.row_stride + k * row.segment_stride,
          [&](Batch<T> v) { return moments.centered(v) * moments.scale; }, from + k * row.segment_stride);
  }
}

// With z the standardized row: dx = scale (g - mean(g) - z mean(g z)).
template <class T>
void standardize_rows_grad(const T* g, const T* x, const RowLayout& row, std::int64_t begin, std::int64_t end,
                           double eps, T* dx) {
  using V = Batch<T>;
  const double count = static_cast<double>(row.segments * row.n);
  for (std::int64_t i = begin; i < end; ++i) {
    const T *const from = x + i * row.row_stride, *const gs = g + i * row.row_stride;
    const Moments<T> moments = moments_of_row(from, row, eps);
    const auto [sum, product] = sums_of_row<2>(gs, from, row, [&](V gv, V v) {
      return std::array<V, 2>{gv, gv * moments.centered(v)};
    });
    const V mean(static_cast<T>(sum / count));
    const V slope = V(static_cast<T>(product / count)) * moments.scale * moments.scale;
    for (std::int64_t k = 0; k < row.segments; ++k) {
      const std::int64_t at = k * row.segment_stride;
      map_row(
          row.n, dx + i * row.row_stride + at,
          [&](V gv, V v) { return moments.scale * ((gv - mean) - slope * moments.centered(v)); }, gs + at, from + at);
    }
  }
}

// ---- gradients of softmax

template <class T>
void softmax_grad_rows(const T* g, const T* y, std::int64_t rows, std::int64_t n, T* dx) {
  using V = Batch<T>;
  for (; rows > 0; --rows, g += n, y += n, dx += n) {
    const auto [total] = sums_of_row<1>(g, y, {n, 1, 0, n}, [](V gv, V v) { return std::array<V, 1>{gv * v}; });
    const V sum(static_cast<T>(total));
    map_row(
        n, dx, [&](V gv, V v) { return v * (gv - sum); }, g, y);
  }
}
template <class T>
void log_softmax_grad_rows(const T* g, const T* y, std::int64_t rows, std::int64_t n, T* dx) {
  using V = Batch<T>;
  for (; rows > 0; --rows, g += n, y += n, dx += n) {
    const V sum(Fold<reduce_sum, T, T>::fold_row(g, n, 0));
    map_row(
        n, dx, [&](V gv, V v) { return gv - exp(v) * sum; }, g, y);
  }
}

// ---- losses, with their slopes

template <class T>
struct LossTerm {
  Batch<T> value, slope;
};
// softplus(x) - x t and sigmoid(x) - t. With e = e^-|x|, softplus is max(x, 0) + log(1 + e), and the sigmoid 1 / (1 +
// e) or e / (1 + e).
struct bce_with_logits {
  template <class T>
  [[gnu::always_inline]] static LossTerm<T> term(const Batch<T>& x, const Batch<T>& t) {
    using V = Batch<T>;
    const V e = decay(abs(x));
    return {at_least(x, V(0)) - x * t + log1p_within(e), select(x < V(0), e, V(1)) / (V(1) + e) - t};
  }
};
struct squared_difference {
  template <class T>
  [[gnu::always_inline]] static LossTerm<T> term(const Batch<T>& a, const Batch<T>& b) {
    const Batch<T> d = a - b;
    return {d * d, d + d};
  }
};

// Sums up in a register block by block, and the blocks in double.
template <class Loss, class T>
double sum_of_losses(const T* a, const T* b, std::int64_t n, T* slopes) {
  using Read = Fold<reduce_sum, T, T>;
  constexpr int width = Read::width;
  constexpr std::int64_t block = std::int64_t{64} * width;
  double total = 0;
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t end = begin + block < n ? begin + block : n;
    Batch<T> sum(T(0));
    for (std::int64_t j = begin; j < end; j += width) {
      const int count = end - j < width ? static_cast<int>(end - j) : width;
      const bool whole = count == width;
      const LossTerm<T> term = Loss::template term<T>(whole ? Read::load(a + j) : Read::load_some(a + j, count),
                                                      whole ? Read::load(b + j) : Read::load_some(b + j, count));
      sum += whole ? term.value : Read::first_lanes(term.value, count);
      if (slopes == nullptr) continue;
      if (whole) Read::store(term.slope, slopes + j);
      else Read::store_some(term.slope, slopes + j, count);
    }
    alignas(64) T lanes[width];
    sum.store_aligned(lanes);
    for (const T lane : lanes) total += static_cast<double>(lane);
  }
  return total;
}

template <class In, class Acc>
constexpr ReduceKernelsOf<In, Acc> reduce_kernels_of() {
  ReduceKernelsOf<In, Acc> table{};
#define REDUCE_ANY(name, start, take, combine)                                                 \
  table.entries[static_cast<std::size_t>(Reduce::name)] = {Fold<reduce_##name, In, Acc>::rows, \
                                                           Fold<reduce_##name, In, Acc>::columns};
#define REDUCE(name, start, take, combine) \
  if constexpr (std::is_floating_point_v<In>) REDUCE_ANY(name, start, take, combine)
#include "tensor/kernels/reduce.def"
  return table;
}

}  // namespace

namespace HOURGLASS_SET {
extern const ReduceKernels reduce_kernels;
constinit const ReduceKernels reduce_kernels{
    .f32 = reduce_kernels_of<float, float>(),
    .f64 = reduce_kernels_of<double, double>(),
    .i64 = reduce_kernels_of<std::int64_t, std::int64_t>(),
    .u8 = reduce_kernels_of<std::uint8_t, std::uint8_t>(),
    .u8_to_i64 = reduce_kernels_of<std::uint8_t, std::int64_t>(),
    .softmax = {{softmax_rows<float>, log_softmax_rows<float>}, {softmax_rows<double>, log_softmax_rows<double>}},
    .standardize = {{standardize_rows<float>, standardize_rows_grad<float>},
                    {standardize_rows<double>, standardize_rows_grad<double>}},
    .softmax_grad = {{softmax_grad_rows<float>, log_softmax_grad_rows<float>},
                     {softmax_grad_rows<double>, log_softmax_grad_rows<double>}},
    .loss = {{sum_of_losses<bce_with_logits, float>, sum_of_losses<squared_difference, float>},
             {sum_of_losses<bce_with_logits, double>, sum_of_losses<squared_difference, double>}},
};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
