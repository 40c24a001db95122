// The overcomplete autoencoder, as the failure that it is: with more units in the code than pixels in the image, and
// nothing to hold it back, an autoencoder can copy.
//
//     loss  =  mean over images and pixels of  ( D E x + b - x )²,        E is 1000 x 784, D is 784 x 1000
//
// D E = 1 solves that for every x, and a linear network finds its way there. The error becomes tiny, and the code has
// learnt nothing about images: noise is copied as well as a shoe. A small error is no proof of a good code.
//
// Its twin has the same size and learns from images with noise on them (σ = 0.5), as in denoising.cpp. For it, D E = 1
// is a bad answer: what comes in is not what must come out. It has to let go of the directions in which images do not
// vary, and in the limit it shrinks each principal direction by λ / (λ + σ²) (Bishop 1995, "Training with noise is
// equivalent to Tikhonov regularization"). So it copies neither noise nor, to the last pixel, a shoe.
//
// Other ways to hold back: fewer units (undercomplete.cpp), sparse ones (sparse_l1.cpp, top_k.cpp), ones that do not
// react (contractive.cpp), or uncertain ones (variational.cpp).
//
// To try next: --noise 0.1; --hidden 784; --epochs 1, and compare how well noise comes back before images do.
#include <string>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "nn/dropout.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "optim/adam.h"
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
                   .summary = "Has more units than pixels, and learns to copy, which is to learn nothing.",
                   .objective = "(D E x + b - x)², averaged over pixels",
                   .epochs = 10});
  program.flag("--hidden", hidden, "units of the code");
  program.flag("--noise", noise, "standard deviation of the noise in the twin's input", {.min = 0});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    Rng init = rng.split("init"), twin_init = rng.split("init");
    LinearAutoencoder model(data.train_images.size(1), hidden, 0, init);
    LinearAutoencoder twin(data.train_images.size(1), hidden, noise, twin_init);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), twin_adam(twin.parameters(), {.lr = args.lr});
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});
    run.keep("model", model);
    run.keep("adam", adam);
    run.keep("twin", twin);
    run.keep("twin_adam", twin_adam);
    const auto error_on = [](LinearAutoencoder& of, const Tensor& images) {
      of.eval();
      const double error = reconstruction_error(of, images);
      of.train();
      return error;
    };
    const optim::CosineAnnealingLR fall{.lr = args.lr, .T_max = args.epochs};
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      // What Adam's steps leave as noise in the weights shrinks with them.
      for (optim::Adam* optimizer : {&adam, &twin_adam}) optimizer->set_lr(fall(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const Var loss = nn::mse_loss(model(x), x), twin_loss = nn::mse_loss(twin(x), x);
        adam.step(grad(loss, model.parameters()));
        twin_adam.step(grad(twin_loss, twin.parameters()));
        run.step({{"mse", loss.item()}, {"mse[twin]", twin_loss.item()}}, batch.size());
      }
      run.log_epoch(
          {{"test_mse", error_on(model, data.test_images)}, {"test_mse[twin]", error_on(twin, data.test_images)}});
    }

    model.eval();
    twin.eval();
    // Pixels of the test images in random order: as bright as images, and none.
    Rng shuffle = rng.split("shuffle");
    const Tensor scrambled =
        index_select(slice(data.test_images, 0, 0, 1000), 1, shuffle.permutation(data.test_images.size(1)));
    const Tensor few = concat({slice(data.test_images, 0, 0, 5), slice(scrambled, 0, 0, 5)}, 0);
    run.picture("reconstructions",
                image_grid(concat({few, outputs_of(model, few), outputs_of(twin, few)}, 0),
                           {.row_labels = {"input", "copy", "twin"}}),
                "Test images, and on the right the same with their pixels in a random order. The unregularised network "
                "copies both; its twin knows that one of them is no image.");
    run.result("test_twin_mse", error_on(twin, data.test_images), {});
    run.result("scrambled_mse", reconstruction_error(model, scrambled));
    run.result("scrambled_twin_mse", reconstruction_error(twin, scrambled));
    run.result("test_mse", reconstruction_error(model, data.test_images),
               {.reference = 1e-4, .reference_name = "a copy: the failure that is to be seen"});
    run.finish();
  });
}
