// SPDX-License-Identifier: MIT
// The VQ-VAE: codes made of words from a dictionary.
//
// The encoder turns an image into a small map of vectors, 7 x 7 of them. Each vector is replaced by the nearest of K
// vectors e_1, ..., e_K, the words of the codebook, and the decoder sees only those. So an image becomes 49 integers
// below K. They can be counted in bits, stored in a file, or predicted one after another by a language model (van den
// Oord, Vinyals & Kavukcuoglu 2017, "Neural discrete representation learning").
//
//     loss  =  mean ( decode(e_k) - x )²  +  β mean ( z - sg(e_k) )²,     k = argmin_j ‖z - e_j‖
//
// The choice has no derivative. The straight-through estimator passes the decoder's gradient at e_k to z, as if z
// itself had gone into the decoder. The second term (sg stops gradients) keeps z near the chosen word, so that this is
// nearly right. The codebook is not trained by gradients: each e_j is the running mean of the vectors that chose it
// (appendix A.1), an online k-means.
//
// Without more care, few words would be in use: the first words lie anywhere, only the nearest ones are chosen, and
// only chosen words learn. So a word that is chosen less than a twentieth as often as the average is lost, and starts
// again at a vector of the batch. That vector is drawn with a probability proportional to its squared distance from its
// own word, as in k-means++ (Arthur & Vassilvitskii 2007): most likely where no word is near. At first all words are
// lost.
//
// The result to beat: principal components that take as many bits, each stored as a 32-bit float. Perplexity tells how
// many words are in use: K if all are used equally often, 1 if it is always the same word.
//
// To try next: --words 16 and 1024; --beta 0; --keep-lost, to see what goes wrong; and a prior: count which words are
// neighbours, and sample.
#include <cmath>

#include "autograd/flow.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/references.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/losses.h"
#include "nn/shaping.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// Draws `count` of the numbers 0, 1, ..., each with a probability proportional to its weight: i64[count].
Tensor draw_by_weight(const Tensor& weight, std::int64_t count, Rng& rng) {
  const Tensor up_to = cumsum(weight, 0);
  const std::int64_t last = weight.size(0) - 1;
  return minimum(sum(rng.uniform({count, 1}) * select(up_to, 0, last) >= up_to, {1}), last);
}

// K words of `size` numbers.
class Codebook : public nn::Module {
 public:
  Codebook(std::int64_t words, std::int64_t size, Rng& rng)
      : words_(buffer("words", rng.normal({words, size}))),
        counts_(buffer("counts", zeros({words}))),
        sums_(buffer("sums", zeros({words, size}))) {}

  std::int64_t size() const { return words_.value().size(0); }
  /// The nearest word of each row of z [n, size], i64[n].
  Tensor choose(const Tensor& z) const {
    const Tensor& e = words_.value();
    return argmin(sum(square(e), {1}) - 2 * matmul(z, transpose(e)), 1);  // ‖z‖² is the same for all words
  }
  Tensor look_up(const Tensor& choice) const { return index_select(words_.value(), 0, choice); }
  /// Moves each word towards the mean of the rows that chose it. Lost words start again at rows of z.
  void learn(const Tensor& z, const Tensor& choice, double decay, bool revive, Rng& rng) const {
    const double fair = static_cast<double>(z.size(0)) / static_cast<double>(size());
    const Tensor chosen = one_hot(choice, size()), distance = sum(square(z - look_up(choice)), {1});
    Tensor counts = lerp(sum(chosen, {0}), counts_.value(), full({}, decay));
    Tensor sums = lerp(matmul(transpose(chosen), z), sums_.value(), full({}, decay));
    const Tensor lost = counts < 0.05 * fair;
    if (revive && any(lost).item() != 0) {
      const Tensor start = index_select(z, 0, draw_by_weight(distance, size(), rng));
      counts = where(lost, 0.05 * fair, counts);
      sums = where(unsqueeze(lost, 1), start * (0.05 * fair), sums);
    }
    counts_.set_value(counts);
    sums_.set_value(sums);
    words_.set_value(where(unsqueeze(counts > 0, 1), sums / unsqueeze(counts, 1), words_.value()));
  }

 private:
  nn::Buffer words_, counts_, sums_;
};

class VqVae : public nn::Module {
 public:
  /// Of images [channels, height, width].
  VqVae(const Shape& image, std::int64_t words, std::int64_t size, Rng& rng)
      : height_(image[1] / 4),
        width_(image[2] / 4),
        size_(size),
        codebook_(child<Codebook>("codebook", words, size, rng)),
        encoder_(child(
            "encoder",
            nn::Sequential{nn::Reshape(image), nn::Conv2d(image[0], 16, {.kernel = 4, .stride = 2, .padding = 1}, rng),
                           nn::ReLU(), nn::Conv2d(16, 32, {.kernel = 4, .stride = 2, .padding = 1}, rng), nn::ReLU(),
                           nn::Conv2d(32, size, {.kernel = 3, .padding = 1}, rng)})),
        decoder_(
            child("decoder",
                  nn::Sequential{nn::Conv2d(size, 32, {.kernel = 3, .padding = 1}, rng), nn::ReLU(),
                                 nn::ConvTranspose2d(32, 16, {.kernel = 4, .stride = 2, .padding = 1}, rng), nn::ReLU(),
                                 nn::ConvTranspose2d(16, image[0], {.kernel = 4, .stride = 2, .padding = 1}, rng),
                                 nn::Flatten()})) {
    check(image[1] % 4 == 0 && image[2] % 4 == 0, "vq_vae", "height and width must be multiples of 4, got ", image[1],
          " x ", image[2]);
  }

  /// A row for each place of each image, [n height width, size].
  Var encode(const Var& x) const { return reshape(permute(encoder_(x), {0, 2, 3, 1}), {-1, size_}); }
  Var decode(const Var& z) const {
    return decoder_(contiguous(permute(reshape(z, {-1, height_, width_, size_}), {0, 3, 1, 2})));
  }
  /// From images to codes, an integer for each place, and from codes to images.
  Tensor words_of(const Tensor& x) const { return codebook_.choose(encode(constant(x)).value()); }
  Tensor image_of(const Tensor& words) const { return decode(constant(codebook_.look_up(words))).value(); }
  const Codebook& codebook() const { return codebook_; }
  std::int64_t places() const { return height_ * width_; }

 private:
  std::int64_t height_, width_, size_;
  Codebook& codebook_;
  nn::Sequential &encoder_, &decoder_;
};

// The squared error of a pixel, and how many words are in use.
Metrics evaluate(const VqVae& model, const Tensor& images) {
  Tensor used = zeros({model.codebook().size()});
  const double error = average_over(images, [&](const Tensor& x) {
    const Tensor words = model.words_of(x);
    used = used + sum(one_hot(words, used.numel()), {0});
    return mean(square(model.image_of(words) - x)).item();
  });
  const Tensor share = used / sum(used);
  const double entropy = -sum(where(share > 0, share * log(share + 1e-30), 0.0)).item();
  return {{"mse", error}, {"perplexity", std::exp(entropy)}};
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t words = 128, size = 16;
  double beta = 0.25, decay = 0.99;
  bool keep_lost = false;
  Program program(
      {.name = "vq_vae",
       .title = "VQ-VAE",
       .summary = "Turns an image into 49 words from a dictionary, and learns the dictionary at the same time.",
       .objective = "(decode(e_k) - x)² + β (z - sg(e_k))², k the word nearest to z",
       .steps = 1880});
  program.flag("--words", words, "words in the codebook", {.min = 2});
  program.flag("--size", size, "numbers in a word");
  program.flag("--beta", beta, "weight of the term that keeps the encoder near its words", {.min = 0});
  program.flag("--decay", decay, "share of the words' running means that a step keeps", {.min = 0, .max = 1});
  program.flag("--keep-lost", keep_lost, "leave lost words where they are");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), draws = rng.split("lost words");
    Trained<VqVae> net(run, "model", args.lr, data.image_shape(), words, size, init);
    const VqVae& model = net.model;
    run.keep("draws", draws);
    run.keep_best("validation_mse");
    run.use(data.test_images, {.codes =
                                   [&](const Tensor& x) {
                                     return reshape(model.words_of(x), {x.size(0), -1});
                                   },
                               .reconstructions = [&](const Tensor& x) { return model.image_of(model.words_of(x)); }});
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images), z = model.encode(x);
        const Tensor choice = model.codebook().choose(z.value()), chosen = model.codebook().look_up(choice);
        const Var error = nn::mse_loss(model.decode(straight_through(chosen, z)), x);
        const Var commitment = nn::mse_loss(z, constant(chosen));
        net.step(error + beta * commitment);
        model.codebook().learn(z.value(), choice, decay, !keep_lost, draws);
        run.step({{"mse", error.item()}, {"commitment", commitment.item()}}, batch.size());
      }
      run.log_epoch(evaluate(model, data.validation_images).prefixed("validation_"));
    }

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10), codes = model.words_of(originals);
    const Tensor shades =
        reshape(to(codes, Dtype::f32) / static_cast<double>(words - 1), {-1, 1, data.height / 4, data.width / 4});
    const Tensor large = expand(interpolate(constant(shades), {.scale_factor = {4.0, 4.0}}).value(),
                                {originals.size(0), data.channels, data.height, data.width});
    run.images(
        "reconstructions", concat({originals, reshape(large, originals.shape()), model.image_of(codes)}, 0),
        {.row_labels = {"input", "words", "output"}},
        "Test images, their words (each shade of grey is a word), and what the decoder makes of the words alone.");
    const Tensor each = reshape(expand(unsqueeze(arange(words), 1), {words, model.places()}), {-1});
    run.images("codebook", model.image_of(each), {.columns = 16, .scale = 1},
               "Images with the same word at every place.");
    const double bits = static_cast<double>(model.places()) * std::log2(static_cast<double>(words));
    run.fact("bits_per_image", bits);
    const Metrics test = evaluate(model, data.test_images);
    run.result("perplexity", test["perplexity"],
               {.reference = 0.25 * static_cast<double>(words),
                .reference_name = "a quarter of the words",
                .better = Better::higher,
                .unit = join("of ", words, " words")});
    const auto floats = std::max<std::int64_t>(1, static_cast<std::int64_t>(bits / 32));
    run.result("test_mse", test["mse"],
               {.reference = pca_error(data, floats),
                .reference_name = join("PCA-", floats, ": ", 32 * floats, " bits against ", std::lround(bits))});
    run.finish();
  });
}
