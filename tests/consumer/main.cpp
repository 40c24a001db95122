// Trains a small autoencoder on a curve in space: its encoder is made of an op and a layer that Hourglass knows nothing
// of.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "distances.h"
#include "log_cosh.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/safetensors.h"
#include "nn/sequential.h"
#include "optim/adam.h"

using namespace hourglass;

namespace {

struct Autoencoder : nn::Module {
  explicit Autoencoder(Rng& rng)
      : encoder(child<nn::Sequential>("encoder")), decoder(child<nn::Sequential>("decoder")) {
    encoder.add<Distances>(3, 12, rng);
    encoder.add<nn::Linear>(12, 1, rng);
    decoder.add<nn::Linear>(1, 24, rng);
    decoder.add<nn::Tanh>();
    decoder.add<nn::Linear>(24, 3, rng);
  }
  Var operator()(const Var& x) const { return decoder(encoder(x)); }

  nn::Sequential &encoder, &decoder;
};

void differentiate() {
  check_gradients([](const std::vector<Var>& v) { return log_cosh(v[0]); }, {Tensor::from({-30.0, 0.2, 2.0})},
                  {.order = 2, .name = "log_cosh"});
  Rng rng(1);
  Distances layer(3, 2, rng);
  layer.to(Dtype::f64);
  const Parameter centre = layer.parameters().front();
  check_gradients(
      [&](const std::vector<Var>& v) {
        centre.derive([c = v[1]] { return c; });
        return layer(v[0]);
      },
      {rng.normal({4, 3}, 0, 1, Dtype::f64), rng.normal({2, 3}, 0, 1, Dtype::f64)}, {.order = 2, .name = "Distances"});
}

void train() {
  Rng rng(2);
  Autoencoder model(rng);
  const Tensor t = rng.uniform({256, 1}, -1, 1);
  const Var points = constant(concat({t, sin(t * 3), t * t}, 1));
  optim::Adam adam(model.parameters(), {.lr = 0.02});
  double first = 0, last = 0;
  for (int step = 0; step < 300; ++step) {
    const Var loss = nn::mse_loss(model(points), points);
    adam.step(grad(loss, model.parameters()));
    (step == 0 ? first : last) = loss.item();
  }
  std::printf("mean squared error: %.4f at first, %.4f after 300 steps\n", first, last);
  check(last < 0.02 * first, "train", "the error fell from ", first, " to ", last, " only");

  const std::filesystem::path file = "consumer.safetensors";
  nn::save_safetensors(file, model.state_dict());
  Autoencoder again(rng);
  again.load_state_dict(nn::load_safetensors(file).tensors);
  check(equal(again(points).value(), model(points).value()), "weights", "came back as others");
}

// What one library throws, another catches.
void fail_well() {
  Rng rng(3);
  Autoencoder model(rng);
  try {
    model(constant(ones({5, 4})));
  } catch (const Error& error) {
    const std::string wanted = "encoder: 0: distances: expects [..., 3], got f32[5, 4]";
    check(error.what() == wanted, "error", "reads '", error.what(), "' and not '", wanted, "'");
    return;
  }
  fail("error", "there was none for a bad shape");
}

}  // namespace

int main() {
  try {
    differentiate();
    train();
    fail_well();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
