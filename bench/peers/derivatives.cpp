// SPDX-License-Identifier: MIT
// The work of ../derivatives.cpp in LibTorch, as its users would write it: a loop of 64 vector-Jacobian products.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

namespace {

torch::nn::Sequential encoder_of_784_128_64() {
  return torch::nn::Sequential(torch::nn::Linear(784, 128), torch::nn::Sigmoid(), torch::nn::Linear(128, 64),
                               torch::nn::Sigmoid());
}

void penalty_exact(benchmark::State& state) {
  torch::set_num_threads(1);
  torch::manual_seed(0);
  torch::nn::Sequential encoder = encoder_of_784_128_64();
  const torch::Tensor x = torch::rand({128, 784}).requires_grad_();
  for (auto _ : state) {
    const torch::Tensor h = encoder->forward(x);
    torch::Tensor norms = torch::zeros({128});
    for (int unit = 0; unit < 64; ++unit) {
      torch::Tensor u = torch::zeros_like(h);
      u.select(1, unit).fill_(1);
      const torch::Tensor row = torch::autograd::grad({h}, {x}, {u}, true, true)[0];
      norms = norms + row.square().sum(1);
    }
    benchmark::DoNotOptimize(
        torch::autograd::grad({norms.mean()}, encoder->parameters(), {}, c10::nullopt, false, true));
  }
}
BENCHMARK(penalty_exact);

}  // namespace
