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
// it (Malhotra et al. 2016, "LSTM-based encoder-decoder for multi-sensor anomaly detection"). What must be beaten is the
// same with principal components, as many as the code has numbers; the distance of a series from its own moving average
// is a still simpler method. Several samples make a step (--frame), as they make a sound in speech. That is faster, and
// gives gradients a shorter path.
//
// With --series FILE all is about the series of the file, and there are no sines: --healthy names the class to learn
// from, and --test-series a second file to test on, if there is an official one. Every series' error is in scores.csv. A
// series counts as sick if its error is above that of 99 % of the healthy validation series.
//
// To try next: --in-order; --code 2; --cell lstm; --series FILE from the UCR archive.
#include "nn/recurrent.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/files.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/auroc.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/series.h"
#include "examples/support/text.h"
#include "examples/support/text_table.h"
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
    const std::int64_t missing = steps_of(x.size(1)) * sizes_.frame - x.size(1);  // zeros fill the last frame
    const Var whole = missing == 0 ? x : pad(x, {{0, missing}});
    const Var frames = permute(reshape(whole, {x.size(0), -1, sizes_.frame}), {1, 0, 2});  // [time, n, frame]
    return code_(select(encoder_(frames), 0, -1));
  }
  Var decode(const Var& code, std::int64_t length) const {
    const std::int64_t time = steps_of(length);
    const Var condition = expand(unsqueeze(code, 0), {time, code.size(0), code.size(1)});
    const Var frames = output_(decoder_(contiguous(condition)));
    const Var series = permute(sizes_.in_order ? frames : flip(frames, {0}), {1, 0, 2});
    return slice(reshape(series, {code.size(0), time * sizes_.frame}), 1, 0, length);
  }
  Var forward(const Var& x) const override { return decode(encode(x), x.size(1)); }

 private:
  std::int64_t steps_of(std::int64_t length) const { return (length + sizes_.frame - 1) / sizes_.frame; }

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

// Healthy series to learn from and to set a threshold by, and healthy and sick ones to test on.
struct Hearts {
  Tensor train, validation, test, sick;  // sick: u8[n]
};
// The healthy ones of `known` are learnt from; a seventh of them are validation series.
Hearts divided(const Tensor& known, const Tensor& known_sick, const Tensor& test, const Tensor& sick) {
  const Tensor healthy = masked_select(arange(known.size(0)), known_sick == 0);
  const std::int64_t count = healthy.numel(), held_out = std::max<std::int64_t>(1, count / 7);
  check(count >= 2, "series", "needs at least 2 healthy ones to learn from, got ", count);
  check(any(sick).item() != 0 && all(sick).item() == 0, "series", "the test set needs healthy and sick ones");
  const Tensor order = index_select(healthy, 0, Rng(0).split("validation").permutation(count));
  return {index_select(known, 0, slice(order, 0, held_out, count)),
          index_select(known, 0, slice(order, 0, 0, held_out)), test, sick};
}

// The first `known` series are known, the others are for testing.
Hearts cut(const Tensor& values, const Tensor& sick, std::int64_t known) {
  const std::int64_t rows = values.size(0);
  return divided(slice(values, 0, 0, known), slice(sick, 0, 0, known), slice(values, 0, known, rows),
                 slice(sick, 0, known, rows));
}

// What the user says about a file of series.
struct SeriesFiles {
  std::string train, test, healthy;
  bool label_last = false;
};
Hearts read_hearts(const SeriesFiles& files) {
  const SeriesData data = read_series(files.train, {.label_last = files.label_last});
  const auto place_of = [](const SeriesData& in, const std::string& name) {
    return std::find(in.classes.begin(), in.classes.end(), name) - in.classes.begin();
  };
  std::int64_t healthy = argmax(bincount(data.labels), 0).to_vector<std::int64_t>()[0];
  if (!files.healthy.empty()) healthy = place_of(data, files.healthy);
  check(healthy < std::ssize(data.classes), "--healthy", "there is no class '", files.healthy, "' in ", files.train);
  const auto check_whole = [](const SeriesData& one, const std::string& file) {
    check(all(isfinite(one.values)).item() != 0, file, "needs series of equal length, without gaps");
  };
  check_whole(data, files.train);
  const std::string name = data.classes[static_cast<std::size_t>(healthy)];
  const Tensor sick = data.labels != healthy;
  if (!files.test.empty()) {
    const SeriesData other = read_series(files.test, {.label_last = files.label_last});
    check_whole(other, files.test);
    check(other.values.size(1) == data.values.size(1), files.test, "its series have ", other.values.size(1),
          " values, those of ", files.train, " have ", data.values.size(1));
    return divided(data.values, sick, other.values, other.labels != place_of(other, name));
  }
  const std::int64_t rows = data.values.size(0);
  const Tensor order = Rng(0).split("series").permutation(rows);
  return cut(index_select(data.values, 0, order), index_select(sick, 0, order), rows / 2);
}
Hearts generate_hearts(std::int64_t count) {
  const Heartbeats hearts = generate_heartbeats(count + 1000, 256, 0, {.anomalies = 0.2});
  return cut(hearts.values, hearts.labels > 0, count);
}

// How well a score for each series [n] separates the sick from the healthy.
double auroc_of(const Tensor& scores, const Tensor& sick) {
  return auroc(masked_select(scores, sick), masked_select(scores, sick == 0));
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

// The share of sick series that is found, over the share of healthy ones that is taken for sick, at every threshold.
Series roc_curve(const std::string& name, const Tensor& scores, const Tensor& sick) {
  const Tensor found = to(index_select(sick, 0, argsort(scores, 0, true)), Dtype::f64);
  const Tensor hits = cumsum(found, 0) / sum(found), alarms = cumsum(1 - found, 0) / sum(1 - found);
  Series curve{name, {0}, {0}};
  for (const double x : alarms.to_vector<double>()) curve.x.push_back(x);
  for (const double y : hits.to_vector<double>()) curve.y.push_back(y);
  return curve;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t length = 50, hidden = 64, code = 8, heart_code = 8, frame = 8, count = 4000;
  std::string cell = "gru";
  SeriesFiles files;
  bool in_order = false;
  Program program(
      {.name = "recurrent",
       .title = "Recurrent autoencoder",
       .summary = "Reads a series into a few numbers and generates it again; a large error means an odd series.",
       .objective = "(decode(encode(x)) - x)², averaged over series and steps",
       .steps = 2500,
       .batch_size = 32,
       .lr = 0.01,
       .own_data = true});
  program.flag("--length", length, "steps of a sine");
  program.flag("--hidden", hidden, "units of a cell's state");
  program.flag("--code", code, "numbers in the code of a sine");
  program.flag("--heart-code", heart_code, "numbers in the code of a heartbeat");
  program.flag("--frame", frame, "samples of a heartbeat that make a step");
  program.flag("--count", count, "series to learn from, of each kind", {.min = 10});
  program.flag("--cell", cell, "the cell for heartbeats (sines have both)", {"gru", "lstm"});
  program.flag("--in-order", in_order, "generate series forwards, not backwards");
  program.flag("--series", files.train, "series with classes (UCR .tsv, .csv or .arff) instead of heartbeats");
  program.flag("--test-series", files.test, "series to test on, otherwise half of --series");
  program.flag("--healthy", files.healthy, "the class to learn from, otherwise the largest");
  program.flag("--label-last", files.label_last, "the label is the last field of a line, not the first");
  return program.run(argc, argv, [&](const Args& args) {
    check(!files.train.empty() || (files.test.empty() && files.healthy.empty() && !files.label_last), "recurrent",
          "--test-series, --healthy and --label-last are about a file: --series names it");
    if (args.data.limit > 0) count = std::max<std::int64_t>(10, std::min(count, args.data.limit));
    const Hearts hearts = files.train.empty() ? generate_hearts(count) : read_hearts(files);
    Run run(args);
    run.fact("data", files.train.empty() ? "generated sines and heartbeats" : files.train);
    run.fact("healthy_series", hearts.train.size(0));
    const Rng rng(args.seed);
    const LoaderOptions options{.batch_size = args.batch_size, .seed = args.seed};
    const Loader loader(hearts.train, Tensor({0}, Dtype::i64), options);
    Rng init = rng.split("init");
    using Net = Trained<RecurrentAutoencoder>;
    Net heart(run, "heart", args.lr, cell, Sizes{hidden, heart_code, frame, in_order}, init);

    // Sines, unless the user has series. As many steps as heartbeats.
    const Tensor waves = generate_sines(count + 2000, length).values;
    const Tensor sines = slice(waves, 0, 0, hearts.train.size(0)),
                 test_sines = slice(waves, 0, count + 1000, count + 2000),
                 validation_sines = slice(waves, 0, count, count + 1000);
    const Loader sine_loader(sines, Tensor({0}, Dtype::i64), options);
    std::deque<Net> sine_nets;
    const std::vector<std::string> cells =
        files.train.empty() ? std::vector<std::string>{"lstm", "gru"} : std::vector<std::string>{};
    for (const std::string& kind : cells)
      sine_nets.emplace_back(run, kind, args.lr, kind, Sizes{hidden, code, 1, in_order}, init);
    const double variance = var(test_sines).item();

    const optim::CosineAnnealingLR schedule{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    run.keep_best("validation_heart");
    Uses uses = uses_of(heart.model);
    uses.any_size = true;
    run.use(hearts.test, uses);
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      heart.adam.set_lr(schedule(epoch - 1));
      for (Net& net : sine_nets) net.adam.set_lr(schedule(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch))
        run.step({{"heart", train_step(heart, batch.images)}}, batch.size());
      if (!sine_nets.empty())
        for (const Batch& batch : sine_loader.epoch(epoch))
          for (Net& net : sine_nets) train_step(net, batch.images);
      Metrics metrics{{"validation_heart", reconstruction_error(heart.model, hearts.validation)}};
      for (std::size_t i = 0; i < sine_nets.size(); ++i)
        metrics.add(join("validation_sines[", cells[i], "]"),
                    reconstruction_error(sine_nets[i].model, validation_sines) / variance);
      run.log_epoch(metrics);
    }

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
    run.plot("roc",
             line_plot({roc_curve("recurrent", errors, hearts.sick), roc_curve("PCA", projected, hearts.sick)},
                       {.title = "sick against healthy",
                        .x_label = "healthy ones that are taken for sick",
                        .y_label = "sick ones that are found"}),
             "Every threshold of the error is a point: what is found, and what it costs in false alarms.");
    const Tensor usual = mean(square(outputs_of(heart.model, hearts.validation) - hearts.validation), {1});
    const double threshold = quantile(usual, 0.99, 0).item();
    Rows scores{{"series", "error", "above the threshold", "sick"}};
    for (std::int64_t i = 0; i < errors.numel(); ++i) {
      const double error = select(errors, 0, i).item();
      scores.push_back({join(i), number(error), error > threshold ? "1" : "0", join(select(hearts.sick, 0, i).item())});
    }
    write_file(run.path("scores.csv"), to_csv(scores));
    const Tensor flagged = to(errors > threshold, Dtype::f64), sick = to(hearts.sick, Dtype::f64);
    run.result("threshold", threshold);
    run.result("found", (sum(flagged * sick) / sum(sick)).item());
    run.result("false_alarms", (sum(flagged * (1 - sick)) / sum(1 - sick)).item());
    run.result("moving_average_auroc", moving_average_auroc(hearts.test, hearts.sick));
    for (std::size_t i = 0; i < sine_nets.size(); ++i)
      run.result(cells[i] + "_error", reconstruction_error(sine_nets[i].model, test_sines) / variance,
                 {.reference = 0.02, .reference_name = "of the variance"});
    if (!sine_nets.empty()) {
      const Tensor wave = slice(test_sines, 0, 0, 1);
      run.plot("sine",
               line_plot({curve("the series", wave), curve("LSTM", outputs_of(sine_nets[0].model, wave)),
                          curve("GRU", outputs_of(sine_nets[1].model, wave))},
                         {.title = "a test series and its reconstructions", .x_label = "step"}),
               join("A sine, reconstructed from codes of ", code, " numbers."));
    }
    run.result("anomaly_auroc", auroc_of(errors, hearts.sick),
               {.reference = auroc_of(projected, hearts.sick),
                .reference_name = join("PCA-", heart_code),
                .better = Better::higher});
    run.finish();
  });
}
