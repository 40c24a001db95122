// Products with all windows of an image, read where they stand.
//
// Both operands of the tile are *scattered*: element (i, k) is data[lane[i] + place[k]], a table for each axis (the
// block-scatter matrices of Matthews 2018, "High-performance tensor contraction without transposition"). Looking up a
// place costs one load for a whole step of the tile. So nothing needs to be packed but the small operand.
#include "tensor/kernels/conv.h"

#include <algorithm>
#include <cstring>

#include "tensor/kernels/simd.inl"
#include "tensor/kernels/tile.inl"

namespace hourglass {
namespace {

namespace conv {

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
  // The lanes of the next tile: behind these, all of their depth.
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

// ---- the tile -----------------------------------------------------------------------------------------------------

// A part of C, and what its sums start with: what is there, or a number for each row or each column, or 0.
template <class T>
struct Target {
  T* data;
  std::int64_t row_step;
  const std::int64_t* columns;  // where each register goes
  bool add;
  const T* of_rows;
  const T* of_columns;
};

// `down` x `across` tiles of Rows x (Vectors registers) of C: the sum over k of a(i, k) times the register that starts
// with b(v, k).
template <class T, int Rows, int Vectors, class A, class B>
void tiles(const A& a_operand, const B& b_operand, std::int64_t depth, const Target<T>& target, std::int64_t down,
           std::int64_t across) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const auto for_each = [](const auto& f) HOURGLASS_INLINE {
    unrolled<Rows * Vectors>([&](auto at) HOURGLASS_INLINE { f(at / Vectors, at % Vectors); });
  };
  const auto tile = [&](const auto& a, const auto& b, const Target<T>& c) HOURGLASS_INLINE {
    Batch<T> sum[Rows][Vectors];
    if (c.add)
      for_each([&](int i, int v)
                   HOURGLASS_INLINE { sum[i][v] = Batch<T>::load_unaligned(c.data + i * c.row_step + c.columns[v]); });
    else if (c.of_rows) for_each([&](int i, int v) HOURGLASS_INLINE { sum[i][v] = Batch<T>(c.of_rows[i]); });
    else if (c.of_columns)
      for_each([&](int i, int v) HOURGLASS_INLINE { sum[i][v] = Batch<T>::load_unaligned(c.of_columns + v * size); });
    else for_each([&](int i, int v) HOURGLASS_INLINE { sum[i][v] = Batch<T>(T(0)); });
    for (std::int64_t k = 0; k < depth; ++k) {
      const T* const x = a.at(k);
      const T* const y = b.at(k);
      Batch<T> row[Vectors];
      unrolled<Vectors>([&](int v) HOURGLASS_INLINE { row[v] = Batch<T>::load_unaligned(y + b.lane(v)); });
      unrolled<Rows>([&](int i) HOURGLASS_INLINE {
        const Batch<T> factor(x[a.lane(i)]);
        unrolled<Vectors>([&](int v) HOURGLASS_INLINE { sum[i][v] = multiply_add<T>(factor, row[v], sum[i][v]); });
      });
    }
    for_each([&](int i, int v) HOURGLASS_INLINE { sum[i][v].store_unaligned(c.data + i * c.row_step + c.columns[v]); });
  };

  B b_next = b_operand;
  Target<T> top = target;
  for (; across > 0; --across) {
    const auto b = b_next.template reader<Vectors>();
    A a_next = a_operand;
    Target<T> c = top;
    for (std::int64_t t = 0; t < down; ++t) {
      tile(a_next.template reader<Rows>(), b, c);
      a_next = a_next.template next<Rows>(depth);
      c.data += Rows * c.row_step;
      if (c.of_rows) c.of_rows += Rows;
    }
    b_next = b_next.template next<Vectors>(depth);
    top.columns += Vectors;
  }
}

// Tiles are as wide as the registers allow: of few rows, wide. Of a single register they are up to 9 rows high, since
// windows of 3 x 3 come in nines.
constexpr int kMaxRows = 9, kMaxVectors = 8;
constexpr int tile_vectors(int rows) {
  constexpr int many[] = {8, 8, 6, 5, 4, 4, 3, 3, 1}, few[] = {8, 5, 3, 3, 2, 2, 1, 1, 1};
  return kManyRegisters ? many[rows - 1] : few[rows - 1];
}

template <class T, class A, class B>
using TilesFunction = void (*)(const A& a, const B& b, std::int64_t depth, const Target<T>& target, std::int64_t down,
                               std::int64_t across);

// make<rows, vectors>() for all tiles.
template <class Function, class Make>
constexpr auto table_of(const Make& make) {
  struct Table {
    Function entries[kMaxRows * kMaxVectors];
  };
  return [&]<int... I>(std::integer_sequence<int, I...>) {
    constexpr auto height = [](int at) { return at / kMaxVectors + 1; };
    constexpr auto width = [](int at) {
      return at % kMaxVectors < tile_vectors(at / kMaxVectors + 1) ? at % kMaxVectors + 1 : 1;
    };
    return Table{{make.template operator()<height(I), width(I)>()...}};
  }
  (std::make_integer_sequence<int, kMaxRows * kMaxVectors>());
}

// tiles<T, rows, vectors, A, B>, for numbers known at run time.
template <class T, class A, class B>
TilesFunction<T, A, B> tiles_of(std::int64_t rows, std::int64_t vectors) {
  using Function = TilesFunction<T, A, B>;
  static constexpr auto table =
      table_of<Function>([]<int Rows, int Vectors>() { return Function(tiles<T, Rows, Vectors, A, B>); });
  return table.entries[(rows - 1) * kMaxVectors + vectors - 1];
}

// ---- weights times windows ----------------------------------------------------------------------------------------

// The height of tiles that cover so many rows, at most that of a tile of 3 registers.
constexpr std::int64_t tile_height(std::int64_t rows) { return ceil_div(rows, ceil_div(rows, kManyRegisters ? 8 : 4)); }

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

// The whole depth at once: what is read of the frame again and again is small.
template <class T>
void windows_product(const WindowsProduct<T>& p) {
  using Weights = Dense<T, 1>;
  const std::int64_t height = tile_height(p.rows), down = p.rows / height, rest = p.rows % height;
  const Parts groups(p.runs, tile_vectors(static_cast<int>(height)));
  groups.for_each_size([&](std::int64_t group, std::int64_t across, std::int64_t width) {
    const std::int64_t run = groups.begin(group);
    const auto rows = [&](std::int64_t row, std::int64_t tile_rows, std::int64_t count) {
      tiles_of<T, Weights, Scattered<T>>(tile_rows, width)(
          {p.weights + row * p.depth, tile_rows}, {p.frame, p.place + run, p.tap}, p.depth,
          {p.c + row * p.row_step, p.row_step, p.column + run, false, p.bias ? p.bias + row : nullptr, nullptr}, count,
          across);
    };
    rows(0, height, down);
    if (rest > 0) rows(p.rows - rest, rest, 1);
  });
}

// ---- windows times a panel ----------------------------------------------------------------------------------------

// Depth is worked off in blocks of at most this length, for the sake of the caches; what C held is where the sums
// start.
constexpr std::int64_t kDepth = 256;
constexpr std::int64_t kPanelVectors = kManyRegisters ? 4 : 3;
// The highest tile for panels so wide.
constexpr std::int64_t panel_tile_rows(std::int64_t vectors) {
  std::int64_t rows = kMaxRows;
  while (tile_vectors(static_cast<int>(rows)) < vectors) --rows;
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
  constexpr std::int64_t lanes = Batch<T>::size;
  using Panel = Dense<T, static_cast<int>(lanes)>;
  static constexpr std::int64_t columns[] = {0, lanes, 2 * lanes, 3 * lanes};
  const std::int64_t width = p.vectors * lanes;
  const Parts tiles(p.rows, panel_tile_rows(p.vectors));
  std::int64_t k = 0;
  do {  // once even when depth is 0
    const std::int64_t depth = smaller(p.depth - k, kDepth);
    tiles.for_each_size([&](std::int64_t tile, std::int64_t down, std::int64_t rows) {
      const std::int64_t i = tiles.begin(tile);
      tiles_of<T, Scattered<T>, Panel>(rows, p.vectors)(
          {p.frame, p.row + i, p.place + k}, {p.panel + k * width, width}, depth,
          {p.c + i * p.row_step, p.row_step, columns, p.accumulate || k > 0, nullptr, p.bias}, down, 1);
    });
    k += depth;
  } while (k < p.depth);
}

// ---- windows times windows ----------------------------------------------------------------------------------------

// The last lanes of a register: those from lanes - `count` on, or else 0.
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

// x, loaded once. A compiler likes to read an operand anew for each instruction that it goes into, which costs twice as
// much where it crosses a line of the cache.
template <class T>
[[gnu::always_inline]] inline Batch<T> in_register(const Batch<T>& x) {
  typename Batch<T>::register_type numbers = x;
#if defined(__x86_64__)
  asm("" : "+v"(numbers));
#endif
  return Batch<T>(numbers);
}

// Rows x Taps registers of sums. Both operands are read register by register, as they stand.
template <class T, int Rows, int Taps>
void lane_sums_tile(const LaneSums<T>& product, std::int64_t row, std::int64_t k) {
  constexpr std::int64_t size = Batch<T>::size;
  const LaneSums<T> p = product;
  const std::int64_t whole = p.windows / size, rest = p.windows % size;
  T* const to = p.sums + (row * p.depth + k) * size;
  std::int64_t rows[Rows], taps[Taps];
  unrolled<Rows>([&](auto i) HOURGLASS_INLINE { rows[i] = i * p.g_row; });
  unrolled<Taps>([&](auto t) HOURGLASS_INLINE { taps[t] = p.tap[k + t]; });

  Batch<T> sum[Rows][Taps];
  unrolled<Rows * Taps>([&](auto at) HOURGLASS_INLINE {
    constexpr int i = at / Taps, t = at % Taps;
    sum[i][t] = p.accumulate ? Batch<T>::load_unaligned(to + (i * p.depth + t) * size) : Batch<T>(T(0));
  });
  const LastLanes<T> last(rest);
  const auto line = [&](const T* g, const T* x) HOURGLASS_INLINE {
    const auto step = [&](const auto& part) HOURGLASS_INLINE {
      Batch<T> window[Taps];
      unrolled<Taps>([&](auto t) HOURGLASS_INLINE { window[t] = part(Batch<T>::load_unaligned(x + taps[t])); });
      unrolled<Rows>([&](auto i) HOURGLASS_INLINE {
        const Batch<T> factor = in_register<T>(part(Batch<T>::load_unaligned(g + rows[i])));
        unrolled<Taps>([&](auto t) HOURGLASS_INLINE { sum[i][t] = multiply_add<T>(factor, window[t], sum[i][t]); });
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
  unrolled<Rows * Taps>([&](auto at) HOURGLASS_INLINE {
    constexpr int i = at / Taps, t = at % Taps;
    sum[i][t].store_unaligned(to + (i * p.depth + t) * size);
  });
}

template <class T>
using LaneSumsFunction = void (*)(const LaneSums<T>& product, std::int64_t row, std::int64_t k);

template <class T>
LaneSumsFunction<T> lane_sums_tile_of(std::int64_t rows, std::int64_t taps) {
  static constexpr auto table = table_of<LaneSumsFunction<T>>(
      []<int Rows, int Taps>() { return LaneSumsFunction<T>(lane_sums_tile<T, Rows, Taps>); });
  return table.entries[(rows - 1) * kMaxVectors + taps - 1];
}

// What a tile's rows of g hold stays in the first-level cache while all taps go past.
template <class T>
void lane_sums(const LaneSums<T>& p) {
  const std::int64_t height = tile_height(p.rows);
  const Parts groups(p.depth, tile_vectors(static_cast<int>(height)));
  for (std::int64_t row = 0; row < p.rows; row += height)
    for (std::int64_t group = 0; group < groups.count; ++group)
      lane_sums_tile_of<T>(smaller(height, p.rows - row), groups.size_of(group))(p, row, groups.begin(group));
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

// ---- apart and together -------------------------------------------------------------------------------------------

template <class T>
void transpose_image(const T* from, std::int64_t from_step, std::int64_t rows, std::int64_t columns, T* to,
                     std::int64_t to_step) {
  constexpr std::int64_t lanes = Batch<T>::size;
  if (rows < lanes || columns < lanes) {
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = 0; i < rows; ++i) to[j * to_step + i] = from[i * from_step + j];
    return;
  }
  for (std::int64_t next = 0; next < rows; next += lanes) {
    const std::int64_t i = smaller(next, rows - lanes);
    pack_along_depth<T>({from + i * from_step, from_step, 1}, lanes, columns, to + i, to_step);
  }
}

// Lines of images are short, often shorter than a register: copies are made of `Size` numbers each, the last of which
// may overlap the one before it.
template <class T, int Size>
struct Piece {
  using Numbers [[gnu::vector_size(Size * sizeof(T))]] = T;
  static Numbers load(const T* from) {
    Numbers numbers;
    std::memcpy(&numbers, from, sizeof numbers);
    return numbers;
  }
  static void store(Numbers numbers, T* to) { std::memcpy(to, &numbers, sizeof numbers); }

  static void copy(const T* from, T* to) { store(load(from), to); }
  // to[j] = from[2 j]. No number is read but those between the first and the last.
  static void pick_two(const T* from, T* to) {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      store(__builtin_shufflevector(load(from), load(from + Size - 1), (J < Size / 2 ? int(2 * J) : int(2 * J + 1))...),
            to);
    }
    (std::make_index_sequence<Size>());
  }
  // to[2 j] = even[j], to[2 j + 1] = odd[j]
  static void weave_two(const T* even, const T* odd, T* to) {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      const Numbers a = load(even), b = load(odd);
      store(__builtin_shufflevector(a, b, (J % 2 ? int(J / 2 + Size) : int(J / 2))...), to);
      store(__builtin_shufflevector(a, b, (J % 2 ? int((J + Size) / 2 + Size) : int((J + Size) / 2))...), to + Size);
    }
    (std::make_index_sequence<Size>());
  }
};

// f(Piece, j) for pieces that cover [0, count), and rest(j) for each j where even the smallest would be too large.
template <class T, class F, class Rest>
[[gnu::always_inline]] inline void by_pieces(std::int64_t count, const F& f, const Rest& rest) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const auto covers = [&]<int Size>(std::integral_constant<int, Size>) {
    if constexpr (Size > size || Size < 2) {
      return false;
    } else {
      if (count < Size) return false;
      for (std::int64_t j = 0; j + Size < count; j += Size) f(Piece<T, Size>(), j);
      f(Piece<T, Size>(), count - Size);
      return true;
    }
  };
  if (covers(std::integral_constant<int, size>()) || covers(std::integral_constant<int, size / 2>()) ||
      covers(std::integral_constant<int, size / 4>()))
    return;
  for (std::int64_t j = 0; j < count; ++j) rest(j);
}

// Lines of `count` numbers, at least Size.
template <class T, int Step, int Size>
void pick_pieces(const T* from, std::int64_t from_step, std::int64_t lines, std::int64_t count, T* to,
                 std::int64_t to_step) {
  const auto piece = [](const T* source, T* target) {
    if constexpr (Step == 1) Piece<T, Size>::copy(source, target);
    else Piece<T, Size>::pick_two(source, target);
  };
  const std::int64_t last = count - Size;
  for (std::int64_t i = 0; i < lines; ++i, from += from_step, to += to_step) {
    for (std::int64_t j = 0; j < last; j += Size) piece(from + Step * j, to + j);
    piece(from + Step * last, to + last);
  }
}

template <class T, int Step>
void pick_every(const T* from, std::int64_t from_step, std::int64_t lines, std::int64_t count, T* to,
                std::int64_t to_step) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const auto by = [&]<int Size>(std::integral_constant<int, Size>) {
    if constexpr (Size <= size && Size > 1) {
      if (count < Size) return false;
      pick_pieces<T, Step, Size>(from, from_step, lines, count, to, to_step);
      return true;
    }
    return false;
  };
  if (by(std::integral_constant<int, 16>()) || by(std::integral_constant<int, 8>()) ||
      by(std::integral_constant<int, 4>()) || by(std::integral_constant<int, 2>()))
    return;
  for (std::int64_t i = 0; i < lines; ++i)
    for (std::int64_t j = 0; j < count; ++j) to[i * to_step + j] = from[i * from_step + Step * j];
}

template <class T>
void pick(const T* from, std::int64_t from_step, std::int64_t step, std::int64_t lines, std::int64_t count, T* to,
          std::int64_t to_step) {
  if (step == 1 && from_step == count && to_step == count) return pick_every<T, 1>(from, 0, 1, count * lines, to, 0);
  if (step == 1) return pick_every<T, 1>(from, from_step, lines, count, to, to_step);
  if (step == 2) return pick_every<T, 2>(from, from_step, lines, count, to, to_step);
  for (std::int64_t i = 0; i < lines; ++i)
    for (std::int64_t j = 0; j < count; ++j) to[i * to_step + j] = from[i * from_step + step * j];
}

template <class T>
void weave(const T* const* from, const std::int64_t* from_step, std::int64_t step, std::int64_t lines,
           std::int64_t count, T* to, std::int64_t to_step) {
  if (step == 1) return pick(from[0], from_step[0], 1, lines, count, to, to_step);
  for (std::int64_t i = 0; i < lines; ++i, to += to_step) {
    if (step == 2) {
      const T *even = from[0] + i * from_step[0], *odd = count > 1 ? from[1] + i * from_step[1] : nullptr;
      by_pieces<T>(
          count / 2, [&](auto piece, std::int64_t j) { piece.weave_two(even + j, odd + j, to + 2 * j); },
          [&](std::int64_t j) {
            to[2 * j] = even[j];
            to[2 * j + 1] = odd[j];
          });
      if (count % 2 != 0) to[count - 1] = even[count / 2];
    } else {
      for (std::int64_t phase = 0; phase < smaller(step, count); ++phase)
        for (std::int64_t j = phase, k = i * from_step[phase]; j < count; j += step, ++k) to[j] = from[phase][k];
    }
  }
}

template <class T>
constexpr ConvKernelsOf<T> kernels_of{Batch<T>::size,     kPanelVectors,    pack_weights<T>, windows_product<T>,
                                      pack_panel<T>,      panel_product<T>, lane_sums<T>,    add_lanes<T>,
                                      transpose_image<T>, pick<T>,          weave<T>};

}  // namespace conv

}  // namespace

namespace HOURGLASS_SET {
extern const ConvKernels conv_kernels;
constinit const ConvKernels conv_kernels{conv::kernels_of<float>, conv::kernels_of<double>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
