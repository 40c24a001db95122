// The same work as ../training_step.cpp and ../tape.cpp in LibTorch, as its users would write it.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

namespace {

struct VaeImpl : torch::nn::Module {
  VaeImpl()
      : hidden(register_module("hidden", torch::nn::Linear(784, 400))),
        mean(register_module("mean", torch::nn::Linear(400, 20))),
        log_var(register_module("log_var", torch::nn::Linear(400, 20))),
        widen(register_module("widen", torch::nn::Linear(20, 400))),
        pixels(register_module("pixels", torch::nn::Linear(400, 784))) {}
  torch::nn::Linear hidden, mean, log_var, widen, pixels;
};
TORCH_MODULE(Vae);

void vae(benchmark::State& state) {
  torch::set_num_threads(static_cast<int>(state.range(0)));
  torch::manual_seed(0);
  Vae model;
  torch::optim::Adam adam(model->parameters(), torch::optim::AdamOptions(1e-3));
  const torch::Tensor x = torch::rand({128, 784});
  for (auto _ : state) {
    const torch::Tensor h = torch::relu(model->hidden(x));
    const torch::Tensor mean = model->mean(h), log_var = model->log_var(h);
    const torch::Tensor z = mean + torch::exp(0.5 * log_var) * torch::randn_like(mean);
    const torch::Tensor logits = model->pixels(torch::relu(model->widen(z)));
    const torch::Tensor nll = torch::nn::functional::binary_cross_entropy_with_logits(
        logits, x, torch::nn::functional::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum));
    const torch::Tensor kl = -0.5 * torch::sum(1 + log_var - mean.pow(2) - log_var.exp());
    const torch::Tensor loss = (nll + kl) / 128;
    adam.zero_grad();
    loss.backward();
    adam.step();
  }
}
BENCHMARK(vae)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

void autoencoder(benchmark::State& state) {
  torch::set_num_threads(static_cast<int>(state.range(0)));
  torch::manual_seed(0);
  torch::nn::Sequential model(torch::nn::Linear(784, 32), torch::nn::ReLU(), torch::nn::Linear(32, 784));
  torch::optim::Adam adam(model->parameters(), torch::optim::AdamOptions(1e-3));
  const torch::Tensor x = torch::rand({128, 784});
  for (auto _ : state) {
    const torch::Tensor loss = torch::nn::functional::binary_cross_entropy_with_logits(model->forward(x), x);
    adam.zero_grad();
    loss.backward();
    adam.step();
  }
}
BENCHMARK(autoencoder)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

void scalar_chain(benchmark::State& state) {
  torch::set_num_threads(1);
  const torch::Tensor x = torch::full({}, 0.3, torch::requires_grad());
  for (auto _ : state) {
    torch::Tensor h = x;
    for (int i = 0; i < 50; ++i) h = torch::tanh(h * 1.01);
    benchmark::DoNotOptimize(torch::autograd::grad({h}, {x}));
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(scalar_chain);

}  // namespace
