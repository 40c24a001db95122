// The k-sparse autoencoder: of all units, the k most active ones speak (Makhzani & Frey 2013, "k-sparse autoencoders";
// the form used here is that of Gao et al. 2024, "Scaling and evaluating sparse autoencoders").
//
// A penalty asks for sparsity and leaves open how much of it comes. Here it is said:
//
//     h  =  TopK( W (x - b) )         the k largest stay, all others become 0
//     x' =  D h + b                   columns of D have length 1: "atoms", of which each input is made
//     loss  =  mean of (x' - x)²  +  α mean of (e' - e)²
//
// Nothing is shrunk, as with an L1 penalty, and the gradient flows through the k winners alone. That is also its
// weakness: a unit that never wins is never taught, and stays dead. The second term revives the dead: those that have
// not spoken for a while (--patience batches) are given the error e = x - x' that the living leave, and the best --aux
// of them must reconstruct that.
//
// Do the units find what the data are made of? On images nobody knows. So the program first makes data from a known
// dictionary: each input is a sum of 4 out of 512 atoms in 64 dimensions. There is no room for 512 directions at right
// angles, and still the atoms can be found, as few of them occur at a time. For each true atom, the cosine with the
// most similar learnt one tells how well.
//
// Then it trains on images with different k, and asks how much of the classes a linear classifier reads from the code.
// Few winners tell too little; many do not have to say anything clear: the best is in between.
//
// To try next: --alpha 0, and count the dead; --data mnist; --active 8 --k 8: when do the atoms get lost?
#include <algorithm>
#include <memory>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/probe.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "nn/init.h"
#include "nn/layer.h"
#include "nn/losses.h"
#include "optim/adam.h"

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
        encoder_(parameter("encoder", unit_atoms().value())),  // each unit looks for its own atom at first
        center_(parameter("center", center)),
        silent_(buffer("silent", zeros({atoms}))) {}

  /// The atoms, rows of length 1.
  Var unit_atoms() const {
    const Var rows = atoms_;
    return rows / norm(rows, {1}, true);
  }
  Var activity(const Var& x) const { return linear(x - center_, encoder_); }
  Var encode(const Var& x) const { return relu(keep_top_k(activity(x), options_.k)); }
  Var decode(const Var& h) const { return matmul(h, unit_atoms()) + center_; }
  Var forward(const Var& x) const override { return decode(encode(x)); }

  /// How many batches ago each unit spoke last, [atoms].
  const Tensor& silent() const { return silent_.value(); }
  Tensor dead() const { return silent() >= static_cast<double>(options_.patience); }

  /// Both terms of the loss for a batch; notes who spoke.
  Var loss(const Var& x) const {
    const Var a = activity(x), h = relu(keep_top_k(a, options_.k)), output = decode(h);
    silent_.set_value(where(any(h.value() > 0, {0}), 0, silent() + 1));
    const Var error = nn::mse_loss(output, x);
    const Tensor asleep = dead();
    const std::int64_t count = std::min(options_.aux, sum(asleep).to_vector<std::int64_t>()[0]);
    if (count == 0 || options_.alpha == 0) return error;
    const Var revived = relu(keep_top_k(masked_fill(a, logical_not(asleep), -1e9), count));
    return error + nn::mse_loss(matmul(revived, unit_atoms()), (x - output).detach()) * options_.alpha;
  }

 private:
  Options options_;
  Parameter atoms_, encoder_, center_;
  nn::Buffer silent_;
};

// A model and its optimizer, on whichever data.
struct Learner {
  Learner(Run& run, const std::string& name, const Tensor& data, std::int64_t atoms, Options options, double lr,
          Rng rng)
      : model(data.size(1), atoms, mean(data, {0}), options, rng), adam(model.parameters(), {.lr = lr}) {
    run.keep(name, model);
    run.keep(name + "_adam", adam);
  }
  double step(const Tensor& rows) {
    const Var loss = model.loss(constant(rows));
    adam.step(grad(loss, model.parameters()));
    return loss.item();
  }
  TopKAutoencoder model;
  optim::Adam adam;
};

// For each true atom the cosine with the learnt one that is most like it, on average.
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
  Program program({.name = "top_k",
                   .title = "k-sparse autoencoder",
                   .summary = "Lets the k most active units speak, and finds what the data are made of.",
                   .objective = "(D TopK(W (x - b)) + b - x)² + α (what the dead units make of the error - the error)²",
                   .epochs = 10,
                   .lr = 0.01});
  program.flag("--atoms", atoms, "of the dictionary that is to be found, and units of the model that finds it");
  program.flag("--active", active, "atoms in an input");
  program.flag("--hidden", hidden, "units of the models of images");
  program.flag("--k", ks, "units that may speak, for one model of images each");
  program.flag("--aux", aux, "dead units that are revived at a time");
  program.flag("--patience", patience, "batches without a word after which a unit counts as dead");
  program.flag("--alpha", alpha, "what the revival counts", {.min = 0});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    // As many rows as there are images, so that a batch of one is a batch of the other.
    const SparseData made =
        generate_sparse(data.train_images.size(0), 0, {.dimensions = 64, .atoms = atoms, .active = active});
    for (const std::int64_t k : ks) check(k <= hidden, "--k", k, " units of ", hidden, " cannot speak");
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});

    Learner finder(run, "finder", made.x, atoms, {active, aux, patience, alpha}, args.lr, rng.split("finder"));
    std::vector<std::unique_ptr<Learner>> sweep;
    for (const std::int64_t k : ks)
      sweep.push_back(std::make_unique<Learner>(run, join("k", k), data.train_images, hidden,
                                                Options{k, aux, patience, alpha}, args.lr / 5, rng.split("images")));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        Metrics metrics{{"dictionary_loss", finder.step(index_select(made.x, 0, batch.indices))}};
        for (std::size_t i = 0; i < ks.size(); ++i)
          metrics.add(join("loss[k = ", ks[i], "]"), sweep[i]->step(batch.images));
        run.step(metrics, batch.size());
      }
      run.log_epoch({{"mean_max_cosine", mean_max_cosine(made.atoms, finder.model.unit_atoms().value())},
                     {"dead_share", mean(to(finder.model.dead(), Dtype::f32)).item()}});
    }

    std::vector<std::vector<std::string>> table{
        {"k", "test MSE", "dead units", "non-zeros of a code", "probe accuracy"}};
    Series probes{"linear probe", {}, {}};
    bool exact = true;
    const Tensor few = slice(data.test_images, 0, 0, 10);
    std::vector<Tensor> pictures{few};
    std::vector<std::string> labels{"input"};
    for (std::size_t i = 0; i < ks.size(); ++i) {
      const TopKAutoencoder& model = sweep[i]->model;
      const LabelledCodes test = codes_of(model, data.test_images, data.test_labels, 10'000);
      const double accuracy = ridge_probe(codes_of(model, data.train_images, data.train_labels, 10'000), test);
      const Tensor speaking = sum(to(test.codes != 0, Dtype::f64), {1});
      exact = exact && max(speaking).item() <= static_cast<double>(ks[i]);
      table.push_back({std::to_string(ks[i]), number(reconstruction_error(model, data.test_images), 4),
                       number(sum(model.dead()).item()), number(mean(speaking).item(), 4), number(accuracy, 4)});
      probes.x.push_back(static_cast<double>(ks[i]));
      probes.y.push_back(accuracy);
      pictures.push_back(outputs_of(model, few));
      labels.push_back(join("k = ", ks[i]));
      if (i == ks.size() / 2) {
        const Tensor most_used = argsort(sum(to(test.codes != 0, Dtype::f64), {0}), 0, true);
        run.picture("atoms",
                    image_grid(index_select(model.unit_atoms().value(), 0, slice(most_used, 0, 0, 60)),
                               {.scale = 2, .normalize = true}),
                    join("The atoms that test images are made of most often, with k = ", ks[i], "."));
      }
    }
    run.picture("reconstructions", image_grid(concat(pictures, 0), {.row_labels = labels}),
                "Test images, and what comes back where k units may speak.");
    run.plot("probe", line_plot({probes}, {.x_label = "k", .y_label = "accuracy", .log_x = true}),
             "How many test images a linear classifier puts into the right class by their codes.");
    run.table("sweep", table,
              "Models of images with k active units: the error, units that never speak, and what a ridge "
              "classifier reads from the codes (10,000 to learn from).");
    const auto best = std::max_element(probes.y.begin(), probes.y.end());
    run.result("best_k", probes.x[static_cast<std::size_t>(best - probes.y.begin())]);
    run.result("best_is_inside", best != probes.y.begin() && best + 1 != probes.y.end() ? 1 : 0,
               {.reference = 1,
                .reference_name = "1: neither the smallest nor the largest k is best for the probe",
                .better = Better::higher});
    run.result("at_most_k_speak", exact ? 1 : 0,
               {.reference = 1, .reference_name = "1: in every code", .better = Better::higher});
    run.result("dead_share", mean(to(finder.model.dead(), Dtype::f32)).item(),
               {.reference = 0.05, .reference_name = "of the dictionary's units"});
    run.result("mean_max_cosine", mean_max_cosine(made.atoms, finder.model.unit_atoms().value()),
               {.reference = 0.9, .reference_name = "1: every true atom was found", .better = Better::higher});
    run.finish();
  });
}
