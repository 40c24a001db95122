// SPDX-License-Identifier: MIT
// The convolutional autoencoder: the same small weights at every place.
//
// A dense layer does not know that two pixels are neighbours. It learns just as well from images whose pixels are
// shuffled. A convolution looks through a window of 3 x 3 pixels, with the same weights wherever the window is, and a
// stride of 2 halves the picture. Three convolutions make 16, 32 and 64 maps, each coarser and each seeing further; a
// linear layer computes the code from the last maps. The decoder goes back by transposed convolutions, the gradients of
// convolutions: a convolution gathers a window into one number, its gradient spreads one number over a window.
//
//     1 x 28 x 28  →  16 x 14 x 14  →  32 x 7 x 7  →  64 x 4 x 4  →  code  →  64 x 4 x 4  →  ...  →  1 x 28 x 28
//     loss  =  mean over images and pixels of  ( decode(encode(x)) - x )²
//
// What an edge is need not be learnt again at each place, so the same number of weights goes further. The program
// trains a dense autoencoder with the same code size and as many parameters on the same batches, and must beat it. The
// same class with windows on a line (N = 1) learns series: sines of any frequency, phase and amplitude. Three numbers
// describe such a sine, but principal components need many.
//
// (LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition"; Masci et al. 2011, "Stacked
// convolutional auto-encoders for hierarchical feature extraction"; Zeiler et al. 2010, "Deconvolutional networks".)
//
// To try next: --channels 8,16 (smaller and faster), --code 10; then unet.cpp.
#include <algorithm>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/shaping.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// Works on rows of numbers [n, product of `item`], where an item is [channels, height, width] or [channels, length].
template <int N>
class ConvAutoencoder : public nn::Layer {
 public:
  ConvAutoencoder(const Shape& item, std::vector<std::int64_t> channels, std::int64_t code, Rng& rng)
      : encoder_(child<nn::Sequential>("encoder")), decoder_(child<nn::Sequential>("decoder")) {
    channels.insert(channels.begin(), item[0]);
    std::vector<Shape> maps{item};  // the shape at each level
    encoder_.add(nn::Reshape(item));
    for (std::size_t i = 1; i < channels.size(); ++i) {
      Shape halved = maps.back();
      for (int axis = 1; axis <= N; ++axis) halved[axis] = (halved[axis] + 1) / 2;
      halved[0] = channels[i];
      maps.push_back(halved);
      encoder_.add(nn::Conv<N>(channels[i - 1], channels[i], {.kernel = 3, .stride = 2, .padding = 1}, rng));
      encoder_.add(nn::ReLU());
    }
    const std::int64_t features = numel(maps.back());
    encoder_.add(nn::Flatten());
    encoder_.add(nn::Linear(features, code, rng));

    decoder_.add(nn::Linear(code, features, rng));
    decoder_.add(nn::Reshape(maps.back()));
    for (std::size_t i = maps.size() - 1; i > 0; --i) {
      // On the way down 7 and 8 both become 4. On the way up 4 becomes 7, and 8 with one more.
      PerAxis<N> one_more = 0;
      for (int axis = 0; axis < N; ++axis) one_more[axis] = 1 - maps[i - 1][axis + 1] % 2;
      decoder_.add(nn::ReLU());
      decoder_.add(nn::ConvTranspose<N>(channels[i], channels[i - 1],
                                        {.kernel = 3, .stride = 2, .padding = 1, .output_padding = one_more}, rng));
    }
    decoder_.add(nn::Flatten());
    nn::init::xavier_uniform(*this, rng, {.gain = nn::init::calculate_gain(nn::init::Nonlinearity::relu)});
  }

  Var encode(const Var& x) const { return encoder_(x); }
  Var decode(const Var& code) const { return decoder_(code); }
  Var forward(const Var& x) const override { return decode(encode(x)); }

 private:
  nn::Sequential &encoder_, &decoder_;
};

// Dense layers pixels-h-code-h-pixels, where h is chosen for about as many parameters as given.
std::vector<std::int64_t> dense_widths(std::int64_t pixels, std::int64_t code, std::int64_t parameters) {
  const std::int64_t h = std::max<std::int64_t>(1, (parameters - pixels - code) / (2 * (pixels + code + 1)));
  return {pixels, h, code, h, pixels};
}

Var error(const nn::Layer& model, const Tensor& images) {
  const Var x = constant(images);
  return nn::mse_loss(model(x), x);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 32, series_code = 4;
  std::vector<std::int64_t> channels{16, 32, 64};
  Program program({.name = "convolutional",
                   .title = "Convolutional autoencoder",
                   .summary = "The same small windows at every place of an image, or of a series.",
                   .objective = "(decode(encode(x)) - x)², averaged over pixels",
                   .steps = 4700});
  program.flag("--code", code, "numbers in the code of an image");
  program.flag("--series-code", series_code, "numbers in the code of a series", {.min = 1, .max = 64});
  program.flag("--channels", channels, "maps after each convolution (the decoder mirrors them)");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    const std::int64_t length = 64, count = std::min<std::int64_t>(data.train_images.size(0), 6000);
    const Tensor waves = generate_sines(count + 2000, length).values;
    const Tensor series = slice(waves, 0, 0, count), validation_series = slice(waves, 0, count, count + 1000),
                 test_series = slice(waves, 0, count + 1000, count + 2000);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader images = loader_of(data, args),
                 lines(series, Tensor({0}, Dtype::i64), {.batch_size = 32, .seed = args.seed});

    Rng init = rng.split("init");
    Trained<ConvAutoencoder<2>> net(run, "model", args.lr, data.image_shape(), channels, code, init);
    Trained<Mlp> dense(run, "dense", args.lr, dense_widths(data.train_images.size(1), code, net.model.num_parameters()),
                       init);
    Trained<ConvAutoencoder<1>> listener(run, "listener", args.lr, Shape{1, length}, channels, series_code, init);
    run.keep_best("validation_mse");
    run.use(data.test_images, uses_of(net.model));
    for (const std::int64_t epoch : run.epochs(images.batches())) {
      for (const Batch& batch : run.batches(images, epoch)) {
        const double own = net.step(error(net.model, batch.images));
        run.step({{"mse", own}, {"mse[dense]", dense.step(error(dense.model, batch.images))}}, batch.size());
      }
      for (const Batch& batch : lines.epoch(epoch)) listener.step(error(listener.model, batch.images));
      run.log_epoch({{"validation_mse", reconstruction_error(net.model, data.validation_images)},
                     {"validation_mse[dense]", reconstruction_error(dense.model, data.validation_images)},
                     {"validation_series_mse", reconstruction_error(listener.model, validation_series)}});
    }

    const Tensor originals = slice(data.test_images, 0, 0, 10);
    run.images("reconstructions",
               concat({originals, outputs_of(net.model, originals), outputs_of(dense.model, originals)}, 0),
               {.row_labels = {"input", "convolutional", "dense"}},
               "Test images, and the outputs of the convolutional autoencoder and of its dense twin.");
    const Tensor wave = slice(test_series, 0, 0, 1), heard = outputs_of(listener.model, wave);
    const Pca pca = fit_pca(series, series_code);
    run.plot("series",
             line_plot(
                 {curve("the series", wave), curve("convolutional", heard), curve("PCA", pca.decode(pca.encode(wave)))},
                 {.title = "a test series through codes of the same size", .x_label = "time"}),
             join("A series, and what is left of it after a code of ", series_code, " numbers."));
    run.fact("parameters", net.model.num_parameters());
    run.fact("dense_parameters", dense.model.num_parameters());
    run.result("series_mse", reconstruction_error(listener.model, test_series),
               {.reference = mean(square(pca.decode(pca.encode(test_series)) - test_series)).item(),
                .reference_name = join("PCA-", series_code)});
    run.result("test_mse", reconstruction_error(net.model, data.test_images),
               {.reference = reconstruction_error(dense.model, data.test_images),
                .reference_name = "dense, as many parameters, same code size"});
    run.finish();
  });
}
