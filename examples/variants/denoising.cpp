// SPDX-License-Identifier: MIT
// The denoising autoencoder (Vincent, Larochelle, Bengio & Manzagol 2008, "Extracting and composing robust features
// with denoising autoencoders").
//
// An autoencoder with a large code may learn to copy, which teaches it nothing. This one cannot copy: its input is a
// damaged image x~, and it must give back the clean one.
//
//     loss  =  mean over images and pixels of  BCE( decode(encode(x~)), x ),      x~ from q(x~ | x)
//
// So it has to know what images look like: only that separates the image from the noise. Under Gaussian noise the best
// output is the mean of all images that could have become x~, and the arrow from x~ to it points to where images are
// denser (Vincent 2011; Alain & Bengio 2014). Three ways to damage an image, chosen with --noise:
//
//     gaussian     x + level * n, n from N(0, 1); not clipped to [0, 1]
//     masking      pixels become 0 with probability `level`
//     salt-pepper  pixels become 0 or 1, each as likely, with probability `level`
//
// The model is convolutional, since the difference between noise and an edge is much the same at every place of an
// image. The program compares it with the best linear map, which is known in closed form for Gaussian noise: the Wiener
// filter C (C + σ²)⁻¹ with the covariance C of the training images.
//
// A denoiser knows the damage that it was trained on. So two twins are trained on the other two kinds of damage, and a
// table shows how well each of the three removes each kind.
//
// To try next: --level 0.1, where a linear filter is almost as good; --channels 32; masking, where the remaining error
// is in the hidden pixels.
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/references.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Denoiser : public nn::Layer {
 public:
  Denoiser(const Shape& image, std::int64_t channels, Rng& rng)
      : image_(image),
        down1_(child("down1", nn::Conv2d(image[0], channels, {.kernel = 4, .stride = 2, .padding = 1}, rng))),
        down2_(child("down2", nn::Conv2d(channels, 2 * channels, {.kernel = 4, .stride = 2, .padding = 1}, rng))),
        middle_(child("middle", nn::Conv2d(2 * channels, 2 * channels, {.kernel = 3, .padding = 1}, rng))),
        up1_(child("up1", nn::ConvTranspose2d(2 * channels, channels, {.kernel = 4, .stride = 2, .padding = 1}, rng))),
        up2_(child("up2", nn::ConvTranspose2d(channels, image[0], {.kernel = 4, .stride = 2, .padding = 1}, rng))) {}

  /// The log-odds that each pixel of [n, channels * height * width] is white.
  Var logits(const Var& x) const {
    const Var half = relu(down1_(reshape(x, {-1, image_[0], image_[1], image_[2]})));
    const Var code = relu(middle_(relu(down2_(half))));
    const Var wide = relu(up1_(code, {half.size(2), half.size(3)}));
    return flatten(up2_(wide, {image_[1], image_[2]}), 1);
  }
  Var forward(const Var& x) const override { return sigmoid(logits(x)); }

 private:
  Shape image_;  // [channels, height, width]
  nn::Conv2d &down1_, &down2_, &middle_;
  nn::ConvTranspose2d &up1_, &up2_;
};

std::unique_ptr<nn::Noise> make_noise(const std::string& kind, double level, Rng rng) {
  if (kind == "gaussian") return std::make_unique<nn::GaussianNoise>(rng, level);
  if (kind == "masking") return std::make_unique<nn::MaskingNoise>(rng, level);
  return std::make_unique<nn::SaltAndPepperNoise>(rng, level);
}

// A kind of damage, the model that learns to undo it, and images with this damage.
struct Kind {
  std::string name;
  std::unique_ptr<nn::Noise> noise;
  Tensor validation, damaged;  // of the validation images and of the test images
  Trained<Denoiser> net;

  Kind(const std::string& kind, double level, const ImageData& data, Run& run, double lr, std::int64_t channels,
       const Rng& rng, Rng init)
      : name(kind),
        noise(make_noise(kind, level, rng.split("noise").split(kind))),
        validation(damage(data.validation_images, level, rng.split("validation"))),
        damaged(damage(data.test_images, level, rng.split("test"))),
        net(run, kind, lr, data.image_shape(), channels, init) {
    run.keep(kind + "_noise", *noise);
  }
  Tensor damage(const Tensor& images, double level, const Rng& draws) const {
    return (*make_noise(name, level, draws.split(name)))(constant(images)).value();
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> kinds{"gaussian", "masking", "salt-pepper"};
  std::string noise = "gaussian";
  double level = 0.5;
  std::int64_t channels = 16;
  Program program({.name = "denoising",
                   .title = "Denoising autoencoder",
                   .summary = "Sees damaged images and learns to give back the clean ones.",
                   .objective = "BCE(decode(encode(x~)), x), averaged over pixels; x~ is x with noise",
                   .steps = 2350,
                   .lr = 2e-3});
  program.flag("--noise", noise, "how images are damaged", kinds);
  program.flag("--level", level, "standard deviation of Gaussian noise, or share of damaged pixels",
               {.min = 0, .max = 1});
  program.flag("--channels", channels, "channels of the first layer; the others have twice as many");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    check(data.height >= 4 && data.width >= 4, "denoising", "needs pictures of 4 x 4 pixels or more, got ", data.height,
          " x ", data.width);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    std::deque<Kind> all;
    for (const std::string& kind : kinds)
      all.emplace_back(kind, level, data, run, args.lr, channels, rng, rng.split("init"));
    const auto chosen = std::find_if(all.begin(), all.end(), [&](const Kind& kind) { return kind.name == noise; });
    run.keep_best("validation_mse");
    run.use(data.test_images, uses_of(chosen->net.model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        Metrics metrics;
        for (Kind& kind : all) {
          const Var damaged = (*kind.noise)(x);
          const double loss = kind.net.step(nn::binary_cross_entropy_with_logits(kind.net.model.logits(damaged), x));
          if (&kind == &*chosen) metrics = {{"loss", loss}, {"damage", nn::mse_loss(damaged, x).item()}};
        }
        run.step(metrics, batch.size());
      }
      run.log_epoch(
          {{"validation_mse", reconstruction_error(chosen->net.model, chosen->validation, data.validation_images)}});
    }

    const auto few = [](const Tensor& x) { return slice(x, 0, 0, 10); };
    std::vector<Tensor> rows{few(data.test_images)};
    std::vector<std::string> labels{"clean"};
    std::vector<std::vector<std::string>> table{{"trained on", "no damage"}};
    for (const Kind& kind : all) {
      const Denoiser& model = kind.net.model;
      rows.push_back(few(kind.damaged));
      rows.push_back(outputs_of(model, few(kind.damaged)));
      labels.insert(labels.end(), {kind.name, "restored"});
      table[0].push_back(kind.name);
      table.push_back({kind.name, number(reconstruction_error(model, data.test_images))});
      for (const Kind& test : all)
        table.back().push_back(number(reconstruction_error(model, test.damaged, data.test_images)));
    }
    run.images("denoised", concat(rows, 0), {.row_labels = labels},
               "Test images with three kinds of damage, and the outputs of the model that was trained on each.");
    run.table("noise_matrix", table,
              join("Error per pixel on test images with each kind of damage (columns), all at level ", level,
                   ", of models trained on each kind (rows)."));
    run.fact("parameters", chosen->net.model.num_parameters());
    run.result("test_damage", mean(square(chosen->damaged - data.test_images)).item());
    const Tensor train = chosen->damage(data.train_images, level, rng.split("linear"));
    std::optional<double> linear = linear_denoiser_error(data, {train, chosen->damaged});
    if (linear) *linear *= 0.83;
    run.result("test_mse", reconstruction_error(chosen->net.model, chosen->damaged, data.test_images),
               {.reference = linear, .reference_name = "83 % of the error of the best linear denoiser"});
    run.finish();
  });
}
