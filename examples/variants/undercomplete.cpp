// SPDX-License-Identifier: MIT
// The undercomplete autoencoder: the classic first example, 784-32-784.
//
// An encoder squeezes an image into a code of 32 numbers, and a decoder makes the image from the code again. Both learn
// together by comparing the output with the input:
//
//     loss  =  mean over images and pixels of  BCE( decode(encode(x)), x )        (or the squared error)
//
// No labels are needed. The code has too few numbers to copy the image, so it must keep what images have in common.
// With linear layers the best possible result is a principal component analysis with as many components. The program
// compares itself with PCA-32, and does better: the sigmoid need not reach 0 and 1 exactly, as images do. That asks for
// first weights of the right size. With small ones some of the 32 ReLUs are 0 for every image, and stay so.
//
// (Rumelhart, Hinton & Williams 1986, "Learning internal representations by error propagation", has the idea, on
// 8-3-8.)
//
// To try next: --code 2 and --code 128; --widths 256,64 for more layers; --loss mse; then deep.cpp.
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/references.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/init.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Autoencoder : public nn::Layer {
 public:
  /// widths: pixels, hidden layers if any, code.
  Autoencoder(const std::vector<std::int64_t>& widths, Rng& rng)
      : encoder_(child<Mlp>("encoder", widths, rng)),
        decoder_(child<Mlp>("decoder", std::vector(widths.rbegin(), widths.rend()), rng)) {
    nn::init::xavier_uniform(*this, rng);
  }

  Var encode(const Var& x) const { return relu(encoder_(x)); }
  /// The log-odds that each pixel is white.
  Var decode_logits(const Var& code) const { return decoder_(code); }
  Var forward(const Var& x) const override { return sigmoid(decode_logits(encode(x))); }

 private:
  Mlp &encoder_, &decoder_;
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 32;
  std::vector<std::int64_t> widths;
  std::string loss_name = "bce";
  Program program({.name = "undercomplete",
                   .title = "Undercomplete autoencoder",
                   .summary = "Squeezes each image through a code of a few numbers and learns to get it back.",
                   .objective = "BCE(decode(encode(x)), x), averaged over pixels",
                   .steps = 14000});
  program.flag("--code", code, "numbers in the code");
  program.flag("--widths", widths, "units of hidden layers before the code, e.g. 256,64 (the decoder mirrors them)");
  program.flag("--loss", loss_name, "what is minimised", {"bce", "mse"});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init");
    widths.insert(widths.begin(), data.train_images.size(1));
    widths.push_back(code);
    Trained<Autoencoder> net(run, "model", args.lr, widths, init);
    run.keep_best("validation_mse");
    run.use(data.test_images, uses_of(net.model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images), logits = net.model.decode_logits(net.model.encode(x));
        const Var loss =
            loss_name == "bce" ? nn::binary_cross_entropy_with_logits(logits, x) : nn::mse_loss(sigmoid(logits), x);
        run.step({{"loss", net.step(loss)}}, batch.size());
      }
      run.log_epoch({{"validation_mse", reconstruction_error(net.model, data.validation_images)}});
    }

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    draw_reconstructions(run, originals, outputs_of(net.model, originals),
                         "Test images above, and below them what the decoder makes of their codes.");
    draw_codes(run, net.model.encode(constant(data.test_images)).value(), data);
    run.fact("parameters", net.model.num_parameters());
    run.result("dead_units", dead_units(net.model.encode(constant(data.validation_images)).value()),
               {.reference = 0, .reference_name = "units of the code that no validation image switches on"});
    run.result("test_mse", reconstruction_error(net.model, data.test_images),
               {.reference = pca_error(data, code), .reference_name = join("PCA-", code, ", clipped to [0, 1]")});
    run.finish();
  });
}
