// SPDX-License-Identifier: MIT
// Few labels: what an autoencoder has learnt from pictures without labels helps to classify other pictures, of which
// only a few have labels.
//
// Labels cost work, pictures cost nothing. And the pictures that one has in plenty are seldom those of the task. Here the
// classes are divided. An autoencoder sees the first half (of Fashion-MNIST: shirts, trousers, dresses and coats) and no
// labels. It learns to remove noise, and so what edges, folds and outlines look like:
//
//     loss  =  mean over pictures and pixels of  BCE( decode(encode(x + s n)), x ),      n from N(0, 1)
//
// Then a classifier of the second half (shoes, shirts, bags) has 50 labelled pictures of each class, and nothing else:
//
//     loss  =  cross entropy of softmax( W encode(x) + b )
//
// It is trained in three ways, several times, each time with other labelled pictures:
//
//     from scratch    encoder and W start from random numbers
//     fine-tuned      the encoder starts from the autoencoder's weights; all weights learn
//     frozen          the same, but only W and b learn: the optimizer gets no other parameters
//
// How weights travel: the encoder is saved as encoder.safetensors. The classifier calls its first part "features", so
// the names in the file are changed, from "down1.weight" to "features.down1.weight". load_state_dict is not strict here,
// since the file has no W and b, and reports exactly these as missing. Labels are remapped, from 5, ..., 9 to 0, ..., 4.
//
// (Pre-training without labels: Hinton, Osindero & Teh 2006; Vincent et al. 2008. Features of early layers are general:
// Yosinski, Clune, Bengio & Lipson 2014, "How transferable are features in deep neural networks?")
//
// To try next: --labels 5 and --labels 500; --noise 0, a plain autoencoder.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/safetensors.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Encoder : public nn::Layer {
 public:
  Encoder(const Shape& image, std::int64_t channels, Rng& rng)
      : image_(image),
        down1_(child("down1", nn::Conv2d(image[0], channels, {.kernel = 4, .stride = 2, .padding = 1}, rng))),
        down2_(child("down2", nn::Conv2d(channels, 2 * channels, {.kernel = 4, .stride = 2, .padding = 1}, rng))),
        down3_(child("down3", nn::Conv2d(2 * channels, 2 * channels, {.kernel = 3, .stride = 2, .padding = 1}, rng))) {}
  /// [n, 2 channels, ...] of rows [n, pixels]; each layer halves height and width.
  Var forward(const Var& x) const override {
    return relu(down3_(relu(down2_(relu(down1_(reshape(x, {-1, image_[0], image_[1], image_[2]})))))));
  }

 private:
  Shape image_;  // [channels, height, width]
  nn::Conv2d &down1_, &down2_, &down3_;
};

class Denoiser : public nn::Layer {
 public:
  Denoiser(const Shape& image, std::int64_t channels, Rng& rng)
      : image_(image),
        encoder_(child<Encoder>("encoder", image, channels, rng)),
        up1_(child("up1",
                   nn::ConvTranspose2d(2 * channels, 2 * channels, {.kernel = 3, .stride = 2, .padding = 1}, rng))),
        up2_(child("up2", nn::ConvTranspose2d(2 * channels, channels, {.kernel = 4, .stride = 2, .padding = 1}, rng))),
        up3_(child("up3", nn::ConvTranspose2d(channels, image[0], {.kernel = 4, .stride = 2, .padding = 1}, rng))) {}
  Var encode(const Var& x) const { return flatten(encoder_(x), 1); }
  Var logits(const Var& x) const {
    const std::int64_t h = image_[1], w = image_[2];
    const Var half = relu(up1_(encoder_(x), {h / 4, w / 4}));
    return flatten(up3_(relu(up2_(half, {h / 2, w / 2})), {h, w}), 1);
  }
  Var forward(const Var& x) const override { return sigmoid(logits(x)); }
  const Encoder& encoder() const { return encoder_; }

 private:
  Shape image_;
  Encoder& encoder_;
  nn::ConvTranspose2d &up1_, &up2_, &up3_;
};

class Classifier : public nn::Layer {
 public:
  Classifier(const Shape& image, std::int64_t channels, std::int64_t classes, Rng& rng)
      : features_(child<Encoder>("features", image, channels, rng)),
        head_(child<nn::Linear>("head", features_(constant(zeros({1, numel(image)}))).numel(), classes, rng)) {}
  Var forward(const Var& x) const override { return head_(flatten(features_(x), 1)); }
  const nn::Linear& head() const { return head_; }

 private:
  Encoder& features_;
  nn::Linear& head_;
};

// "down1.weight" of the file becomes "features.down1.weight" of the classifier.
StateDict renamed(const StateDict& encoder) {
  StateDict features;
  for (const auto& [name, value] : encoder) features.emplace_back("features." + name, value);
  return features;
}

// Pictures of some classes, numbered from 0 on.
struct Task {
  Tensor images, labels;
  // Those of the classes from `first` up to `last`.
  Task(const Tensor& all, const Tensor& all_labels, std::int64_t first, std::int64_t last) {
    const Tensor own = flatten(nonzero(logical_and(all_labels >= first, all_labels < last)));
    images = index_select(all, 0, own);
    labels = index_select(all_labels, 0, own) - first;
  }
  Task(Tensor some, Tensor their_labels) : images(std::move(some)), labels(std::move(their_labels)) {}
  // `count` pictures of each class, drawn by chance.
  Task few(std::int64_t count, std::int64_t classes, Rng rng) const {
    const Tensor order = rng.permutation(images.size(0)), shuffled = index_select(labels, 0, order);
    std::vector<Tensor> chosen;
    for (std::int64_t c = 0; c < classes; ++c)
      chosen.push_back(index_select(order, 0, slice(flatten(nonzero(shuffled == c)), 0, 0, count)));
    const Tensor rows = concat(chosen, 0);
    return {index_select(images, 0, rows), index_select(labels, 0, rows)};
  }
};

double accuracy(const Classifier& model, const Task& task) {
  const Tensor guesses = of_rows([&](const Tensor& x) { return argmax(model(constant(x)).value(), 1); }, task.images);
  return mean(guesses == task.labels, {}, false, Dtype::f64).item();
}

// Trains these parameters of the classifier on the labelled pictures.
void fit(const Classifier& model, const std::vector<Parameter>& parameters, const Task& few, std::int64_t steps,
         double lr, Rng rng) {
  optim::Adam adam(parameters, {.lr = lr});
  const std::int64_t batch = std::min<std::int64_t>(50, few.images.size(0));
  for (std::int64_t step = 0; step < steps; ++step) {
    const Tensor rows = slice(rng.permutation(few.images.size(0)), 0, 0, batch);
    const Var logits = model(constant(index_select(few.images, 0, rows)));
    adam.step(grad(nn::cross_entropy(logits, index_select(few.labels, 0, rows)), parameters));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t channels = 16, labels = 50, repetitions = 5, fit_steps = 300;
  double noise = 0.5;
  Program program({.name = "few_labels",
                   .title = "Few labels",
                   .summary = "Learns from pictures without labels, then classifies others of which few have labels.",
                   .objective = "BCE(decode(encode(x + s n)), x), averaged over pixels; then cross entropy",
                   .steps = 2000});
  program.flag("--channels", channels, "channels of the first layer; the others have twice as many");
  program.flag("--noise", noise, "standard deviation of the noise on inputs", {.min = 0, .max = 10});
  program.flag("--labels", labels, "labelled pictures of each class");
  program.flag("--repetitions", repetitions, "with other labelled pictures and other random weights each time");
  program.flag("--fit-steps", fit_steps, "training steps of each classifier");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    const auto classes = std::ssize(data.classes), half = classes / 2;
    const bool applied = !args.data.apply.empty();
    check(data.height >= 8 && data.width >= 8, "few_labels", "needs pictures of 8 x 8 pixels or more, got ",
          data.height, " x ", data.width);
    check(applied || classes >= 4, "few_labels", "needs pictures of 4 classes or more, got ", classes);
    Run run(args, data);
    const Rng rng(args.seed);

    // The first half of the classes, without their labels.
    const Task old_train(data.train_images, data.train_labels, 0, applied ? classes : half),
        old_validation(data.validation_images, data.validation_labels, 0, applied ? classes : half);
    const Loader loader(old_train.images, {}, {.batch_size = args.batch_size, .seed = args.seed});
    Rng init = rng.split("init"), noises = rng.split("noise");
    Trained<Denoiser> net(run, "model", args.lr, data.image_shape(), channels, init);
    run.keep("noises", noises);
    run.keep_best("validation_loss");
    run.use(data.test_images, uses_of(net.model));
    const auto loss_of = [&](const Tensor& x, Rng& draws) {
      const Tensor noisy = x + draws.normal(x.shape(), 0, noise);
      return nn::binary_cross_entropy_with_logits(net.model.logits(constant(noisy)), constant(x));
    };
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch))
        run.step({{"loss", net.step(loss_of(batch.images, noises))}}, batch.size());
      Rng same = rng.split("validation");
      run.log_epoch({{"validation_loss",
                      average_over(old_validation.images, [&](const Tensor& x) { return loss_of(x, same).item(); })}});
    }

    // What was learnt goes through a file, as it would to another program.
    const auto file = run.path("encoder.safetensors");
    nn::save_safetensors(file, net.model.encoder().state_dict(), {{"program", "few_labels"}});
    const StateDict features = renamed(nn::load_safetensors(file).tensors);

    const Task train(data.train_images, data.train_labels, half, classes),
        test(data.test_images, data.test_labels, half, classes);
    const std::array<std::string, 3> ways{"from scratch", "fine-tuned", "frozen"};
    std::array<std::vector<double>, 3> accuracies;
    Rows table{{"repetition", ways[0], ways[1], ways[2]}};
    for (std::int64_t i = 0; i < repetitions; ++i) {
      const Rng own = rng.split("repetition").split(static_cast<std::uint64_t>(i));
      const Task few = train.few(labels, classes - half, own.split("labels"));
      table.push_back({std::to_string(i + 1)});
      for (std::size_t way = 0; way < ways.size(); ++way) {
        Rng weights = own.split("weights");
        Classifier model(data.image_shape(), channels, classes - half, weights);
        if (way > 0) {
          const nn::LoadResult loaded = model.load_state_dict(features, {.strict = false});
          check(loaded.unexpected.empty() && loaded.missing == std::vector<std::string>{"head.weight", "head.bias"},
                "few_labels", "the encoder does not fit into the classifier");
        }
        fit(model, way == 2 ? model.head().parameters() : model.parameters(), few, fit_steps, args.lr,
            own.split("batches"));
        accuracies[way].push_back(accuracy(model, test));
        table.back().push_back(number(accuracies[way].back(), 4));
      }
    }
    std::array<double, 3> means{};
    table.push_back({"mean"});
    for (std::size_t way = 0; way < ways.size(); ++way) {
      for (const double one : accuracies[way]) means[way] += one / static_cast<double>(repetitions);
      table.back().push_back(number(means[way], 4));
    }
    run.table("accuracy", table,
              join("Accuracy on test pictures of the ", classes - half,
                   " classes that the autoencoder never saw, with ", labels, " labelled pictures of each."));

    const NoGrad no_grad;
    Rng draws = rng.split("picture");
    const Tensor shown = slice(test.images, 0, 0, 10), noisy = shown + draws.normal(shown.shape(), 0, noise);
    run.images(
        "denoised", concat({shown, noisy, outputs_of(net.model, noisy)}, 0),
        {.columns = static_cast<int>(shown.size(0)), .row_labels = {"clean", "noisy", "restored"}},
        "The autoencoder removes noise from pictures of classes that it never saw: what it has learnt is not about "
        "its own classes alone.");
    run.fact("labelled_pictures", labels * (classes - half));
    run.result("frozen_accuracy", means[2]);
    run.result("fine_tuned_accuracy", means[1],
               {.reference = means[0] + 0.02,
                .reference_name = join("from scratch, and 2 points more; means of ", repetitions),
                .better = Better::higher});
    run.finish();
  });
}
