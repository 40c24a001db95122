// SPDX-License-Identifier: MIT
// The cost of results that do not depend on the number of threads. Hourglass cuts work into pieces
// by sizes alone, and adds partial sums in one fixed order. The alternative is the same kernels
// with one piece for each thread: the bits of its sums change with the number of threads. `cost` is
// the ratio of the two median times, measured in turns; 1 means no cost.
#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "bench/products.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tensor/storage.h"

using namespace hourglass;

namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Times both in turns, 8 calls at once. The reported time is that of `fixed`.
template <class Fixed, class Free>
void in_turns(benchmark::State& state, Fixed fixed, Free free) {
  std::vector<double> times[2];
  const auto time = [](auto& f) {
    const double begin = bench::now();
    for (int i = 0; i < 8; ++i) f();
    return (bench::now() - begin) / 8;
  };
  for (auto _ : state) {
    times[0].push_back(time(fixed));
    times[1].push_back(time(free));
    state.SetIterationTime(times[0].back());
  }
  state.counters["cost"] = median(times[0]) / median(times[1]);
}

// Calls f(thread, begin, end) once for each thread.
template <class F>
void for_each_thread(std::int64_t n, F f) {
  const std::int64_t threads = num_threads();
  parallel_for(threads, 1, [&](std::int64_t t, std::int64_t) { f(t, n * t / threads, n * (t + 1) / threads); });
}

// Sums equal pieces, then adds the sums, as tensor/reduce.cpp does.
float sum_of_pieces(const Tensor& x, std::int64_t pieces) {
  const auto kernel = kernels().reduce.of<float, float>()[Reduce::sum];
  const std::int64_t n = x.numel(), size = (n + pieces - 1) / pieces;
  std::vector<float> sums(static_cast<std::size_t>(pieces));
  parallel_for(pieces, 1, [&](std::int64_t piece, std::int64_t) {
    const std::int64_t begin = piece * size;
    kernel.rows(x.data<float>() + begin, 0, 1, std::min(size, n - begin), nullptr,
                &sums[static_cast<std::size_t>(piece)]);
  });
  float total = 0;
  kernel.rows(sums.data(), 0, 1, pieces, nullptr, &total);
  return total;
}

void sum_all(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(1)));
  const Tensor x = Rng(0).uniform({state.range(0)});
  const std::int64_t by_size = (x.numel() + 32767) / 32768;
  in_turns(
      state, [&] { benchmark::DoNotOptimize(sum_of_pieces(x, by_size)); },
      [&] { benchmark::DoNotOptimize(sum_of_pieces(x, num_threads())); });
}
BENCHMARK(sum_all)->ArgsProduct({{100'000, 4'000'000}, {1, 2}})->ArgNames({"n", "threads"})->UseManualTime();

// In the alternative, threads share C's rows, or its columns if there are more of them.
void product(benchmark::State& state, const bench::Product& p, int threads) {
  set_num_threads(threads);
  Rng rng(0);
  const Tensor a = p.a_transposed ? transpose(rng.uniform({p.depth, p.rows}), 0, 1) : rng.uniform({p.rows, p.depth});
  const Tensor b =
      p.b_transposed ? transpose(rng.uniform({p.columns, p.depth}), 0, 1) : rng.uniform({p.depth, p.columns});
  const GemmKernelsOf<float>& kernel = kernels().gemm.f32;
  const auto free = [&] {
    Tensor c({p.rows, p.columns}, Dtype::f32);
    float* const out = c.mutable_data<float>();
    const bool by_rows = p.rows >= p.columns;
    for_each_thread(by_rows ? p.rows : p.columns, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      const GemmSize size{by_rows ? end - begin : p.rows, by_rows ? p.columns : end - begin, p.depth};
      const Storage workspace(static_cast<std::size_t>(kernel.workspace(size)) * sizeof(float));
      const std::int64_t row = by_rows ? begin : 0, column = by_rows ? 0 : begin;
      kernel.product(size, {a.data<float>() + row * a.strides()[0], a.strides()[0], a.strides()[1]},
                     {b.data<float>() + column * b.strides()[1], b.strides()[0], b.strides()[1]},
                     {out + row * p.columns + column, p.columns}, reinterpret_cast<float*>(workspace.data()));
    });
    benchmark::DoNotOptimize(out);
  };
  in_turns(
      state, [&] { benchmark::DoNotOptimize(matmul(a, b)); }, free);
}

const bool products = [] {
  for (const auto& [batch, in, out] : {std::array<std::int64_t, 3>{128, 784, 400}, {128, 784, 32}, {8960, 64, 256}})
    for (const bench::Product& p : bench::products_of(batch, in, out))
      for (const int threads : {1, 2})
        benchmark::RegisterBenchmark((p.name + "/threads:" + std::to_string(threads)).c_str(),
                                     [=](benchmark::State& state) { product(state, p, threads); })
            ->UseManualTime();
  return true;
}();

}  // namespace
