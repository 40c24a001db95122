// SPDX-License-Identifier: MIT
// The stacked autoencoder: greedy pretraining, layer by layer, then all layers together (Bengio, Lamblin, Popovici &
// Larochelle 2007, "Greedy layer-wise training of deep networks"; with noise, Vincent et al. 2010, "Stacked denoising
// autoencoders").
//
// Eight sigmoid layers that start from small weights learn badly: each layer makes signals and gradients smaller, and
// little reaches the first ones. The net finds the mean image and leaves it slowly, if at all. So each pair of layers
// is first trained alone, as a shallow autoencoder of the output of the layers below:
//
//     for l = 1 .. 4:   minimise  BCE( decode_l( encode_l( h + noise ) ), h ),      h = encode_{l-1}( ... encode_1(x) )
//
// Then the layers are put together, 784-256-128-64-30-64-128-256-784, and trained on as one network:
//
//     loss  =  mean over images and pixels of  BCE( decode(encode(x)), x )
//
// The twin is the same network without pretraining, trained jointly for the same number of epochs. It would learn
// something if its error fell below that of the mean image.
//
// A code that was learnt without labels helps where labels are few. With a layer for the classes on top, the encoder is
// trained on 1000 labelled images, five times with different images, and so is an encoder with random weights.
//
// Today's networks learn without pretraining, thanks to weights of the right size (nn/init.h), units that do not
// saturate, and normalisation. Unlabelled images still help where labels are few.
//
// To try next: --std 0.1, where joint training succeeds; --noise 0.2; --labels 100.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/references.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "nn/dropout.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class SigmoidStack : public nn::Layer {
 public:
  /// widths: pixels, hidden layers, code. std: of the first weights; 0 keeps those of nn::Linear.
  SigmoidStack(const std::vector<std::int64_t>& widths, double std, double noise, Rng& rng)
      : noise_(child<nn::MaskingNoise>("noise", rng, noise)) {
    for (std::size_t i = 1; i < widths.size(); ++i) {
      encoder_.push_back(&child<nn::Linear>(join("encode", i), widths[i - 1], widths[i], rng));
      decoder_.push_back(&child<nn::Linear>(join("decode", i), widths[i], widths[i - 1], rng));
    }
    if (std == 0) return;
    for (const Parameter& p : parameters())
      p.set_value(p.shape().size() == 2 ? nn::init::normal(p.shape(), rng, 0, std) : zeros(p.shape()));
  }
  std::size_t depth() const { return encoder_.size(); }
  /// The first `layers` layers.
  Var encode(Var h, std::size_t layers) const {
    for (std::size_t i = 0; i < layers; ++i) h = sigmoid((*encoder_[i])(h));
    return h;
  }
  Var forward(const Var& x) const override { return sigmoid(logits(x)); }
  Var joint_loss(const Var& x) const { return nn::binary_cross_entropy_with_logits(logits(x), x); }
  /// Layer i (from 0) and its mirror image, as an autoencoder of the output of the layers below.
  Var layer_loss(const Var& x, std::size_t i) const {
    const Var h = encode(x, i).detach();
    return nn::binary_cross_entropy_with_logits((*decoder_[i])(sigmoid((*encoder_[i])(noise_(h)))), h);
  }
  /// With their names in the whole model, so that a checkpoint tells the encoder's weights from the decoder's.
  std::vector<Parameter> layer_parameters(std::size_t i) const {
    std::vector<Parameter> all;
    for (const Parameter& p : parameters())
      if (p.name().starts_with(join("encode", i + 1, ".")) || p.name().starts_with(join("decode", i + 1, ".")))
        all.push_back(p);
    return all;
  }
  std::vector<Parameter> encoder_parameters() const {
    std::vector<Parameter> all;
    for (const nn::Linear* layer : encoder_)
      for (const Parameter& p : layer->parameters()) all.push_back(p);
    return all;
  }

 private:
  Var logits(const Var& x) const {
    Var h = encode(x, depth());
    for (std::size_t i = depth(); i-- > 1;) h = sigmoid((*decoder_[i])(h));
    return (*decoder_[0])(h);
  }
  nn::MaskingNoise& noise_;
  std::vector<nn::Linear*> encoder_, decoder_;
};

// Trains the encoder, with a layer for the classes on top, on some labelled images. Returns its accuracy on the test
// images.
double accuracy_with_few_labels(const SigmoidStack& stack, std::int64_t code, const ImageData& data,
                                const Tensor& chosen, std::int64_t epochs, Rng rng) {
  nn::Linear classes(code, 1 + static_cast<std::int64_t>(max(data.train_labels).item()), rng);
  const auto classify = [&](const Var& x) { return classes(stack.encode(x, stack.depth())); };
  std::vector<Parameter> parameters = stack.encoder_parameters();
  for (const Parameter& p : classes.parameters()) parameters.push_back(p);
  optim::Adam adam(parameters, {.lr = 2e-3});
  const Loader loader(index_select(data.train_images, 0, chosen), index_select(data.train_labels, 0, chosen),
                      {.batch_size = 50, .seed = rng.state().key});
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    for (const Batch& batch : loader.epoch(epoch))
      adam.step(grad(nn::cross_entropy(classify(constant(batch.images)), batch.labels), parameters));
  }
  const NoGrad no_grad;
  const Tensor guesses = argmax(classify(constant(data.test_images)).value(), 1);
  return mean(to(guesses == data.test_labels, Dtype::f64)).item();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> widths{256, 128, 64, 30};
  std::int64_t labels = 1000, label_epochs = 30, repeats = 5;
  double std = 0.01, noise = 0, pretrain = 0.4;
  Program program({.name = "stacked",
                   .title = "Stacked autoencoder",
                   .summary = "Trains a deep net of sigmoids layer by layer, because all layers at once do not learn.",
                   .objective = "BCE(decode_l(encode_l(h)), h), layer by layer; then BCE(decode(encode(x)), x)",
                   .steps = 8600,
                   .lr = 2e-3});
  program.flag("--widths", widths, "units of the encoder's layers, the code's last");
  program.flag("--pretrain", pretrain, "share of the epochs in which one layer after the other learns alone",
               {.min = 0, .max = 1});
  program.flag("--std", std, "standard deviation of the first weights", {.min = 1e-6});
  program.flag("--noise", noise, "share of each layer's inputs that is hidden in pretraining", {.min = 0, .max = 1});
  program.flag("--labels", labels, "labelled images for each classifier");
  program.flag("--label-epochs", label_epochs, "epochs of training a classifier");
  program.flag("--repeats", repeats, "classifiers, each with different labelled images");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), twin_init = init;
    std::vector<std::int64_t> all{data.train_images.size(1)};
    all.insert(all.end(), widths.begin(), widths.end());
    Trained<SigmoidStack> net(run, "model", args.lr, all, std, noise, init);
    Trained<SigmoidStack> twin(run, "twin", args.lr, all, std, 0, twin_init);
    std::deque<optim::Adam> layer_adams;
    for (std::size_t i = 0; i < net.model.depth(); ++i) {
      layer_adams.emplace_back(net.model.layer_parameters(i), optim::AdamOptions{.lr = args.lr});
      run.keep(join("adam", i + 1), layer_adams.back());
    }
    Uses uses = uses_of(net.model);
    uses.codes = [&](const Tensor& x) { return net.model.encode(constant(x), net.model.depth()).value(); };
    run.use(data.test_images, uses);
    // Epochs for each layer; the remaining ones train all layers together.
    const double for_each_layer =
        pretrain * static_cast<double>(args.epochs_of(loader.batches())) / static_cast<double>(net.model.depth());
    const std::int64_t each = std::max<std::int64_t>(1, std::lround(for_each_layer));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      const auto layer = static_cast<std::size_t>((epoch - 1) / each);
      const bool alone = layer < net.model.depth();
      optim::Adam& adam = alone ? layer_adams[layer] : net.adam;
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const Var loss = alone ? net.model.layer_loss(x, layer) : net.model.joint_loss(x);
        adam.step(grad(loss, adam.parameters()));
        run.step({{"loss", loss.item()}, {"loss[twin]", twin.step(twin.model.joint_loss(x))}}, batch.size());
      }
      run.log_epoch({{"validation_mse", reconstruction_error(net.model, data.validation_images)},
                     {"validation_mse[twin]", reconstruction_error(twin.model, data.validation_images)}});
    }

    const Tensor few = slice(data.test_images, 0, 0, 10);
    run.images(
        "reconstructions", concat({few, outputs_of(net.model, few), outputs_of(twin.model, few)}, 0),
        {.row_labels = {"input", "layer by layer", "all at once"}},
        "Test images, and the outputs of the network that was pretrained layer by layer, and of the one whose layers "
        "were trained together from the start.");
    const double of_mean = mean_image_error(data), test_mse = reconstruction_error(net.model, data.test_images);
    double pretrained = 0, random = 0;
    const StateDict learnt = net.model.state_dict();
    for (std::int64_t seed = 1; seed <= repeats; ++seed) {
      Rng draws = rng.split("labels").split(static_cast<std::uint64_t>(seed));
      const Tensor chosen = slice(draws.permutation(data.train_images.size(0)), 0, 0, labels);
      SigmoidStack fresh(all, 0, 0, draws);
      net.model.load_state_dict(learnt);
      const double share = 1 / static_cast<double>(repeats);
      pretrained += share * accuracy_with_few_labels(net.model, widths.back(), data, chosen, label_epochs, draws);
      random += share * accuracy_with_few_labels(fresh, widths.back(), data, chosen, label_epochs, draws);
    }
    run.result("joint_mse", reconstruction_error(twin.model, data.test_images));
    run.result("mean_image_mse", of_mean);
    run.result("accuracy_from_random", random);
    run.result("accuracy_pretrained", pretrained,
               {.reference = random, .reference_name = "the same net from random weights", .better = Better::higher});
    run.result("test_mse", test_mse, {.reference = 0.5 * of_mean, .reference_name = "half the mean image's error"});
    run.finish();
  });
}
