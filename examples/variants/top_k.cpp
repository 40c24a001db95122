// SPDX-License-Identifier: MIT
// The k-sparse autoencoder: only the k largest activations count (Makhzani & Frey 2013, "k-sparse autoencoders"; the
// form used here is that of Gao et al. 2024, "Scaling and evaluating sparse autoencoders").
//
// With a penalty one cannot say how sparse the code will be. Here one can:
//
//     h  =  TopK( W (x - b) )         the k largest stay, all others become 0
//     x' =  D h + b                   columns of D have length 1: the atoms that inputs are composed of
//     loss  =  mean of (x' - x)²  +  α mean of (e' - e)²
//
// Activations are not shrunk, as they are with an L1 penalty, and gradients reach only the k active units. That is also
// the weakness: a unit that is never active never learns, and is dead. The second term revives dead units, those that
// have not been active for --patience batches. The --aux most promising of them must reconstruct e = x - x', the error
// that the units alive leave.
//
// Do the units find what the data are made of? For images the answer is unknown. So the program first makes data from a
// known dictionary: each input is a sum of 4 out of 512 atoms in 64 dimensions. 512 directions cannot be orthogonal
// there. The atoms can be found all the same, because few of them occur at a time. For each true atom, the cosine with
// the most similar learnt atom tells how well.
//
// Then it trains on images with different k, and measures how well a linear classifier recognises classes by the code.
// With few active units the code says too little. With many it need not be clear. The best k is in between.
//
// To try next: --alpha 0, and count the dead units; --data mnist; --active 8 --k 8: when are atoms no longer found?
#include <algorithm>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/probe.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/sweep.h"
#include "examples/support/text.h"
#include "nn/init.h"
#include "nn/layer.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

struct Options {
  std::int64_t k, aux, patience;
  double alpha;
};

class TopKAutoencoder : public nn::Layer {
 public:
  TopKAutoencoder(std::int64_t inputs, std::int64_t atoms, const Tensor& center, Options options, Rng& rng)
      : options_(options),
        atoms_(parameter("atoms", rng.normal({atoms, inputs}))),
        encoder_(parameter("encoder", unit_atoms().value())),  // at first each unit looks for its own atom
        center_(parameter("center", center)),
        inactive_(buffer("inactive", zeros({atoms}))) {}

  /// The atoms, rows of length 1.
  Var unit_atoms() const {
    const Var rows = atoms_;
    return rows / maximum(norm(rows, {1}, true), 1e-12);
  }
  Var activity(const Var& x) const { return linear(x - center_, encoder_); }
  Var encode(const Var& x) const { return relu(keep_top_k(activity(x), options_.k)); }
  Var decode(const Var& h) const { return matmul(h, unit_atoms()) + center_; }
  Var forward(const Var& x) const override { return decode(encode(x)); }

  /// Units that have not been active for `patience` batches, u8[atoms].
  Tensor dead() const { return inactive_.value() >= static_cast<double>(options_.patience); }

  /// Both terms of the loss for a batch. Notes which units were active.
  Var loss(const Var& x) const {
    const Var a = activity(x), h = relu(keep_top_k(a, options_.k)), output = decode(h);
    inactive_.set_value(where(any(h.value() > 0, {0}), 0, inactive_.value() + 1));
    const Var error = nn::mse_loss(output, x);
    const Tensor alive = logical_not(dead());
    const std::int64_t count = std::min(options_.aux, alive.numel() - sum(alive).to_vector<std::int64_t>()[0]);
    if (count == 0 || options_.alpha == 0) return error;
    const Var revived = relu(keep_top_k(masked_fill(a, alive, -1e9), count));
    return error + nn::mse_loss(matmul(revived, unit_atoms()), (x - output).detach()) * options_.alpha;
  }

 private:
  Options options_;
  Parameter atoms_, encoder_, center_;
  nn::Buffer inactive_;  // for how many batches each unit has not been active
};

// The cosine of each true atom with the most similar learnt one, on average.
double mean_max_cosine(const Tensor& truth, const Tensor& learnt) {
  return mean(max(matmul(truth, transpose(learnt)), {1})).item();
}

LabelledCodes codes_of(const TopKAutoencoder& model, const Tensor& images, const Tensor& labels, std::int64_t limit) {
  const NoGrad no_grad;
  return {model.encode(constant(slice(images, 0, 0, limit))).value(), slice(labels, 0, 0, limit)};
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t atoms = 512, active = 4, hidden = 256, aux = 64, patience = 100;
  std::vector<std::int64_t> ks{1, 2, 5, 10, 25, 64, 256};
  double alpha = 0.3;
  Program program(
      {.name = "top_k",
       .title = "k-sparse autoencoder",
       .summary = "Keeps the k most active units of a code, and finds what the data are made of.",
       .objective = "(D TopK(W (x - b)) + b - x)² + α (the error, reconstructed by dead units - the error)²",
       .steps = 4700,
       .lr = 0.01});
  program.flag("--atoms", atoms, "in the dictionary to be found, and units of the model that finds it");
  program.flag("--active", active, "atoms in an input");
  program.flag("--hidden", hidden, "units of the models of images");
  program.flag("--k", ks, "active units, one model of images for each");
  program.flag("--aux", aux, "dead units that reconstruct the error at a time");
  program.flag("--dead-after", patience, "batches without activity after which a unit is dead");
  program.flag("--alpha", alpha, "weight of the second term", {.min = 0});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    // As many rows as there are images, so that a batch of one is a batch of the other.
    const SparseData made =
        generate_sparse(data.train_images.size(0), 0, {.dimensions = 64, .atoms = atoms, .active = active});
    for (const std::int64_t k : ks) check(k <= hidden, "--k", k, " units of ", hidden, " cannot be active");
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    const auto model_of = [&](const Tensor& rows, std::int64_t units, std::int64_t k, Rng init) {
      return TopKAutoencoder(rows.size(1), units, mean(rows, {0}), {k, aux, patience, alpha}, init);
    };
    Trained<TopKAutoencoder> finder(run, "finder", args.lr, model_of(made.x, atoms, active, rng.split("finder")));
    Sweep<TopKAutoencoder> sweep(run, "k =", {ks.begin(), ks.end()}, args.lr / 5, rng.split("images"),
                                 [&](double k, const Rng& init) {
                                   return model_of(data.train_images, hidden, static_cast<std::int64_t>(k), init);
                                 });
    run.use(data.test_images, uses_of(sweep.middle()));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images), made_x = constant(index_select(made.x, 0, batch.indices));
        Metrics metrics{{"dictionary_loss", finder.step(finder.model.loss(made_x))}};
        metrics.add(sweep.step([&](const TopKAutoencoder& model, double) -> Objective {
          const Var loss = model.loss(x);
          return {loss, {{"loss", loss.item()}}};
        }));
        run.step(metrics, batch.size());
      }
      run.log_epoch({{"mean_max_cosine", mean_max_cosine(made.atoms, finder.model.unit_atoms().value())},
                     {"dead_share", mean(to(finder.model.dead(), Dtype::f32)).item()}});
    }

    std::vector<std::vector<std::string>> table{
        {"k", "test MSE", "dead units", "non-zeros of a code", "probe accuracy"}};
    Series probes{"linear probe", {}, {}};
    bool exact = true;
    for (const auto& entry : sweep.entries()) {
      const TopKAutoencoder& model = entry.model;
      const LabelledCodes test = codes_of(model, data.test_images, data.test_labels, 10'000);
      const double accuracy = ridge_probe(codes_of(model, data.train_images, data.train_labels, 10'000), test);
      const Tensor active_units = sum(to(test.codes != 0, Dtype::f64), {1});
      exact = exact && max(active_units).item() <= entry.setting;
      table.push_back({join(entry.setting), number(reconstruction_error(model, data.test_images), 4),
                       number(sum(model.dead()).item()), number(mean(active_units).item(), 4), number(accuracy, 4)});
      probes.x.push_back(entry.setting);
      probes.y.push_back(accuracy);
      if (table.size() == ks.size() / 2 + 2) {  // the k in the middle
        const Tensor most_used = argsort(sum(to(test.codes != 0, Dtype::f64), {0}), 0, true);
        run.images("atoms", index_select(model.unit_atoms().value(), 0, slice(most_used, 0, 0, 60)),
                   {.scale = 2, .normalize = true},
                   join("The atoms that occur most often in test images, with k = ", entry.setting, "."));
      }
    }
    sweep.draw_reconstructions(run, slice(data.test_images, 0, 0, 10),
                               "Test images, and their reconstructions from k active units.");
    run.plot("probe", line_plot({probes}, {.x_label = "k", .y_label = "accuracy", .log_x = true}),
             "The share of test images that a linear classifier puts into the right class by their codes.");
    run.table(
        "sweep", table,
        "Models of images with k active units: the error, units that are never active, and the accuracy of a ridge "
        "classifier of the codes (trained on 10,000).");
    const auto best = std::max_element(probes.y.begin(), probes.y.end());
    run.result("best_k", probes.x[static_cast<std::size_t>(best - probes.y.begin())]);
    run.result("best_is_inside", best != probes.y.begin() && best + 1 != probes.y.end() ? 1 : 0,
               {.reference = 1,
                .reference_name = "1: neither the smallest nor the largest k is best for the probe",
                .better = Better::higher});
    run.result("at_most_k_active", exact ? 1 : 0,
               {.reference = 1, .reference_name = "1: in every code", .better = Better::higher});
    run.result("dead_share", run.last("dead_share"),
               {.reference = 0.05, .reference_name = "of the dictionary's units"});
    run.result("mean_max_cosine", run.last("mean_max_cosine"),
               {.reference = 0.9, .reference_name = "1: every true atom was found", .better = Better::higher});
    run.finish();
  });
}
