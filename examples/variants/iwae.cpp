// The importance weighted autoencoder: the same model as a VAE, and a better bound.
//
// A VAE maximises a lower bound on log p(x), and how loose it is depends on how well q(z|x) matches p(z|x). Here each
// image gets k codes rather than one, and each is weighed by how likely it makes the image:
//
//     L_k  =  E[ log (1/k) Σ_i w_i ],    w_i = p(x|z_i) p(z_i) / q(z_i|x),    z_1, ..., z_k from q(z|x)
//
// L_1 is the VAE's ELBO. More codes can only help: L_1 ≤ L_2 ≤ ... ≤ log p(x), and L_k becomes log p(x) as k grows
// (theorem 1 of Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders"). One good code among k is
// enough, so q may be wide, and the model is free to have posteriors that are not normal; a VAE punishes every draw
// that misses.
//
// The program trains a model with L_k and its twin with L_1 from the same weights, on the same batches, and measures
// for k = 1, 5, 50 and 500 what both say of the test images: each column must rise from row to row, and with many codes
// the model that was trained so must be the better one.
//
// As k grows, the encoder's own gradient drowns in noise, while the decoder's becomes better (Rainforth et al. 2018,
// "Tighter variational bounds are not necessarily better"). Differentiating the weights' logarithms by z alone, and
// squaring the weights, mends that: --doubly (Tucker et al. 2019, "Doubly reparameterized gradient estimators").
//
// To try next: --k 50; --doubly; how many numbers of the code are in use (the fact active_units).
#include <algorithm>
#include <cmath>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// log w of k codes for each image, [k, n]. With `doubly` the encoder is reached through the codes alone.
struct Weighed {
  Var z, log_w;
};
Weighed weigh(const MlpVae& vae, const Var& x, std::int64_t k, bool doubly, Rng& noise) {
  const Normal q = vae.encode(x);
  const Var z = q.rsample(noise, {k});
  const Normal density = doubly ? Normal{q.loc.detach(), q.scale.detach()} : q;
  return {z, sum(vae.decode(z).log_prob(x), {2}) + sum(standard_normal(q).log_prob(z) - density.log_prob(z), {2})};
}

// -L_k, averaged over the images.
Var bound(const Var& log_w) { return std::log(static_cast<double>(log_w.size(0))) - mean(logsumexp(log_w, {0})); }

double train_step(const MlpVae& vae, optim::Adam& adam, const Var& x, std::int64_t k, bool doubly, Rng& noise) {
  const auto [z, log_w] = weigh(vae, x, k, doubly, noise);
  const Var loss = bound(log_w);
  std::vector<Var> gradients = grad(loss, vae.parameters(), {.retain_graph = doubly});
  if (doubly) {  // what reaches the encoder comes through z; each code's part is multiplied by its weight once more
    const Var through_z = grad(loss, z, {.retain_graph = true});
    const Tensor weight = unsqueeze(softmax(log_w.value(), 0), 2);
    const std::vector<Parameter> encoder = vae.parameters();
    const Var corrected = sum(z * constant(through_z.value() * weight));
    const std::vector<Var> of_encoder = grad(corrected, encoder, {.allow_unused = true});
    for (std::size_t i = 0; i < encoder.size(); ++i)
      if (encoder[i].name().starts_with("encoder")) gradients[i] = of_encoder[i];
  }
  adam.step(gradients);
  return loss.item();
}

// -L_k of a whole set; few images at a time where k is large.
double measure(const MlpVae& vae, const Tensor& images, std::int64_t k, Rng noise) {
  return average_over(images, [&](const Tensor& rows) {
    double total = 0;
    const std::int64_t piece = std::max<std::int64_t>(1, 5000 / k);
    for (std::int64_t begin = 0; begin < rows.size(0); begin += piece) {
      const Tensor few = slice(rows, 0, begin, begin + piece);
      total += bound(weigh(vae, constant(few), k, false, noise).log_w).item() * static_cast<double>(few.size(0));
    }
    return total / static_cast<double>(rows.size(0));
  });
}

// Numbers of the code that say something: whose mean varies by more than 0.01 from image to image (section 5.2).
std::int64_t active_units(const MlpVae& vae, const Tensor& images) {
  const NoGrad no_grad;
  const Tensor spread = var(vae.encode(constant(images)).mean().value(), {0});
  return static_cast<std::int64_t>(sum(to(spread > 0.01, Dtype::f32)).item());
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 20, k = 5;
  bool doubly = false;
  Program program({.name = "iwae",
                   .title = "Importance weighted autoencoder",
                   .summary = "A VAE whose bound is tightened by weighing several codes of each image.",
                   .objective = "-E[log mean_i p(x|z_i) p(z_i) / q(z_i|x)], z_1..z_k from q(z|x)"});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  program.flag("--k", k, "codes an image in training");
  program.flag("--doubly", doubly, "use doubly reparameterized gradients for the encoder");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});

    Rng init = rng.split("init"), same = init, noise = rng.split("noise");
    MlpVae model(data.train_images.size(1), hidden, code, init), twin(data.train_images.size(1), hidden, code, same);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), twin_adam(twin.parameters(), {.lr = args.lr});
    run.keep("model", model, "adam", adam, "twin", twin, "twin_adam", twin_adam, "noise", noise);
    run.keep_best("test_bound_5");
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const double own = train_step(model, adam, x, k, doubly, noise);
        run.step({{"bound", own}, {"elbo[twin]", train_step(twin, twin_adam, x, 1, false, noise)}}, batch.size());
      }
      run.log_epoch({{"test_bound_5", measure(model, data.test_images, 5, rng.split("test"))},
                     {"test_bound_5[twin]", measure(twin, data.test_images, 5, rng.split("test"))}});
    }

    const Tensor some = slice(data.test_images, 0, 0, 1000);
    const std::vector<std::int64_t> ks{1, 5, 50, 500};
    std::vector<std::vector<std::string>> table{{"codes an image", "this model", "twin (a VAE)"}};
    std::vector<double> bounds, twin_bounds;
    for (const std::int64_t codes : ks) {
      bounds.push_back(measure(model, some, codes, rng.split("table")));
      twin_bounds.push_back(measure(twin, some, codes, rng.split("table")));
      table.push_back({join(codes), number(bounds.back()), number(twin_bounds.back())});
    }
    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    const Decoder decode = [&](const Tensor& z) { return model.decode(constant(z)).probs().value(); };
    draw_reconstructions(run, originals, decode(model.encode(constant(originals)).mean().value()),
                         "Test images and what the mean of their codes decodes to.");
    draw_samples(run, decode, rng.split("pictures").normal({100, code}), "Decoded draws from N(0, 1).");
    run.table("bounds", table, "-L_k in nats an image, on the first 1000 test images: upper bounds on -log p(x).");
    run.fact("active_units", active_units(model, some));
    run.fact("active_units_twin", active_units(twin, some));
    double smallest_gain = bounds[0];
    for (std::size_t i = 1; i < bounds.size(); ++i)
      smallest_gain = std::min({smallest_gain, bounds[i - 1] - bounds[i], twin_bounds[i - 1] - twin_bounds[i]});
    run.result("smallest_tightening", smallest_gain,
               {.reference = 0, .reference_name = "each row below the last", .better = Better::higher, .unit = "nats"});
    run.result(
        "neg_bound_500", bounds.back(),
        {.reference = twin_bounds.back(), .reference_name = "the same bound of its twin", .unit = "nats / image"});
    run.finish();
  });
}
