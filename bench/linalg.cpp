// SPDX-License-Identifier: MIT
// Factorisations of the matrices that images of 28 x 28 give, and Fourier transforms. The same in LAPACK is in
// peers/openblas/linalg.cpp.
#include "tensor/linalg.h"

#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "tensor/fft.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

template <class F>
void add_row(const char* name, std::int64_t n, F op) {
  benchmark::RegisterBenchmark(name,
                               [op, n](benchmark::State& state) {
                                 set_num_threads(static_cast<int>(state.range(1)));
                                 const Dtype dtype = state.range(0) == 32 ? Dtype::f32 : Dtype::f64;
                                 const Tensor a = Rng(0).normal(n > 1000 ? Shape{n} : Shape{n, n}, 0, 1, dtype);
                                 benchmark::DoNotOptimize(op(a));  // the first call gets memory from the system
                                 for (auto _ : state) benchmark::DoNotOptimize(op(a));
                               })
      ->ArgsProduct({{32, 64}, {1, 2}})
      ->ArgNames({"bits", "threads"})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

const bool rows = [] {
  add_row("solve_784", 784, [](const Tensor& a) { return solve(a, a); });
  add_row("qr_784", 784, [](const Tensor& a) { return qr(a).q; });
  add_row("eigh_784", 784, [](const Tensor& a) { return eigh(a + transpose(a)).vectors; });
  add_row("svd_784", 784, [](const Tensor& a) { return svd(a).u; });
  add_row("rfft_1048576", 1 << 20, [](const Tensor& x) { return rfft(x); });
  return true;
}();

}  // namespace
