// SPDX-License-Identifier: MIT
// The sparse autoencoder with an L1 penalty on its activations.
//
// A code may have many units if only few of them are active at a time: an image of a boot needs the units for boots,
// and not those for shirts. The penalty is the sum of absolute activations:
//
//     loss  =  mean over images of  ( mean over pixels of BCE( decode(h), x )  +  λ Σ_j |h_j| ),     h = ReLU(W x + b)
//
// Absolute values make zeros, and not just small numbers, because their slope does not vanish at 0. A unit that
// improves the reconstruction by less than λ per unit of activation is switched off. A squared penalty would only make
// it smaller (Olshausen & Field 1996, "Emergence of simple-cell receptive field properties by learning a sparse code
// for natural images"; Ng 2011, "Sparse autoencoder").
//
// Two things are often confused. This is a penalty on activations, that is, on the code of each image. L1 on weights is
// a different penalty and does not make a code sparse. And small activations prove nothing: a decoder with larger
// weights makes up for them. Only zeros have a cost, so the program counts them. (With --unit-columns the decoder's
// columns have length 1, and then small activations have a cost, too.)
//
// The program trains the same network with rising λ, from 0 up, and prints the error, the average activation and the
// number of units that are not 0.
//
// To try next: --lambdas 0,1e-3,1e-2; --unit-columns; --hidden 1000; then top_k.cpp, which sets the number of active
// units instead of a penalty.
#include <algorithm>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/run.h"
#include "examples/support/sweep.h"
#include "examples/support/text.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/penalties.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class SparseAutoencoder : public nn::Layer {
 public:
  SparseAutoencoder(std::int64_t pixels, std::int64_t hidden, bool unit_columns, Rng& rng)
      : encoder_(child<nn::Linear>("encoder", pixels, hidden, rng)),
        decoder_(child<nn::Linear>("decoder", hidden, pixels, rng)),
        unit_columns_(unit_columns) {}

  Var encode(const Var& x) const { return relu(encoder_(x)); }
  Var decode_logits(const Var& h) const {
    const Var columns = decoder_.weight();
    return linear(h, unit_columns_ ? columns / maximum(norm(columns, {0}, true), 1e-12) : columns, *decoder_.bias());
  }
  Var forward(const Var& x) const override { return sigmoid(decode_logits(encode(x))); }
  const nn::Linear& decoder() const { return decoder_; }

 private:
  nn::Linear &encoder_, &decoder_;
  bool unit_columns_;
};

// A network on a set of images: errors without the penalty, the average activation, active units of an image.
struct Measured {
  double loss, mse, mean_code, active;
  Tensor by_activity;  // units, the one with the largest mean activation first
};
Measured measure(const SparseAutoencoder& model, const Tensor& images) {
  const NoGrad no_grad;
  const Var x = constant(images), h = model.encode(x), logits = model.decode_logits(h);
  return {nn::binary_cross_entropy_with_logits(logits, x).item(), nn::mse_loss(sigmoid(logits), x).item(),
          mean(h).item(), mean(sum(to(h.value() > 0, Dtype::f32), {1})).item(), argsort(mean(h.value(), {0}), 0, true)};
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 128;
  std::vector<double> lambdas{0, 1e-5, 1e-4, 1e-3, 1e-2};
  bool unit_columns = false;
  Program program({.name = "sparse_l1",
                   .title = "Sparse autoencoder: L1 on activations",
                   .summary = "Adds a cost to each active unit of the code, so that few are active.",
                   .objective = "BCE(decode(h), x), averaged over pixels, + λ Σ |h|; h = ReLU(W x + b)",
                   .steps = 4700});
  program.flag("--hidden", hidden, "units of the code");
  program.flag("--lambdas", lambdas, "weight of Σ |h|, one network for each", {.min = 0});
  program.flag("--unit-columns", unit_columns, "keep the decoder's columns at length 1");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);
    Sweep<SparseAutoencoder> sweep(run, "λ", lambdas, args.lr, rng.split("init"), [&](double, Rng& init) {
      return SparseAutoencoder(data.train_images.size(1), hidden, unit_columns, init);
    });
    run.use(data.test_images, uses_of(sweep.middle()));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const auto objective = [&](const SparseAutoencoder& model, double lambda) -> Objective {
          const Var h = model.encode(x);
          const Var error = nn::binary_cross_entropy_with_logits(model.decode_logits(h), x);
          return {error + nn::l1_activity(h) * lambda, {{"loss", error.item()}}};
        };
        run.step(sweep.step(objective), batch.size());
      }
      run.log_epoch(sweep.measure("validation_active", [&](const SparseAutoencoder& model) {
        return measure(model, data.validation_images).active;
      }));
    }

    std::vector<std::vector<std::string>> table{{"lambda", "test loss", "test MSE", "mean activation", "active units"}};
    std::vector<Measured> tests;
    bool falling = true;
    for (const auto& entry : sweep.entries()) {
      const Measured test = measure(entry.model, data.test_images);
      table.push_back({number(entry.setting), number(test.loss, 4), number(test.mse, 4), number(test.mean_code, 4),
                       number(test.active, 4)});
      if (!tests.empty()) {
        falling = falling && test.active < tests.back().active;
        run.images(
            join("filters", tests.size()),
            transpose(index_select(entry.model.decoder().weight().value(), 1, slice(test.by_activity, 0, 0, 40))),
            {.columns = 20, .scale = 2, .normalize = true},
            join("What the 40 most active units draw, with λ = ", number(entry.setting), "."));
      }
      tests.push_back(test);
    }
    sweep.draw_reconstructions(run, slice(data.test_images, 0, 0, 10),
                               "Test images, and their reconstructions with rising λ.");
    run.table(
        "sweep", table,
        "The same network, trained with rising λ. Loss and error are without the penalty. Active units are those of "
        "an image that are not 0, averaged over the test images.");
    run.result("active_units_fall", falling ? 1 : 0,
               {.reference = 1, .reference_name = "1: fewer with each larger λ", .better = Better::higher});
    const auto none = std::find(lambdas.begin(), lambdas.end(), 0.0);
    const auto small = std::find(lambdas.begin(), lambdas.end(), 1e-4);
    if (none != lambdas.end() && small != lambdas.end()) {
      const Measured &without = tests[none - lambdas.begin()], &with = tests[small - lambdas.begin()];
      run.result("loss_rise", with.loss - without.loss,
                 {.reference = 0.01, .reference_name = "from λ = 0 to λ = 1e-4"});
      run.result("code_ratio", with.mean_code / without.mean_code,
                 {.reference = 0.5, .reference_name = "the mean activation with λ = 1e-4 over that with λ = 0"});
    }
    run.finish();
  });
}
