// SPDX-License-Identifier: MIT
#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include "bench/products.h"

namespace {

using namespace hourglass::bench;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

const bool registered = register_products([](benchmark::State& state, const Product& p, int threads) {
  Eigen::setNbThreads(threads);
  const Matrix a = p.a_transposed ? Matrix::Random(p.depth, p.rows) : Matrix::Random(p.rows, p.depth);
  const Matrix b = p.b_transposed ? Matrix::Random(p.columns, p.depth) : Matrix::Random(p.depth, p.columns);
  Matrix c(p.rows, p.columns);
  for (auto _ : state) {
    if (p.a_transposed) c.noalias() = a.transpose() * b;
    else if (p.b_transposed) c.noalias() = a * b.transpose();
    else c.noalias() = a * b;
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
});

}  // namespace
