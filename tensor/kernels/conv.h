// The convolution part of the kernel table: products with the windows of an image, which stand in a frame
// (../ops_conv.cpp): number k of the window at p is frame[tap[k] + position[p]].
#pragma once
#include <cstdint>

namespace hourglass {

/// C = W windows: row i of C is, for every window, the sum of weights[i, k] times its number k, plus bias[i].
/// Windows come in *runs*: as many as a register has lanes, whose positions follow one another. Run r starts at
/// place[r], and goes to C's columns from r lanes on.
template <class T>
struct WindowsProduct {
  std::int64_t rows, depth, runs;
  const T* weights;  // as pack_weights left them
  const T* frame;
  const std::int64_t* tap;
  const std::int64_t* place;
  const T* bias;  // a number for each row, or null
  T* c;
  std::int64_t row_step;
};

/// C += windows Gᵀ: row k of C is the sum over all windows of number k times what stands at the window's place in each
/// row of g.
template <class T>
struct WeightsProduct {
  std::int64_t window, windows, columns;  // k, p, rows of g
  const T* frame;
  const std::int64_t* tap;
  const std::int64_t* position;
  const T* g;  // row o starts at o * windows
  T* c;        // row k starts at k * c_step; c_step is `columns`, rounded up to a multiple of lanes
  std::int64_t c_step;
  bool accumulate;
};

template <class T>
struct ConvKernelsOf {
  std::int64_t lanes;
  /// Rearranges weights [rows, depth], row-major, into tiles. `packed` has as many numbers.
  void (*pack_weights)(const T* weights, std::int64_t rows, std::int64_t depth, T* packed);
  void (*windows_product)(const WindowsProduct<T>& product);
  /// Numbers of workspace that weights_product needs, aligned to 64 bytes.
  std::int64_t workspace;
  void (*weights_product)(const WeightsProduct<T>& product, T* workspace);
  /// Of each of `lines` lines every step-th number: to[i * to_step + j] = from[i * from_step + j * step] for j < count.
  void (*pick)(const T* from, std::int64_t from_step, std::int64_t step, std::int64_t lines, std::int64_t count, T* to,
               std::int64_t to_step);
  /// The other way round, from `step` images: to[i * to_step + j] = from[j % step][i * from_step + j / step].
  void (*weave)(const T* const* from, std::int64_t from_step, std::int64_t step, std::int64_t lines,
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
