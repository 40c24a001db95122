// SPDX-License-Identifier: MIT
// A run of an example: what it measures and draws, and the folder that it writes to.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/inspect/nonfinite.h"
#include "examples/support/args.h"
#include "examples/support/datasets.h"
#include "examples/support/files.h"
#include "examples/support/loader.h"
#include "examples/support/plot.h"
#include "examples/support/png.h"
#include "examples/support/progress.h"
#include "examples/support/record.h"
#include "examples/support/signal_watch.h"
#include "examples/support/text_table.h"
#include "examples/support/uses.h"
#include "nn/checkpoint.h"

namespace hourglass::examples {

struct PhotoSet;

/// The batches of the training images, as the flags say. A last batch of fewer than `least` images is left out.
Loader loader_of(const ImageData& data, const Args& args, std::int64_t least = 1);

/// Drives a training run and writes to args.out:
///   metrics.jsonl  a line for each epoch, flushed, so that a run can be watched
///   NAME.png/.svg  each picture and plot, as soon as it is made; NAME.csv each table
///   summary.json   the results, flat: "test_mse" next to "reference_test_mse"; the facts; "config"; "seconds"
///   report.html    everything on one page that needs no other file
///   last.safetensors, best.safetensors  checkpoints, see keep()
///   model.safetensors  the trained models alone, and the outputs that --save names, see use()
/// JSON has no NaN and no infinity: they are written as null. A file is either complete or absent. Results of two runs
/// never mix: a folder with results is an Error (--overwrite removes them), and so is one that another run writes to.
///
///     Run run(args, data);
///     run.keep("model", model, "adam", adam);
///     run.keep_best("validation_mse");
///     run.use(data.test_images, uses_of(model));
///     for (const std::int64_t epoch : run.epochs(loader.batches())) {
///       for (const Batch& batch : run.batches(loader, epoch)) {
///         ...
///         run.step({{"mse", loss.item()}}, batch.size());  // last: the run may be saved or interrupted here
///       }
///       run.log_epoch({{"validation_mse", evaluate(model, data.validation_images)}});
///     }
///     run.images("reconstructions", ..., {}, "Input above, output below.");
///     run.result("test_mse", evaluate(model, data.test_images),
///                {.reference = pca_error(data, 32), .reference_name = "PCA-32"});
///     run.finish("test_mse");
class Run {
 public:
  explicit Run(const Args& args);
  /// Prints which data are used, and adds them to the facts.
  Run(const Args& args, const ImageData& data);
  Run(const Args& args, const PhotoSet& data);

  /// Names what must survive an interruption: models, optimizers, random streams, numbers that are used after the last
  /// epoch; see nn::Checkpoint. A run that keeps something is saved every --save-every seconds and after the last
  /// epoch; --resume continues it to the same bits, and Ctrl-C saves it before the program ends. Several at once:
  /// run.keep("model", model, "adam", adam).
  template <class Part, class... More>
  void keep(const std::string& name, Part& part, More&&... more) {
    checkpoint_.add(name, part);
    if constexpr (std::derived_from<Part, nn::Module>) keep_model(name, part);
    if constexpr (sizeof...(more) > 0) keep(std::forward<More>(more)...);
  }
  /// Also saves, as best.safetensors, the run after the epoch with the best value of this metric of log_epoch(): one of
  /// the validation images.
  void keep_best(const std::string& metric, Better better = Better::lower);

  /// Says what the trained model is used for: --save writes its outputs for these rows, the test set's. Call it as soon
  /// as the models that it needs are kept, before epochs(). With --apply the models are loaded from a finished run, the
  /// outputs are made of the files' rows, and the program ends here.
  void use(const Tensor& rows, Uses uses);
  /// The same for a model of whole pictures: what it makes of one, [channels, height, width] in [0, 1], of any size.
  /// With --apply the models are loaded from a finished run, and each picture among the files and folders becomes
  /// NAME.png in args.out, one after another; then the program ends. Folders inside keep their names, and of two
  /// pictures with equal names the second becomes NAME-2.png. For a program with About::photos.
  void use_pictures(const std::function<Tensor(const Tensor& picture)>& f);

  /// 1, 2, ..., args.epochs_of(steps_per_epoch), with progress for this number of steps in each. With --resume, the
  /// epochs that are not complete; everything that is kept is then as it was when the run was saved. With --patience
  /// they end early, and everything that is kept is then as it was after the best epoch.
  class Epochs;
  Epochs epochs(std::int64_t steps_per_epoch);
  /// The epoch's batches. In an epoch that was interrupted, those that are left.
  Epoch batches(const Loader& loader, std::int64_t epoch);
  /// Call at the end of each training step: shows it, and averages the metrics over the epoch's images. A metric that is
  /// NaN or infinite ends the run with RunFailed.
  void step(const Metrics& metrics, std::int64_t images = 1);
  /// Call at the end of each epoch: writes a line of metrics.jsonl with the averages of step(), as train_<name>, and
  /// these metrics. train_x, validation_x and validation_x[twin] share a plot in the report.
  void log_epoch(const Metrics& metrics = {});
  /// A metric of the last epoch: run.last("validation_mse"). A run that was resumed has it, too.
  double last(std::string_view metric) const;

  /// A property of the run: run.fact("parameters", count).
  void fact(const std::string& name, Value value);
  /// A picture (name.png) or a plot (name.svg). The report shows them with their captions, in the order of the calls.
  /// images() lays out an image_grid; rows of as many numbers as an image of the run's data has are images of that
  /// size. Rows of a table or series are drawn as curves (name.svg): the first image of each row of the grid.
  void images(const std::string& name, const Tensor& images, GridOptions options, const std::string& caption);
  void picture(const std::string& name, const Image& image, const std::string& caption);
  void plot(const std::string& name, const std::string& svg, const std::string& caption);
  /// A table, whose first row is the heading: printed, shown in the report, and written to name.csv.
  void table(const std::string& name, const Rows& rows, const std::string& caption);
  /// A final number; see Result.
  void result(const std::string& name, double value, const ResultOptions& options = {});
  /// Where a file of this name belongs, such as model weights.
  std::filesystem::path path(const std::string& file_name) const { return record_.args.out / file_name; }

  /// Writes summary and report, and prints the headline (by default the last result) with its reference.
  void finish(std::string_view headline = {});

 private:
  struct BestEpoch {
    std::string metric;
    Better better;
    std::optional<double> value;
    StateDict state;  // as it was after that epoch; empty once it is saved
    nn::Metadata metadata;
  };
  void keep_model(const std::string& name, nn::Module& model);
  void note_trained();
  void restore_trained();
  void save_model();
  void load_model();
  void note_data(const std::string& name, const std::string& origin, const std::array<std::int64_t, 3>& counts,
                 const std::string& what);
  void write_outputs(const std::vector<std::string>& files);
  void apply(const Tensor& like);
  void read_new_rows(const Tensor& like);
  void describe_outputs();
  void restore();
  bool is_trained() const;
  void return_to_best();
  [[noreturn]] void fail_with(const std::string& metric, double value);
  void rewrite_metrics();
  void note_best(const Metrics& metrics);
  void save_if_due(bool finished);
  void save();
  nn::Metadata metadata() const;

  Record record_;
  std::optional<FolderLock> lock_;
  std::optional<TraceNonFinite> trace_;
  Shape image_{0, 0, 0};  // of the data: [channels, height, width]
  std::vector<std::string> classes_;
  OutputRows rows_;  // what outputs are made of
  std::optional<Uses> uses_;
  std::vector<std::pair<std::string, nn::Module*>> modules_;
  std::optional<StateDict> trained_;  // the modules' states after the last epoch
  std::ofstream metrics_;
  std::optional<Progress> progress_;
  Stopwatch clock_, since_saved_;
  double seconds_before_ = 0;  // the interruption
  nn::Checkpoint checkpoint_;
  std::optional<BestEpoch> best_;
  std::int64_t total_epochs_ = 0;
  std::int64_t first_batch_ = 0;  // of the epoch that was interrupted
  std::optional<SignalWatch> watch_;
};

/// The epochs of a run: for (const std::int64_t epoch : run.epochs(steps)). Each must end with log_epoch().
class Run::Epochs {
 public:
  explicit Epochs(const Run& run) : run_(&run) {}
  struct Iterator {
    const Run* run;
    std::int64_t number;
    std::int64_t operator*() const { return number; }
    Iterator& operator++();
    bool operator==(std::default_sentinel_t) const { return run->is_trained(); }
  };
  Iterator begin() const { return {run_, run_->progress_->epoch()}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  const Run* run_;
};

}  // namespace hourglass::examples
