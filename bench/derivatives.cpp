// SPDX-License-Identifier: MIT
// Second-order derivatives: the contractive penalty ‖dh/dx‖² of an encoder 784-128-64 with
// sigmoids, batch 128, and its gradient with respect to the encoder's parameters, by each method
// that such an encoder allows. LibTorch's loop of 64 vector-Jacobian products is in
// peers/derivatives.cpp. The last two benchmarks compare two ways to compute a Jacobian-vector
// product.
#include "autograd/derivatives.h"

#include <functional>

#include <benchmark/benchmark.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "bench/machine.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/sequential.h"
#include "optim/adam.h"

using namespace hourglass;

namespace {

struct Encoder : nn::Sequential {
  explicit Encoder(Rng& rng) {
    add<nn::Linear>(784, 128, rng);
    add<nn::Sigmoid>();
    add<nn::Linear>(128, 64, rng);
    add<nn::Sigmoid>();
  }
};

void penalty(benchmark::State& state, JacobianNorm method) {
  set_num_threads(static_cast<int>(state.range(0)));
  Rng rng(0), draws(1);
  const Encoder encoder(rng);
  const Var x = constant(rng.uniform({128, 784}));
  for (auto _ : state) {
    const Var norms =
        squared_jacobian_norm(std::cref(encoder), x, {.method = method, .rng = &draws, .chunk = state.range(1)});
    benchmark::DoNotOptimize(grad(mean(norms), encoder.parameters(), {.allow_unused = true}));
  }
}
BENCHMARK_CAPTURE(penalty, exact, JacobianNorm::exact)
    ->ArgNames({"threads", "chunk"})
    ->ArgsProduct({{1}, {0, 2, 4, 8, 16, 64}});
BENCHMARK_CAPTURE(penalty, gram, JacobianNorm::gram)
    ->ArgNames({"threads", "chunk"})
    ->ArgsProduct({{1}, {0, 4, 8, 16, 32, 64}});
BENCHMARK_CAPTURE(penalty, hutchinson, JacobianNorm::hutchinson)->ArgNames({"threads", "chunk"})->Args({1, 0});
BENCHMARK_CAPTURE(penalty, forward, JacobianNorm::forward)->ArgNames({"threads", "chunk"})->Args({1, 0});

// A training step of the whole autoencoder: plain, and with Hutchinson's estimate of the penalty added.
void step(benchmark::State& state, bool contractive) {
  set_num_threads(1);
  Rng rng(0), draws(1);
  struct Model : nn::Module {
    explicit Model(Rng& rng) : encoder(child<Encoder>("encoder", rng)), decoder(child<nn::Sequential>("decoder")) {
      decoder.add<nn::Linear>(64, 128, rng);
      decoder.add<nn::Sigmoid>();
      decoder.add<nn::Linear>(128, 784, rng);
    }
    Encoder& encoder;
    nn::Sequential& decoder;
  } model(rng);
  optim::Adam adam(model.parameters(), {.lr = 1e-3});
  const Var x = constant(rng.uniform({128, 784}));
  for (auto _ : state) {
    Var loss = nn::binary_cross_entropy_with_logits(model.decoder(model.encoder(x)), x);
    if (contractive) {
      loss = loss + 0.1 * mean(squared_jacobian_norm(std::cref(model.encoder), x,
                                                     {.method = JacobianNorm::hutchinson, .rng = &draws}));
    }
    adam.step(grad(loss, model.parameters()));
  }
}
BENCHMARK_CAPTURE(step, plain, false);
BENCHMARK_CAPTURE(step, hutchinson, true);

// J v of the encoder in two ways: by tangents, and by two vjps. The first vjp gives Jᵀu, which is
// linear in u; the second differentiates it with respect to u.
void jvp_forward(benchmark::State& state) {
  set_num_threads(1);
  Rng rng(0);
  const Encoder encoder(rng);
  const Var x = constant(rng.uniform({128, 784})), v = constant(rng.normal({128, 784}));
  const NoGrad numbers_only;
  for (auto _ : state) benchmark::DoNotOptimize(jvp(std::cref(encoder), x, v));
}
BENCHMARK(jvp_forward);

void jvp_by_two_vjps(benchmark::State& state) {
  set_num_threads(1);
  Rng rng(0);
  const Encoder encoder(rng);
  const Var x = constant(rng.uniform({128, 784})), v = constant(rng.normal({128, 784}));
  for (auto _ : state) {
    const Var t = variable(x.value()), y = encoder(t), u = variable(zeros(y.shape()));
    const Var g = grad({&y, 1}, {&u, 1}, {&t, 1}, {.create_graph = true})[0];
    benchmark::DoNotOptimize(grad({&g, 1}, {&v, 1}, {&u, 1}));
  }
}
BENCHMARK(jvp_by_two_vjps);

}  // namespace
