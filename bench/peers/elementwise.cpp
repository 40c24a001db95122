// SPDX-License-Identifier: MIT
// The same work as ../elementwise.cpp in LibTorch.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

namespace {

template <class F>
void add_row(const char* name, F op) {
  benchmark::RegisterBenchmark(name,
                               [op](benchmark::State& state) {
                                 torch::set_num_threads(static_cast<int>(state.range(1)));
                                 torch::manual_seed(0);
                                 const torch::Tensor a = torch::rand({state.range(0) / 1000, 1000}) * 0.8 + 0.1,
                                                     b = torch::rand({state.range(0) / 1000, 1000}) * 0.8 + 0.1;
                                 for (auto _ : state) benchmark::DoNotOptimize(op(a, b));
                               })
      ->ArgsProduct({{100'000, 4'000'000}, {1, 2}})
      ->ArgNames({"n", "threads"})
      ->UseRealTime();
}

const bool rows = [] {
#define PEER_ROW(name, expression)                                                                      \
  add_row(#name, []([[maybe_unused]] const torch::Tensor& a, [[maybe_unused]] const torch::Tensor& b) { \
    return expression;                                                                                  \
  });
  PEER_ROW(add, a + b)
  PEER_ROW(mul_scalar, a * 2)
  PEER_ROW(add_row, a + b.select(0, 0))
  PEER_ROW(add_column, a + b.slice(1, 0, 1))
  PEER_ROW(add_transposed, a + b.reshape({1000, -1}).t())
  PEER_ROW(relu, torch::relu(a))
  PEER_ROW(sqrt, torch::sqrt(a))
  PEER_ROW(exp, torch::exp(a))
  PEER_ROW(log, torch::log(a))
  PEER_ROW(log1p, torch::log1p(a))
  PEER_ROW(expm1, torch::expm1(a))
  PEER_ROW(sigmoid, torch::sigmoid(a))
  PEER_ROW(tanh, torch::tanh(a))
  PEER_ROW(softplus, torch::nn::functional::softplus(a))
  PEER_ROW(erf, torch::erf(a))
  PEER_ROW(gelu, torch::gelu(a))
  PEER_ROW(silu, torch::silu(a))
  PEER_ROW(sin, torch::sin(a))
  PEER_ROW(pow, torch::pow(a, b))
  PEER_ROW(chain_of_3, torch::tanh(a * 2 + 1))
#undef PEER_ROW
  add_row("bce_with_logits_and_gradient", [](const torch::Tensor& a, const torch::Tensor& b) {
    const torch::Tensor x = a.detach().requires_grad_();
    return torch::autograd::grad({torch::nn::functional::binary_cross_entropy_with_logits(x, b)}, {x});
  });
  add_row("mse_and_gradient", [](const torch::Tensor& a, const torch::Tensor& b) {
    const torch::Tensor x = a.detach().requires_grad_();
    return torch::autograd::grad({torch::nn::functional::mse_loss(x, b)}, {x});
  });
  return true;
}();

}  // namespace
