// A convolution's three products: forward, input gradient (dx), weight gradient (dw).
#include <string>

#include <benchmark/benchmark.h>

#include "bench/conv_shapes.h"
#include "bench/machine.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

const bool rows = [] {
  for (const bench::ConvShape& s : bench::kConvShapes)
    for (const std::string product : {"forward", "dx", "dw"})
      for (const int threads : {1, 2}) {
        const std::string name = s.name() + "/" + product + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          set_num_threads(threads);
          Rng rng(0);
          const Tensor x = rng.normal({s.batch, s.in, s.extent, s.extent});
          const Tensor y = rng.normal({s.batch, s.out, s.result(), s.result()});
          const Tensor w = s.transposed ? rng.normal({s.in, s.out, s.kernel, s.kernel})
                                        : rng.normal({s.out, s.in, s.kernel, s.kernel});
          const Tensor bias = rng.normal({s.out});
          const Conv2dOptions options{.stride = s.stride, .padding = s.padding};
          // dx of a convolution is a transposed one; both dx and dw know the extents of x.
          const std::int64_t left = s.transposed ? s.output_padding : (s.extent + 2 * s.padding - s.kernel) % s.stride;
          const ConvTranspose2dOptions back{.stride = s.stride, .padding = s.padding, .output_padding = left};
          const bench::Meter meter = bench::count_operations(state, s.operations());
          for (auto _ : state) {
            if (product == "forward")
              benchmark::DoNotOptimize(s.transposed ? conv_transpose2d(x, w, bias, back) : conv2d(x, w, bias, options));
            else if (product == "dx")
              benchmark::DoNotOptimize(s.transposed ? conv2d(y, w, options) : conv_transpose2d(y, w, back));
            else
              benchmark::DoNotOptimize(s.transposed ? conv2d_weight(y, x, s.kernel, options)
                                                    : conv2d_weight(x, y, s.kernel, options));
          }
        })->UseRealTime();
      }
  return true;
}();

}  // namespace
