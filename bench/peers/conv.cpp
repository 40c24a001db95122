// SPDX-License-Identifier: MIT
// The same work as ../conv.cpp in LibTorch, in its default memory format (NCHW).
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "bench/conv_shapes.h"

using namespace hourglass;

namespace {

const bool registered = bench::register_convolutions([](benchmark::State& state, const bench::ConvShape& s,
                                                        const std::string& product, int threads) {
  torch::set_num_threads(threads);
  const torch::NoGradGuard no_gradients;
  const torch::Tensor x = torch::randn({s.batch, s.in, s.extent, s.extent});
  const torch::Tensor y = torch::randn({s.batch, s.out, s.result(), s.result()});
  const torch::Tensor w =
      s.transposed ? torch::randn({s.in, s.out, s.kernel, s.kernel}) : torch::randn({s.out, s.in, s.kernel, s.kernel});
  const torch::Tensor b = torch::randn({s.out});
  const std::vector<std::int64_t> stride(2, s.stride), padding(2, s.padding), dilation(2, 1), more(2, s.output_padding);
  const bool dx = product == "dx";
  for (auto _ : state) {
    if (product == "forward")
      benchmark::DoNotOptimize(at::convolution(x, w, b, stride, padding, dilation, s.transposed, more, 1));
    else
      benchmark::DoNotOptimize(at::convolution_backward(y, x, w, torch::nullopt, stride, padding, dilation,
                                                        s.transposed, more, 1, {dx, !dx, false}));
  }
});

}  // namespace
