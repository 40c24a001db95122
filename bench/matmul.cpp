// A layer's three products at the shapes that autoencoders have: forward x Wᵀ, input gradient g W, weight gradient gᵀ
// x.
#include <string>

#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

struct LayerShape {
  std::int64_t batch, in, out;
};
constexpr LayerShape kLayers[] = {{128, 784, 32}, {128, 32, 784},  {128, 64, 32},    {128, 400, 20},
                                  {128, 20, 400}, {128, 784, 400}, {128, 784, 1000}, {128, 250, 30},
                                  {64, 64, 256},  {8960, 64, 256}, {4096, 784, 512}};

const bool rows = [] {
  for (const LayerShape& layer : kLayers)
    for (const std::string product : {"forward", "dx", "dw"})
      for (const int threads : {1, 2}) {
        const std::string name = product + "/" + std::to_string(layer.batch) + "x" + std::to_string(layer.in) + "->" +
                                 std::to_string(layer.out) + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          set_num_threads(threads);
          Rng rng(0);
          const Tensor x = rng.normal({layer.batch, layer.in}), w = rng.normal({layer.out, layer.in}),
                       g = rng.normal({layer.batch, layer.out});
          const bench::Meter meter =
              bench::count_operations(state, 2.0 * static_cast<double>(layer.batch * layer.in * layer.out));
          for (auto _ : state)
            benchmark::DoNotOptimize(product == "forward" ? matmul(x, transpose(w))
                                     : product == "dx"    ? matmul(g, w)
                                                          : matmul(transpose(g), x));
        })->UseRealTime();
      }
  return true;
}();

}  // namespace
