// SPDX-License-Identifier: MIT
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "bench/products.h"

namespace {

using namespace hourglass::bench;

const bool registered = register_products([](benchmark::State& state, const Product& p, int threads) {
  openblas_set_num_threads(threads);
  const int m = static_cast<int>(p.rows), n = static_cast<int>(p.columns), k = static_cast<int>(p.depth);
  const std::vector<float> a(p.rows * p.depth, 0.5f), b(p.depth * p.columns, 0.25f);
  std::vector<float> c(p.rows * p.columns);
  for (auto _ : state) {
    cblas_sgemm(CblasRowMajor, p.a_transposed ? CblasTrans : CblasNoTrans, p.b_transposed ? CblasTrans : CblasNoTrans,
                m, n, k, 1, a.data(), p.a_transposed ? m : k, b.data(), p.b_transposed ? k : n, 0, c.data(), n);
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
});

}  // namespace
