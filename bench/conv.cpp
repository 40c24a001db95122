// SPDX-License-Identifier: MIT
// A convolution's three products: forward, input gradient (dx), weight gradient (dw).
#include <string>

#include <benchmark/benchmark.h>

#include "bench/conv_shapes.h"
#include "bench/machine.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

const bool registered = bench::register_convolutions([](benchmark::State& state, const bench::ConvShape& s,
                                                        const std::string& product, int threads) {
  set_num_threads(threads);
  Rng rng(0);
  const Tensor x = rng.normal({s.batch, s.in, s.extent, s.extent});
  const Tensor y = rng.normal({s.batch, s.out, s.result(), s.result()});
  const Tensor w =
      s.transposed ? rng.normal({s.in, s.out, s.kernel, s.kernel}) : rng.normal({s.out, s.in, s.kernel, s.kernel});
  const Tensor bias = rng.normal({s.out});
  // A transposed convolution from x to y goes the other way than a convolution: its image is y.
  const Tensor &image = s.transposed ? y : x, &result = s.transposed ? x : y;
  const Conv2dOptions forth{.stride = s.stride, .padding = s.padding};
  const ConvTranspose2dOptions back{.stride = s.stride, .padding = s.padding, .output_padding = s.left_over()};
  const bench::Meter meter = bench::count_operations(state, s.operations());
  for (auto _ : state) {
    if (product == "dw") benchmark::DoNotOptimize(conv2d_weight(image, result, s.kernel, forth));
    else if (product == "dx")
      benchmark::DoNotOptimize(s.transposed ? conv2d(image, w, forth) : conv_transpose2d(result, w, back));
    else
      benchmark::DoNotOptimize(s.transposed ? conv_transpose2d(result, w, bias, back) : conv2d(image, w, bias, forth));
  }
});

}  // namespace
