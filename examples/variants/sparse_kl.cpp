// SPDX-License-Identifier: MIT
// The sparse autoencoder with a target for the average activation (Ng 2011, "Sparse autoencoder", CS294A lecture notes;
// Lee, Ekanadham & Ng 2008, "Sparse deep belief net model for visual area V2").
//
// Sigmoid units lie between 0 and 1, so each can be trained to be active for a share ρ of all images:
//
//     loss  =  mean over images of  Σ BCE( decode(h), x )  +  β Σ_j KL( ρ ‖ ρ̂_j ),        h = sigmoid(W x + b)
//     KL(ρ ‖ ρ̂)  =  ρ log(ρ/ρ̂) + (1-ρ) log((1-ρ)/(1-ρ̂)),     ρ̂_j = the mean of h_j over all images
//
// The penalty is 0 where ρ̂ = ρ and grows without bound where a unit is always off (or on). So no unit can die, unlike
// with an L1 penalty. The penalty does not look at single images: a unit that is half active for all of them satisfies
// it for ρ = 0.5. It is the reconstruction that makes units selective.
//
// ρ̂ needs all images, but a step sees one batch. So the program uses a running mean: ρ̂ ← 0.9 ρ̂ + 0.1 mean of the
// batch. The gradient flows through the batch's part. At the end the program computes ρ̂ from all training images and
// reports how far the running mean is from it.
//
// Two networks are trained, for ρ = 0.05 and 0.2 (--rho), to check that each reaches its target.
//
// To try next: --rho 0.01,0.5; --beta 3, where the reconstruction dominates; --momentum 1, the batch alone.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/sweep.h"
#include "examples/support/text.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/penalties.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class SparseAutoencoder : public nn::Layer {
 public:
  SparseAutoencoder(std::int64_t pixels, std::int64_t hidden, nn::KlSparsityOptions options, Rng& rng)
      : encoder_(child<nn::Linear>("encoder", pixels, hidden, rng)),
        decoder_(child<nn::Linear>("decoder", hidden, pixels, rng)),
        sparsity_(child<nn::KlSparsity>("sparsity", hidden, options)) {}

  Var encode(const Var& x) const { return sigmoid(encoder_(x)); }
  Var decode_logits(const Var& h) const { return decoder_(h); }
  Var forward(const Var& x) const override { return sigmoid(decode_logits(encode(x))); }
  /// Σ KL(ρ ‖ ρ̂), with the running mean updated by this batch.
  Var penalty(const Var& h) const { return sparsity_(h); }
  Tensor running_mean() const { return sparsity_.buffers()[0].value(); }
  const nn::Linear& encoder() const { return encoder_; }

 private:
  nn::Linear &encoder_, &decoder_;
  nn::KlSparsity& sparsity_;
};

// Each unit's mean activation over all images.
Tensor mean_activation(const SparseAutoencoder& model, const Tensor& images) {
  const NoGrad no_grad;
  Tensor total = zeros({model.running_mean().numel()});
  for (const Tensor& rows : split(images, 1000, 0)) total = total + sum(model.encode(constant(rows)).value(), {0});
  return total / static_cast<double>(images.size(0));
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 196;
  std::vector<double> rhos{0.05, 0.2};
  double beta = 30, momentum = 0.1;
  Program program({.name = "sparse_kl",
                   .title = "Sparse autoencoder: a target for the average activation",
                   .summary = "Trains each unit of the code to be active for a given share of all images.",
                   .objective = "Σ BCE(decode(h), x) + β Σ KL(ρ ‖ mean of h over images); h = sigmoid(W x + b)",
                   .steps = 4700,
                   .lr = 3e-3});
  program.flag("--hidden", hidden, "units of the code");
  program.flag("--rho", rhos, "target for the average activation, one network for each",
               {.min = 1e-4, .max = 1 - 1e-4});
  program.flag("--beta", beta, "weight of the divergence", {.min = 0});
  program.flag("--momentum", momentum, "the share of a batch in the running mean", {.min = 1e-6, .max = 1});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);
    Sweep<SparseAutoencoder> sweep(run, "ρ", rhos, args.lr, rng.split("init"), [&](double rho, Rng& init) {
      const nn::KlSparsityOptions options{.rho = rho, .momentum = momentum};
      return SparseAutoencoder(data.train_images.size(1), hidden, options, init);
    });
    const optim::CosineAnnealingLR fall{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    run.use(data.test_images, uses_of(sweep.middle()));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (auto& entry : sweep.entries()) entry.adam.set_lr(fall(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        const auto objective = [&](const SparseAutoencoder& model, double) -> Objective {
          const Var h = model.encode(x);
          const Var error = nn::binary_cross_entropy_with_logits(model.decode_logits(h), x, nn::Reduction::sum) /
                            static_cast<double>(batch.size());
          const Var penalty = model.penalty(h);
          // Only the batch's part of the running mean has a gradient. Divided by that part, β means the same for all.
          return {error + penalty * (beta / momentum), {{"error", error.item()}, {"penalty", penalty.item()}}};
        };
        run.step(sweep.step(objective), batch.size());
      }
      run.log_epoch(sweep.measure("validation_mse", [&](const SparseAutoencoder& model) {
        return reconstruction_error(model, data.validation_images);
      }));
    }

    std::vector<std::vector<std::string>> table{
        {"rho", "mean activation", "running mean", "penalty", "least and most active unit", "test MSE"}};
    double miss = 0, apart = 0;
    for (const auto& entry : sweep.entries()) {
      const SparseAutoencoder& model = entry.model;
      const double rho = entry.setting;
      const Tensor all = mean_activation(model, data.train_images), running = model.running_mean();
      const double activation = mean(all).item(), estimate = mean(running).item();
      table.push_back({number(rho), number(activation, 4), number(estimate, 4),
                       number(nn::kl_sparsity(constant(all), rho).item(), 3),
                       number(min(all).item(), 3) + " to " + number(max(all).item(), 3),
                       number(reconstruction_error(model, data.test_images), 4)});
      miss = std::max(miss, std::abs(activation - rho));
      apart = std::max(apart, std::abs(estimate / activation - 1));
      run.images(join("filters", table.size() - 1), slice(model.encoder().weight().value(), 0, 0, 60),
                 {.columns = 20, .scale = 2, .normalize = true},
                 join("What 60 units of the code look for, with ρ = ", number(rho), "."));
    }
    sweep.draw_reconstructions(run, slice(data.test_images, 0, 0, 10),
                               "Test images, and their reconstructions with each ρ.");
    run.table(
        "sweep", table,
        "The target, the average activation over all training images and units, and the running mean that training "
        "used. The penalty is that of the averages over all images.");
    run.result("penalty_at_target", nn::kl_sparsity(constant(full({hidden}, rhos[0], Dtype::f64)), rhos[0]).item(),
               {.reference = 1e-9, .reference_name = "0"});
    run.result("running_mean_off_by", apart,
               {.reference = 0.05, .reference_name = "relative to the mean over all images"});
    run.result("activation_off_by", miss, {.reference = 0.02, .reference_name = "from ρ, in the worst network"});
    run.finish();
  });
}
