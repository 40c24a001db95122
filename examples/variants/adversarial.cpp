// Adversarial autoencoders: a second network judges, and the autoencoder learns to pass. It may judge two things.
//
// Codes (Makhzani et al. 2016, "Adversarial autoencoders"). The judge D is shown codes of images and draws from N(0, I)
// and learns to tell them apart; the encoder learns to make codes that D takes for draws:
//
//     D minimises        BCE(D(n), 1) + BCE(D(encode(x)), 0),      n from N(0, I)
//     the model          ‖decode(encode(x)) - x‖² + λ BCE(D(encode(x)), 1)
//
// Where both are at their best, codes follow N(0, I) and D can only guess. No formula of the prior is needed, only
// draws from it, so that it may be anything: a spiral, ten islands. Two things keep the game from going round in
// circles: D pays γ/2 ‖dD/dn‖² for being steep at real draws, so that it comes to rest where there is nothing to tell
// (Mescheder, Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?"), and all rates fall.
//
// Whether it worked is not D's to say, since the encoder learnt to fool it: when all is over, a fresh judge is trained
// on the codes of half of the test images, and asked about the other half. Codes of two numbers are easily made to
// follow N(0, I), and can be looked at; in more dimensions there is more room for a judge to find a hole.
//
// Reconstructions (Larsen et al. 2016, "Autoencoding beyond pixels"; Goodfellow et al. 2014, "Generative adversarial
// networks"). The judge is shown images and reconstructions. Of all images that could be behind a code, squared error
// asks for the mean, and a mean of sharp images is blurred; a judge who sees that asks for one of them. What is said of
// one kind is often said of the other; they have nothing in common but the game.
//
// Both are trained here beside a plain twin from the same weights. What must hold: the fresh judge's AUROC at most 0.6;
// reconstruction within 15 % of the twin's; and in the second mode sharpness (how much neighbouring pixels differ) at
// least 10 % above the twin's. Look at the pictures, too: grain counts as sharpness, and a judge made of dense layers
// does not mind it after a short training.
//
// To try next: --weight 0.1; --gamma 0; --code 8, which is much harder; a prior of your own.
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/auroc.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "nn/losses.h"
#include "optim/adam.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

Var says(const Mlp& judge, const Var& x, double answer) {
  const Var logits = judge(x);
  return nn::binary_cross_entropy_with_logits(logits, constant(full(logits.shape(), answer)));
}
// A step of a judge, who pays for being steep at what is real.
void teach(const Mlp& judge, optim::Adam& adam, const Tensor& real, const Tensor& made, double gamma) {
  const Var x = variable(real);
  Var loss = says(judge, x, 1) + says(judge, constant(made), 0);
  if (gamma > 0) {
    const Var slope = grad(sum(judge(x)), x, {.create_graph = true});
    loss = loss + mean(sum(square(slope), {1})) * (gamma / 2);
  }
  adam.step(grad(loss, judge.parameters()));
}

// A judge who has not played: trained on real and made rows, asked about others. Half of each serve for either.
double fresh_auroc(const Tensor& real, const Tensor& made, std::int64_t steps, Rng rng) {
  Mlp judge({real.size(1), 128, 128, 1}, rng);
  optim::Adam adam(judge.parameters(), {.lr = 1e-3});
  const std::int64_t half = made.size(0) / 2;
  for (std::int64_t step = 0; step < steps; ++step)
    teach(judge, adam, index_select(real, 0, rng.randint({256}, 0, half)),
          index_select(made, 0, rng.randint({256}, 0, half)), 0);
  const NoGrad no_grad;
  const auto score = [&](const Tensor& rows) { return judge(constant(slice(rows, 0, half, rows.size(0)))).value(); };
  return auroc(score(real), score(made));
}

// The mean difference of neighbouring pixels, across and down.
double sharpness(const Tensor& rows, int height, int width) {
  const Tensor x = reshape(rows, {rows.size(0), height, width});
  const auto change = [&](std::int64_t axis, std::int64_t extent) {
    return mean(abs(slice(x, axis, 1, extent) - slice(x, axis, 0, extent - 1))).item();
  };
  return (change(1, height) + change(2, width)) / 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 2, judge_steps = 1000;
  double weight = 30, sharp_weight = 1, gamma = 0.1, judge_lr = 3e-3;
  Program program(
      {.name = "adversarial",
       .title = "Adversarial autoencoders",
       .summary = "A judge of codes makes them follow N(0, I); a judge of reconstructions makes them sharp.",
       .objective = "‖decode(encode(x)) - x‖² + λ BCE(D(encode(x)), 1), or D(decode(encode(x)))",
       .epochs = 8});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  program.flag("--weight", weight, "λ of the judge of codes", {.min = 0});
  program.flag("--sharp-weight", sharp_weight, "λ of the judge of reconstructions", {.min = 0});
  program.flag("--gamma", gamma, "what the judge of codes pays for being steep", {.min = 0});
  program.flag("--judge-lr", judge_lr, "learning rate of the judges", {.min = 0});
  program.flag("--judge-steps", judge_steps, "training steps of the fresh judge");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});
    const std::int64_t pixels = data.train_images.size(1);

    Rng init = rng.split("init"), same = init, again = init, noise = rng.split("noise");
    MlpAutoencoder model(pixels, hidden, code, init), sharp(pixels, hidden, code, same),
        twin(pixels, hidden, code, again);
    Mlp code_judge({code, 128, 128, 1}, init), image_judge({pixels, 256, 1}, init);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), sharp_adam(sharp.parameters(), {.lr = args.lr}),
        twin_adam(twin.parameters(), {.lr = args.lr}),
        code_judge_adam(code_judge.parameters(), {.lr = judge_lr, .betas = {0.5, 0.999}}),
        image_judge_adam(image_judge.parameters(), {.lr = judge_lr, .betas = {0.5, 0.999}});
    run.keep("model", model, "adam", adam, "sharp", sharp, "sharp_adam", sharp_adam, "twin", twin, "twin_adam",
             twin_adam, "code_judge", code_judge, "code_judge_adam", code_judge_adam, "image_judge", image_judge,
             "image_judge_adam", image_judge_adam, "noise", noise);
    const optim::CosineAnnealingLR fall{.lr = 1, .T_max = args.epochs};
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (optim::Adam* own : {&adam, &sharp_adam, &twin_adam}) own->set_lr(args.lr * fall(epoch - 1));
      for (optim::Adam* own : {&code_judge_adam, &image_judge_adam}) own->set_lr(judge_lr * fall(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const auto error = [&](const Var& y) { return nn::mse_loss(y, x, nn::Reduction::batchmean); };

        const Var z = model.encode(x);
        teach(code_judge, code_judge_adam, noise.normal(z.shape()), z.value(), gamma);
        const Var own = error(model.decode(z));
        adam.step(grad(own + weight * says(code_judge, z, 1), model.parameters()));

        const Var y = sharp(x);
        teach(image_judge, image_judge_adam, batch.images, y.value(), 0);
        sharp_adam.step(grad(error(y) + sharp_weight * says(image_judge, y, 1), sharp.parameters()));

        twin_adam.step(grad(error(twin(x)), twin.parameters()));
        run.step({{"error", own.item()}}, batch.size());
      }
      run.log_epoch({{"test_mse", reconstruction_error(model, data.test_images)},
                     {"test_sharp_mse", reconstruction_error(sharp, data.test_images)},
                     {"test_mse[twin]", reconstruction_error(twin, data.test_images)}});
    }

    const auto codes_of = [&](const MlpAutoencoder& from) {
      const NoGrad no_grad;
      return from.encode(constant(data.test_images)).value();
    };
    const Tensor codes = codes_of(model);
    Rng draws = rng.split("draws");
    const Tensor prior = draws.normal(codes.shape());
    const double told_apart = fresh_auroc(prior, codes, judge_steps, rng.split("judge"));
    const double twin_told_apart = fresh_auroc(prior, codes_of(twin), judge_steps, rng.split("judge"));

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    const auto output = [&](const MlpAutoencoder& from, const Tensor& x) { return from(constant(x)).value(); };
    run.picture(
        "reconstructions",
        image_grid(concat({originals, output(twin, originals), output(model, originals), output(sharp, originals)}, 0),
                   {.height = data.height,
                    .width = data.width,
                    .row_labels = {"input", "plain", "judged codes", "judged images"}}),
        "Test images and what the three make of them.");
    draw_samples(
        run, [&](const Tensor& z) { return model.decode(constant(z)).value(); }, slice(prior, 0, 0, 100),
        "Decoded draws from N(0, I), which is where the judged codes are.");
    run.plot("codes",
             scatter_plot(slice(slice(codes, 0, 0, 1000), 1, 0, 2), slice(data.test_labels, 0, 0, 1000), data.classes,
                          {.title = "the first two numbers of test codes"}),
             "Together they look like N(0, I), and still each class has its place.");
    const double twin_mse = reconstruction_error(twin, data.test_images);
    const double twin_sharpness = sharpness(output(twin, data.test_images), data.height, data.width);
    run.result("twin_auroc", twin_told_apart);
    run.result("sharpness_of_images", sharpness(data.test_images, data.height, data.width));
    run.result("sharp_mse", reconstruction_error(sharp, data.test_images),
               {.reference = twin_mse, .reference_name = "the plain twin", .within = 0.15});
    run.result(
        "sharpness", sharpness(output(sharp, data.test_images), data.height, data.width),
        {.reference = 1.1 * twin_sharpness, .reference_name = "10 % above the plain twin's", .better = Better::higher});
    run.result("test_mse", reconstruction_error(model, data.test_images),
               {.reference = twin_mse, .reference_name = "the plain twin", .within = 0.15});
    run.result("auroc_fresh_judge", told_apart, {.reference = 0.6, .reference_name = "hardly better than guessing"});
    run.finish();
  });
}
