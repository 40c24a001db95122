// SPDX-License-Identifier: MIT
// The categorical VAE: a code of choices, trained through the Gumbel-softmax.
//
// Here the code of an image consists of choices instead of numbers: 20 variables that each take one of 10 values. The
// objective is a VAE's, with categorical distributions in place of normal ones:
//
//     -ELBO  =  E_q[ -log p(x|z) ]  +  Σ_i KL( q(z_i|x) ‖ uniform ),     q(z_i|x) = Categorical(softmax(logits_i(x)))
//
// A choice has no derivative: z jumps when two logits cross. Adding Gumbel noise g to the logits and taking the largest
// is an exact way to draw a choice. The softmax of (logits + g) / τ is a smooth relaxation that becomes the choice as τ
// goes to 0. Training differentiates the relaxation, while τ falls from 1 to 1/2 (Jang, Gu & Poole 2017, "Categorical
// reparameterization with Gumbel-softmax"; Maddison, Mnih & Teh 2017, "The concrete distribution").
//
// How a sample is differentiated is one argument of sample(), and the model does not change. The twin starts with the
// same weights and sees the same batches, but its encoder learns by the score function (REINFORCE, with the moving
// average of the costs as its baseline). That needs no relaxation and is unbiased, but its variance is higher. Both
// models are measured with real choices, never with the relaxation. The twin is what must be beaten.
//
// To try next: --estimator straight_through; --estimator leave_one_out, which closes most of the gap;
// --temperature 0.1.
#include <algorithm>
#include <cmath>

#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "examples/support/trained.h"
#include "examples/support/vae.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class CategoricalVae : public nn::Module {
 public:
  CategoricalVae(std::int64_t pixels, std::int64_t hidden, std::int64_t choices, std::int64_t values, Rng& rng)
      : choices_(choices),
        values_(values),
        encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, choices * values}, rng)),
        decoder_(child<Mlp>("decoder", std::vector{choices * values, hidden, pixels}, rng)) {}
  /// For each image `choices` one-hot vectors: [n, choices, values].
  OneHotCategorical encode(const Var& x) const {
    return OneHotCategorical(reshape(encoder_(x), {-1, choices_, values_}));
  }
  /// Of z [..., choices, values].
  Bernoulli decode(const Var& z) const { return {decoder_(flatten(z, -2, -1))}; }

 private:
  std::int64_t choices_, values_;
  Mlp &encoder_, &decoder_;
};

OneHotCategorical uniform_like(const OneHotCategorical& q) {
  return OneHotCategorical(constant(zeros(q.logits.shape())));
}

Elbo objective(const CategoricalVae& vae, const Var& x, const Estimator& estimator, Rng& noise) {
  const OneHotCategorical q = vae.encode(x);
  const Var z = sample(q, noise, estimator);
  // One cost for each image, [n] or [samples, n]. The surrogate has its value and the estimator's derivative.
  const Var cost = -sum(vae.decode(z).log_prob(x), {-1});
  return {mean(surrogate(cost)), mean(sum(kl(q, uniform_like(q)), {1}))};
}

// With real choices: without a gradient, straight-through is just a draw.
Metrics evaluate(const CategoricalVae& vae, const Tensor& images, Rng noise) {
  return average_over(
      images, [&](const Tensor& x) { return objective(vae, constant(x), straight_through(), noise).metrics(); });
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, choices = 20, values = 10;
  double temperature = 0.5;
  std::string name = "gumbel_softmax";
  Program program({.name = "gumbel_vae",
                   .title = "Categorical VAE (Gumbel-softmax)",
                   .summary = "A code of twenty choices among ten values each, and ways to differentiate a choice.",
                   .objective = "E_q[-log p(x|z)] + Σ KL(q(z_i|x) ‖ uniform), z_i one of ten",
                   .steps = 2800});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--choices", choices, "choices in the code");
  program.flag("--values", values, "values to choose from", {.min = 2});
  program.flag("--temperature", temperature, "of the Gumbel-softmax at the end (it starts at 1)", {.min = 1e-3});
  program.flag("--estimator", name, "how a choice is differentiated",
               {"gumbel_softmax", "straight_through", "score_function", "leave_one_out"});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng init = rng.split("init"), twin_init = init, noise = rng.split("noise");
    const std::int64_t pixels = data.train_images.size(1);
    Trained<CategoricalVae> vae(run, "vae", args.lr, pixels, hidden, choices, values, init);
    Trained<CategoricalVae> twin(run, "twin", args.lr, pixels, hidden, choices, values, twin_init);
    const Estimator plain = score_function(Baseline::moving_average), own = score_function(Baseline::moving_average);
    const auto estimator_at = [&](double done) {
      if (name == "straight_through") return straight_through();
      if (name == "score_function") return own;
      if (name == "leave_one_out") return score_function(Baseline::leave_one_out, 2);
      return gumbel_softmax(1 + (temperature - 1) * std::min(1.0, 2 * done));
    };
    std::int64_t steps = 0;
    run.keep("noise", noise, "steps", steps, "plain_sum", plain.average()->sum, "plain_weight", plain.average()->weight,
             "own_sum", own.average()->sum, "own_weight", own.average()->weight);
    run.keep_best("validation_neg_elbo");
    const auto choices_of = [&](const Tensor& x) { return argmax(vae.model.encode(constant(x)).logits.value(), 2); };
    const auto image_of = [&](const Tensor& z) {
      return vae.model.decode(constant(one_hot(z, values))).probs().value();
    };
    run.use(data.test_images, {.codes = choices_of,
                               .reconstructions = [&](const Tensor& x) { return image_of(choices_of(x)); },
                               .samples =
                                   [&](std::int64_t count, Rng& draws) {
                                     return image_of(draws.randint({count, choices}, 0, values));
                                   }});
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const double done =
            static_cast<double>(steps++) / static_cast<double>(args.epochs_of(loader.batches()) * loader.batches());
        const double loss = vae.step(objective(vae.model, x, estimator_at(done), noise).negative());
        const double twin_loss = twin.step(objective(twin.model, x, plain, noise).negative());
        run.step({{"neg_elbo", loss}, {"neg_elbo[twin]", twin_loss}}, batch.size());
      }
      const Metrics own_figures = evaluate(vae.model, data.validation_images, rng.split("validation"));
      const Metrics others = evaluate(twin.model, data.validation_images, rng.split("validation"));
      run.log_epoch({{"validation_neg_elbo", own_figures["reconstruction"] + own_figures["kl"]},
                     {"validation_reconstruction", own_figures["reconstruction"]},
                     {"validation_kl", own_figures["kl"]},
                     {"validation_neg_elbo[twin]", others["reconstruction"] + others["kl"]}});
    }

    const NoGrad no_grad;
    const Decoder decode = [&](const Tensor& z) { return vae.model.decode(constant(z)).probs().value(); };
    const Tensor originals = slice(data.test_images, 0, 0, 10);
    const OneHotCategorical q = vae.model.encode(constant(originals));
    Rng draws = rng.split("pictures");
    draw_reconstructions(run, originals, decode(one_hot(argmax(q.logits.value(), 2), values)),
                         "Test images, and what their most probable choices decode to.");
    draw_samples(run, decode, one_hot(draws.randint({100, choices}, 0, values), values),
                 "Decoded choices, each drawn uniformly from its values.");
    run.images("choices", q.probs().value(),
               {.scale = 8, .gap = 6, .height = static_cast<int>(choices), .width = static_cast<int>(values)},
               "q(z|x) of the ten test images: a row for each choice, white where the probability is 1.");
    const Metrics test = evaluate(vae.model, data.test_images, rng.split("test"));
    const Metrics twin_test = evaluate(twin.model, data.test_images, rng.split("test"));
    run.result("test_reconstruction_nats", test["reconstruction"], {.unit = "nats / image"});
    run.result("test_kl_nats", test["kl"], {.unit = "nats / image"});
    run.result("test_neg_elbo", test["reconstruction"] + test["kl"],
               {.reference = twin_test["reconstruction"] + twin_test["kl"],
                .reference_name = "the twin trained by the score function",
                .unit = "nats / image"});
    run.finish();
  });
}
