// SPDX-License-Identifier: MIT
#include <vector>

#include <benchmark/benchmark.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "bench/products.h"

namespace {

using namespace hourglass::bench;
using dnnl::memory;

memory::desc matrix(std::int64_t rows, std::int64_t columns, bool transposed) {
  return {{rows, columns}, memory::data_type::f32, transposed ? memory::format_tag::ba : memory::format_tag::ab};
}

// The library's matmul primitive on plain row-major memory: created once, run many times.
const bool registered = register_products([](benchmark::State& state, const Product& p, int threads) {
  omp_set_num_threads(threads);
  const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(cpu);
  std::vector<float> a(p.rows * p.depth, 0.5f), b(p.depth * p.columns, 0.25f), c(p.rows * p.columns);
  const memory::desc a_desc = matrix(p.rows, p.depth, p.a_transposed),
                     b_desc = matrix(p.depth, p.columns, p.b_transposed), c_desc = matrix(p.rows, p.columns, false);
  const dnnl::matmul multiply({{a_desc, b_desc, c_desc}, cpu});
  const memory am(a_desc, cpu, a.data()), bm(b_desc, cpu, b.data()), cm(c_desc, cpu, c.data());
  for (auto _ : state) {
    multiply.execute(stream, {{DNNL_ARG_SRC, am}, {DNNL_ARG_WEIGHTS, bm}, {DNNL_ARG_DST, cm}});
    stream.wait();
    benchmark::ClobberMemory();
  }
});

}  // namespace
