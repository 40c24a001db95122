// SPDX-License-Identifier: MIT
// The overcomplete autoencoder, and why it fails: with more units in the code than pixels in the image, and without any
// regularisation, an autoencoder can copy.
//
//     loss  =  mean over images and pixels of  ( D E x + b - x )²,        E is 1000 x 784, D is 784 x 1000
//
// D E = 1 solves that for every x, and a linear network finds this solution. The error becomes tiny, and the code has
// learnt nothing about images: the network copies noise as well as a shoe. A small error does not prove a good code.
//
// Its twin has the same size and learns from images with added noise (σ = 0.5), as in denoising.cpp. There D E = 1 is a
// bad solution, because the output must differ from the input. The twin has to drop the directions in which images do
// not vary, and in the limit it shrinks each principal direction by λ / (λ + σ²) (Bishop 1995, "Training with noise is
// equivalent to Tikhonov regularization"). So it does not copy noise, and it copies a shoe only approximately.
//
// Other ways to regularise: fewer units (undercomplete.cpp), sparse units (sparse_l1.cpp, top_k.cpp), units that react
// little (contractive.cpp), or units with noise (variational.cpp).
//
// To try next: --noise 0.1; --hidden 784; --epochs 1, and compare the errors on noise and on images.
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/dropout.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class LinearAutoencoder : public nn::Layer {
 public:
  LinearAutoencoder(std::int64_t pixels, std::int64_t hidden, double noise, Rng& rng)
      : noise_(child<nn::GaussianNoise>("noise", rng, noise)),
        encoder_(child<nn::Linear>("encoder", pixels, hidden, rng)),
        decoder_(child<nn::Linear>("decoder", hidden, pixels, rng)) {
    encoder_.weight().set_value(nn::init::orthogonal(encoder_.weight().shape(), rng));
  }
  Var forward(const Var& x) const override { return decoder_(encoder_(noise_(x))); }

 private:
  nn::GaussianNoise& noise_;
  nn::Linear &encoder_, &decoder_;
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 1000;
  double noise = 0.5;
  Program program({.name = "overcomplete",
                   .title = "Overcomplete linear autoencoder",
                   .summary = "Has more units than pixels, and learns to copy, which teaches it nothing.",
                   .objective = "(D E x + b - x)², averaged over pixels",
                   .steps = 4700});
  program.flag("--hidden", hidden, "units of the code");
  program.flag("--noise", noise, "standard deviation of the noise in the twin's input", {.min = 0});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), twin_init = init;
    const std::int64_t pixels = data.train_images.size(1);
    Trained<LinearAutoencoder> net(run, "model", args.lr, pixels, hidden, 0, init);
    Trained<LinearAutoencoder> twin(run, "twin", args.lr, pixels, hidden, noise, twin_init);
    const auto error_on = [](Trained<LinearAutoencoder>& one, const Tensor& images) {
      one.model.eval();
      const double error = reconstruction_error(one.model, images);
      one.model.train();
      return error;
    };
    const optim::CosineAnnealingLR fall{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    run.use(data.test_images, uses_of(net.model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      // The noise that Adam's steps leave in the weights shrinks with the rate.
      for (Trained<LinearAutoencoder>* one : {&net, &twin}) one->adam.set_lr(fall(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const double own = net.step(nn::mse_loss(net.model(x), x));
        run.step({{"mse", own}, {"mse[twin]", twin.step(nn::mse_loss(twin.model(x), x))}}, batch.size());
      }
      run.log_epoch({{"validation_mse", error_on(net, data.validation_images)},
                     {"validation_mse[twin]", error_on(twin, data.validation_images)}});
    }

    net.model.eval();
    twin.model.eval();
    // The pixels of test images in a random order: as bright as images, but not images.
    Rng shuffle = rng.split("shuffle");
    const Tensor scrambled =
        index_select(slice(data.test_images, 0, 0, 1000), 1, shuffle.permutation(data.test_images.size(1)));
    const Tensor few = concat({slice(data.test_images, 0, 0, 5), slice(scrambled, 0, 0, 5)}, 0);
    run.images("reconstructions", concat({few, outputs_of(net.model, few), outputs_of(twin.model, few)}, 0),
               {.row_labels = {"input", "copy", "twin"}},
               "Test images, and on the right images with their pixels in a random order. The network without "
               "regularisation copies both. Its twin knows that only one of them is an image.");
    run.result("test_twin_mse", error_on(twin, data.test_images));
    run.result("scrambled_mse", reconstruction_error(net.model, scrambled));
    run.result("scrambled_twin_mse", reconstruction_error(twin.model, scrambled));
    run.result("test_mse", error_on(net, data.test_images),
               {.reference = 1e-4, .reference_name = "a copy: this is the failure to be seen"});
    run.finish();
  });
}
