// Whole training steps: forward, backward and Adam, written as a user would. LibTorch's are in peers/training_step.cpp.
#include <benchmark/benchmark.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "bench/machine.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/sequential.h"
#include "optim/adam.h"
#include "tensor/random.h"

using namespace hourglass;

namespace {

struct Vae : nn::Module {
  explicit Vae(Rng& rng)
      : hidden(child<nn::Linear>("hidden", 784, 400, rng)),
        mean(child<nn::Linear>("mean", 400, 20, rng)),
        log_var(child<nn::Linear>("log_var", 400, 20, rng)),
        widen(child<nn::Linear>("widen", 20, 400, rng)),
        pixels(child<nn::Linear>("pixels", 400, 784, rng)) {}
  nn::Linear &hidden, &mean, &log_var, &widen, &pixels;
};

// Operations of the products: two for the forward pass and two for each of both gradients, but for the input's own.
double operations(std::int64_t batch, std::initializer_list<std::pair<std::int64_t, std::int64_t>> layers) {
  std::int64_t count = 0;
  bool first = true;
  for (const auto& [in, out] : layers) count += 2 * batch * in * out * (std::exchange(first, false) ? 2 : 3);
  return static_cast<double>(count);
}

void vae(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  const Vae model(rng);
  optim::Adam adam(model.parameters(), {.lr = 1e-3});
  const Var x = constant(rng.uniform({128, 784}));
  const bench::Meter meter =
      bench::count_operations(state, operations(128, {{784, 400}, {400, 40}, {20, 400}, {400, 784}}));
  for (auto _ : state) {
    const Var h = relu(model.hidden(x));
    const Normal q{model.mean(h), exp(model.log_var(h) * 0.5)};
    const Var logits = model.pixels(relu(model.widen(q.rsample(rng))));
    const Var loss = (sum(bce_with_logits(logits, x)) + sum(kl(q, standard_normal(q)))) / 128;
    adam.step(grad(loss, model.parameters()));
  }
}
BENCHMARK(vae)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

void autoencoder(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  nn::Sequential model;
  model.add<nn::Linear>(784, 32, rng);
  model.add<nn::ReLU>();
  model.add<nn::Linear>(32, 784, rng);
  optim::Adam adam(model.parameters(), {.lr = 1e-3});
  const Var x = constant(rng.uniform({128, 784}));
  const bench::Meter meter = bench::count_operations(state, operations(128, {{784, 32}, {32, 784}}));
  for (auto _ : state) adam.step(grad(nn::binary_cross_entropy_with_logits(model(x), x), model.parameters()));
}
BENCHMARK(autoencoder)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
