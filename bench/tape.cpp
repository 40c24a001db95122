// SPDX-License-Identifier: MIT
// The cost of recording: a chain of 100 ops on one number, forward and backward. The same chain in
// LibTorch is `tiny` in peers/training_step.cpp.
#include <benchmark/benchmark.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "bench/machine.h"

using namespace hourglass;

namespace {

Var chain(Var h) {
  for (int i = 0; i < 50; ++i) h = tanh(h * 1.01);
  return h;
}

void forward_only(benchmark::State& state) {
  const Var x = constant(scalar(0.3));
  for (auto _ : state) benchmark::DoNotOptimize(chain(x));
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(forward_only);

void forward_and_backward(benchmark::State& state) {
  const Var x = variable(scalar(0.3));
  for (auto _ : state) benchmark::DoNotOptimize(grad(chain(x), x));
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(forward_and_backward);

void second_order(benchmark::State& state) {
  const Var x = variable(scalar(0.3));
  for (auto _ : state) benchmark::DoNotOptimize(grad(grad(chain(x), x, {.create_graph = true}), x));
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(second_order);

}  // namespace
