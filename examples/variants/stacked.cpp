// The stacked autoencoder: greedy pretraining, layer by layer, then all layers together (Bengio, Lamblin, Popovici &
// Larochelle 2007, "Greedy layer-wise training of deep networks"; with noise, Vincent et al. 2010, "Stacked denoising
// autoencoders").
//
// Eight sigmoid layers that start from small weights learn badly: each layer makes signals and gradients smaller, and
// little arrives at the first ones. The net finds the mean image and comes away from it slowly, if at all. So each pair
// of layers is first trained alone, as a shallow autoencoder of what the layer below makes of the images:
//
//     for l = 1 .. 4:   minimise  BCE( decode_l( encode_l( h + noise ) ), h ),      h = encode_{l-1}( ... encode_1(x) )
//
// Then the layers are put together, 784-256-128-64-30-64-128-256-784, and trained on as one network:
//
//     loss  =  mean over images and pixels of  BCE( decode(encode(x)), x )
//
// The same network without pretraining is given as many epochs, all of them together. What has to be beaten by it is
// 0.0866, the error of the mean image.
//
// A code that was learnt without labels helps where there are few of them: with a layer for the classes on top, the
// encoder is trained on 1000 labelled images, five times with other images, beside one that starts at random.
//
// Today's networks need none of this to learn: weights of the right size (nn/init.h), units that do not saturate, and
// normalisation did away with it. That unlabelled images help where labels are few is as true as it was.
//
// To try next: --std 0.1, where the joint training gets through; --noise 0.2; --labels 100.
#include <algorithm>
#include <memory>
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

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class SigmoidStack : public nn::Layer {
 public:
  // widths: pixels, hidden layers, code. std: of the first weights; 0 leaves them as nn::Linear has them.
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
  /// Layer i (from 0) and its mirror image, as an autoencoder of what comes out of the layers below.
  Var layer_loss(const Var& x, std::size_t i) const {
    const Var h = encode(x, i).detach();
    return nn::binary_cross_entropy_with_logits((*decoder_[i])(sigmoid((*encoder_[i])(noise_(h)))), h);
  }
  // By the whole model's names, which tell the encoder's weights from the decoder's in a checkpoint.
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

// Trains the encoder with a layer for the classes on top on some labelled images; the share of test images it gets
// right.
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
    Epoch batches = loader.epoch(epoch);
    for (const Batch& batch : batches)
      adam.step(grad(nn::cross_entropy(classify(constant(batch.images)), batch.labels), parameters));
  }
  const NoGrad no_grad;
  const Tensor guesses = argmax(classify(constant(data.test_images)).value(), 1);
  return mean(to(guesses == data.test_labels, Dtype::f64)).item();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> widths{256, 128, 64, 30};
  std::int64_t pretrain = 2, labels = 1000, label_epochs = 30, repeats = 5;
  double std = 0.01, noise = 0;
  Program program({.name = "stacked",
                   .title = "Stacked autoencoder",
                   .summary = "Trains a deep net of sigmoids layer by layer, where all layers at once do not learn.",
                   .objective = "BCE(decode_l(encode_l(h)), h), layer by layer; then BCE(decode(encode(x)), x)",
                   .epochs = 14,
                   .lr = 2e-3});
  program.flag("--widths", widths, "units of the encoder's layers, the code's last");
  program.flag("--pretrain", pretrain, "epochs for each layer, before the others are for all together");
  program.flag("--std", std, "of the first weights", {.min = 1e-6});
  program.flag("--noise", noise, "share of each layer's inputs that is hidden while it is pretrained",
               {.min = 0, .max = 1});
  program.flag("--labels", labels, "labelled images for the classifiers");
  program.flag("--label-epochs", label_epochs, "epochs of their training");
  program.flag("--repeats", repeats, "how often, each time with other labelled images");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    Rng init = rng.split("init"), twin_init = rng.split("init");
    std::vector<std::int64_t> all{data.train_images.size(1)};
    all.insert(all.end(), widths.begin(), widths.end());
    SigmoidStack model(all, std, noise, init), twin(all, std, 0, twin_init);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), twin_adam(twin.parameters(), {.lr = args.lr});
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});
    std::vector<std::unique_ptr<optim::Adam>> layer_adams;
    run.keep("model", model);
    run.keep("adam", adam);
    run.keep("twin", twin);
    run.keep("twin_adam", twin_adam);
    for (std::size_t i = 0; i < model.depth(); ++i) {
      layer_adams.push_back(
          std::make_unique<optim::Adam>(model.layer_parameters(i), optim::AdamOptions{.lr = args.lr}));
      run.keep(join("adam", i + 1), *layer_adams[i]);
    }
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      const auto layer = static_cast<std::size_t>((epoch - 1) / pretrain);
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const bool alone = layer < model.depth();
        optim::Adam& optimizer = alone ? *layer_adams[layer] : adam;
        const Var loss = alone ? model.layer_loss(x, layer) : model.joint_loss(x), twin_loss = twin.joint_loss(x);
        optimizer.step(grad(loss, optimizer.parameters()));
        twin_adam.step(grad(twin_loss, twin.parameters()));
        run.step({{"loss", loss.item()}, {"loss[twin]", twin_loss.item()}}, batch.size());
      }
      run.log_epoch({{"test_mse", reconstruction_error(model, data.test_images)},
                     {"test_mse[twin]", reconstruction_error(twin, data.test_images)}});
    }

    const Tensor few = slice(data.test_images, 0, 0, 10);
    run.picture(
        "reconstructions",
        image_grid(concat({few, outputs_of(model, few), outputs_of(twin, few)}, 0),
                   {.row_labels = {"input", "layer by layer", "all at once"}}),
        "Test images, and what comes back from the network that was pretrained layer by layer, and from the one "
        "whose layers were trained together from the beginning.");
    const double mse = reconstruction_error(model, data.test_images),
                 stuck = reconstruction_error(twin, data.test_images);
    const double of_mean = mean(square(data.test_images - mean(data.train_images, {0}))).item();
    double pretrained = 0, random = 0;
    const StateDict learnt = model.state_dict();
    for (std::int64_t seed = 1; seed <= repeats; ++seed) {
      Rng draws = rng.split("labels").split(static_cast<std::uint64_t>(seed));
      const Tensor chosen = slice(draws.permutation(data.train_images.size(0)), 0, 0, labels);
      SigmoidStack fresh(all, 0, 0, draws);
      model.load_state_dict(learnt);
      const double share = 1 / static_cast<double>(repeats);
      pretrained += share * accuracy_with_few_labels(model, widths.back(), data, chosen, label_epochs, draws);
      random += share * accuracy_with_few_labels(fresh, widths.back(), data, chosen, label_epochs, draws);
    }
    run.result("joint_mse", stuck);
    run.result("mean_image_mse", of_mean);
    run.result("accuracy_from_random", random);
    run.result("accuracy_pretrained", pretrained,
               {.reference = random, .reference_name = "the same net from random weights", .better = Better::higher});
    run.result("test_mse", mse, {.reference = 0.5 * of_mean, .reference_name = "half the mean image's error"});
    run.finish();
  });
}
