// SPDX-License-Identifier: MIT
// The matrix products that are timed here and in the libraries of peers/: a layer's forward pass
// x Wᵀ, its input gradient g W and its weight gradient gᵀ x, at shapes that autoencoders have.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

namespace hourglass::bench {

/// C [rows, columns] = A B, all of them stored row by row. A transposed operand is stored as its transpose.
struct Product {
  std::string name;
  std::int64_t rows, columns, depth;
  bool a_transposed, b_transposed;

  double operations() const { return 2.0 * static_cast<double>(rows * columns * depth); }
};

/// The three products of a layer from `in` to `out` numbers.
inline std::array<Product, 3> products_of(std::int64_t batch, std::int64_t in, std::int64_t out) {
  const std::string shape = "/" + std::to_string(batch) + "x" + std::to_string(in) + "->" + std::to_string(out);
  return {{{"forward" + shape, batch, out, in, false, true},
           {"dx" + shape, batch, in, out, false, false},
           {"dw" + shape, out, in, batch, true, false}}};
}

/// Registers `run(state, product, threads)` under the product's name for every shape and for 1 and 2 threads.
template <class Run>
bool register_products(Run run) {
  constexpr std::int64_t layers[][3] = {{128, 784, 32}, {128, 32, 784},  {128, 64, 32},    {128, 400, 20},
                                        {128, 20, 400}, {128, 784, 400}, {128, 784, 1000}, {128, 250, 30},
                                        {64, 64, 256},  {8960, 64, 256}, {4096, 784, 512}};
  for (const auto& [batch, in, out] : layers)
    for (const Product& product : products_of(batch, in, out))
      for (const int threads : {1, 2})
        benchmark::RegisterBenchmark((product.name + "/threads:" + std::to_string(threads)).c_str(),
                                     [=](benchmark::State& state) { run(state, product, threads); })
            ->UseRealTime();
  return true;
}

}  // namespace hourglass::bench
