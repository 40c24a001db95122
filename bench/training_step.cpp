// SPDX-License-Identifier: MIT
// Whole training steps: forward, backward and Adam, as a user would write them. LibTorch's are in
// peers/training_step.cpp, under the same names.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "autograd/derivatives.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "bench/machine.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/recurrent.h"
#include "nn/sequential.h"
#include "optim/adam.h"
#include "tensor/random.h"
#include "tensor/storage.h"

using namespace hourglass;

namespace {

// Times steps that lower `loss`, and reports their peak memory.
void train(benchmark::State& state, const nn::Module& model, double operations, const std::function<Var()>& loss) {
  optim::Adam adam(model.parameters(), {.lr = 1e-3});
  adam.step(grad(loss(), model.parameters()));
  memory::reset_peak();
  {
    const bench::Meter meter = bench::count_operations(state, operations);
    for (auto _ : state) adam.step(grad(loss(), model.parameters()));
  }
  state.counters["peak MB"] = static_cast<double>(memory::peak_bytes()) * 1e-6;
}

#define STEP(name) BENCHMARK(name)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()

using Widths = std::vector<std::int64_t>;

// The operations of a stack's matrix products: 2 per weight and sample in the forward pass and in
// each of the two gradients. The first layer has no input gradient.
double operations(std::int64_t batch, const Widths& widths) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) count += 2 * batch * widths[i] * widths[i + 1] * (i == 0 ? 2 : 3);
  return static_cast<double>(count);
}

// Linear layers with an activation after each but the last.
template <class Activation = nn::ReLU>
void stack(nn::Sequential& model, const Widths& widths, Rng& rng) {
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0) model.add<Activation>();
    model.add<nn::Linear>(widths[i], widths[i + 1], rng);
  }
}

// ---- stacks of linear layers ---------------------------------------------------------------------------------------

void stacked(benchmark::State& state, const Widths& widths) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  nn::Sequential model;
  stack(model, widths, rng);
  const Var x = constant(rng.uniform({128, widths.front()}));
  train(state, model, operations(128, widths), [&] { return nn::binary_cross_entropy_with_logits(model(x), x); });
}
void ae(benchmark::State& state) { stacked(state, {784, 32, 784}); }
void deep(benchmark::State& state) { stacked(state, {784, 128, 64, 32, 64, 128, 784}); }
void hinton(benchmark::State& state) { stacked(state, {784, 1000, 500, 250, 30, 250, 500, 1000, 784}); }
STEP(ae);
STEP(deep);
STEP(hinton);

void big(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  nn::Sequential model;
  stack(model, {784, 512, 784}, rng);
  const Var x = constant(rng.uniform({4096, 784}));
  train(state, model, operations(4096, {784, 512, 784}), [&] { return nn::mse_loss(model(x), x); });
}
STEP(big);

// ---- variational ---------------------------------------------------------------------------------------------------

struct Vae : nn::Module {
  explicit Vae(Rng& rng)
      : hidden(child<nn::Linear>("hidden", 784, 400, rng)),
        mean(child<nn::Linear>("mean", 400, 20, rng)),
        log_var(child<nn::Linear>("log_var", 400, 20, rng)),
        widen(child<nn::Linear>("widen", 20, 400, rng)),
        pixels(child<nn::Linear>("pixels", 400, 784, rng)) {}
  nn::Linear &hidden, &mean, &log_var, &widen, &pixels;
};

void vae(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  const Vae model(rng);
  const Var x = constant(rng.uniform({128, 784}));
  train(state, model, operations(128, {784, 400, 40}) + operations(128, {20, 400, 784}), [&] {
    const Var h = relu(model.hidden(x));
    const Normal q{model.mean(h), exp(model.log_var(h) * 0.5)};
    const Var logits = model.pixels(relu(model.widen(q.rsample(rng))));
    return (sum(bce_with_logits(logits, x)) + sum(kl(q, standard_normal(q)))) / 128;
  });
}
STEP(vae);

// ---- contractive ---------------------------------------------------------------------------------------------------

// The loss of an autoencoder plus 0.1 times the mean ‖dh/dx‖² of its encoder.
void contractive(benchmark::State& state, const Widths& widths, JacobianNorm method, double operations) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  nn::Sequential model;
  nn::Sequential& encoder = model.add<nn::Sequential>();
  nn::Sequential& decoder = model.add<nn::Sequential>();
  stack<nn::Sigmoid>(encoder, widths, rng);
  encoder.add<nn::Sigmoid>();
  stack<nn::Sigmoid>(decoder, {widths.rbegin(), widths.rend()}, rng);
  const Var x = constant(rng.uniform({128, 784}));
  train(state, model, operations, [&] {
    const Var penalty = mean(squared_jacobian_norm(std::cref(encoder), x, {.method = method, .rng = &rng}));
    return nn::binary_cross_entropy_with_logits(model(x), x) + 0.1 * penalty;
  });
}
void cae_analytic(benchmark::State& state) { contractive(state, {784, 256}, JacobianNorm::closed_form, 257e6); }
void cae_vjp(benchmark::State& state) { contractive(state, {784, 256}, JacobianNorm::hutchinson, 411e6); }
void cae_jac64(benchmark::State& state) { contractive(state, {784, 128, 64}, JacobianNorm::exact, 5431e6); }
void cae_jac64_gram(benchmark::State& state) { contractive(state, {784, 128, 64}, JacobianNorm::gram, 5431e6); }
STEP(cae_analytic);
STEP(cae_vjp);
STEP(cae_jac64);
STEP(cae_jac64_gram);  // the same value by another method; compare it with LibTorch's cae_jac64

// ---- convolutional -------------------------------------------------------------------------------------------------

void conv_ae(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  const nn::ConvTranspose2dOptions doubling{.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1};
  const nn::Sequential model{nn::Conv2d(1, 16, {.kernel = 3, .stride = 2, .padding = 1}, rng),
                             nn::ReLU(),
                             nn::Conv2d(16, 32, {.kernel = 3, .stride = 2, .padding = 1}, rng),
                             nn::ReLU(),
                             nn::Conv2d(32, 64, {.kernel = 7}, rng),
                             nn::ConvTranspose2d(64, 32, {.kernel = 7}, rng),
                             nn::ReLU(),
                             nn::ConvTranspose2d(32, 16, doubling, rng),
                             nn::ReLU(),
                             nn::ConvTranspose2d(16, 1, doubling, rng)};
  const Var x = constant(rng.uniform({128, 1, 28, 28}));
  train(state, model, 537e6, [&] { return nn::binary_cross_entropy_with_logits(model(x), x); });
}
STEP(conv_ae);

struct UNet : nn::Module {
  explicit UNet(Rng& generator) : rng(generator) {}
  nn::Conv2d& conv(const char* name, std::int64_t in, std::int64_t out) {
    return child(name, nn::Conv2d(in, out, {.kernel = 3, .padding = 1}, rng));
  }
  nn::ConvTranspose2d& up(const char* name, std::int64_t in, std::int64_t out) {
    return child(name, nn::ConvTranspose2d(in, out, {.kernel = 2, .stride = 2}, rng));
  }
  Rng& rng;
  nn::Conv2d &down1 = conv("down1", 1, 16), &down2 = conv("down2", 16, 32), &bottom = conv("bottom", 32, 64),
             &join2 = conv("join2", 64, 32), &join1 = conv("join1", 32, 16);
  nn::ConvTranspose2d &up2 = up("up2", 64, 32), &up1 = up("up1", 32, 16);
  nn::Conv2d& classes = child("classes", nn::Conv2d(16, 2, {.kernel = 1}, rng));

  Var operator()(const Var& x) const {
    const Var a = relu(down1(x)), b = relu(down2(max_pool2d(a, {.kernel = 2})));
    const Var c = relu(bottom(max_pool2d(b, {.kernel = 2})));
    const Var d = relu(join2(concat({up2(c), b}, 1)));
    return classes(relu(join1(concat({up1(d), a}, 1))));
  }
};

void unet(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  const UNet model(rng);
  const Var x = constant(rng.uniform({32, 1, 32, 32}));
  const Tensor mask = rng.randint({32, 32, 32}, 0, 2);
  train(state, model, 2491e6, [&] { return nn::cross_entropy(model(x), mask); });
}
STEP(unet);

// ---- recurrent -----------------------------------------------------------------------------------------------------

struct LstmAe : nn::Module {
  explicit LstmAe(Rng& rng)
      : encoder(child("encoder", nn::LSTM(1, 64, rng, {.batch_first = true}))),
        decoder(child("decoder", nn::LSTM(64, 64, rng, {.batch_first = true}))),
        out(child("out", nn::Linear(64, 1, rng))) {}
  nn::LSTM &encoder, &decoder;
  nn::Linear& out;

  Var operator()(const Var& x) const {
    const Var code = select(encoder(x).h, 0, 0);
    return out(decoder(expand(unsqueeze(code, 1), {x.size(0), x.size(1), 64})).output);
  }
};

void lstm_ae(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0);
  const LstmAe model(rng);
  const Var x = constant(rng.uniform({64, 140, 1}));
  train(state, model, 2655e6, [&] { return nn::mse_loss(model(x), x); });
}
STEP(lstm_ae);

// ---- next to nothing ------------------------------------------------------------------------------------------------

void tiny(benchmark::State& state) {
  set_num_threads(static_cast<int>(state.range(0)));
  const Var x = variable(scalar(0.3));
  for (auto _ : state) {
    Var h = x;
    for (int i = 0; i < 50; ++i) h = tanh(h * 1.01);
    benchmark::DoNotOptimize(grad(h, x));
  }
}
STEP(tiny);

}  // namespace
