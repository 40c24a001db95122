// The matrix product, after Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", and its
// refinement in BLIS (Van Zee and van de Geijn 2015).
//
// C is computed in tiles small enough to stay in registers: for each step of depth, a few rows of A times up to three
// registers of B. What bounds the tile is the number of registers; what feeds it is a ladder of blocks:
//   a *panel* of B, one tile wide and one block of depth deep, is packed, so that the tile reads it front to back: it
//     stays in the first-level cache while all rows of
//   a *block* of A, kBlockRows high and as deep, go past it. That stays in the second-level cache while all panels go
//     past. A is read in place where each row is contiguous, and packed otherwise.
// The operands are objects that fill a panel; that they are matrices in memory is known to Strided alone, so an operand
// can as well be the windows of an image, which never exist as a matrix.

namespace gemm {

// Registers hold the tile (rows x vectors), one row of B (vectors) and one number of A.
constexpr bool kManyRegisters = std::is_base_of_v<xsimd::avx512f, Arch> || std::is_base_of_v<xsimd::neon64, Arch>;
constexpr int kMaxVectors = 3;
// The height of a tile that is `vectors` wide. Wider than high pays, since each number of A is spread over a register
// while B is loaded as it is. At least 8 multiply-adds must be under way: two a cycle, each takes four.
constexpr int tile_rows(int vectors) {
  if (kManyRegisters) return 8;
  return vectors == 3 ? 4 : vectors == 2 ? 6 : 8;
}
constexpr int kMaxRows = 8;
constexpr std::int64_t kBlockRows = 192;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// `total` things in `parts` parts whose sizes differ by one at most: where part `index` begins. Three tiles of 7 rows
// keep the multipliers busier than two of 8 and one of 5.
constexpr std::int64_t part_begin(std::int64_t total, std::int64_t parts, std::int64_t index) {
  return total * index / parts;
}

// ---- packing ------------------------------------------------------------------------------------------------------

// An operand seen from the product: *lanes* (rows of A, columns of B) along *depth*.
template <class T>
struct Lanes {
  const T* data;
  std::int64_t lane_step, depth_step;
  Lanes from(std::int64_t lane, std::int64_t depth) const {
    return {data + lane * lane_step + depth * depth_step, lane_step, depth_step};
  }
};

// One step of a transposition: in each 2 x 2 arrangement of blocks of Block lanes, the two off the diagonal change places.
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

// panel[k * step + lane] = source(lane, k), where depth runs along memory: squares of registers are transposed. A lane
// that does not exist repeats the last one that does.
template <class T>
void pack_along_depth(const Lanes<T>& source, std::int64_t lanes, std::int64_t depth, T* panel, std::int64_t step) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  for (std::int64_t first = 0; first < lanes; first += size) {
    const T* from[size];
    for (int i = 0; i < size; ++i) from[i] = source.data + smaller(first + i, lanes - 1) * source.lane_step;
    std::int64_t k = 0;
    for (; k + size <= depth; k += size) {
      Batch<T> square[size];
      for (int i = 0; i < size; ++i) square[i] = Batch<T>::load_unaligned(from[i] + k);
      transpose<T>(square);
      for (int i = 0; i < size; ++i) square[i].store_unaligned(panel + (k + i) * step + first);
    }
    for (; k < depth; ++k)
      for (int i = 0; i < size; ++i) panel[k * step + first + i] = from[i][k];
  }
}

// The same where lanes lie side by side in memory, their number being known to the compiler.
template <int Count, class T>
bool pack_along_lanes(const Lanes<T>& source, std::int64_t depth, T* panel, std::int64_t step) {
  for (std::int64_t k = 0; k < depth; ++k)
    std::memcpy(panel + k * step, source.data + k * source.depth_step, Count * sizeof(T));
  return true;
}

// A matrix in memory as an operand.
template <class T>
struct Strided {
  Lanes<T> all;

  // Fills panel[k * step + lane] for `lanes` lanes and `depth` depths from the given ones on. Where depth runs along
  // memory, whole registers are written, so step must have room for them.
  void pack(std::int64_t lane, std::int64_t lanes, std::int64_t k, std::int64_t depth, T* panel, std::int64_t step) const {
    constexpr int size = static_cast<int>(Batch<T>::size);
    const Lanes<T> source = all.from(lane, k);
    if (source.lane_step == 1) {
      bool done = false;
      [&]<int... Count>(std::integer_sequence<int, Count...>) {
        done = ((lanes == Count && pack_along_lanes<Count>(source, depth, panel, step)) || ...);
      }(std::integer_sequence<int, 4, 6, 8, size, 2 * size, 3 * size>());
      if (done) return;
    }
    if (source.depth_step == 1 && ceil_div(lanes, size) * size <= step)
      return pack_along_depth(source, lanes, depth, panel, step);
    for (std::int64_t i = 0; i < depth; ++i)
      for (std::int64_t j = 0; j < lanes; ++j)
        panel[i * step + j] = source.data[j * source.lane_step + i * source.depth_step];
  }
};

// ---- the tile -----------------------------------------------------------------------------------------------------

// A part of C as the tile sees it.
template <class T>
struct Target {
  T* data;
  std::int64_t row_step;
  bool add;       // to what is there
  const T* bias;  // or null
};

// a b + c, rounded once where the set has such an instruction. xsimd up to 8.1 has none for AVX-512 and multiplies, then
// adds, at half the speed.
template <class T>
Batch<T> multiply_add(const Batch<T>& a, const Batch<T>& b, const Batch<T>& c) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return Batch<T>(_mm512_fmadd_ps(a, b, c));
  else return Batch<T>(_mm512_fmadd_pd(a, b, c));
#else
  return xsimd::fma(a, b, c);
#endif
}

// A row of a tile: where its registers stand, in B and in C. All stand side by side but the last, which in C ends with the
// last column and so may overlap the one before it: both compute the same numbers for what they share.
struct Layout {
  std::int64_t b_step, b_last, c_last;
};

// Rows x (Vectors registers) of C.
template <class T, int Rows, int Vectors>
void tile(Lanes<T> a, const T* b, const Layout& layout, std::int64_t depth, const Target<T>& c) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const std::int64_t b_step = layout.b_step, b_last = layout.b_last;
  Batch<T> sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int v = 0; v < Vectors; ++v) sum[i][v] = Batch<T>(T(0));
  for (std::int64_t k = 0; k < depth; ++k) {
    Batch<T> row[Vectors];
    for (int v = 0; v < Vectors; ++v) row[v] = Batch<T>::load_unaligned(b + (v < Vectors - 1 ? v * size : b_last));
    for (int i = 0; i < Rows; ++i) {
      const Batch<T> x(a.data[i * a.lane_step]);
      for (int v = 0; v < Vectors; ++v) sum[i][v] = multiply_add<T>(x, row[v], sum[i][v]);
    }
    a.data += a.depth_step;
    b += b_step;
  }
  const auto place = [&](int v) { return v < Vectors - 1 ? v * size : layout.c_last; };
  for (int i = 0; i < Rows; ++i) {
    T* to = c.data + i * c.row_step;
    if (c.add)  // before anything is stored, since registers may overlap
      for (int v = 0; v < Vectors; ++v) sum[i][v] = Batch<T>::load_unaligned(to + place(v)) + sum[i][v];
    for (int v = 0; v < Vectors; ++v) {
      if (c.bias) sum[i][v] = sum[i][v] + Batch<T>::load_unaligned(c.bias + place(v));
      sum[i][v].store_unaligned(to + place(v));
    }
  }
}

template <class T>
using TileFunction = void (*)(Lanes<T> a, const T* b, const Layout& layout, std::int64_t depth, const Target<T>& c);

// tile<T, rows, vectors>, for numbers known at run time.
template <class T>
TileFunction<T> tile_of(std::int64_t rows, std::int64_t vectors) {
  static constexpr auto table = []<int... R>(std::integer_sequence<int, R...>) {
    struct Table {
      TileFunction<T> entries[kMaxVectors][kMaxRows];
    };
    return Table{{{tile<T, R + 1, 1>...},
                  {tile<T, (R < tile_rows(2) ? R + 1 : 1), 2>...},
                  {tile<T, (R < tile_rows(3) ? R + 1 : 1), 3>...}}};
  }(std::make_integer_sequence<int, kMaxRows>());
  return table.entries[vectors - 1][rows - 1];
}

// When C has fewer columns than a register, its tiles are computed beside it, in the same way as all others, and copied.
template <class T>
void narrow_tile(Lanes<T> a, const T* b, const Layout& layout, std::int64_t depth, const Target<T>& c, std::int64_t rows,
                 std::int64_t columns) {
  constexpr std::int64_t size = Batch<T>::size;
  alignas(64) T sums[kMaxRows * size];
  tile_of<T>(rows, 1)(a, b, {layout.b_step, 0, 0}, depth, {sums, size, false, nullptr});
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      T* at = c.data + i * c.row_step + j;
      T y = sums[i * size + j];
      if (c.add) y = *at + y;
      if (c.bias) y = y + c.bias[j];
      *at = y;
    }
}

// ---- the loops around it -------------------------------------------------------------------------------------------

template <class T>
std::int64_t workspace(const GemmSize& size) {
  constexpr std::int64_t width = kMaxVectors * static_cast<std::int64_t>(Batch<T>::size);
  // Each tile has room for the rows of the highest.
  const std::int64_t rows = smaller(2 * size.rows + kMaxRows, 2 * kBlockRows);
  return gemm_depth_block(size.depth) * (width + rows);
}

// Whether, and where, an operand can be read without packing it.
template <class T>
const Lanes<T>* in_memory(const Strided<T>& operand) {
  return &operand.all;
}
template <class T, class Operand>
const Lanes<T>* in_memory(const Operand&) {
  return nullptr;
}

// C = A B for one block of rows of A, one block of depth and all columns.
template <class T, class OperandA, class OperandB>
void multiply_block(std::int64_t row, std::int64_t rows, std::int64_t k, std::int64_t depth, const GemmSize& size,
                    const OperandA& a, const OperandB& b, const Target<T>& c, T* workspace) {
  constexpr std::int64_t lanes = Batch<T>::size;
  const std::int64_t vectors = ceil_div(size.columns, lanes), panels = ceil_div(vectors, kMaxVectors);
  const std::int64_t height = tile_rows(static_cast<int>(ceil_div(vectors, panels)));
  const std::int64_t tiles = ceil_div(rows, height);
  T* const b_panel = workspace;
  T* const a_block = workspace + kMaxVectors * lanes * depth;

  const Lanes<T>* a_in_memory = in_memory<T>(a);
  const bool a_in_place = a_in_memory && (a_in_memory->depth_step == 1 || panels <= 2);
  if (!a_in_place)
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t i = row + part_begin(rows, tiles, t);
      a.pack(i, smaller(height, size.rows - i), k, depth, a_block + t * height * depth, height);
    }

  for (std::int64_t panel = 0; panel < panels; ++panel) {
    const std::int64_t first = part_begin(vectors, panels, panel), last = part_begin(vectors, panels, panel + 1) - 1;
    const std::int64_t column = first * lanes, count = last - first + 1;
    const std::int64_t last_column = smaller(last * lanes, size.columns - lanes);  // negative when C is narrow
    Layout layout{count * lanes, (last - first) * lanes, last_column - column};
    const T* b_data = b_panel;
    const Lanes<T>* b_in_memory = in_memory<T>(b);
    if (last_column < 0) {
      b.pack(0, size.columns, k, depth, b_panel, lanes);
    } else if (b_in_memory && b_in_memory->lane_step == 1 && tiles <= 2) {
      b_data = b_in_memory->from(column, k).data;
      layout.b_step = b_in_memory->depth_step;
      layout.b_last = layout.c_last;
    } else if (last_column == last * lanes) {
      b.pack(column, count * lanes, k, depth, b_panel, count * lanes);
    } else {
      if (count > 1) b.pack(column, (count - 1) * lanes, k, depth, b_panel, count * lanes);
      b.pack(last_column, lanes, k, depth, b_panel + layout.b_last, count * lanes);
    }

    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t i = part_begin(rows, tiles, t), tile_height = part_begin(rows, tiles, t + 1) - i;
      const Lanes<T> a_tile = a_in_place ? a_in_memory->from(row + i, k)
                                         : Lanes<T>{a_block + t * height * depth, 1, height};
      const Target<T> target{c.data + (row + i) * c.row_step + column, c.row_step, c.add,
                             c.bias ? c.bias + column : nullptr};
      if (last_column < 0)
        narrow_tile(a_tile, b_data, layout, depth, target, tile_height, size.columns);
      else
        tile_of<T>(tile_height, count)(a_tile, b_data, layout, depth, target);
    }
  }
}

template <class T, class OperandA, class OperandB>
void multiply(const GemmSize& size, const OperandA& a, const OperandB& b, const GemmOutput<T>& c, T* workspace) {
  const std::int64_t blocks = ceil_div(size.rows, kBlockRows), depth_block = gemm_depth_block(size.depth);
  std::int64_t k = 0;
  do {  // once even when depth is 0: then the sums are 0
    const std::int64_t depth = smaller(size.depth - k, depth_block);
    const bool last = k + depth == size.depth;
    const Target<T> target{c.data, c.row_step, c.accumulate || k > 0, last ? c.epilogue.bias : nullptr};
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t row = part_begin(size.rows, blocks, block), end = part_begin(size.rows, blocks, block + 1);
      multiply_block<T>(row, end - row, k, depth, size, a, b, target, workspace);
    }
    k += depth;
  } while (k < size.depth);
}

template <class T>
void product(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c,
             T* workspace) {
  if (size.rows == 0 || size.columns == 0) return;
  multiply<T>(size, Strided<T>{{a.data, a.row_step, a.column_step}}, Strided<T>{{b.data, b.column_step, b.row_step}}, c,
              workspace);
}

template <class T>
constexpr GemmKernelsOf<T> kernels_of{static_cast<int>(Batch<T>::size), tile_rows(kMaxVectors),
                                      kMaxVectors * static_cast<int>(Batch<T>::size), workspace<T>, product<T>};

}  // namespace gemm

constexpr GemmKernels gemm_kernels{gemm::kernels_of<float>, gemm::kernels_of<double>};
