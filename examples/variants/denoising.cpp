// The denoising autoencoder (Vincent, Larochelle, Bengio & Manzagol 2008, "Extracting and composing robust features
// with denoising autoencoders").
//
// An autoencoder with room enough may learn to copy, which teaches it nothing. This one cannot: it is shown a damaged
// image x~ and must give back the sound one.
//
//     loss  =  mean over images and pixels of  BCE( decode(encode(x~)), x ),      x~ from q(x~ | x)
//
// To do so it has to know what images look like, for only that tells noise from picture. Under Gaussian noise the best
// answer is the mean of all images that might be behind x~, and the arrow from x~ to it points where images are denser
// (Vincent 2011; Alain & Bengio 2014). Three ways to damage an image, chosen with --noise:
//
//     gaussian     x + level * n, n from N(0, 1); not cut off at 0 and 1
//     masking      pixels become 0 with probability `level`
//     salt-pepper  pixels become 0 or 1, as a coin falls, with probability `level`
//
// The model is convolutional: what is noise and what is an edge is much the same question at every place of an image.
// It is measured against the best that any linear map can do, which for Gaussian noise is known in closed form: the
// Wiener filter C (C + σ²)⁻¹ with the covariance C of the training images.
//
// A denoiser knows the damage that it was trained on. So its two twins are trained on the two other kinds, and a table
// shows how each of the three copes with all of them.
//
// To try next: --level 0.1, where there is little to gain over the linear filter; --channels 32; masking, where the
// error that is left is in the pixels that were hidden.
#include <memory>
#include <string>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/losses.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Denoiser : public nn::Layer {
 public:
  Denoiser(int height, int width, std::int64_t channels, Rng& rng)
      : image_{1, height, width},
        down1_(child<nn::Conv2d>("down1", 1, channels, nn::Conv2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng)),
        down2_(child<nn::Conv2d>("down2", channels, 2 * channels,
                                 nn::Conv2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng)),
        middle_(
            child<nn::Conv2d>("middle", 2 * channels, 2 * channels, nn::Conv2dOptions{.kernel = 3, .padding = 1}, rng)),
        up1_(child<nn::ConvTranspose2d>("up1", 2 * channels, channels,
                                        nn::ConvTranspose2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng)),
        up2_(child<nn::ConvTranspose2d>("up2", channels, 1,
                                        nn::ConvTranspose2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng)) {}

  /// Log-odds of each pixel of [n, height * width] being white.
  Var logits(const Var& x) const {
    const Var half = relu(down1_(reshape(x, {-1, image_[0], image_[1], image_[2]})));
    const Var code = relu(middle_(relu(down2_(half))));
    const Var wide = relu(up1_(code, {half.size(2), half.size(3)}));
    return flatten(up2_(wide, {image_[1], image_[2]}), 1);
  }
  Var forward(const Var& x) const override { return sigmoid(logits(x)); }

 private:
  Shape image_;
  nn::Conv2d &down1_, &down2_, &middle_;
  nn::ConvTranspose2d &up1_, &up2_;
};

std::unique_ptr<nn::Noise> make_noise(const std::string& kind, double level, Rng rng) {
  if (kind == "gaussian") return std::make_unique<nn::GaussianNoise>(rng, level);
  if (kind == "masking") return std::make_unique<nn::MaskingNoise>(rng, level);
  return std::make_unique<nn::SaltAndPepperNoise>(rng, level);
}

// A kind of damage, the model that is trained to undo it, and what the test images look like after it.
struct Pupil {
  std::string kind;
  std::unique_ptr<nn::Noise> noise;
  Tensor damaged;
  std::unique_ptr<Denoiser> model;
  std::unique_ptr<optim::Adam> adam;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> kinds{"gaussian", "masking", "salt-pepper"};
  std::string noise = "gaussian";
  double level = 0.5;
  std::int64_t channels = 16;
  Program program({.name = "denoising",
                   .title = "Denoising autoencoder",
                   .summary = "Is shown damaged images and learns to give back the sound ones.",
                   .objective = "BCE(decode(encode(x~)), x), averaged over pixels; x~ is x with noise",
                   .epochs = 5,
                   .lr = 2e-3});
  program.flag("--noise", noise, "how images are damaged", kinds);
  program.flag("--level", level, "standard deviation of Gaussian noise, or share of pixels that are hit",
               {.min = 0, .max = 1});
  program.flag("--channels", channels, "channels of the first layer; the others have twice as many");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});

    std::vector<Pupil> pupils;  // the one that is asked for, then its twins
    for (const std::string& kind : kinds) {
      Rng init = rng.split("init");
      Pupil pupil{kind, make_noise(kind, level, rng.split("noise").split(kind)), {}, {}, {}};
      pupil.damaged = (*make_noise(kind, level, rng.split("test").split(kind)))(constant(data.test_images)).value();
      pupil.model = std::make_unique<Denoiser>(data.height, data.width, channels, init);
      pupil.adam = std::make_unique<optim::Adam>(pupil.model->parameters(), optim::AdamOptions{.lr = args.lr});
      pupils.insert(kind == noise ? pupils.begin() : pupils.end(), std::move(pupil));
    }
    const Pupil& chosen = pupils.front();
    double mse = 0;
    for (const Pupil& pupil : pupils) {
      run.keep(pupil.kind, *pupil.model);
      run.keep(pupil.kind + "_noise", *pupil.noise);
      run.keep(pupil.kind + "_adam", *pupil.adam);
    }
    run.keep("mse", mse);
    run.keep_best("test_mse");
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        Metrics metrics;
        for (const Pupil& pupil : pupils) {
          const Var damaged = (*pupil.noise)(x);
          const Var loss = nn::binary_cross_entropy_with_logits(pupil.model->logits(damaged), x);
          pupil.adam->step(grad(loss, pupil.model->parameters()));
          if (&pupil == &chosen) metrics = {{"loss", loss.item()}, {"damage", nn::mse_loss(damaged, x).item()}};
        }
        run.step(metrics, batch.size());
      }
      mse = reconstruction_error(*chosen.model, chosen.damaged, data.test_images);
      run.log_epoch({{"test_mse", mse}});
    }

    const auto rows = [](const Tensor& x) { return slice(x, 0, 0, 10); };
    std::vector<Tensor> before_after{rows(data.test_images)};
    std::vector<std::string> labels{"sound"};
    std::vector<std::vector<std::string>> table{{"trained on", "no damage"}};
    for (const Pupil& pupil : pupils) {
      before_after.push_back(rows(pupil.damaged));
      before_after.push_back(outputs_of(*pupil.model, rows(pupil.damaged)));
      labels.insert(labels.end(), {pupil.kind, "mended"});
      table[0].push_back(pupil.kind);
      table.push_back({pupil.kind, number(reconstruction_error(*pupil.model, data.test_images))});
      for (const Pupil& test : pupils)
        table.back().push_back(number(reconstruction_error(*pupil.model, test.damaged, data.test_images)));
    }
    run.picture(
        "denoised", image_grid(concat(before_after, 0), {.row_labels = labels}),
        "Test images, damaged in three ways, and what the model that was trained on such damage makes of them.");
    run.table("noise_matrix", table,
              join("Error per pixel on test images damaged in different ways (columns), all at level ", level,
                   ", of models trained on different damage (rows)."));
    run.fact("parameters", chosen.model->num_parameters());
    run.result("test_damage", mean(square(chosen.damaged - data.test_images)).item());
    const bool classic = noise == "gaussian" && level == 0.5;
    run.result("test_mse", mse,
               {.reference = classic ? data.reference_on("fashion-mnist", 0.016) : std::nullopt,
                .reference_name = "the best linear denoiser has 0.01926"});
    run.finish();
  });
}
