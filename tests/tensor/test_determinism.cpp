// SPDX-License-Identifier: MIT
// A whole training run gives the same weights, bit for bit, on any number of threads.
#include <cstring>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "nn/linear.h"
#include "optim/adam.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// 784-400-20-400-784, as in the paper: large enough that every product, sum and elementwise pass is divided into
// chunks.
class Vae : public nn::Module {
 public:
  explicit Vae(Rng& rng)
      : hidden_(child<nn::Linear>("hidden", 784, 400, rng)),
        code_(child<nn::Linear>("code", 400, 40, rng)),
        widen_(child<nn::Linear>("widen", 20, 400, rng)),
        pixels_(child<nn::Linear>("pixels", 400, 784, rng)) {}

  /// Negative evidence lower bound, averaged over the batch.
  Var loss(const Var& x, Rng& noise) const {
    const Vars halves = split(code_(relu(hidden_(x))), 20, 1);
    const Normal q{halves[0], exp(halves[1] * 0.5)};
    const Var logits = pixels_(relu(widen_(q.rsample(noise))));
    const Var nll = sum(bce_with_logits(logits, x), {1}), divergence = sum(kl(q, standard_normal(q)), {1});
    return mean(nll + divergence);
  }

 private:
  nn::Linear &hidden_, &code_, &widen_, &pixels_;
};

struct Run {
  std::vector<Part> weights;
  double first_loss = 0, last_loss = 0;
};

Run train(int threads, std::uint64_t seed) {
  const Threads limit(threads);
  const Rng rng(seed);
  Rng init = rng.split("init"), data = rng.split("data"), noise = rng.split("noise");
  const Vae vae(init);
  optim::Adam adam(vae.parameters(), {.lr = 1e-3});
  Run run;
  // Pictures with something to learn: pixels are on with a probability that runs from column to column.
  const Tensor chance = expand(linspace(0.05, 0.95, 784), {128, 784});
  for (int step = 0; step < 20; ++step) {
    const Var loss = vae.loss(constant(data.bernoulli(chance)), noise);
    (step == 0 ? run.first_loss : run.last_loss) = loss.item();
    adam.step(grad(loss, vae.parameters()));
  }
  for (const Parameter& p : vae.parameters()) run.weights.push_back({p.name(), p.value()});
  return run;
}

}  // namespace

TEST_CASE("a VAE trained on 1, 2, 3 and 4 threads has the same weights bit for bit") {
  const Run one = train(1, 7);
  CHECK(one.last_loss < one.first_loss - 100);  // the model learns
  for (const int threads : {2, 3, 4}) {
    const Run other = train(threads, 7);
    CHECK(other.last_loss == one.last_loss);
    CHECK_NOTHROW(check_same_bits(join(threads, " threads"), other.weights, one.weights));
  }
}

TEST_CASE("the same seed gives the same weights, another seed gives others") {
  const Run one = train(2, 7), again = train(2, 7), other = train(2, 8);
  CHECK_NOTHROW(check_same_bits("second run", again.weights, one.weights));
  CHECK_THROWS_AS(check_same_bits("seed 8", other.weights, one.weights), Error);
  CHECK(other.last_loss != one.last_loss);
}
