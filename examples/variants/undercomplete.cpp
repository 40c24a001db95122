// The undercomplete autoencoder: the classic first example, 784-32-784.
//
// An encoder squeezes an image into a code of 32 numbers, a decoder makes the image from the code again, and both learn
// together by comparing what came out with what went in:
//
//     loss  =  mean over images and pixels of  BCE( decode(encode(x)), x )        (or the squared error)
//
// No labels are needed. The code has too few numbers to copy the image, so it must keep what images have in common.
// With linear layers the best that can be reached is a principal component analysis with as many components; the ReLU
// and the sigmoid here let the code do a little better or worse than that, and PCA-32 is what the program measures
// itself against.
//
// (Rumelhart, Hinton & Williams 1986, "Learning internal representations by error propagation", has the idea, on
// 8-3-8.)
//
// To try next: --code 2 and --code 128; --widths 256,64 for more layers; --loss mse; then deep.cpp.
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/sequential.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Autoencoder : public nn::Layer {
 public:
  // widths: pixels, hidden layers if any, code.
  Autoencoder(const std::vector<std::int64_t>& widths, Rng& rng)
      : encoder_(child<nn::Sequential>("encoder")), decoder_(child<nn::Sequential>("decoder")) {
    for (std::size_t i = 1; i < widths.size(); ++i) {
      encoder_.add<nn::Linear>(widths[i - 1], widths[i], rng);
      encoder_.add<nn::ReLU>();
    }
    for (std::size_t i = widths.size() - 1; i > 0; --i) {
      decoder_.add<nn::Linear>(widths[i], widths[i - 1], rng);
      if (i > 1) decoder_.add<nn::ReLU>();
    }
  }

  Var encode(const Var& x) const { return encoder_(x); }
  /// Log-odds of each pixel being white; sigmoid makes a picture of them.
  Var decode_logits(const Var& code) const { return decoder_(code); }
  Var decode(const Var& code) const { return sigmoid(decode_logits(code)); }
  Var forward(const Var& x) const override { return decode(encode(x)); }

 private:
  nn::Sequential &encoder_, &decoder_;
};

double test_error(const Autoencoder& model, const Tensor& images) {
  const NoGrad no_grad;
  return nn::mse_loss(model(constant(images)), constant(images)).item();
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 32;
  std::vector<std::int64_t> hidden;
  std::string loss_name = "bce";
  Program program({.name = "undercomplete",
                   .title = "Undercomplete autoencoder",
                   .summary = "Squeezes each image through a code of a few numbers and learns to get it back.",
                   .objective = "BCE(decode(encode(x)), x), averaged over pixels",
                   .epochs = 30});
  program.flag("--code", code, "numbers in the code");
  program.flag("--widths", hidden, "units of hidden layers before the code, e.g. 256,64 (the decoder mirrors them)");
  program.flag("--loss", loss_name, "what is minimised", {"bce", "mse"});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(static_cast<std::uint64_t>(args.seed));
    Rng init = rng.split("init");

    std::vector<std::int64_t> widths{data.train_images.size(1)};
    widths.insert(widths.end(), hidden.begin(), hidden.end());
    widths.push_back(code);
    Autoencoder model(widths, init);
    optim::Adam adam(model.parameters(), {.lr = args.lr});
    const Loader loader(data.train_images, data.train_labels,
                        {.batch_size = args.batch_size, .seed = static_cast<std::uint64_t>(args.seed)});

    double mse = 0;
    run.keep("model", model);
    run.keep("adam", adam);
    run.keep("mse", mse);
    run.keep_best("test_mse");
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images), logits = model.decode_logits(model.encode(x));
        const Var loss =
            loss_name == "bce" ? nn::binary_cross_entropy_with_logits(logits, x) : nn::mse_loss(sigmoid(logits), x);
        adam.step(grad(loss, model.parameters()));
        run.step({{"loss", loss.item()}}, batch.size());
      }
      mse = test_error(model, data.test_images);
      run.log_epoch({{"test_mse", mse}});
    }

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    run.picture(
        "reconstructions",
        image_grid(concat({originals, model(constant(originals)).value()}, 0), {.row_labels = {"input", "output"}}),
        "Test images above, and below them what the decoder makes of their codes.");
    run.fact("parameters", model.num_parameters());
    const bool classic = code == 32;
    run.result("test_mse", mse,
               {.reference = classic ? data.reference_on("fashion-mnist", 0.01449) : std::nullopt,
                .reference_name = "PCA-32, clipped to [0, 1]",
                .better = Better::lower,
                .within = 0.1});
    run.finish();
  });
}
