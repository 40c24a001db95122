// Elementwise ops: at 4 M elements the limit is memory bandwidth, at 100 k (which fit in the cache) arithmetic.
#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

template <class F>
void add_row(const char* name, F op, int streams) {
  benchmark::RegisterBenchmark(name,
                               [op, streams](benchmark::State& state) {
                                 set_num_threads(static_cast<int>(state.range(1)));
                                 Rng rng(0);
                                 const Tensor a = rng.uniform({state.range(0)}, 0.1, 2),
                                              b = rng.uniform({state.range(0)}, 0.1, 2);
                                 for (auto _ : state) benchmark::DoNotOptimize(op(a, b));
                                 bench::report_bytes(state, static_cast<double>(streams * 4 * state.range(0)));
                               })
      ->ArgsProduct({{100'000, 4'000'000}, {1, 2}})
      ->ArgNames({"n", "threads"})
      ->UseRealTime();
}

const bool rows = [] {
  add_row(
      "add", [](const Tensor& a, const Tensor& b) { return a + b; }, 3);
  add_row(
      "mul_scalar", [](const Tensor& a, const Tensor&) { return a * 2; }, 2);
  add_row(
      "relu", [](const Tensor& a, const Tensor&) { return relu(a); }, 2);
  add_row(
      "where", [](const Tensor& a, const Tensor& b) { return where(ones({1}, Dtype::u8), a, b); }, 3);
  add_row(
      "exp", [](const Tensor& a, const Tensor&) { return exp(a); }, 2);
  add_row(
      "log", [](const Tensor& a, const Tensor&) { return log(a); }, 2);
  add_row(
      "sigmoid", [](const Tensor& a, const Tensor&) { return sigmoid(a); }, 2);
  add_row(
      "tanh", [](const Tensor& a, const Tensor&) { return tanh(a); }, 2);
  add_row(
      "bce_with_logits", [](const Tensor& a, const Tensor& b) { return bce_with_logits(a, b); }, 3);
  return true;
}();

}  // namespace
