// SPDX-License-Identifier: MIT
// The convolutions that conv.cpp and its peers time, each with its three products: those of the
// autoencoder (batch 128) and of the U-Net (batch 32).
#pragma once
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

namespace hourglass::bench {

struct ConvShape {
  std::int64_t batch, in, out, extent, kernel, stride, padding, output_padding;
  bool transposed;

  /// The extent of the output.
  std::int64_t result() const {
    return transposed ? (extent - 1) * stride - 2 * padding + kernel + output_padding
                      : (extent + 2 * padding - kernel) / stride + 1;
  }
  /// The number of pixels at the end of an axis that no window covers.
  std::int64_t left_over() const { return transposed ? output_padding : (extent + 2 * padding - kernel) % stride; }
  double operations() const {
    const std::int64_t windows = transposed ? extent : result();
    return 2.0 * static_cast<double>(batch * in * out * kernel * kernel * windows * windows);
  }
  std::string name() const {
    const auto text = [](std::int64_t number) { return std::to_string(number); };
    return text(in) + "->" + text(out) + "_" + text(kernel) + "x" + text(kernel) +
           (stride > 1 ? "_s" + text(stride) : "") + "_on_" + text(extent) + "x" + text(extent) +
           (transposed ? "_transposed" : "");
  }
};

inline constexpr ConvShape kConvShapes[] = {
    {128, 1, 16, 28, 3, 2, 1, 0, false}, {128, 16, 32, 14, 3, 2, 1, 0, false}, {128, 32, 64, 7, 7, 1, 0, 0, false},
    {128, 64, 32, 1, 7, 1, 0, 0, true},  {128, 32, 16, 7, 3, 2, 1, 1, true},   {128, 16, 1, 14, 3, 2, 1, 1, true},
    {32, 1, 16, 32, 3, 1, 1, 0, false},  {32, 16, 32, 16, 3, 1, 1, 0, false},  {32, 32, 64, 8, 3, 1, 1, 0, false},
    {32, 64, 32, 8, 2, 2, 0, 0, true},   {32, 64, 32, 16, 3, 1, 1, 0, false},  {32, 32, 16, 16, 2, 2, 0, 0, true},
    {32, 32, 16, 32, 3, 1, 1, 0, false}, {32, 16, 2, 32, 1, 1, 0, 0, false},
};

/// Registers run(state, shape, product, threads) for every shape, the products "forward", "dx" and "dw", on one thread
/// and two.
template <class Run>
bool register_convolutions(Run run) {
  for (const ConvShape& s : kConvShapes)
    for (const std::string product : {"forward", "dx", "dw"})
      for (const int threads : {1, 2}) {
        const std::string name = s.name() + "/" + product + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          run(state, s, product, threads);
        })->UseRealTime();
      }
  return true;
}

}  // namespace hourglass::bench
