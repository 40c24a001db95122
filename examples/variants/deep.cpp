// SPDX-License-Identifier: MIT
// The deep autoencoder, 784-512-256-128-30 and back (Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data
// with neural networks"; theirs is 784-1000-500-250-30, and had to be pretrained layer by layer).
//
// Principal components are flat directions in pixel space. A deep encoder can follow the curved surface that real
// images lie on, so with 30 numbers it keeps more of the picture than 30 principal components do:
//
//     loss  =  mean over images and pixels of  ( decode(encode(x)) - x )²
//
// With --tied the decoder uses the encoder's matrices, transposed: half the parameters, and a mild regulariser.
//
// Two pictures look inside. The filters of layer 1 are its weights, seen as images. A unit of layer 2 has no such
// picture, so we search for the image that excites it most, by gradient ascent on the pixels (Erhan et al. 2009,
// "Visualizing higher-layer features of a deep network").
//
// To try next: --tied; --widths 1000,500,250 --code 30, as in the paper.
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/references.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class DeepAutoencoder : public nn::Layer {
 public:
  /// widths: pixels, hidden layers, code. The decoder mirrors the encoder.
  DeepAutoencoder(const std::vector<std::int64_t>& widths, bool tied, Rng& rng) {
    for (std::size_t i = 1; i < widths.size(); ++i)
      encoder_.push_back(&child<nn::Linear>(join("encode", i), widths[i - 1], widths[i], rng));
    for (std::size_t i = widths.size() - 1; i > 0; --i)
      if (tied) biases_.push_back(parameter(join("decode", i, "_bias"), zeros({widths[i - 1]})));
      else decoder_.push_back(&child<nn::Linear>(join("decode", i), widths[i], widths[i - 1], rng));
    nn::init::xavier_uniform(*this, rng, {.gain = nn::init::calculate_gain(nn::init::Nonlinearity::relu)});
  }

  /// The output of layer `last` (from 1) before its ReLU. The last layer has no ReLU: its output is the code.
  Var encode(const Var& x, std::size_t last) const {
    Var h = (*encoder_[0])(x);
    for (std::size_t i = 1; i < last; ++i) h = (*encoder_[i])(relu(h));
    return h;
  }
  Var encode(const Var& x) const { return encode(x, encoder_.size()); }
  Var decode(Var h) const {
    for (std::size_t i = 0; i < encoder_.size(); ++i) {
      const bool last = i + 1 == encoder_.size();
      h = biases_.empty() ? (*decoder_[i])(h)
                          : linear(h, transpose(Var(encoder_[encoder_.size() - 1 - i]->weight())), biases_[i]);
      h = last ? sigmoid(h) : relu(h);
    }
    return h;
  }
  Var forward(const Var& x) const override { return decode(encode(x)); }
  const nn::Linear& layer(std::size_t i) const { return *encoder_[i]; }

 private:
  std::vector<nn::Linear*> encoder_, decoder_;
  std::vector<Parameter> biases_;  // of the decoder, if its weights are the encoder's
};

// For each of a layer's first units, an image as bright as `start` that excites it strongly.
Tensor exciting_images(const DeepAutoencoder& model, std::size_t layer, std::int64_t units, const Tensor& start) {
  Tensor images = contiguous(expand(start, {units, start.numel()}));
  const Tensor length = norm(start);
  for (int step = 0; step < 60; ++step) {
    const Var x = variable(images);
    const Var own = sum(gather(model.encode(x, layer), 1, unsqueeze(arange(units), 1)));  // unit i sees image i
    const Tensor uphill = grad(own, x).value();
    images = clamp(images + uphill / (norm(uphill, {1}, true) + 1e-8) * 0.3, 0, 1);
    images = images * minimum(length / (norm(images, {1}, true) + 1e-8), 1);
  }
  return images;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 30;
  std::vector<std::int64_t> widths{512, 256, 128};
  bool tied = false;
  Program program(
      {.name = "deep",
       .title = "Deep autoencoder",
       .summary = "Several layers each way follow the curved surface that images lie on, where PCA is flat.",
       .objective = "(decode(encode(x)) - x)², averaged over pixels",
       .steps = 14000});
  program.flag("--code", code, "numbers in the code");
  program.flag("--widths", widths, "units of the hidden layers before the code (the decoder mirrors them)");
  program.flag("--tied", tied, "decode with the encoder's weights, transposed");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init");
    widths.insert(widths.begin(), data.train_images.size(1));
    widths.push_back(code);
    Trained<DeepAutoencoder> net(run, "model", args.lr, widths, tied, init);
    run.keep_best("validation_mse");
    run.use(data.test_images, uses_of(net.model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        run.step({{"mse", net.step(nn::mse_loss(net.model(x), x))}}, batch.size());
      }
      run.log_epoch({{"validation_mse", reconstruction_error(net.model, data.validation_images)}});
    }

    const Tensor originals = slice(data.test_images, 0, 0, 10);
    draw_reconstructions(run, originals, outputs_of(net.model, originals),
                         "Test images above, and below them what the decoder makes of their codes.");
    run.images("filters", slice(net.model.layer(0).weight().value(), 0, 0, 60), {.scale = 2, .normalize = true},
               "The weights of layer 1's units, each stretched to its own range: what the unit looks for.");
    if (widths.size() > 3)
      run.images("layer2",
                 exciting_images(net.model, 2, std::min<std::int64_t>(widths[2], 60), mean(data.train_images, {0})),
                 {.scale = 2, .normalize = true},
                 "The images that excite layer 2's units most, found by gradient ascent from the mean image.");
    const auto codes_of = [&](const Tensor& images) {
      const NoGrad no_grad;
      return net.model.encode(constant(images)).value();
    };
    draw_codes(run, codes_of(data.test_images), data);
    run.fact("parameters", net.model.num_parameters());
    run.result("test_mse", reconstruction_error(net.model, data.test_images),
               {.reference = 0.75 * pca_error(data, code), .reference_name = join("75 % of the error of PCA-", code)});
    run.finish();
  });
}
