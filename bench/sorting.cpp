// SPDX-License-Identifier: MIT
// Sorting and what is made of it, and einsum next to the product that it is. The same in NumPy is in
// peers/numpy/rows.py. Sorting gives places as well as values; NumPy's sort gives values alone.
#include <benchmark/benchmark.h>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

template <class F>
void add_row(const char* name, Shape shape, F op) {
  benchmark::RegisterBenchmark(name,
                               [op, shape](benchmark::State& state) {
                                 set_num_threads(static_cast<int>(state.range(1)));
                                 const Dtype dtype = state.range(0) == 32 ? Dtype::f32 : Dtype::f64;
                                 const Tensor x = Rng(0).normal(shape, 0, 1, dtype);
                                 benchmark::DoNotOptimize(op(x));  // the first call gets memory from the system
                                 for (auto _ : state) benchmark::DoNotOptimize(op(x));
                               })
      ->ArgsProduct({{32, 64}, {1, 2}})
      ->ArgNames({"bits", "threads"})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

const bool rows = [] {
  const std::int64_t million = 1'000'000;
  add_row("sort_1000000", {million}, [](const Tensor& x) { return sort(x).values; });
  add_row("sort_1000_rows_of_1000", {1000, 1000}, [](const Tensor& x) { return sort(x).values; });
  add_row("median_1000000", {million}, [](const Tensor& x) { return median(x, 0).values; });
  // A thousand different numbers.
  add_row("unique_1000000", {million}, [](const Tensor& x) { return unique(round(x * 100)).values; });
  add_row("einsum_512", {512, 512}, [](const Tensor& x) { return einsum("ij,jk->ik", {x, x}); });
  add_row("matmul_512", {512, 512}, [](const Tensor& x) { return matmul(x, x); });
  return true;
}();

}  // namespace
