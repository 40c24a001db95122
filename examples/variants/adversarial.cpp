// SPDX-License-Identifier: MIT
// Adversarial autoencoders: a second network, the discriminator, tells two kinds apart, and the autoencoder learns to
// fool it. The discriminator may look at two things.
//
// Codes (Makhzani et al. 2016, "Adversarial autoencoders"). The discriminator D sees codes of images and draws from
// N(0, I) and learns to tell them apart. The encoder learns to make codes that D takes for draws:
//
//     D minimises        BCE(D(n), 1) + BCE(D(encode(x)), 0),      n from N(0, I)
//     the model          ‖decode(encode(x)) - x‖² + λ BCE(D(encode(x)), 1)
//
// At the optimum, codes follow N(0, I) and D can only guess. The method needs draws from the prior but no formula for
// it, so the prior may be anything: a spiral, ten islands. Two measures keep the training from oscillating. D pays
// γ/2 ‖dD/dn‖² for its slope at real draws, so that it comes to rest where there is nothing to tell apart (Mescheder,
// Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?"). And all learning rates fall.
//
// D cannot tell whether the training worked, since the encoder learnt to fool it. So a fresh discriminator is trained
// at the end, on the codes of half of the test images, and tested on the other half. Codes of two numbers are easily
// made to follow N(0, I), and can be drawn. In more dimensions a discriminator finds a gap more easily.
//
// Reconstructions (Larsen et al. 2016, "Autoencoding beyond pixels"; Goodfellow et al. 2014, "Generative adversarial
// networks"). The discriminator sees images and reconstructions. Of all images that could belong to a code, squared
// error asks for their mean, and a mean of sharp images is blurred. A discriminator that sees the blur asks for one of
// the sharp images. The two kinds are often confused, but they share only the training method.
//
// The program trains both, and a plain twin from the same weights. What must hold: an AUROC of at most 0.6 for the
// fresh discriminator; reconstruction within 15 % of the twin's; and in the second kind a sharpness (how much
// neighbouring pixels differ) at least 10 % above the twin's. Look at the pictures, too: grain counts as sharpness, and
// after a short training a discriminator of dense layers does not see it.
//
// To try next: --weight 0.1; --gamma 0; --code 8, which is much harder; a prior of your own.
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/auroc.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/losses.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// BCE(D(x), target): 1 stands for real.
Var bce(const Mlp& discriminator, const Var& x, double target) {
  const Var logits = discriminator(x);
  return nn::binary_cross_entropy_with_logits(logits, constant(full(logits.shape(), target)));
}
// What the discriminator minimises; gamma is the price of its slope at real rows.
Var discriminator_loss(const Mlp& discriminator, const Tensor& real, const Tensor& made, double gamma) {
  const Var x = variable(real);
  const Var loss = bce(discriminator, x, 1) + bce(discriminator, constant(made), 0);
  if (gamma == 0) return loss;
  const Var slope = grad(sum(discriminator(x)), x, {.create_graph = true});
  return loss + mean(sum(square(slope), {1})) * (gamma / 2);
}

// How well a fresh discriminator tells real rows from made ones: trained on one half of each, tested on the other.
double fresh_auroc(const Tensor& real, const Tensor& made, std::int64_t steps, Rng rng) {
  Mlp discriminator({real.size(1), 128, 128, 1}, rng);
  optim::Adam adam(discriminator.parameters(), {.lr = 1e-3});
  const std::int64_t half = made.size(0) / 2;
  for (std::int64_t step = 0; step < steps; ++step) {
    const Tensor some_made = index_select(made, 0, rng.randint({256}, 0, half));
    const Tensor some_real = index_select(real, 0, rng.randint({256}, 0, half));
    adam.step(grad(discriminator_loss(discriminator, some_real, some_made, 0), discriminator.parameters()));
  }
  const auto logits = [&](const Tensor& rows) { return outputs_of(discriminator, slice(rows, 0, half, rows.size(0))); };
  return auroc(logits(real), logits(made));
}

// The mean difference of neighbouring pixels, across and down.
double sharpness(const Tensor& rows, int height, int width) {
  const Tensor x = reshape(rows, {-1, height, width});  // a plane for each channel
  const auto change = [&](std::int64_t axis, std::int64_t extent) {
    return mean(abs(slice(x, axis, 1, extent) - slice(x, axis, 0, extent - 1))).item();
  };
  return (change(1, height) + change(2, width)) / 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 2, fresh_steps = 1000;
  double weight = 30, sharp_weight = 0.7, gamma = 0.1, discriminator_lr = 3e-3;
  Program program({.name = "adversarial",
                   .title = "Adversarial autoencoders",
                   .summary = "One discriminator makes codes follow N(0, I), another makes reconstructions sharp.",
                   .objective = "‖decode(encode(x)) - x‖² + λ BCE(D(encode(x)), 1), or D(decode(encode(x)))",
                   .steps = 3750});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  program.flag("--weight", weight, "λ for the discriminator of codes", {.min = 0});
  program.flag("--sharp-weight", sharp_weight, "λ for the discriminator of images", {.min = 0});
  program.flag("--gamma", gamma, "price of the slope of the discriminator of codes", {.min = 0});
  program.flag("--discriminator-lr", discriminator_lr, "learning rate of the discriminators", {.min = 0});
  program.flag("--fresh-steps", fresh_steps, "training steps of the fresh discriminator");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    check(data.test_images.size(0) >= 2, "adversarial", "a fresh discriminator needs 2 test images or more, got ",
          data.test_images.size(0));
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);
    const std::int64_t pixels = data.train_images.size(1);

    Rng init = rng.split("init"), sharp_init = init, twin_init = init, noise = rng.split("noise");
    using Net = Trained<MlpAutoencoder>;
    Net adversarial(run, "adversarial", args.lr, pixels, hidden, code, init);
    Net sharp(run, "sharp", args.lr, pixels, hidden, code, sharp_init);
    Net twin(run, "twin", args.lr, pixels, hidden, code, twin_init);
    const optim::AdamOptions options{.lr = discriminator_lr, .betas = {0.5, 0.999}};
    Trained<Mlp> of_codes(run, "of_codes", options, std::vector<std::int64_t>{code, 128, 128, 1}, init);
    Trained<Mlp> of_images(run, "of_images", options, std::vector<std::int64_t>{pixels, 256, 1}, init);
    run.keep("noise", noise);
    const optim::CosineAnnealingLR fall{.lr = 1, .T_max = args.epochs_of(loader.batches())};
    run.use(data.test_images, uses_of(adversarial.model, code));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (Net* net : {&adversarial, &sharp, &twin}) net->adam.set_lr(args.lr * fall(epoch - 1));
      for (Trained<Mlp>* d : {&of_codes, &of_images}) d->adam.set_lr(discriminator_lr * fall(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const auto error = [&](const Var& y) { return nn::mse_loss(y, x, nn::Reduction::batchmean); };

        const Var z = adversarial.model.encode(x);
        of_codes.step(discriminator_loss(of_codes.model, noise.normal(z.shape()), z.value(), gamma));
        const Var own = error(adversarial.model.decode(z));
        adversarial.step(own + weight * bce(of_codes.model, z, 1));

        const Var y = sharp.model(x);
        of_images.step(discriminator_loss(of_images.model, batch.images, y.value(), 0));
        sharp.step(error(y) + sharp_weight * bce(of_images.model, y, 1));

        twin.step(error(twin.model(x)));
        run.step({{"error", own.item()}}, batch.size());
      }
      run.log_epoch({{"validation_mse", reconstruction_error(adversarial.model, data.validation_images)},
                     {"validation_mse[sharp]", reconstruction_error(sharp.model, data.validation_images)},
                     {"validation_mse[twin]", reconstruction_error(twin.model, data.validation_images)}});
    }

    const auto codes_of = [&](const Net& net) {
      const NoGrad no_grad;
      return net.model.encode(constant(data.test_images)).value();
    };
    const Tensor codes = codes_of(adversarial);
    Rng draws = rng.split("draws");
    const Tensor prior = draws.normal(codes.shape());
    const double told_apart = fresh_auroc(prior, codes, fresh_steps, rng.split("judge"));
    const double twin_told_apart = fresh_auroc(prior, codes_of(twin), fresh_steps, rng.split("judge"));

    const NoGrad no_grad;
    const auto outputs = [](const Net& net, const Tensor& x) { return net.model(constant(x)).value(); };
    const auto sharpness_of = [&](const Tensor& images) { return sharpness(images, data.height, data.width); };
    const Tensor few = slice(data.test_images, 0, 0, 10);
    run.images("reconstructions", concat({few, outputs(twin, few), outputs(adversarial, few), outputs(sharp, few)}, 0),
               {.row_labels = {"input", "plain", "D of codes", "D of images"}},
               "Test images, and the outputs of the plain autoencoder and of the two with a discriminator D.");
    draw_samples(
        run, [&](const Tensor& z) { return adversarial.model.decode(constant(z)).value(); }, slice(prior, 0, 0, 100),
        "Decoded draws from N(0, I), which the codes follow.");
    run.plot("codes",
             scatter_plot(slice(slice(codes, 0, 0, 1000), 1, 0, 2), slice(data.test_labels, 0, 0, 1000), data.classes,
                          {.title = "the first two numbers of test codes"}),
             "Together the codes look like N(0, I), and still each class has its place.");
    const ResultOptions near_twin{.reference = reconstruction_error(twin.model, data.test_images),
                                  .reference_name = "the plain twin",
                                  .within = 0.15};
    run.result("twin_auroc", twin_told_apart);
    run.result("sharpness_of_images", sharpness_of(data.test_images));
    run.result("sharp_mse", reconstruction_error(sharp.model, data.test_images), near_twin);
    run.result("sharpness", sharpness_of(outputs(sharp, data.test_images)),
               {.reference = 1.1 * sharpness_of(outputs(twin, data.test_images)),
                .reference_name = "10 % above the plain twin's",
                .better = Better::higher});
    run.result("test_mse", reconstruction_error(adversarial.model, data.test_images), near_twin);
    run.result("auroc_fresh_discriminator", told_apart,
               {.reference = 0.5, .reference_name = "guessing", .better = Better::near, .within = 0.2});
    run.finish();
  });
}
