// SPDX-License-Identifier: MIT
// The variational autoencoder (Kingma & Welling 2014, "Auto-encoding variational Bayes").
//
// A plain autoencoder gives each image a point in code space and may leave holes between the points. Here the encoder
// gives each image a small cloud, q(z|x) = N(mean(x), std(x)²). The decoder must make the image from any point drawn
// from the cloud, and a second term keeps all clouds near N(0, 1). The result is a model that can be sampled: draw z
// from N(0, 1), decode it, and see a picture that was never taken. Training maximises a lower bound on the
// log-likelihood (the ELBO), that is, it minimises for each image
//
//     -ELBO  =  E_q[ -log p(x|z) ]  +  KL( q(z|x) ‖ N(0, 1) )        in nats
//               reconstruction         what the code costs
//
// where p(x|z) is a Bernoulli distribution for each pixel, whose log-odds the decoder gives. (A grey pixel is not a
// coin flip, so this is a cross entropy rather than a true likelihood. Most papers report this number.)
//
// To try next: --code 2, which also draws the plane of codes; the KL term multiplied by 0 or by 4.
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "examples/support/vae.h"
#include "nn/linear.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Vae : public nn::Module {
 public:
  Vae(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : hidden_(child<nn::Linear>("hidden", pixels, hidden, rng)),
        mean_(child<nn::Linear>("mean", hidden, code, rng)),
        log_var_(child<nn::Linear>("log_var", hidden, code, rng)),
        widen_(child<nn::Linear>("widen", code, hidden, rng)),
        pixels_(child<nn::Linear>("pixels", hidden, pixels, rng)) {}
  Normal encode(const Var& x) const {
    const Var h = relu(hidden_(x));
    return {mean_(h), exp(log_var_(h) * 0.5)};
  }
  Bernoulli decode(const Var& z) const { return {pixels_(relu(widen_(z)))}; }

 private:
  nn::Linear &hidden_, &mean_, &log_var_, &widen_, &pixels_;
};

Elbo objective(const Vae& vae, const Var& x, Rng& noise) {
  const Normal q = vae.encode(x);  // where the code of each image may lie
  const Var z = q.rsample(noise);  // mean + std * noise: gradients flow through both
  return {.reconstruction = -mean(sum(vae.decode(z).log_prob(x), {1})),
          .kl = mean(sum(kl(q, standard_normal(q)), {1}))};
}

// -ELBO of the same model in PyTorch 1.13, trained as this one is by default: the mean of 3 seeds.
std::optional<double> pytorch_on(const ImageData& data) {
  const auto fashion = data.reference_on("fashion-mnist", 247.74);
  return fashion ? fashion : data.reference_on("mnist", 108.70);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 20;
  Program program(
      {.name = "variational",
       .title = "Variational autoencoder",
       .summary = "Learns to compress images into a few numbers that follow N(0, 1), and so to make new ones.",
       .objective = "E_q[-log p(x|z)] + KL(q(z|x) ‖ N(0, 1)), q(z|x) = N(mean(x), std(x)²)"});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), noise = rng.split("noise");
    Vae vae(data.train_images.size(1), hidden, code, init);
    optim::Adam adam(vae.parameters(), {.lr = args.lr});
    run.keep("vae", vae, "adam", adam, "noise", noise);
    run.keep_best("validation_neg_elbo");
    const auto measure = [&](const Tensor& images) {
      Rng draws = rng.split("measure");  // one z for each image
      return average_over(images, [&](const Tensor& x) { return objective(vae, constant(x), draws).metrics(); });
    };
    run.use(data.test_images, uses_of(vae, code));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Elbo elbo = objective(vae, constant(batch.images), noise);
        adam.step(grad(elbo.negative(), vae.parameters()));
        run.step(elbo.metrics(), batch.size());
      }
      run.log_epoch(measure(data.validation_images).prefixed("validation_"));
    }

    const NoGrad no_grad;
    const Decoder decode = [&](const Tensor& z) { return vae.decode(constant(z)).probs().value(); };
    const Tensor originals = slice(data.test_images, 0, 0, 10), codes = vae.encode(constant(originals)).mean().value();
    draw_reconstructions(run, originals, decode(codes), "Test images, and what the means of their codes decode to.");
    draw_samples(run, decode, rng.split("pictures").normal({100, code}), "Decoded draws from N(0, 1).");
    draw_paths(run, decode, slice(codes, 0, 0, 9));
    if (code == 2) draw_plane(run, decode);
    draw_codes(run, vae.encode(constant(data.test_images)).mean().value(), data);
    const Metrics test = measure(data.test_images);
    run.result("test_reconstruction_nats", test["reconstruction"], {.unit = "nats / image"});
    run.result("test_kl_nats", test["kl"], {.unit = "nats / image"});
    const bool same_run = args.epochs_of(loader.batches()) == 5 && loader.rows() == 55'000 && args.batch_size == 128 &&
                          hidden == 400 && code == 20 && args.lr == 1e-3;
    run.result("test_neg_elbo", test["neg_elbo"],
               {.reference = same_run ? pytorch_on(data) : std::nullopt,
                .reference_name = "the same model in PyTorch, mean of 3 seeds",
                .better = Better::near,
                .within = 0.005,
                .unit = "nats / image"});
    run.finish();
  });
}
