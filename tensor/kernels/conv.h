// The convolution part of the kernel table: products with the windows of an image, which stand in a frame
// (../ops_conv.cpp): number k of the window at p is frame[tap[k] + position[p]].
#pragma once
#include <cstdint>

namespace hourglass {

/// C = W windows: row i of C is, for every window, the sum of weights[i, k] times its number k, plus bias[i].
/// Windows come in *runs*: as many as a register has lanes, whose positions follow one another. Run r starts at
/// place[r], and goes to C's columns from column[r] on. Where runs overlap in C, the later one stays.
template <class T>
struct WindowsProduct {
  std::int64_t rows, depth, runs;
  const T* weights;  // as pack_weights left them
  const T* frame;
  const std::int64_t* tap;
  const std::int64_t* place;
  const std::int64_t* column;
  const T* bias;  // a number for each row, or null
  T* c;
  std::int64_t row_step;
};

/// C = A B + bias, or C += A B, where element (i, k) of A is frame[row[i] + place[k]]: a row is a window and k one of
/// its numbers, or the other way round. B is a panel, as pack_panel left it, of `vectors` registers.
template <class T>
struct PanelProduct {
  std::int64_t rows, depth, vectors;
  const T* frame;
  const std::int64_t* row;
  const std::int64_t* place;
  const T* panel;
  const T* bias;  // a number for each column, or null
  T* c;
  std::int64_t row_step;
  bool accumulate;
};

/// S = G windows transposed, with a register for each sum: sums[(i * depth + k) * lanes + lane] is the sum of
/// g[i, p] frame[tap[k] + position[p]] over some of the windows p, those of all lanes together over all windows. They
/// lie in `lines` of `windows` side by side, at least as many as there are lanes, of some images.
template <class T>
struct LaneSums {
  std::int64_t rows, depth, images, lines, windows;
  const T* g;
  std::int64_t g_row, g_image, g_line;  // steps
  const T* frame;
  std::int64_t frame_image, frame_line;
  const std::int64_t* tap;
  T* sums;
  bool accumulate;
};

template <class T>
struct ConvKernelsOf {
  std::int64_t lanes;
  /// The most registers that a panel may be wide.
  std::int64_t panel_vectors;
  /// Rearranges weights [rows, depth], row-major, into tiles. `packed` has as many numbers.
  void (*pack_weights)(const T* weights, std::int64_t rows, std::int64_t depth, T* packed);
  void (*windows_product)(const WindowsProduct<T>& product);
  /// panel[k * width + j] = from[j * step + k] for j < columns, 0 for the rest of `width`, a multiple of lanes.
  void (*pack_panel)(const T* from, std::int64_t step, std::int64_t columns, std::int64_t depth, std::int64_t width,
                     T* panel);
  void (*panel_product)(const PanelProduct<T>& product);
  void (*lane_sums)(const LaneSums<T>& product);
  /// to[i] = the sum of from[i * lanes] and the numbers after it, in order.
  void (*add_lanes)(const T* from, std::int64_t count, T* to);
  /// to[j * to_step + i] = from[i * from_step + j]
  void (*transpose)(const T* from, std::int64_t from_step, std::int64_t rows, std::int64_t columns, T* to,
                    std::int64_t to_step);
  /// Of each of `lines` lines every step-th number: to[i * to_step + j] = from[i * from_step + j * step] for j < count.
  void (*pick)(const T* from, std::int64_t from_step, std::int64_t step, std::int64_t lines, std::int64_t count, T* to,
               std::int64_t to_step);
  /// The other way round, from `step` images p: to[i * to_step + j] = from[p][i * from_step[p] + j / step], p = j %
  /// step.
  void (*weave)(const T* const* from, const std::int64_t* from_step, std::int64_t step, std::int64_t lines,
                std::int64_t count, T* to, std::int64_t to_step);
};

struct ConvKernels {
  ConvKernelsOf<float> f32;
  ConvKernelsOf<double> f64;

  template <class T>
  const ConvKernelsOf<T>& of() const {
    if constexpr (sizeof(T) == 4) return f32;
    else return f64;
  }
};

}  // namespace hourglass
