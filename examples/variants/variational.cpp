// The variational autoencoder (Kingma & Welling 2014, "Auto-encoding variational Bayes").
//
// A plain autoencoder gives each image a point in code space and is free to leave holes between the points. Here the
// encoder gives each image a small cloud, q(z|x) = N(mean(x), std(x)²), and the decoder must make the image from any
// point that is drawn from it, while a second term keeps all clouds together near N(0, 1). What comes out is a model
// that can be sampled: draw z from N(0, 1), decode, and see a picture that was never taken. Training maximises a lower
// bound on the log-likelihood (the ELBO), that is, minimises per image
//
//     -ELBO  =  E_q[ -log p(x|z) ]  +  KL( q(z|x) ‖ N(0, 1) )        in nats
//               reconstruction         what the code costs
//
// with p(x|z) a Bernoulli distribution per pixel whose log-odds the decoder gives. (A grey pixel is no coin flip, so
// this is a cross entropy rather than a true likelihood; everybody uses it, and figures are comparable only because of
// that.)
//
// To try next: --code 2 against 20 (the manifold needs 2); what the KL term is for, by multiplying it with 0 or with 4.
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "nn/linear.h"
#include "nn/module.h"
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

// Both in nats, averaged over the images of a batch.
struct Terms {
  Var reconstruction, kl;
  Var neg_elbo() const { return reconstruction + kl; }
  Metrics metrics() const {
    return {{"neg_elbo", neg_elbo().item()}, {"reconstruction", reconstruction.item()}, {"kl", kl.item()}};
  }
};
Terms objective(const Vae& vae, const Var& x, Rng& noise) {
  const Normal q = vae.encode(x);
  const Var z = q.rsample(noise);
  return {-mean(sum(vae.decode(z).log_prob(x), {1})), mean(sum(kl(q, standard_normal(q)), {1}))};
}

Decoder decoder(const Vae& vae) {
  return [&vae](const Tensor& z) { return vae.decode(constant(z)).probs().value(); };
}

template <class EachStep>
void train_epoch(const Vae& vae, optim::Adam& adam, Epoch&& batches, Rng& noise, EachStep&& each_step) {
  for (const Batch& batch : batches) {
    const Terms terms = objective(vae, constant(batch.images), noise);
    adam.step(grad(terms.neg_elbo(), vae.parameters()));
    each_step(terms, batch.size());
  }
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
    Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});

    Rng init = rng.split("init"), noise = rng.split("noise");
    Vae vae(data.train_images.size(1), hidden, code, init);
    optim::Adam adam(vae.parameters(), {.lr = args.lr});
    Vae flat(data.train_images.size(1), hidden, 2, init);  // its twin with a code that can be drawn as a map
    optim::Adam flat_adam(flat.parameters(), {.lr = args.lr});
    double reconstruction = 0, divergence = 0;
    run.keep("vae", vae, "adam", adam, "flat", flat, "flat_adam", flat_adam, "noise", noise, "reconstruction",
             reconstruction, "divergence", divergence);
    run.keep_best("test_neg_elbo");
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      train_epoch(vae, adam, run.batches(loader, epoch), noise,
                  [&](const Terms& terms, std::int64_t images) { run.step(terms.metrics(), images); });
      train_epoch(flat, flat_adam, loader.epoch(epoch), noise, [](const Terms&, std::int64_t) {});
      Rng draws = rng.split("test");  // one z an image
      const Metrics test =
          average_over(data.test_images, [&](const Tensor& x) { return objective(vae, constant(x), draws).metrics(); });
      reconstruction = test["reconstruction"], divergence = test["kl"];
      run.log_epoch({{"test_neg_elbo", reconstruction + divergence},
                     {"test_reconstruction", reconstruction},
                     {"test_kl", divergence}});
    }

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10), codes = vae.encode(constant(originals)).mean().value();
    draw_reconstructions(run, originals, decoder(vae)(codes),
                         "Test images and what the mean of their codes decodes to.");
    draw_samples(run, decoder(vae), rng.split("pictures").normal({100, code}), "Decoded draws from N(0, 1).");
    draw_paths(run, decoder(vae), slice(codes, 0, 0, 9));
    draw_plane(run, decoder(flat));
    run.result("test_reconstruction_nats", reconstruction, {.unit = "nats / image"});
    run.result("test_kl_nats", divergence, {.unit = "nats / image"});
    const bool as_measured =
        args.epochs == 5 && args.batch_size == 128 && hidden == 400 && code == 20 && args.lr == 1e-3;
    run.result("test_neg_elbo", reconstruction + divergence,
               {.reference = as_measured ? data.reference_on("fashion-mnist", 247.13) : std::nullopt,
                .reference_name = "the same model in PyTorch, mean of 3 seeds",
                .better = Better::near,
                .within = 0.005,
                .unit = "nats / image"});
    run.finish();
  });
}
