// The β-VAE and its relatives: codes whose numbers each say one thing.
//
// An image of a scene has causes: what it is, how large, and where. A VAE that is made to pay more for its
// code than it must finds it cheapest to give each cause a number of its own (Higgins et al. 2017, "β-VAE: learning
// basic visual concepts with a constrained variational framework"). Three ways to make it pay, chosen by --objective:
//
//     beta      E_q[-log p(x|z)] + β KL(q(z|x) ‖ p(z))
//     tc        E_q[-log p(x|z)] + KL(q(z|x) ‖ p(z)) + (β - 1) TC,    TC = KL(q(z) ‖ Π_j q(z_j))
//     capacity  E_q[-log p(x|z)] + γ |KL(q(z|x) ‖ p(z)) - C|,         C growing from 0 to --capacity nats
//
// The first makes all information expensive, also that about the image, so pictures blur. The second sees that the KL
// term has three parts (what a code says of its image, how much its numbers depend on each other, and how far each is
// from its prior), and raises the price of the middle one alone, the total correlation TC: q(z) is the cloud that the
// codes of all images make together, and TC is 0 where its numbers are independent (Chen et al. 2018, "Isolating
// sources of disentanglement in variational autoencoders"). The third gives a budget that grows, so that causes are
// learnt one after another, those first that show most (Burgess et al. 2018, "Understanding disentangling in β-VAE").
//
// Whether it worked can be measured where the causes are known, so the images here are generated. The mutual
// information gap asks of each cause how much better the best number of the code knows it than the second best; the
// program trains a plain VAE (β = 1) on the same batches, and must reach twice its gap, on the average over a few pairs
// with other first weights: a plain VAE may find an axis or two by luck. (Nothing but the independence
// of the causes tells the model what to find: with other data or seeds it may find other axes. Locatello et al. 2019,
// "Challenging common assumptions", is worth reading next. Rotation is not asked for: a circle's cannot be seen, and a
// square's only in part.)
//
// To try next: --objective beta, --beta 1 to 10 and what happens to the reconstructions; --code 20.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/disentanglement.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

constexpr std::int64_t kSide = 16;

// KL(q(z) ‖ Π_j q(z_j)) from one batch of codes z [n, d], where q(z) is taken to be the mean of the clouds of the
// batch, each standing for 1/n of all `images` images: equation 5 of Chen et al. 2018.
Var total_correlation(const Normal& q, const Var& z, std::int64_t images) {
  const double log_count = std::log(static_cast<double>(images * z.size(0)));
  const Normal clouds{unsqueeze(q.loc, 0), unsqueeze(q.scale, 0)};
  const Var of_each = clouds.log_prob(unsqueeze(z, 1));  // log q(z_ik | x_j) at [i, j, k]
  const Var joint = logsumexp(sum(of_each, {2}), {1}) - log_count;
  const Var product = sum(logsumexp(of_each, {1}) - log_count, {1});
  return mean(joint - product);
}

struct Price {
  std::string objective;
  double beta, gamma, capacity;
};
struct Terms {
  Var loss, reconstruction, kl;
};
// `done` is the part of training that is over.
Terms objective(const MlpVae& vae, const Var& x, const Price& price, double done, std::int64_t images, Rng& noise) {
  const Normal q = vae.encode(x);
  const Var z = q.rsample(noise);
  const Var reconstruction = -mean(sum(vae.decode(z).log_prob(x), {1}));
  const Var divergence = mean(sum(kl(q, standard_normal(q)), {1}));
  if (price.objective == "capacity") {
    const double budget = price.capacity * std::min(1.0, 1.25 * done);
    return {reconstruction + price.gamma * abs(divergence - budget), reconstruction, divergence};
  }
  const Var dear = price.objective == "tc" ? total_correlation(q, z, images) : divergence;
  return {reconstruction + divergence + (price.beta - 1) * dear, reconstruction, divergence};
}

Tensor code_means(const MlpVae& vae, const Tensor& images) {
  const NoGrad no_grad;
  return vae.encode(constant(images)).mean().value();
}

// One draw of each image's code, as Chen et al. have it. A number that is not in use is all noise, and so knows
// nothing; its mean still moves a very little with the image, and counted in bins of its own size would seem to know
// much.
Disentanglement disentanglement_of(const MlpVae& vae, const Tensor& images, const Tensor& causes, Rng draws) {
  const NoGrad no_grad;
  return disentanglement(vae.encode(constant(images)).rsample(draws).value(), causes);
}

// A model that pays the price, its plain twin, and where both draw from.
struct Pair {
  Pair(std::int64_t pixels, std::int64_t hidden, std::int64_t code, double lr, Rng rng)
      : init(rng.split("init")),
        noise(rng.split("noise")),
        vae(pixels, hidden, code, init),
        plain(pixels, hidden, code, init),
        adam(vae.parameters(), {.lr = lr}),
        plain_adam(plain.parameters(), {.lr = lr}) {}
  Rng init, noise;
  MlpVae vae, plain;
  optim::Adam adam, plain_adam;
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 256, code = 8, scenes_count = 20'000, seeds = 6;
  Price price{"tc", 10, 30, 15};
  Program program({.name = "beta_vae",
                   .title = "β-VAE, β-TCVAE, annealed capacity",
                   .summary = "Finds the causes of images without being told, each in a number of its own.",
                   .objective = "E_q[-log p(x|z)] + KL(q(z|x) ‖ p(z)) + (β - 1) TC(q(z)), or β KL, or γ |KL - C|",
                   .epochs = 40});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code", {.min = 2});
  program.flag("--objective", price.objective, "what is dear: beta, tc or capacity", {"beta", "tc", "capacity"});
  program.flag("--beta", price.beta, "the price, for beta and tc", {.min = 0});
  program.flag("--gamma", price.gamma, "the price of missing the budget, for capacity", {.min = 0});
  program.flag("--capacity", price.capacity, "the budget at the end, in nats, for capacity", {.min = 0});
  program.flag("--seeds", seeds, "pairs of models, from other weights each", {.min = 1});
  program.flag("--scenes", scenes_count, "generated images to learn from");
  return program.run(argc, argv, [&](const Args& args) {
    const std::int64_t count = args.data.limit > 0 ? std::min(args.data.limit, scenes_count) : scenes_count;
    const Scenes scenes = generate_scenes(count + 4000, 0, kSide);
    const Tensor images = reshape(scenes.masks, {count + 4000, kSide * kSide});
    const Tensor learnt = slice(images, 0, 0, count), test = slice(images, 0, count, count + 4000);
    const std::vector<std::string> names{"shape", "scale", "x", "y"};
    const Tensor causes =
        index_select(slice(scenes.factors, 0, count, count + 4000), 1, Tensor::from<std::int64_t>({0, 1, 3, 4}));
    Run run(args);
    run.fact("data", join(count, " generated silhouettes, ", kSide, " x ", kSide));
    const Rng rng(args.seed);
    const Loader loader(learnt, Tensor({0}, Dtype::i64), {.batch_size = args.batch_size, .seed = args.seed});

    std::vector<std::unique_ptr<Pair>> pairs;
    for (std::int64_t i = 0; i < seeds; ++i) {
      pairs.push_back(
          std::make_unique<Pair>(images.size(1), hidden, code, args.lr, i == 0 ? rng : rng.split(join("pair", i))));
      auto& [init, noise, vae, plain, adam, plain_adam] = *pairs.back();
      run.keep(join("vae", i), vae, join("adam", i), adam, join("plain", i), plain, join("plain_adam", i), plain_adam,
               join("noise", i), noise);
    }
    std::int64_t steps = 0;
    run.keep("steps", steps);
    // The average gap of the models, or of their plain twins.
    const auto mig = [&](MlpVae Pair::*which) {
      double total = 0;
      for (const auto& pair : pairs) total += disentanglement_of(*pair.*which, test, causes, rng.split("test")).mig;
      return total / static_cast<double>(seeds);
    };
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const double done = static_cast<double>(steps++) / static_cast<double>(args.epochs * loader.batches());
        Metrics metrics;
        for (const auto& pair : pairs) {
          auto& [init, noise, vae, plain, adam, plain_adam] = *pair;
          const Terms terms = objective(vae, x, price, done, count, noise);
          adam.step(grad(terms.loss, vae.parameters()));
          plain_adam.step(grad(objective(plain, x, {"beta", 1, 0, 0}, done, count, noise).loss, plain.parameters()));
          if (metrics.empty())
            metrics = {
                {"loss", terms.loss.item()}, {"reconstruction", terms.reconstruction.item()}, {"kl", terms.kl.item()}};
        }
        run.step(metrics, batch.size());
      }
      run.log_epoch({{"test_mig", mig(&Pair::vae)}, {"test_mig[plain]", mig(&Pair::plain)}});
    }

    const MlpVae &vae = pairs[0]->vae, &plain = pairs[0]->plain;  // to be looked at
    const NoGrad no_grad;
    const auto decode = [](const MlpVae& model, const Tensor& z) { return model.decode(constant(z)).probs().value(); };
    std::vector<std::vector<std::string>> table{{"number"}};
    table[0].insert(table[0].end(), names.begin(), names.end());
    const Disentanglement found = disentanglement_of(vae, test, causes, rng.split("test"));
    const Tensor known = found.information, best = argmax(known, 1);
    std::vector<std::string> says;
    for (std::int64_t j = 0; j < code; ++j) {
      table.push_back({join("z", j + 1)});
      for (std::int64_t k = 0; k < known.size(1); ++k)
        table.back().push_back(number(select(select(known, 0, j), 0, k).item(), 2));
      const std::int64_t k = best.data<std::int64_t>()[j];
      const bool silent = select(select(known, 0, j), 0, k).item() < 0.1;
      says.push_back(join("z", j + 1, ": ", silent ? "-" : names[static_cast<std::size_t>(k)]));
    }
    const Tensor shown = slice(test, 0, 0, 10), codes = code_means(vae, shown);
    run.picture("reconstructions",
                image_grid(concat({shown, decode(vae, codes), decode(plain, code_means(plain, shown))}, 0),
                           {.scale = 4, .row_labels = {"input", price.objective, "plain"}}),
                "Test scenes, what the model makes of them, and the plain VAE.");
    run.picture("traversals",
                image_grid(decode(vae, traversals(slice(codes, 0, 0, 1), -2, 2)), {.scale = 4, .row_labels = says}),
                "One number of a code at a time goes from -2 to 2. Beside each the cause that it knows most of.");
    run.picture("traversals_plain",
                image_grid(decode(plain, traversals(code_means(plain, slice(test, 0, 0, 1)), -2, 2)), {.scale = 4}),
                "The same with the plain VAE's code.");
    run.table("information", table, "What part of each cause (column) each number of the code knows.");
    const Normal q = vae.encode(constant(test));
    const double kl_nats = mean(sum(kl(q, standard_normal(q)), {1})).item();
    const double plain_mig = mig(&Pair::plain);
    run.result("kl", kl_nats, {.unit = "nats / image"});
    run.result("plain_mig", plain_mig);
    run.result("mig", mig(&Pair::vae),
               {.reference = 2 * plain_mig, .reference_name = "twice the plain VAEs'", .better = Better::higher});
    run.finish();
  });
}
