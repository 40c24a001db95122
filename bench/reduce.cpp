// Reductions read memory once; that is their limit.
#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

template <class F>
void add_row(const char* name, F op) {
  benchmark::RegisterBenchmark(name,
                               [op](benchmark::State& state) {
                                 set_num_threads(static_cast<int>(state.range(2)));
                                 const Tensor x = Rng(0).uniform({state.range(0), state.range(1)});
                                 for (auto _ : state) benchmark::DoNotOptimize(op(x));
                                 bench::report_bytes(state, static_cast<double>(4 * x.numel()));
                               })
      ->ArgsProduct({{128, 4096}, {1000}, {1, 2}})
      ->ArgNames({"rows", "columns", "threads"})
      ->UseRealTime();
}

const bool rows = [] {
  add_row("sum_all", [](const Tensor& x) { return sum(x); });
  add_row("sum_rows", [](const Tensor& x) { return sum(x, {1}); });
  add_row("sum_columns", [](const Tensor& x) { return sum(x, {0}); });
  add_row("max_rows", [](const Tensor& x) { return max(x, {1}); });
  add_row("var_rows", [](const Tensor& x) { return var(x, {1}); });
  add_row("logsumexp_rows", [](const Tensor& x) { return logsumexp(x, {1}); });
  add_row("softmax_rows", [](const Tensor& x) { return softmax(x, 1); });
  add_row("argmax_rows", [](const Tensor& x) { return argmax(x, 1); });
  return true;
}();

}  // namespace
