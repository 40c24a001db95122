// SPDX-License-Identifier: MIT
// The same work as ../reduce.cpp in LibTorch.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

namespace {

template <class F>
void add_row(const char* name, F op) {
  benchmark::RegisterBenchmark(name,
                               [op](benchmark::State& state) {
                                 torch::set_num_threads(static_cast<int>(state.range(2)));
                                 torch::manual_seed(0);
                                 const torch::Tensor x = torch::rand({state.range(0), state.range(1)});
                                 for (auto _ : state) benchmark::DoNotOptimize(op(x));
                               })
      ->ArgsProduct({{100, 4000}, {1000}, {1, 2}})
      ->ArgNames({"rows", "columns", "threads"})
      ->UseRealTime();
}

template <class F>
auto forward_and_backward(F layer) {
  return [layer](const torch::Tensor& t) {
    const torch::Tensor x = t.detach().requires_grad_();
    return torch::autograd::grad({layer(x)}, {x}, {t});
  };
}

using torch::Tensor;

const bool rows = [] {
  add_row("sum_all", [](const Tensor& x) { return x.sum(); });
  add_row("sum_rows", [](const Tensor& x) { return x.sum(1); });
  add_row("sum_columns", [](const Tensor& x) { return x.sum(0); });
  add_row("max_rows", [](const Tensor& x) { return x.amax(1); });
  add_row("var_rows", [](const Tensor& x) { return x.var(1); });
  add_row("var_columns", [](const Tensor& x) { return x.var(0); });
  add_row("norm_all", [](const Tensor& x) { return x.norm(); });
  add_row("logsumexp_rows", [](const Tensor& x) { return x.logsumexp(1); });
  add_row("argmax_rows", [](const Tensor& x) { return x.argmax(1); });
  add_row("softmax_rows", [](const Tensor& x) { return x.softmax(1); });
  add_row("log_softmax_rows", [](const Tensor& x) { return x.log_softmax(1); });
  add_row("softmax_and_gradient", forward_and_backward([](const Tensor& x) { return x.softmax(1); }));
  add_row("layer_norm", [](const Tensor& x) {
    return torch::layer_norm(x, {x.size(1)}, torch::ones({x.size(1)}), torch::zeros({x.size(1)}));
  });
  add_row("layer_norm_and_gradient", forward_and_backward([](const Tensor& x) {
            return torch::layer_norm(x, {x.size(1)}, torch::ones({x.size(1)}), torch::zeros({x.size(1)}));
          }));
  add_row("batch_norm_and_gradient", forward_and_backward([](const Tensor& x) {
            return torch::batch_norm(x.reshape({-1, 10, 100}), torch::ones({10}), torch::zeros({10}), {}, {}, true, 0.1,
                                     1e-5, false)
                .reshape(x.sizes());
          }));
  add_row("cross_entropy_and_gradient", [](const Tensor& t) {
    const Tensor x = t.detach().requires_grad_();
    return torch::autograd::grad({torch::nn::functional::cross_entropy(x, torch::zeros({t.size(0)}, torch::kInt64))},
                                 {x});
  });
  return true;
}();

}  // namespace
