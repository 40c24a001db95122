// The conditional variational autoencoder: tell the model what it is looking at.
//
// Encoder and decoder are given the label y beside the image or the code (Sohn, Lee & Yan 2015, "Learning structured
// output representation using deep conditional generative models"):
//
//     -ELBO(x | y)  =  E_q[ -log p(x|z, y) ]  +  KL( q(z|x, y) ‖ N(0, 1) )
//
// Whether it is a shoe or a shirt need not be in the code any more, so the code is free for what the label does not
// say: how wide, how bright, with sleeves or without. That makes the bound better than that of a VAE without labels,
// which is trained here on the same batches and must be beaten. And it can be asked for: choose y, draw z, decode. A
// classifier that learnt from real images judges whether what came is what was ordered.
//
// Nothing in the loss says that z and y must be independent; that follows, because saying y again in z costs nats.
//
// To try next: --code 2; --code 40; feeding soft labels, half shirt and half coat.
#include <algorithm>
#include <string>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "nn/losses.h"
#include "optim/adam.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// With classes = 0 a VAE that knows no labels.
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

// In nats an image.
struct Terms {
  Var reconstruction, kl;
  Var neg_elbo() const { return reconstruction + kl; }
};
Terms objective(const ConditionalVae& vae, const Var& x, const Tensor& y, Rng& noise) {
  const Normal q = vae.encode(x, y);
  const Var z = q.rsample(noise);
  return {-mean(sum(vae.decode(z, y).log_prob(x), {1})), mean(sum(kl(q, standard_normal(q)), {1}))};
}

double train_step(const ConditionalVae& vae, optim::Adam& adam, const Batch& batch, Rng& noise) {
  const Var loss = objective(vae, constant(batch.images), batch.labels, noise).neg_elbo();
  adam.step(grad(loss, vae.parameters()));
  return loss.item();
}

double test_neg_elbo(const ConditionalVae& vae, const Tensor& images, const Tensor& labels, Rng noise) {
  const NoGrad no_grad;
  return objective(vae, constant(images), labels, noise).neg_elbo().item();
}

// The share of images that a classifier takes for what the labels say.
double accuracy(const Mlp& classifier, const Tensor& images, const Tensor& labels) {
  const NoGrad no_grad;
  return mean(to(argmax(classifier(constant(images)).value(), 1) == labels, Dtype::f32)).item();
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 20;
  Program program({.name = "conditional_vae",
                   .title = "Conditional variational autoencoder",
                   .summary = "A VAE that is told the label: the code keeps the rest, and images come to order.",
                   .objective = "E_q[-log p(x|z, y)] + KL(q(z|x, y) ‖ N(0, 1))",
                   .epochs = 20});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});
    const std::int64_t pixels = data.train_images.size(1), classes = static_cast<std::int64_t>(data.classes.size());
    check(classes >= 2, "conditional_vae", "needs images of two classes or more, got ", classes);

    Rng init = rng.split("init"), noise = rng.split("noise");
    ConditionalVae vae(pixels, hidden, code, classes, init), blind(pixels, hidden, code, 0, init);
    Mlp classifier({pixels, 128, classes}, init);
    optim::Adam adam(vae.parameters(), {.lr = args.lr}), blind_adam(blind.parameters(), {.lr = args.lr}),
        classifier_adam(classifier.parameters(), {.lr = args.lr});
    double neg_elbo = 0, blind_neg_elbo = 0;
    run.keep("vae", vae, "adam", adam, "blind", blind, "blind_adam", blind_adam, "classifier", classifier,
             "classifier_adam", classifier_adam, "noise", noise, "neg_elbo", neg_elbo, "blind_neg_elbo",
             blind_neg_elbo);
    run.keep_best("test_neg_elbo");
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        classifier_adam.step(
            grad(nn::cross_entropy(classifier(constant(batch.images)), batch.labels), classifier.parameters()));
        const double own = train_step(vae, adam, batch, noise);
        run.step({{"neg_elbo", own}, {"neg_elbo[blind]", train_step(blind, blind_adam, batch, noise)}}, batch.size());
      }
      neg_elbo = test_neg_elbo(vae, data.test_images, data.test_labels, rng.split("test"));
      blind_neg_elbo = test_neg_elbo(blind, data.test_images, data.test_labels, rng.split("test"));
      run.log_epoch({{"test_neg_elbo", neg_elbo}, {"test_neg_elbo[blind]", blind_neg_elbo}});
    }

    const NoGrad no_grad;
    const auto order = [&](const Tensor& z, const Tensor& y) { return vae.decode(constant(z), y).probs().value(); };
    Rng draws = rng.split("pictures");
    const Tensor each_class = arange(classes),
                 ten_each = reshape(expand(unsqueeze(each_class, 1), {classes, 10}), {-1});
    const Tensor styles = draws.normal({10, code});  // one a column, the same in all rows
    run.picture("samples",
                image_grid(order(index_select(styles, 0, reshape(expand(arange(10), {classes, 10}), {-1})), ten_each),
                           {.height = data.height, .width = data.width, .row_labels = data.classes}),
                "To order: each row a class, each column one draw of z. What stays the same down a column is style.");
    const Tensor originals = slice(data.test_images, 0, 0, 10), labels = slice(data.test_labels, 0, 0, 10);
    const Tensor codes = vae.encode(constant(originals), labels).mean().value();
    std::vector<Tensor> rows{originals, order(codes, labels)};
    std::vector<std::string> row_labels{"input", "output"};
    for (std::int64_t y = 0; y < std::min<std::int64_t>(classes, 10); ++y) {
      rows.push_back(order(codes, full({10}, y, Dtype::i64)));
      row_labels.push_back("as " + data.classes[static_cast<std::size_t>(y)]);
    }
    run.picture("relabelled",
                image_grid(concat(rows, 0), {.height = data.height, .width = data.width, .row_labels = row_labels}),
                "Test images, their reconstructions, and their codes decoded under other labels.");

    const Tensor ordered = index_select(each_class, 0, draws.randint({2000}, 0, classes));
    const Tensor wrong = draws.permutation(data.test_labels.numel());
    run.result("neg_elbo_wrong_labels",
               test_neg_elbo(vae, data.test_images, index_select(data.test_labels, 0, wrong), rng.split("test")),
               {.reference = neg_elbo,
                .reference_name = "with the right ones",
                .better = Better::higher,
                .unit = "nats / image"});
    run.result("ordered_recognised", accuracy(classifier, order(draws.normal({2000, code}), ordered), ordered),
               {.reference = accuracy(classifier, data.test_images, data.test_labels),
                .reference_name = "of real test images",
                .better = Better::higher,
                .within = 0.1});
    run.result("test_neg_elbo", neg_elbo,
               {.reference = blind_neg_elbo, .reference_name = "the same VAE without labels", .unit = "nats / image"});
    run.finish();
  });
}
