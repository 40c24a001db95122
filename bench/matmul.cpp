// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "bench/products.h"
#include "tensor/ops.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

Tensor stored(Rng& rng, std::int64_t rows, std::int64_t columns, bool transposed) {
  return transposed ? transpose(rng.normal({columns, rows})) : rng.normal({rows, columns});
}

const bool registered = bench::register_products([](benchmark::State& state, const bench::Product& p, int threads) {
  set_num_threads(threads);
  Rng rng(0);
  const Tensor a = stored(rng, p.rows, p.depth, p.a_transposed), b = stored(rng, p.depth, p.columns, p.b_transposed);
  const bench::Meter meter = bench::count_operations(state, p.operations());
  for (auto _ : state) benchmark::DoNotOptimize(matmul(a, b));
});

}  // namespace
