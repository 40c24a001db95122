// SPDX-License-Identifier: MIT
// The recurrent autoencoder: the encoder reads a series step by step into a state, and the decoder generates the series
// from it (Srivastava, Mansimov & Salakhutdinov 2015, "Unsupervised learning of video representations using LSTMs";
// Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks").
//
//     h_t  =  cell( x_t, h_{t-1} ),           t = 1 .. T         the encoder reads
//     code =  A h_T + a                                          all that the decoder gets
//     g_t  =  cell'( code, g_{t-1} ),   x'_t = B g_t + b         the decoder, conditioned on the code at every step
//     loss =  mean over series and steps of  ( x' - x )²
//
// The decoder never sees the series itself, as it would with teacher forcing. Every step has the same weights, so
// series may have any length, and the model learns how a series continues. A plain tanh cell forgets: its gradient
// shrinks (or explodes) with every step. LSTM and GRU carry their state along a path that gates open and close
// (Hochreiter & Schmidhuber 1997; Cho et al. 2014). The decoder generates the series backwards. Then the first steps
// that it generates are the last that the encoder read, a short path for gradients, and the longer paths are learnt
// from there. (With --in-order nothing is learnt in the first epochs.)
//
// Sines of random phase, frequency and height come first, with both cells. Then heartbeats: the model learns from
// healthy ones alone, so it reconstructs the series of a sick heart as if the heart were healthy, and the error shows
// it (Malhotra et al. 2016, "LSTM-based encoder-decoder for multi-sensor anomaly detection"). The simple method to beat
// is the distance of a series from its own moving average. There several samples make a step (--frame), as they make a
// sound in speech. That is faster, and gives gradients a shorter path.
//
// To try next: --in-order; --code 2; --cell lstm; --series FILE from the UCR archive (its largest class is healthy).
#include "nn/recurrent.h"

#include <algorithm>

#include "autograd/ops.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/auroc.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/series.h"
#include "examples/support/trained.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "optim/clip.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// An LSTM or a GRU.
class Cells : public nn::Module {
 public:
  Cells(const std::string& kind, std::int64_t in, std::int64_t hidden, Rng& rng) {
    if (kind == "lstm") lstm_ = &child<nn::LSTM>("lstm", in, hidden, rng);
    else gru_ = &child<nn::GRU>("gru", in, hidden, rng);
  }
  /// The states of all steps [time, n, hidden].
  Var operator()(const Var& x) const { return lstm_ ? (*lstm_)(x).output : (*gru_)(x).output; }

 private:
  nn::LSTM* lstm_ = nullptr;
  nn::GRU* gru_ = nullptr;
};

struct Sizes {
  std::int64_t hidden, code, frame;
  bool in_order;
};

class RecurrentAutoencoder : public nn::Layer {
 public:
  RecurrentAutoencoder(const std::string& cell, Sizes sizes, Rng& rng)
      : sizes_(sizes),
        encoder_(child<Cells>("encoder", cell, sizes.frame, sizes.hidden, rng)),
        code_(child<nn::Linear>("code", sizes.hidden, sizes.code, rng)),
        decoder_(child<Cells>("decoder", cell, sizes.code, sizes.hidden, rng)),
        output_(child<nn::Linear>("output", sizes.hidden, sizes.frame, rng)) {}

  /// Series [n, length] to codes [n, code].
  Var encode(const Var& x) const {
    const Var frames = permute(reshape(x, {x.size(0), -1, sizes_.frame}), {1, 0, 2});  // [time, n, frame]
    return code_(select(encoder_(frames), 0, -1));
  }
  Var decode(const Var& code, std::int64_t length) const {
    const std::int64_t time = length / sizes_.frame;
    const Var condition = expand(unsqueeze(code, 0), {time, code.size(0), code.size(1)});
    const Var frames = output_(decoder_(contiguous(condition)));
    return reshape(permute(sizes_.in_order ? frames : flip(frames, {0}), {1, 0, 2}), {code.size(0), length});
  }
  Var forward(const Var& x) const override { return decode(encode(x), x.size(1)); }

 private:
  Sizes sizes_;
  Cells& encoder_;
  nn::Linear& code_;
  Cells& decoder_;
  nn::Linear& output_;
};

double train_step(Trained<RecurrentAutoencoder>& net, const Tensor& series) {
  const Var x = constant(series), loss = nn::mse_loss(net.model(x), x);
  net.adam.step(optim::clip_grad_norm(grad(loss, net.model.parameters()), 1).gradients);
  return loss.item();
}

// Healthy series to learn from, and healthy and sick ones to test on.
struct Hearts {
  Tensor train, test, sick;  // sick: u8[n]
};
Hearts cut(const Tensor& values, const Tensor& sick, std::int64_t train) {
  const Tensor healthy = argsort(slice(sick, 0, 0, train));  // stable: healthy first
  const std::int64_t count = train - sum(slice(sick, 0, 0, train)).to_vector<std::int64_t>()[0];
  return {index_select(values, 0, slice(healthy, 0, 0, count)), slice(values, 0, train, values.size(0)),
          slice(sick, 0, train, values.size(0))};
}
Hearts hearts_of(const std::string& file, std::int64_t count, std::int64_t frame) {
  if (file.empty()) {
    const Heartbeats hearts = generate_heartbeats(count + 1000, 256, 0, {.anomalies = 0.2});
    return cut(hearts.values, hearts.labels > 0, count);
  }
  const SeriesData data = read_series(file);
  check(data.classes.size() > 1, file, "needs two classes or more: the largest is healthy, the others are not");
  const std::int64_t rows = data.values.size(0), length = data.values.size(1) / frame * frame;
  const Tensor healthy = argmax(sum(one_hot(data.labels, static_cast<std::int64_t>(data.classes.size())), {0}), 0);
  const Tensor values = slice(data.values, 1, 0, length), order = Rng(0).split("series").permutation(rows);
  check(length > 0 && all(isfinite(values)).item() != 0, file, "needs series of equal length, without gaps");
  return cut(index_select(values, 0, order), index_select(data.labels != healthy, 0, order), rows / 2);
}

// How well a score for each series [n] separates the sick from the healthy.
double auroc_of(const Tensor& scores, const Tensor& sick) {
  const Tensor order = argsort(sick, -1, true);
  const std::int64_t count = sum(sick).to_vector<std::int64_t>()[0], rows = sick.numel();
  const Tensor sorted = index_select(scores, 0, order);
  return auroc(slice(sorted, 0, 0, count), slice(sorted, 0, count, rows));
}
// The same for the squared distance from a moving average: the best of its mean and its maximum, and of several widths.
double moving_average_auroc(const Tensor& series, const Tensor& sick) {
  double best = 0;
  for (std::int64_t width = 3; width < series.size(1) / 2; width = 2 * width + 1) {
    const Tensor smooth =
        squeeze(avg_pool1d(unsqueeze(series, 1),
                           {.kernel = width, .stride = 1, .padding = width / 2, .count_include_pad = false}),
                1);
    const Tensor apart = square(series - smooth);
    best = std::max({best, auroc_of(mean(apart, {1}), sick), auroc_of(max(apart, {1}), sick)});
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t length = 50, hidden = 64, code = 8, heart_code = 8, frame = 8, count = 4000;
  std::string cell = "gru", file;
  bool in_order = false;
  Program program(
      {.name = "recurrent",
       .title = "Recurrent autoencoder",
       .summary = "Reads a series into a few numbers and generates it again; a large error means an odd series.",
       .objective = "(decode(encode(x)) - x)², averaged over series and steps",
       .steps = 2500,
       .batch_size = 32,
       .lr = 0.01});
  program.flag("--length", length, "steps of a sine");
  program.flag("--hidden", hidden, "units of a cell's state");
  program.flag("--code", code, "numbers in the code of a sine");
  program.flag("--heart-code", heart_code, "numbers in the code of a heartbeat");
  program.flag("--frame", frame, "samples of a heartbeat that make a step", {.min = 1, .max = 64});
  program.flag("--count", count, "series to learn from, of each kind");
  program.flag("--cell", cell, "the cell for heartbeats (sines have both)", {"gru", "lstm"});
  program.flag("--in-order", in_order, "generate series forwards, not backwards");
  program.flag("--series", file, "series with classes (UCR .tsv or .arff) instead of heartbeats");
  return program.run(argc, argv, [&](const Args& args) {
    if (args.data.limit > 0) count = std::min(count, args.data.limit);
    const Tensor waves = generate_sines(count + 1000, length).values;
    const Tensor sines = slice(waves, 0, 0, count), test_sines = slice(waves, 0, count, count + 1000);
    const Hearts hearts = hearts_of(file, count, frame);
    Run run(args);
    run.fact("data", file.empty() ? "generated sines and heartbeats" : file);
    const Rng rng(args.seed);
    const LoaderOptions options{.batch_size = args.batch_size, .seed = args.seed};
    const Loader sine_loader(sines, Tensor({0}, Dtype::i64), options),
        heart_loader(hearts.train, Tensor({0}, Dtype::i64), options);

    Rng init = rng.split("init");
    using Net = Trained<RecurrentAutoencoder>;
    const Sizes of_sine{hidden, code, 1, in_order}, of_heartbeat{hidden, heart_code, frame, in_order};
    Net lstm(run, "lstm", args.lr, "lstm", of_sine, init), gru(run, "gru", args.lr, "gru", of_sine, init);
    Net heart(run, "heart", args.lr, cell, of_heartbeat, init);
    const double variance = var(test_sines).item();
    const optim::CosineAnnealingLR schedule{.lr = args.lr, .T_max = args.epochs_of(sine_loader.batches())};
    for (const std::int64_t epoch : run.epochs(sine_loader.batches())) {
      for (Net* net : {&lstm, &gru, &heart}) net->adam.set_lr(schedule(epoch - 1));
      for (const Batch& batch : run.batches(sine_loader, epoch)) {
        const double lstm_loss = train_step(lstm, batch.images), gru_loss = train_step(gru, batch.images);
        run.step({{"lstm", lstm_loss / variance}, {"gru", gru_loss / variance}}, batch.size());
      }
      for (const Batch& batch : heart_loader.epoch(epoch)) train_step(heart, batch.images);
      run.log_epoch({{"test_lstm", reconstruction_error(lstm.model, test_sines) / variance},
                     {"test_gru", reconstruction_error(gru.model, test_sines) / variance},
                     {"test_heart", reconstruction_error(heart.model, hearts.test)}});
    }

    const Tensor wave = slice(test_sines, 0, 0, 1);
    run.plot("sine",
             line_plot({curve("the series", wave), curve("LSTM", outputs_of(lstm.model, wave)),
                        curve("GRU", outputs_of(gru.model, wave))},
                       {.title = "a test series and its reconstructions", .x_label = "step"}),
             join("A sine, reconstructed from codes of ", code, " numbers."));
    const Tensor outputs = outputs_of(heart.model, hearts.test), errors = mean(square(outputs - hearts.test), {1});
    for (const bool sick : {false, true}) {
      const Tensor own = where(hearts.sick == (sick ? 1 : 0), errors, -1.0);
      const std::int64_t i = argmax(own, 0).to_vector<std::int64_t>()[0];
      const Tensor one = select(hearts.test, 0, i), output = select(outputs, 0, i);
      run.plot(
          sick ? "sick" : "healthy",
          line_plot({curve("the series", one), curve("reconstruction", output), curve("error", abs(one - output))},
                    {.title = sick ? "a sick heart" : "a healthy heart", .x_label = "sample"}),
          sick ? "The sick series with the largest error: the model knows healthy hearts alone, and expects another."
               : "The healthy series of the test set with the largest error.");
    }
    const Pca pca = fit_pca(hearts.train, std::min(heart_code, hearts.train.size(1)));
    const Tensor projected = mean(square(pca.decode(pca.encode(hearts.test)) - hearts.test), {1});
    run.result("pca_auroc", auroc_of(projected, hearts.sick));
    const double naive = moving_average_auroc(hearts.test, hearts.sick);
    run.result("anomaly_auroc", auroc_of(errors, hearts.sick),
               {.reference = naive, .reference_name = "distance from a moving average", .better = Better::higher});
    run.result("gru_error", run.last("test_gru"), {.reference = 0.02, .reference_name = "of the variance"});
    run.result("lstm_error", run.last("test_lstm"), {.reference = 0.02, .reference_name = "of the variance"});
    run.finish();
  });
}
