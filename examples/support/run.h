// A run of an example: what it measures and draws, and the folder where all of it ends up.
#pragma once
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/support/args.h"
#include "examples/support/datasets.h"
#include "examples/support/loader.h"
#include "examples/support/plot.h"
#include "examples/support/png.h"
#include "examples/support/progress.h"
#include "nn/checkpoint.h"

namespace hourglass::examples {

/// Which way a figure beats its reference; near: by not being further from it than `within` allows.
enum class Better { lower, higher, near };

struct ResultOptions {
  std::optional<double> reference{};  ///< what the figure must beat, if there is something
  std::string reference_name{};       ///< "PCA-32, clipped"
  Better better = Better::lower;
  double within = 0;   ///< how much worse than the reference still counts: 0.1 is 10 % of it
  std::string unit{};  ///< "nats / image"
};

/// A final number, beside what it must beat.
struct Result {
  std::string name{};
  double value = 0;
  ResultOptions options;

  /// Whether it beats its reference; none where there is no reference. NaN never does.
  std::optional<bool> holds() const;
};

/// Everything a run has collected: what summary.json and report.html are written from.
struct Record {
  Args args;
  std::vector<std::pair<std::string, Value>> facts;
  std::vector<Result> results;
  struct Epoch {
    std::int64_t number;
    Metrics metrics;
  };
  std::vector<Epoch> epochs;
  struct Exhibit {
    std::string name, caption;
    std::string content;  ///< the bytes of the file
    bool svg;             ///< otherwise PNG
    int width;            ///< of a PNG, in pixels
  };
  std::vector<Exhibit> exhibits;
  struct Table {
    std::string name, caption;
    std::vector<std::vector<std::string>> rows;  ///< the first one is the heading
  };
  std::vector<Table> tables;
  double seconds = 0;
};

/// While one lives, Ctrl-C (and a polite kill) is only noted; a second one ends the program as ever.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  /// The signal that came, or 0.
  static int noted();
};

/// Drives a training run and writes to args.out:
///   metrics.jsonl  a line an epoch, flushed, so that a run can be watched
///   NAME.png/.svg  each picture and plot, as soon as it is made; NAME.csv each table
///   summary.json   the figures, flat: "test_mse" beside "reference_test_mse"; the facts; "config"; "seconds"
///   report.html    all of it on one page that needs nothing else
///   last.safetensors, best.safetensors  checkpoints, see keep()
/// JSON has no NaN and no infinity: they are written as null. Files appear whole or not at all. Summary and report of
/// an earlier run in the same folder are removed at the start, so that what lies there never belongs to another run.
///
///     Run run(args, data);
///     run.keep("model", model);
///     run.keep("adam", adam);
///     for (const std::int64_t epoch : run.epochs(loader.batches())) {
///       for (const Batch& batch : run.batches(loader, epoch)) {
///         ...
///         run.step({{"mse", loss.item()}}, batch.size());  // last: here a run may be saved, and interrupted
///       }
///       run.log_epoch({{"test_mse", evaluate(model, data.test_images)}});
///     }
///     run.picture("reconstructions", image_grid(...), "Above the input, below what became of it.");
///     run.result("test_mse", mse, {.reference = data.reference_on("fashion-mnist", 0.01449), .reference_name =
///     "PCA-32"}); run.finish("test_mse");
class Run {
 public:
  explicit Run(const Args& args);
  /// Says which data are used, and notes it as facts.
  Run(const Args& args, const ImageData& data);

  /// What must survive an interruption: models, optimizers, random streams, numbers that are used after the last epoch;
  /// see nn::Checkpoint. Once something is kept, the run is saved every --save-every seconds and after the last epoch,
  /// --resume goes on to the same bits, and Ctrl-C saves before it ends the program.
  /// Several at once: run.keep("model", model, "adam", adam).
  template <class Part, class... More>
  void keep(const std::string& name, Part& part, More&&... more) {
    checkpoint_.add(name, part);
    if constexpr (sizeof...(more) > 0) keep(std::forward<More>(more)...);
  }
  /// Also saves how the run was after the epoch with the best of one of log_epoch()'s metrics, as best.safetensors.
  void keep_best(const std::string& metric, Better better = Better::lower);

  /// 1, 2, ..., args.epochs, with progress for so many steps in each. With --resume those that are not done yet, and
  /// all that is kept is as it was when the run was saved.
  std::vector<std::int64_t> epochs(std::int64_t steps_per_epoch);
  /// The epoch's batches; in the epoch that was interrupted, those that had not been trained on.
  Epoch batches(const Loader& loader, std::int64_t epoch);
  /// A training step over so many images is done: shows it, and averages the numbers over the epoch's images.
  void step(const Metrics& metrics, std::int64_t images = 1);
  /// An epoch is done: a line of metrics.jsonl with the averages of step() as train_<name>, then these. Numbers named
  /// train_x, test_x and test_x[twin] share a plot in the report.
  void log_epoch(const Metrics& metrics = {});
  /// A metric of the last epoch: run.last("test_mse"). A run that was resumed has it, too.
  double last(std::string_view metric) const;

  /// Something worth knowing of the run: run.fact("parameters", count).
  void fact(const std::string& name, Value value);
  /// A picture (name.png) or a plot (name.svg), shown in the report with its caption, in the order of the calls.
  void picture(const std::string& name, const Image& image, const std::string& caption);
  void plot(const std::string& name, const std::string& svg, const std::string& caption);
  /// Rows of text, the first of which is the heading: printed, shown in the report, and written to name.csv.
  void table(const std::string& name, const std::vector<std::vector<std::string>>& rows, const std::string& caption);
  /// A final number; see Result.
  void result(const std::string& name, double value, const ResultOptions& options = {});
  /// Where a file of this name belongs: model weights, say.
  std::filesystem::path path(const std::string& file_name) const { return record_.args.out / file_name; }

  /// Writes summary and report, and prints the headline figure (the last one, unless named) beside what it must beat.
  void finish(std::string_view headline = {});

 private:
  struct BestEpoch {
    std::string metric;
    Better better;
    std::optional<double> value;
    StateDict state;  // as it was then; empty once it is saved
    nn::Metadata metadata;
  };
  void restore();
  void note_best(const Metrics& metrics);
  void save_if_due(bool finished);
  void save();
  nn::Metadata metadata() const;

  Record record_;
  std::ofstream metrics_;
  std::vector<std::string> lines_;  // of metrics.jsonl
  std::optional<Progress> progress_;
  Stopwatch clock_, since_saved_;
  double seconds_before_ = 0;  // the run was interrupted
  nn::Checkpoint checkpoint_;
  std::optional<BestEpoch> best_;
  std::int64_t first_batch_ = 0;  // of the epoch that was interrupted
  std::optional<SignalWatch> watch_;
};

}  // namespace hourglass::examples
