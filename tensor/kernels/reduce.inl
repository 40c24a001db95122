// Two loops per line of reduce.def, and softmax. Included by kernels.cpp, once per instruction set.

// A line becomes a type. take() works on registers, combine() on registers and on single numbers alike.
#define REDUCE(name, first, taken, combined)                                               \
  struct reduce_##name {                                                                   \
    template <class T>                                                                     \
    static constexpr T start() {                                                           \
      using Limits = std::numeric_limits<T>;                                               \
      [[maybe_unused]] constexpr T zero(0), one(1);                                        \
      [[maybe_unused]] constexpr T highest = Limits::has_infinity ? Limits::infinity() : Limits::max(); \
      [[maybe_unused]] constexpr T lowest = Limits::has_infinity ? -Limits::infinity() : Limits::lowest(); \
      return first;                                                                        \
    }                                                                                      \
    template <class V>                                                                     \
    static V take(V x, [[maybe_unused]] V c) {                                             \
      return taken;                                                                        \
    }                                                                                      \
    template <class V>                                                                     \
    static V combine(V a, V b) {                                                           \
      return static_cast<V>(combined);                                                     \
    }                                                                                      \
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

// How reductions read: whole registers, and the last few numbers of a row through a padded one, so that an exponential
// is the same wherever the row ends.
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
    V registers[R];
    explicit Tile(V value) {
      for (V& r : registers) r = value;
    }
    V& operator[](int r) { return registers[r]; }
    const V& operator[](int r) const { return registers[r]; }
  };

  static V load(const In* x) {
    if constexpr (width == 1) return static_cast<Acc>(*x);
    else return V::load_unaligned(x);
  }
  static void store(V value, Acc* out) {
    if constexpr (width == 1) *out = value;
    else value.store_unaligned(out);
  }
  // The first `count` lanes from x, the others copies of the last of them.
  static V load_some(const In* x, int count, std::int64_t step = 1) {
    alignas(64) Acc lanes[width];
    for (int k = 0; k < width; ++k) lanes[k] = static_cast<Acc>(x[(k < count ? k : count - 1) * step]);
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
    Tile<R> a(V(Op::template start<Acc>()));
    for (std::int64_t i = 0; i < rows; ++i, x += row_stride)
      for (int r = 0; r < R; ++r) a[r] = Op::combine(a[r], Op::take(load(x + r * width), c[r]));
    return a;
  }

  // A long row is a matrix of tile_width columns, and whatever is left over.
  static Acc fold_row(const In* x, std::int64_t n, Acc center) {
    const V c(center);
    Tile<registers> tile = fold_tile<registers>(x, tile_width, n / tile_width, Tile<registers>(c));
    std::int64_t i = n - n % tile_width;
    int r = 0;
    for (; i + width <= n; i += width, ++r) tile[r] = Op::combine(tile[r], Op::take(load(x + i), c));
    alignas(64) Acc lanes[width];
    if (i < n) {
      const int count = static_cast<int>(n - i);
      store(Op::take(load_some(x + i, count), c), lanes);
      for (int k = count; k < width; ++k) lanes[k] = Op::template start<Acc>();
      tile[r] = Op::combine(tile[r], load_lanes(lanes));
    }
    for (int half = registers / 2; half > 0; half /= 2)
      for (r = 0; r < half; ++r) tile[r] = Op::combine(tile[r], tile[r + half]);
    store(tile[0], lanes);
    for (int half = width / 2; half > 0; half /= 2)
      for (int k = 0; k < half; ++k) lanes[k] = Op::combine(lanes[k], lanes[k + half]);
    return lanes[0];
  }

  static void rows(const In* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, const Acc* center,
                   Acc* out) {
    if (n >= width) {
      for (std::int64_t i = 0; i < rows; ++i) out[i] = fold_row(x + i * row_stride, n, center ? center[i] : Acc(0));
      return;
    }
    // Rows shorter than a register: as many of them as a register has lanes, one in each lane.
    for (std::int64_t i = 0; i < rows; i += width) {
      const int count = static_cast<int>(rows - i < width ? rows - i : width);
      const V c = center ? Fold<Op, Acc, Acc>::load_some(center + i, count) : V(Acc(0));
      V a(Op::template start<Acc>());
      for (std::int64_t j = 0; j < n; ++j)
        a = Op::combine(a, Op::take(load_some(x + i * row_stride + j, count, row_stride), c));
      store_some(a, out + i, count);
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
    V a(Op::template start<Acc>());
    if (row_stride == n && rows >= 2 * abreast) {
      // Without gaps, several rows are one wide row: fold those, then what they hold side by side.
      Acc wide[tile_width], wide_center[tile_width];
      for (int k = 0; k < abreast * count; ++k) wide_center[k] = center ? center[k % count] : Acc(0);
      columns(x, abreast * n, rows / abreast, abreast * n, wide_center, wide);
      for (int k = 0; k < abreast; ++k)
        a = Op::combine(a, Fold<Op, Acc, Acc>::load_some(wide + k * count, count));
      x += rows / abreast * abreast * n;
      rows %= abreast;
    }
    const V c = center ? Fold<Op, Acc, Acc>::load_some(center, count) : V(Acc(0));
    for (std::int64_t i = 0; i < rows; ++i)
      a = Op::combine(a, Op::take(load_some(x + i * row_stride, count), c));
    store_some(a, out, count);
  }
};

// y[j] = f(x[j]), where f takes and gives a register.
template <class T, class F>
void map_row(const T* x, std::int64_t n, T* y, F&& f) {
  using Read = Fold<reduce_sum, T, T>;
  std::int64_t j = 0;
  for (; j + Read::width <= n; j += Read::width) Read::store(f(Read::load(x + j)), y + j);
  const int rest = static_cast<int>(n - j);
  if (rest > 0) Read::store_some(f(Read::load_some(x + j, rest)), y + j, rest);
}

// The row is in the first-level cache after its maximum is found, so the passes that follow cost no memory traffic.
template <class T>
void softmax_rows(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y) {
  for (; rows > 0; --rows, x += row_stride, y += n) {
    const Batch<T> highest(Fold<reduce_max, T, T>::fold_row(x, n, 0));
    map_row(x, n, y, [&](Batch<T> v) { return xsimd::exp(v - highest); });
    const Batch<T> total(Fold<reduce_sum, T, T>::fold_row(y, n, 0));
    map_row(y, n, y, [&](Batch<T> v) { return v / total; });
  }
}
template <class T>
void log_softmax_rows(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y) {
  for (; rows > 0; --rows, x += row_stride, y += n) {
    const T highest = Fold<reduce_max, T, T>::fold_row(x, n, 0);
    const T log_total = std::log(Fold<reduce_sum_of_exps, T, T>::fold_row(x, n, highest));
    map_row(x, n, y, [&](Batch<T> v) { return (v - Batch<T>(highest)) - Batch<T>(log_total); });
  }
}

template <class In, class Acc>
constexpr ReduceKernelsOf<In, Acc> reduce_kernels_of() {
  ReduceKernelsOf<In, Acc> table{};
#define REDUCE_ANY(name, start, take, combine)                   \
  table.entries[static_cast<std::size_t>(Reduce::name)] = {      \
      Fold<reduce_##name, In, Acc>::rows, Fold<reduce_##name, In, Acc>::columns};
#define REDUCE(name, start, take, combine) \
  if constexpr (std::is_floating_point_v<In>) REDUCE_ANY(name, start, take, combine)
#include "tensor/kernels/reduce.def"
  return table;
}

constexpr ReduceKernels reduce_kernels{
    .f32 = reduce_kernels_of<float, float>(),
    .f64 = reduce_kernels_of<double, double>(),
    .i64 = reduce_kernels_of<std::int64_t, std::int64_t>(),
    .u8 = reduce_kernels_of<std::uint8_t, std::uint8_t>(),
    .u8_to_i64 = reduce_kernels_of<std::uint8_t, std::int64_t>(),
    .softmax_f32 = {softmax_rows<float>, log_softmax_rows<float>},
    .softmax_f64 = {softmax_rows<double>, log_softmax_rows<double>},
};
