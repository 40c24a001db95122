// The convolutional autoencoder: the same small weights at every place.
//
// A dense layer does not know that two pixels are neighbours; it would learn as well from images whose pixels were all
// shuffled. A convolution looks through a window of 3 x 3, with the same weights wherever the window is, and a stride
// of 2 halves the picture. Three of them make 16, 32 and 64 maps of it, each coarser and each seeing further; a linear
// layer reads the code from the last. The decoder goes back by transposed convolutions, which are a convolution's
// gradient: where that gathers a window into one number, this spreads one number over a window.
//
//     1 x 28 x 28  →  16 x 14 x 14  →  32 x 7 x 7  →  64 x 4 x 4  →  code  →  64 x 4 x 4  →  ...  →  1 x 28 x 28
//     loss  =  mean over images and pixels of  ( decode(encode(x)) - x )²
//
// Since no weight is spent on saying again at each place what an edge is, the same number of weights goes further: the
// program trains a dense autoencoder of the same code size and as many parameters on the same batches, and that is what
// it must beat. The same class with windows on a line (N = 1) learns series: sines of any frequency, phase and
// amplitude, where principal components need many numbers for what three numbers say.
//
// (LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition"; Masci et al. 2011, "Stacked
// convolutional auto-encoders for hierarchical feature extraction"; Zeiler et al. 2010, "Deconvolutional networks".)
//
// To try next: --channels 8,16 (smaller and faster), --code 10; then unet.cpp.
#include <algorithm>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/shaping.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// On rows of numbers [n, product of extents]; extents are {height, width} or {length}.
template <int N>
class ConvAutoencoder : public nn::Layer {
 public:
  ConvAutoencoder(const Shape& extents, std::vector<std::int64_t> channels, std::int64_t code, Rng& rng)
      : encoder_(child<nn::Sequential>("encoder")), decoder_(child<nn::Sequential>("decoder")) {
    channels.insert(channels.begin(), 1);
    std::vector<Shape> maps{extents};  // of each level: channels, then extents
    maps[0].insert(0, 1);
    encoder_.add<nn::Reshape>(maps[0]);
    for (std::size_t i = 1; i < channels.size(); ++i) {
      Shape halved = maps.back();
      for (int axis = 1; axis <= N; ++axis) halved[axis] = (halved[axis] + 1) / 2;
      halved[0] = channels[i];
      maps.push_back(halved);
      encoder_.add<nn::Conv<N>>(channels[i - 1], channels[i],
                                nn::ConvOptions<N>{.kernel = 3, .stride = 2, .padding = 1}, rng);
      encoder_.add<nn::ReLU>();
    }
    const std::int64_t features = numel(maps.back());
    encoder_.add<nn::Flatten>();
    encoder_.add<nn::Linear>(features, code, rng);

    decoder_.add<nn::Linear>(code, features, rng);
    decoder_.add<nn::Reshape>(maps.back());
    for (std::size_t i = maps.size() - 1; i > 0; --i) {
      // From extents of 4 a stride of 2 leads to 7, and to 8 with one more: both become 4 on the way down.
      PerAxis<N> one_more = 0;
      for (int axis = 0; axis < N; ++axis) one_more[axis] = 1 - maps[i - 1][axis + 1] % 2;
      decoder_.add<nn::ReLU>();
      decoder_.add<nn::ConvTranspose<N>>(
          channels[i], channels[i - 1],
          nn::ConvTransposeOptions<N>{.kernel = 3, .stride = 2, .padding = 1, .output_padding = one_more}, rng);
    }
    decoder_.add<nn::Flatten>();
  }

  Var encode(const Var& x) const { return encoder_(x); }
  Var decode(const Var& code) const { return decoder_(code); }
  Var forward(const Var& x) const override { return decode(encode(x)); }

 private:
  nn::Sequential &encoder_, &decoder_;
};

// Dense layers pixels-h-code-h-pixels, with h such that there are about as many parameters as given.
class DenseTwin : public nn::Layer {
 public:
  DenseTwin(std::int64_t pixels, std::int64_t code, std::int64_t parameters, Rng& rng)
      : layers_(child<Mlp>("layers", widths(pixels, code, parameters), rng)) {}
  Var forward(const Var& x) const override { return layers_(x); }

 private:
  static std::vector<std::int64_t> widths(std::int64_t pixels, std::int64_t code, std::int64_t parameters) {
    const std::int64_t h = std::max<std::int64_t>(1, (parameters - pixels - code) / (2 * (pixels + code + 1)));
    return {pixels, h, code, h, pixels};
  }
  Mlp& layers_;
};

double train_step(const nn::Layer& model, optim::Adam& adam, const Tensor& images) {
  const Var x = constant(images), loss = nn::mse_loss(model(x), x);
  adam.step(grad(loss, model.parameters()));
  return loss.item();
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 32, series_code = 4;
  std::vector<std::int64_t> channels{16, 32, 64};
  Program program({.name = "convolutional",
                   .title = "Convolutional autoencoder",
                   .summary = "The same small windows at every place of an image, or of a series.",
                   .objective = "(decode(encode(x)) - x)², averaged over pixels",
                   .epochs = 10});
  program.flag("--code", code, "numbers in the code of an image");
  program.flag("--series-code", series_code, "numbers in the code of a series", {.min = 1, .max = 64});
  program.flag("--channels", channels, "maps after each convolution (the decoder mirrors them)");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    const std::int64_t length = 64, count = args.data.limit > 0 ? std::min<std::int64_t>(args.data.limit, 6000) : 6000;
    const Tensor waves = generate_sines(count + 1000, length).values;
    const Tensor series = slice(waves, 0, 0, count), test_series = slice(waves, 0, count, count + 1000);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader images(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed}),
        lines(series, Tensor({0}, Dtype::i64), {.batch_size = 32, .seed = args.seed});

    Rng init = rng.split("init");
    const std::int64_t pixels = data.train_images.size(1);
    ConvAutoencoder<2> model({data.height, data.width}, channels, code, init);
    DenseTwin dense(pixels, code, model.num_parameters(), init);
    ConvAutoencoder<1> listener({length}, channels, series_code, init);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), dense_adam(dense.parameters(), {.lr = args.lr}),
        listener_adam(listener.parameters(), {.lr = args.lr});
    double mse = 0, dense_mse = 0, series_mse = 0;
    run.keep("model", model, "adam", adam, "dense", dense, "dense_adam", dense_adam, "listener", listener,
             "listener_adam", listener_adam, "mse", mse, "dense_mse", dense_mse, "series_mse", series_mse);
    run.keep_best("test_mse");
    for (const std::int64_t epoch : run.epochs(images.batches())) {
      for (const Batch& batch : run.batches(images, epoch)) {
        const double own = train_step(model, adam, batch.images);
        run.step({{"mse", own}, {"mse[dense]", train_step(dense, dense_adam, batch.images)}}, batch.size());
      }
      for (const Batch& batch : lines.epoch(epoch)) train_step(listener, listener_adam, batch.images);
      mse = reconstruction_error(model, data.test_images), dense_mse = reconstruction_error(dense, data.test_images);
      series_mse = reconstruction_error(listener, test_series);
      run.log_epoch({{"test_mse", mse}, {"test_mse[dense]", dense_mse}, {"series_mse", series_mse}});
    }

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    run.picture(
        "reconstructions",
        image_grid(concat({originals, model(constant(originals)).value(), dense(constant(originals)).value()}, 0),
                   {.height = data.height, .width = data.width, .row_labels = {"input", "convolutional", "dense"}}),
        "Test images, what comes out of the convolutional autoencoder, and out of its dense twin.");
    const Tensor wave = slice(test_series, 0, 0, 1), heard = listener(constant(wave)).value();
    const Pca pca = fit_pca(series, series_code);
    run.plot("series",
             line_plot(
                 {curve("the series", wave), curve("convolutional", heard), curve("PCA", pca.decode(pca.encode(wave)))},
                 {.title = "a test series through codes of the same size", .x_label = "time"}),
             "A series and what is left of it after a code of so few numbers.");
    run.fact("parameters", model.num_parameters());
    run.fact("dense_parameters", dense.num_parameters());
    run.result("series_mse", series_mse,
               {.reference = mean(square(pca.decode(pca.encode(test_series)) - test_series)).item(),
                .reference_name = join("PCA-", series_code)});
    run.result("test_mse", mse,
               {.reference = dense_mse, .reference_name = "dense, as many parameters, same code size"});
    run.finish();
  });
}
