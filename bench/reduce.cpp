// SPDX-License-Identifier: MIT
// Reductions read memory once; this is their limit. The same in LibTorch is in peers/reduce.cpp.
#include <benchmark/benchmark.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "bench/machine.h"
#include "nn/losses.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

// `streams` is the number of times that memory of x's size is read or written.
template <class F>
void add_row(const char* name, int streams, F op) {
  benchmark::RegisterBenchmark(name,
                               [op, streams](benchmark::State& state) {
                                 set_num_threads(static_cast<int>(state.range(2)));
                                 const Tensor x = Rng(0).uniform({state.range(0), state.range(1)});
                                 const bench::Meter meter =
                                     bench::count_bytes(state, static_cast<double>(streams * 4 * x.numel()));
                                 for (auto _ : state) benchmark::DoNotOptimize(op(x));
                               })
      ->ArgsProduct({{100, 4000}, {1000}, {1, 2}})
      ->ArgNames({"rows", "columns", "threads"})
      ->UseRealTime();
}

// The cost of a layer: its output, and the gradient with respect to x for a given gradient of the
// output.
template <class F>
auto forward_and_backward(F layer) {
  return [layer](const Tensor& t) {
    const Var x = variable(t);
    return grad(std::vector<Var>{layer(x)}, std::vector<Var>{constant(t)}, std::vector<Var>{x});
  };
}

const bool rows = [] {
  add_row("sum_all", 1, [](const Tensor& x) { return sum(x); });
  add_row("sum_rows", 1, [](const Tensor& x) { return sum(x, {1}); });
  add_row("sum_columns", 1, [](const Tensor& x) { return sum(x, {0}); });
  add_row("max_rows", 1, [](const Tensor& x) { return max(x, {1}); });
  add_row("var_rows", 1, [](const Tensor& x) { return var(x, {1}); });
  add_row("var_columns", 1, [](const Tensor& x) { return var(x, {0}); });
  add_row("norm_all", 1, [](const Tensor& x) { return norm(x); });
  add_row("logsumexp_rows", 1, [](const Tensor& x) { return logsumexp(x, {1}); });
  add_row("argmax_rows", 1, [](const Tensor& x) { return argmax(x, 1); });
  add_row("softmax_rows", 2, [](const Tensor& x) { return softmax(x, 1); });
  add_row("log_softmax_rows", 2, [](const Tensor& x) { return log_softmax(x, 1); });
  add_row("softmax_and_gradient", 5, forward_and_backward([](const Var& x) { return softmax(x, 1); }));
  add_row("layer_norm", 2, [](const Tensor& x) {
    return layer_norm(constant(x), constant(ones({x.size(1)})), constant(zeros({x.size(1)})));
  });
  add_row("layer_norm_and_gradient", 5, forward_and_backward([](const Var& x) {
            return layer_norm(x, constant(ones({x.size(1)})), constant(zeros({x.size(1)})));
          }));
  add_row(
      "batch_norm_and_gradient", 5, forward_and_backward([](const Var& x) {
        return reshape(batch_norm(reshape(x, {-1, 10, 100}), constant(ones({10})), constant(zeros({10}))), x.shape());
      }));
  add_row("cross_entropy_and_gradient", 3, [](const Tensor& t) {
    const Var x = variable(t);
    return grad(nn::cross_entropy(x, zeros({t.size(0)}, Dtype::i64)), x);
  });
  return true;
}();

}  // namespace
