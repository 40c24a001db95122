// SPDX-License-Identifier: MIT
// The kernel tables of convolution: products with all windows of an image, which are read where they lie in a frame
// (../conv/frame.h). Number k of the window at p is frame[offset[k] + position[p]]. There are three products, since
// different sizes want different operands along the lanes of the registers.
#pragma once
#include <cstdint>
#include <type_traits>

#include "tensor/kernels/per_type.h"

namespace hourglass {

/// C = W windows: row i of C is, for every window, the sum of weights[i, k] times the window's number k, plus bias[i].
/// Windows come in *runs*, as many as a register has lanes, whose positions follow one another. Run r starts at
/// position[r] and is written to C's columns from column[r] on. Where runs overlap in C, the later one stays.
template <class T>
struct WindowsProduct {
  std::int64_t rows, depth, runs;
  const T* weights;  // as pack_weights left them
  const T* frame;
  const std::int64_t* offset;
  const std::int64_t* position;
  const std::int64_t* column;
  const T* bias;  // a number for each row, or null
  T* c;
  std::int64_t row_step;
};

template <class T>
struct WindowsKernelsOf {
  /// Rearranges weights [rows, depth], row-major, into tiles. `packed` has the same size.
  void (*pack_weights)(const T* weights, std::int64_t rows, std::int64_t depth, T* packed);
  void (*product)(const WindowsProduct<T>& product);
};

/// C = A B + bias, or C += A B. Element (i, k) of A is frame[row_offset[i] + depth_offset[k]]: a row is a window and k
/// counts its numbers, or the other way round. B is a panel of `vectors` registers, as pack_panel left it.
template <class T>
struct PanelProduct {
  std::int64_t rows, depth, vectors;
  const T* frame;
  const std::int64_t* row_offset;
  const std::int64_t* depth_offset;
  const T* panel;
  const T* bias;  // a number for each column, or null
  T* c;
  std::int64_t row_step;
  bool accumulate;
};

template <class T>
struct PanelKernelsOf {
  /// The largest number of registers in a panel's row.
  std::int64_t max_vectors;
  /// panel[k * width + j] = from[j * step + k] for j < columns, 0 for the rest of `width`, a multiple of the lanes.
  void (*pack_panel)(const T* from, std::int64_t step, std::int64_t columns, std::int64_t depth, std::int64_t width,
                     T* panel);
  void (*product)(const PanelProduct<T>& product);
};

/// S = G windows transposed, with a register for each sum: sums[(i * depth + k) * lanes + lane] is the sum of
/// g[i, p] frame[offset[k] + position[p]] over some of the windows p. All lanes together cover all
/// windows. Each of `images` images has `lines` lines of `windows` neighbouring windows, at least
/// one for each lane.
template <class T>
struct LaneSums {
  std::int64_t rows, depth, images, lines, windows;
  const T* g;
  std::int64_t g_row, g_image, g_line;  // steps
  const T* frame;
  std::int64_t frame_image, frame_line;
  const std::int64_t* offset;
  T* sums;
  bool accumulate;
};

template <class T>
struct LaneSumsKernelsOf {
  void (*lane_sums)(const LaneSums<T>& product);
  /// to[i] = the sum of from[i * lanes] and the numbers after it, in order.
  void (*add_lanes)(const T* from, std::int64_t count, T* to);
};

using WindowsKernels = PerType<WindowsKernelsOf>;
using PanelKernels = PerType<PanelKernelsOf>;
struct LaneSumsKernels {  // each type has a source file
  const LaneSumsKernelsOf<float>& f32;
  const LaneSumsKernelsOf<double>& f64;

  template <class T>
  const LaneSumsKernelsOf<T>& of() const {
    if constexpr (std::is_same_v<T, float>) return f32;
    else return f64;
  }
};

}  // namespace hourglass
