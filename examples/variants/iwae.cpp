// SPDX-License-Identifier: MIT
// The importance weighted autoencoder: the same model as a VAE, and a better bound.
//
// A VAE maximises a lower bound on log p(x). How loose the bound is depends on how well q(z|x) matches p(z|x). Here
// each image gets k codes rather than one, and each code is weighted by how probable it makes the image:
//
//     L_k  =  E[ log (1/k) Σ_i w_i ],    w_i = p(x|z_i) p(z_i) / q(z_i|x),    z_1, ..., z_k from q(z|x)
//
// L_1 is the VAE's ELBO. More codes can only help: L_1 ≤ L_2 ≤ ... ≤ log p(x), and L_k approaches log p(x) as k grows
// (theorem 1 of Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders"). A VAE is penalised for every
// draw that misses. Here one good code among k is enough, so q may be wide, and the model's true posteriors need not be
// normal.
//
// The program trains a model with L_k and its twin with L_1 from the same weights, on the same batches, and measures
// both bounds of the test images for k = 1, 5, 50 and 500. Each column must fall from row to row (the table has -L_k),
// and with many codes the model that was trained with many must be better.
//
// As k grows, the decoder's gradient gets better, but noise dominates the encoder's (Rainforth et al. 2018, "Tighter
// variational bounds are not necessarily better"). The remedy is to differentiate log w by z alone, and to square the
// weights: --doubly (Tucker et al. 2019, "Doubly reparameterized gradient estimators").
//
// To try next: --k 50; --doubly; how many numbers of the code are in use (active_units in summary.json).
#include <algorithm>
#include <cmath>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// k codes for each image, and their log w [k, n]. With `doubly`, gradients reach the encoder through the codes alone.
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

double train_step(Trained<MlpVae>& vae, const Var& x, std::int64_t k, bool doubly, Rng& noise) {
  const auto [z, log_w] = weigh(vae.model, x, k, doubly, noise);
  const Var loss = bound(log_w);
  const std::vector<Parameter> parameters = vae.model.parameters();
  std::vector<Var> gradients = grad(loss, parameters, {.retain_graph = doubly});
  if (doubly) {  // the encoder's gradient comes through z; the share of each code is multiplied by its weight once more
    const Var through_z = grad(loss, z, {.retain_graph = true});
    const Tensor weight = unsqueeze(softmax(log_w.value(), 0), 2);
    const Var corrected = sum(z * constant(through_z.value() * weight));
    const std::vector<Var> of_encoder = grad(corrected, parameters, {.allow_unused = true});
    for (std::size_t i = 0; i < parameters.size(); ++i)
      if (parameters[i].name().starts_with("encoder")) gradients[i] = of_encoder[i];
  }
  vae.adam.step(gradients);
  return loss.item();
}

// -L_k of a whole set, with few images at a time where k is large.
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

// How many numbers of the code are in use: the variance of their means over images is above 0.01 (section 5.2).
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
                   .summary = "A VAE with a tighter bound, from several weighted codes of each image.",
                   .objective = "-E[log mean_i p(x|z_i) p(z_i) / q(z_i|x)], z_1..z_k from q(z|x)"});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  program.flag("--k", k, "codes for each image in training");
  program.flag("--doubly", doubly, "use doubly reparameterized gradients for the encoder");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), twin_init = init, noise = rng.split("noise");
    Trained<MlpVae> vae(run, "model", args.lr, data.train_images.size(1), hidden, code, init);
    Trained<MlpVae> twin(run, "twin", args.lr, data.train_images.size(1), hidden, code, twin_init);
    run.keep("noise", noise);
    run.keep_best("validation_bound_5");
    run.use(data.test_images, uses_of(vae.model, code));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const double own = train_step(vae, x, k, doubly, noise);
        run.step({{"bound", own}, {"elbo[twin]", train_step(twin, x, 1, false, noise)}}, batch.size());
      }
      run.log_epoch(
          {{"validation_bound_5", measure(vae.model, data.validation_images, 5, rng.split("validation"))},
           {"validation_bound_5[twin]", measure(twin.model, data.validation_images, 5, rng.split("validation"))}});
    }

    const Tensor some = slice(data.test_images, 0, 0, 1000);
    const std::vector<std::int64_t> ks{1, 5, 50, 500};
    std::vector<std::vector<std::string>> table{{"codes an image", "this model", "twin (a VAE)"}};
    std::vector<double> bounds, twin_bounds;
    for (const std::int64_t codes : ks) {
      bounds.push_back(measure(vae.model, some, codes, rng.split("table")));
      twin_bounds.push_back(measure(twin.model, some, codes, rng.split("table")));
      table.push_back({join(codes), number(bounds.back()), number(twin_bounds.back())});
    }
    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    const Decoder decode = [&](const Tensor& z) { return vae.model.decode(constant(z)).probs().value(); };
    draw_reconstructions(run, originals, decode(vae.model.encode(constant(originals)).mean().value()),
                         "Test images, and what the means of their codes decode to.");
    draw_samples(run, decode, rng.split("pictures").normal({100, code}), "Decoded draws from N(0, 1).");
    run.table("bounds", table, "-L_k in nats an image, on the first 1000 test images: upper bounds on -log p(x).");
    run.fact("active_units", active_units(vae.model, some));
    run.fact("active_units_twin", active_units(twin.model, some));
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
