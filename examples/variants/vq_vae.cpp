// The VQ-VAE: codes that are words of a dictionary.
//
// The encoder makes a small map of vectors from an image, 7 x 7 of them. Each is replaced by the nearest of K vectors
// e_1, ..., e_K, the codebook, and the decoder sees only those. So an image becomes 49 integers below K, which can be
// counted in bits, stored in a file, or predicted one after another by a language model (van den Oord, Vinyals &
// Kavukcuoglu 2017, "Neural discrete representation learning").
//
//     loss  =  mean ( decode(e_k) - x )²  +  β mean ( z - sg(e_k) )²,     k = argmin_j ‖z - e_j‖
//
// Choosing has no derivative. The straight-through estimator hands the decoder's gradient at e_k on to z as if nothing
// had been chosen, and the second term (sg stops gradients) keeps z near what was chosen, so that this is not too
// wrong. The codebook is not trained by gradients: each e_j is the running mean of the vectors that chose it (appendix
// A.1), an online k-means.
//
// What goes wrong if nothing is done: the encoder runs away from words that were put anywhere, a few are near and are
// chosen, and only what is chosen learns. So a word that is chosen by less than a twentieth of its fair share starts
// again at a vector of the batch, drawn with a probability proportional to its squared distance from its own word:
// where the dictionary is poorest, as k-means++ does it (Arthur & Vassilvitskii 2007). At first all words are such.
//
// What has to be beaten: principal components that take as many bits, each stored as a float of 32. Perplexity says how
// many words are in use: K if all equally often, 1 if always the same.
//
// To try next: --words 16 and 1024; --beta 0; --keep-lost, to see what goes wrong; and a prior: count which words stand
// next to each other, and sample.
#include <cmath>
#include <tuple>

#include "autograd/flow.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/losses.h"
#include "nn/shaping.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// So many of the numbers 0, 1, ..., each with a probability in proportion to its weight: i64[count].
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
  /// Moves each word towards the mean of the rows that chose it; lost words start again at rows of z.
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
  VqVae(std::int64_t height, std::int64_t width, std::int64_t words, std::int64_t size, Rng& rng)
      : height_(height / 4),
        width_(width / 4),
        size_(size),
        encoder_(child<nn::Sequential>("encoder")),
        decoder_(child<nn::Sequential>("decoder")),
        codebook_(child<Codebook>("codebook", words, size, rng)) {
    check(height % 4 == 0 && width % 4 == 0, "vq_vae", "height and width must be multiples of 4, got ", height, " x ",
          width);
    encoder_.add<nn::Reshape>(Shape{1, height, width});
    encoder_.add<nn::Conv2d>(1, 16, nn::Conv2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng);
    encoder_.add<nn::ReLU>();
    encoder_.add<nn::Conv2d>(16, 32, nn::Conv2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng);
    encoder_.add<nn::ReLU>();
    encoder_.add<nn::Conv2d>(32, size, nn::Conv2dOptions{.kernel = 3, .padding = 1}, rng);
    decoder_.add<nn::Conv2d>(size, 32, nn::Conv2dOptions{.kernel = 3, .padding = 1}, rng);
    decoder_.add<nn::ReLU>();
    decoder_.add<nn::ConvTranspose2d>(32, 16, nn::ConvTranspose2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng);
    decoder_.add<nn::ReLU>();
    decoder_.add<nn::ConvTranspose2d>(16, 1, nn::ConvTranspose2dOptions{.kernel = 4, .stride = 2, .padding = 1}, rng);
    decoder_.add<nn::Flatten>();
  }

  /// One row for each place of each image, [n height width, size].
  Var encode(const Var& x) const { return reshape(permute(encoder_(x), {0, 2, 3, 1}), {-1, size_}); }
  Var decode(const Var& z) const {
    return decoder_(contiguous(permute(reshape(z, {-1, height_, width_, size_}), {0, 3, 1, 2})));
  }
  /// The code: an integer for each place, and the way back.
  Tensor words_of(const Tensor& x) const { return codebook_.choose(encode(constant(x)).value()); }
  Tensor say(const Tensor& words) const { return decode(constant(codebook_.look_up(words))).value(); }
  const Codebook& codebook() const { return codebook_; }
  std::int64_t places() const { return height_ * width_; }

 private:
  std::int64_t height_, width_, size_;
  nn::Sequential &encoder_, &decoder_;
  Codebook& codebook_;
};

// The squared error of a pixel, and how many words are in use.
std::pair<double, double> evaluate(const VqVae& model, const Tensor& images) {
  Tensor used = zeros({model.codebook().size()});
  const double error = average_over(images, [&](const Tensor& x) {
    const Tensor words = model.words_of(x);
    used = used + sum(one_hot(words, used.numel()), {0});
    return mean(square(model.say(words) - x)).item();
  });
  const Tensor share = used / sum(used);
  return {error, std::exp(-sum(where(share > 0, share * log(share + 1e-30), 0.0)).item())};
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t words = 128, size = 16;
  double beta = 0.25, decay = 0.99;
  bool keep_lost = false;
  Program program({.name = "vq_vae",
                   .title = "VQ-VAE",
                   .summary = "Images as 49 words from a dictionary that is learnt along with them.",
                   .objective = "(decode(e_k) - x)² + β (z - sg(e_k))², k the word nearest to z",
                   .epochs = 4});
  program.flag("--words", words, "words in the codebook", {.min = 2});
  program.flag("--size", size, "numbers that a word is made of");
  program.flag("--beta", beta, "weight of the term that keeps the encoder near its words", {.min = 0});
  program.flag("--decay", decay, "how much of the words' running means is kept at each step", {.min = 0, .max = 1});
  program.flag("--keep-lost", keep_lost, "leave words that nobody chooses where they are");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});

    Rng init = rng.split("init"), draws = rng.split("lost words");
    VqVae model(data.height, data.width, words, size, init);
    optim::Adam adam(model.parameters(), {.lr = args.lr});
    double mse = 0, perplexity = 0;
    run.keep("model", model, "adam", adam, "draws", draws, "mse", mse, "perplexity", perplexity);
    run.keep_best("test_mse");
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images), z = model.encode(x);
        const Tensor choice = model.codebook().choose(z.value()), chosen = model.codebook().look_up(choice);
        const Var error = nn::mse_loss(model.decode(straight_through(chosen, z)), x);
        const Var commitment = nn::mse_loss(z, constant(chosen));
        adam.step(grad(error + beta * commitment, model.parameters()));
        model.codebook().learn(z.value(), choice, decay, !keep_lost, draws);
        run.step({{"mse", error.item()}, {"commitment", commitment.item()}}, batch.size());
      }
      std::tie(mse, perplexity) = evaluate(model, data.test_images);
      run.log_epoch({{"test_mse", mse}, {"perplexity", perplexity}});
    }

    const NoGrad no_grad;
    const Tensor originals = slice(data.test_images, 0, 0, 10), said = model.words_of(originals);
    const Tensor shades =
        reshape(to(said, Dtype::f32) / static_cast<double>(words - 1), {-1, 1, data.height / 4, data.width / 4});
    const Tensor large = interpolate(constant(shades), {.scale_factor = {4.0, 4.0}}).value();
    run.picture(
        "reconstructions",
        image_grid(concat({originals, reshape(large, originals.shape()), model.say(said)}, 0),
                   {.height = data.height, .width = data.width, .row_labels = {"input", "words", "output"}}),
        "Test images, their words (each shade of grey is one), and what the decoder makes of these and nothing else.");
    const Tensor each = reshape(expand(unsqueeze(arange(words), 1), {words, model.places()}), {-1});
    run.picture("codebook", image_grid(model.say(each), {.columns = 16, .scale = 1}),
                "Images that say one word at every place.");
    const double bits = static_cast<double>(model.places()) * std::log2(static_cast<double>(words));
    run.fact("bits_per_image", bits);
    run.result("perplexity", perplexity,
               {.reference = 0.25 * static_cast<double>(words),
                .reference_name = "a quarter of the words",
                .better = Better::higher,
                .unit = join("of ", words, " words")});
    const bool as_many = std::lround(bits) == 343;  // 10.7 floats
    run.result("test_mse", mse,
               {.reference = as_many ? data.reference_on("fashion-mnist", 0.02435) : std::nullopt,
                .reference_name = "PCA-10: 320 bits against 343"});
    run.finish();
  });
}
