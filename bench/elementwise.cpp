// SPDX-License-Identifier: MIT
// Elementwise ops on 100 k numbers (in cache: limited by arithmetic) and on 4 M (limited by
// memory). The same in LibTorch is in peers/elementwise.cpp.
#include <benchmark/benchmark.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "bench/machine.h"
#include "nn/losses.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

// `streams` is the number of times that memory of an operand's size is read or written.
template <class F>
void add_row(const char* name, int streams, F op) {
  benchmark::RegisterBenchmark(name,
                               [op, streams](benchmark::State& state) {
                                 set_num_threads(static_cast<int>(state.range(1)));
                                 Rng rng(0);
                                 const Tensor a = rng.uniform({state.range(0) / 1000, 1000}, 0.1, 0.9),
                                              b = rng.uniform({state.range(0) / 1000, 1000}, 0.1, 0.9);
                                 const bench::Meter meter =
                                     bench::count_bytes(state, static_cast<double>(streams * 4 * state.range(0)));
                                 for (auto _ : state) benchmark::DoNotOptimize(op(a, b));
                               })
      ->ArgsProduct({{100'000, 4'000'000}, {1, 2}})
      ->ArgNames({"n", "threads"})
      ->UseRealTime();
}

const bool rows = [] {
#define HOURGLASS_ROW(name, streams, expression) \
  add_row(#name, streams,                        \
          []([[maybe_unused]] const Tensor& a, [[maybe_unused]] const Tensor& b) { return expression; });
  HOURGLASS_ROW(add, 3, a + b)
  HOURGLASS_ROW(mul_scalar, 2, a * 2)
  HOURGLASS_ROW(add_row, 2, a + select(b, 0, 0))
  HOURGLASS_ROW(add_column, 2, a + slice(b, 1, 0, 1))
  HOURGLASS_ROW(add_transposed, 3, a + transpose(reshape(b, {1000, -1})))
  HOURGLASS_ROW(relu, 2, relu(a))
  HOURGLASS_ROW(sqrt, 2, sqrt(a))
  HOURGLASS_ROW(exp, 2, exp(a))
  HOURGLASS_ROW(log, 2, log(a))
  HOURGLASS_ROW(log1p, 2, log1p(a))
  HOURGLASS_ROW(expm1, 2, expm1(a))
  HOURGLASS_ROW(sigmoid, 2, sigmoid(a))
  HOURGLASS_ROW(tanh, 2, tanh(a))
  HOURGLASS_ROW(softplus, 2, softplus(a))
  HOURGLASS_ROW(erf, 2, erf(a))
  HOURGLASS_ROW(gelu, 2, gelu(a))
  HOURGLASS_ROW(silu, 2, silu(a))
  HOURGLASS_ROW(sin, 2, sin(a))
  HOURGLASS_ROW(pow, 3, pow(a, b))
  HOURGLASS_ROW(chain_of_3, 2, tanh(a * 2 + 1))
#undef HOURGLASS_ROW
  // Loss and gradient, as in a training step.
  add_row("bce_with_logits_and_gradient", 3, [](const Tensor& a, const Tensor& b) {
    const Var x = variable(a);
    return grad(nn::binary_cross_entropy_with_logits(x, constant(b)), x);
  });
  add_row("mse_and_gradient", 3, [](const Tensor& a, const Tensor& b) {
    const Var x = variable(a);
    return grad(nn::mse_loss(x, constant(b)), x);
  });
  return true;
}();

}  // namespace
