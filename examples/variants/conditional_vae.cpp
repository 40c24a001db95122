// SPDX-License-Identifier: MIT
// The conditional variational autoencoder: the model knows what it is looking at.
//
// Encoder and decoder get the label y together with the image or the code (Sohn, Lee & Yan 2015, "Learning structured
// output representation using deep conditional generative models"):
//
//     -ELBO(x | y)  =  E_q[ -log p(x|z, y) ]  +  KL( q(z|x, y) ‖ N(0, 1) )
//
// The code need not say whether the image is a shoe or a shirt. It is free for what the label does not say: how wide,
// how bright, with sleeves or without. So the bound is better than that of a VAE without labels, which is trained here
// on the same batches and must be beaten. And images can be ordered: choose y, draw z, decode. A classifier that learnt
// from real images checks whether the result is what was ordered.
//
// The loss does not ask for z to be independent of y. That follows, because repeating y in z costs nats.
//
// To try next: --code 2; --code 40; feeding soft labels, half shirt and half coat.
#include <algorithm>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "examples/support/vae.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// With classes = 0 a VAE without labels.
class ConditionalVae : public nn::Module {
 public:
  ConditionalVae(std::int64_t pixels, std::int64_t hidden, std::int64_t code, std::int64_t classes, Rng& rng)
      : classes_(classes),
        encoder_(child<Mlp>("encoder", std::vector{pixels + classes, hidden, 2 * code}, rng)),
        decoder_(child<Mlp>("decoder", std::vector{code + classes, hidden, pixels}, rng)) {}
  Normal encode(const Var& x, const Tensor& y) const { return normal_from(encoder_(with_label(x, y))); }
  Bernoulli decode(const Var& z, const Tensor& y) const { return {decoder_(with_label(z, y))}; }

 private:
  Var with_label(const Var& x, const Tensor& y) const {
    return classes_ == 0 ? x : concat({x, constant(one_hot(y, classes_))}, 1);
  }
  std::int64_t classes_;
  Mlp &encoder_, &decoder_;
};

Var neg_elbo(const ConditionalVae& vae, const Tensor& images, const Tensor& labels, Rng& noise) {
  const Var x = constant(images);
  const Normal q = vae.encode(x, labels);
  return elbo_of(q, vae.decode(q.rsample(noise), labels), x).negative();
}
double neg_elbo_of(const ConditionalVae& vae, const Tensor& images, const Tensor& labels, Rng noise) {
  const NoGrad no_grad;
  return neg_elbo(vae, images, labels, noise).item();
}

// The share of images that a classifier puts into the classes of the labels.
double accuracy(const Mlp& classifier, const Tensor& images, const Tensor& labels) {
  const NoGrad no_grad;
  return mean(to(argmax(classifier(constant(images)).value(), 1) == labels, Dtype::f32)).item();
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 20;
  Program program(
      {.name = "conditional_vae",
       .title = "Conditional variational autoencoder",
       .summary = "A VAE that knows the label: the code keeps the rest, and images can be ordered by class.",
       .objective = "E_q[-log p(x|z, y)] + KL(q(z|x, y) ‖ N(0, 1))",
       .steps = 9400});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);
    const std::int64_t pixels = data.train_images.size(1), classes = static_cast<std::int64_t>(data.classes.size());
    check(classes >= 2, "conditional_vae", "needs images of two classes or more, got ", classes);

    Rng init = rng.split("init"), noise = rng.split("noise");
    Trained<ConditionalVae> vae(run, "vae", args.lr, pixels, hidden, code, classes, init);
    Trained<ConditionalVae> blind(run, "blind", args.lr, pixels, hidden, code, 0, init);
    Trained<Mlp> classifier(run, "classifier", args.lr, std::vector<std::int64_t>{pixels, 128, classes}, init);
    run.keep("noise", noise);
    run.keep_best("validation_neg_elbo");
    // Images without labels get those of the classifier; samples are of any class.
    const auto label_of = [&](const Tensor& x) { return argmax(classifier.model(constant(x)).value(), 1); };
    const auto codes_of = [&](const Tensor& x) { return vae.model.encode(constant(x), label_of(x)).mean().value(); };
    const auto order = [&](const Tensor& z, const Tensor& y) {
      return vae.model.decode(constant(z), y).probs().value();
    };
    run.use(data.test_images, {.codes = codes_of,
                               .reconstructions = [&](const Tensor& x) { return order(codes_of(x), label_of(x)); },
                               .samples =
                                   [&](std::int64_t count, Rng& draws) {
                                     return order(draws.normal({count, code}), draws.randint({count}, 0, classes));
                                   }});
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const auto& [images, labels, indices] : run.batches(loader, epoch)) {
        classifier.step(nn::cross_entropy(classifier.model(constant(images)), labels));
        const double own = vae.step(neg_elbo(vae.model, images, labels, noise));
        const double without = blind.step(neg_elbo(blind.model, images, labels, noise));
        run.step({{"neg_elbo", own}, {"neg_elbo[blind]", without}}, images.size(0));
      }
      const auto measure = [&](const ConditionalVae& model) {
        return neg_elbo_of(model, data.validation_images, data.validation_labels, rng.split("validation"));
      };
      run.log_epoch(
          {{"validation_neg_elbo", measure(vae.model)}, {"validation_neg_elbo[blind]", measure(blind.model)}});
    }

    const NoGrad no_grad;
    Rng draws = rng.split("pictures");
    const Tensor each_class = arange(classes),
                 ten_each = reshape(expand(unsqueeze(each_class, 1), {classes, 10}), {-1});
    const Tensor styles = draws.normal({10, code});  // one a column, the same in all rows
    run.images(
        "samples", order(index_select(styles, 0, reshape(expand(arange(10), {classes, 10}), {-1})), ten_each),
        {.row_labels = data.classes},
        "Images to order: a class in each row, one draw of z in each column. What a column has in common is style.");
    const Tensor originals = slice(data.test_images, 0, 0, 10), labels = slice(data.test_labels, 0, 0, 10);
    const Tensor codes = vae.model.encode(constant(originals), labels).mean().value();
    std::vector<Tensor> rows{originals, order(codes, labels)};
    std::vector<std::string> row_labels{"input", "output"};
    for (std::int64_t y = 0; y < std::min<std::int64_t>(classes, 10); ++y) {
      rows.push_back(order(codes, full({codes.size(0)}, y, Dtype::i64)));
      row_labels.push_back("as " + data.classes[static_cast<std::size_t>(y)]);
    }
    run.images("relabelled", concat(rows, 0), {.row_labels = row_labels},
               "Test images, their reconstructions, and their codes decoded under other labels.");

    const Tensor ordered = index_select(each_class, 0, draws.randint({2000}, 0, classes));
    const auto test = [&](const ConditionalVae& model) {
      return neg_elbo_of(model, data.test_images, data.test_labels, rng.split("test"));
    };
    const double own = test(vae.model);
    const Tensor wrong = draws.permutation(data.test_labels.numel());
    run.result(
        "neg_elbo_wrong_labels",
        neg_elbo_of(vae.model, data.test_images, index_select(data.test_labels, 0, wrong), rng.split("test")),
        {.reference = own, .reference_name = "with the right ones", .better = Better::higher, .unit = "nats / image"});
    run.result("ordered_recognised", accuracy(classifier.model, order(draws.normal({2000, code}), ordered), ordered),
               {.reference = accuracy(classifier.model, data.test_images, data.test_labels),
                .reference_name = "of real test images",
                .better = Better::higher,
                .within = 0.15});
    run.result(
        "test_neg_elbo", own,
        {.reference = test(blind.model), .reference_name = "the same VAE without labels", .unit = "nats / image"});
    run.finish();
  });
}
