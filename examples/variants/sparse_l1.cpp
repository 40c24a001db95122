// The sparse autoencoder with an L1 penalty on its activations.
//
// A code may have many units if only few of them speak at a time: an image of a boot needs units for boots, and no word
// from those for shirts. The sum of absolute activations is the price of speaking:
//
//     loss  =  mean over images of  ( mean over pixels of BCE( decode(h), x )  +  λ Σ_j |h_j| ),     h = ReLU(W x + b)
//
// Why absolute values make zeros, and not just small numbers: their slope does not vanish at 0. A unit that improves
// the reconstruction by less than λ for each bit of its activation is switched off altogether, where a squared penalty
// would only make it quieter (Olshausen & Field 1996, "Emergence of simple-cell receptive field properties by learning
// a sparse code for natural images"; Ng 2011, "Sparse autoencoder").
//
// Two things that are often mixed up. This is a penalty on activations, so on what the code of an image is; L1 on
// weights is another thing, and makes no code sparse. And a code can be made small for nothing, by a decoder with
// larger weights: the penalty alone shrinks all activations. What cannot be had for nothing are the zeros, so they are
// counted. (The decoder's columns are kept at length 1 with --unit-columns; then shrinking is not free, either.)
//
// The program trains the same network with a row of λ, from 0 up, and prints what becomes of the error, the average
// activation and the number of units that are not 0.
//
// To try next: --lambdas 0,1e-3,1e-2; --unit-columns; --hidden 1000; then top_k.cpp, which sets the number of active
// units instead of a price.
#include <algorithm>
#include <memory>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/penalties.h"
#include "optim/adam.h"

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
    return linear(h, unit_columns_ ? columns / norm(columns, {0}, true) : columns, *decoder_.bias());
  }
  Var forward(const Var& x) const override { return sigmoid(decode_logits(encode(x))); }
  const nn::Linear& decoder() const { return decoder_; }

 private:
  nn::Linear &encoder_, &decoder_;
  bool unit_columns_;
};

// One λ of the sweep, and what its network comes to on the test set.
struct Entry {
  double lambda;
  std::unique_ptr<SparseAutoencoder> model;
  std::unique_ptr<optim::Adam> adam;
  double loss = 0, mse = 0, mean_code = 0, active = 0;
  Tensor loudest{};  // units, the one with the largest mean activation first

  void measure(const Tensor& images) {
    const NoGrad no_grad;
    const Var x = constant(images), h = model->encode(x), logits = model->decode_logits(h);
    loss = nn::binary_cross_entropy_with_logits(logits, x).item();
    mse = nn::mse_loss(sigmoid(logits), x).item();
    mean_code = mean(h).item();
    loudest = argsort(mean(h.value(), {0}), 0, true);
    active = mean(sum(to(h.value() > 0, Dtype::f32), {1})).item();
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 128;
  std::vector<double> lambdas{0, 1e-5, 1e-4, 1e-3, 1e-2};
  bool unit_columns = false;
  Program program({.name = "sparse_l1",
                   .title = "Sparse autoencoder: L1 on activations",
                   .summary = "Makes each unit of the code pay for speaking, so that few of them do.",
                   .objective = "BCE(decode(h), x), averaged over pixels, + λ Σ |h|; h = ReLU(W x + b)",
                   .epochs = 10});
  program.flag("--hidden", hidden, "units of the code");
  program.flag("--lambdas", lambdas, "what Σ |h| counts, one network for each", {.min = 0});
  program.flag("--unit-columns", unit_columns, "keep the decoder's columns at length 1");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader(data.train_images, data.train_labels, {.batch_size = args.batch_size, .seed = args.seed});
    std::vector<Entry> sweep;
    for (const double lambda : lambdas) {
      Rng init = rng.split("init");  // all start from the same weights
      auto model = std::make_unique<SparseAutoencoder>(data.train_images.size(1), hidden, unit_columns, init);
      auto adam = std::make_unique<optim::Adam>(model->parameters(), optim::AdamOptions{.lr = args.lr});
      run.keep(join("model", sweep.size()), *model);
      run.keep(join("adam", sweep.size()), *adam);
      sweep.push_back({lambda, std::move(model), std::move(adam)});
    }
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images);
        Metrics metrics;
        for (std::size_t i = 0; i < sweep.size(); ++i) {
          const SparseAutoencoder& model = *sweep[i].model;
          const Var h = model.encode(x);
          const Var error = nn::binary_cross_entropy_with_logits(model.decode_logits(h), x);
          sweep[i].adam->step(grad(error + nn::l1_activity(h) * sweep[i].lambda, model.parameters()));
          metrics.emplace_back(join("loss[λ ", number(sweep[i].lambda), "]"), error.item());
        }
        run.step(metrics, batch.size());
      }
      Metrics metrics;
      for (Entry& entry : sweep) {
        entry.measure(data.test_images);
        metrics.emplace_back(join("test_active[λ ", number(entry.lambda), "]"), entry.active);
      }
      run.log_epoch(metrics);
    }

    const Tensor few = slice(data.test_images, 0, 0, 10);
    std::vector<Tensor> pictures{few};
    std::vector<std::string> labels{"input"};
    std::vector<std::vector<std::string>> table{{"lambda", "test loss", "test MSE", "mean activation", "active units"}};
    bool falling = true;
    for (std::size_t i = 0; i < sweep.size(); ++i) {
      Entry& entry = sweep[i];
      entry.measure(data.test_images);
      table.push_back({number(entry.lambda), number(entry.loss, 4), number(entry.mse, 4), number(entry.mean_code, 4),
                       number(entry.active, 4)});
      pictures.push_back(outputs_of(*entry.model, few));
      labels.push_back("λ " + number(entry.lambda));
      falling = falling && (i == 0 || entry.active < sweep[i - 1].active);
      if (i > 0)
        run.picture(join("filters", i),
                    image_grid(transpose(index_select(entry.model->decoder().weight().value(), 1,
                                                      slice(entry.loudest, 0, 0, 40))),
                               {.columns = 20, .scale = 2, .normalize = true}),
                    join("What the 40 most active units draw, with λ = ", number(entry.lambda), "."));
    }
    run.picture("reconstructions", image_grid(concat(pictures, 0), {.row_labels = labels}),
                "Test images, and what comes back with rising λ.");
    run.table("sweep", table,
              "The same network, trained with rising λ: loss and error without the penalty; active units "
              "are those of an image that are not 0, averaged over the test images.");
    run.figure("active_units_fall", falling ? 1 : 0,
               {.reference = 1, .reference_name = "1: with each larger λ", .better = Better::higher});
    const auto with = [&](double lambda) {
      return std::find_if(sweep.begin(), sweep.end(), [&](const Entry& entry) { return entry.lambda == lambda; });
    };
    if (const auto none = with(0), small = with(1e-4); none != sweep.end() && small != sweep.end()) {
      run.figure("loss_rise", small->loss - none->loss,
                 {.reference = 0.01, .reference_name = "with λ = 1e-4 against none"});
      run.figure("code_ratio", small->mean_code / none->mean_code,
                 {.reference = 0.5, .reference_name = "the mean activation with λ = 1e-4 against that with none"});
    }
    run.finish();
  });
}
