// SPDX-License-Identifier: MIT
#include "examples/support/run.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <system_error>
#include <utility>

#include "examples/support/files.h"
#include "examples/support/report.h"
#include "examples/support/run_json.h"
#include "examples/support/text.h"
#include "nn/context.h"
#include "tensor/error.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

/// A name becomes part of a file name and of a JSON key: no character may leave the folder or need quotes in a shell.
void check_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  check(!name.empty() && name.find_first_not_of(kAllowed) == std::string::npos, "run", "'", name,
        "' is not a valid name: it may have letters, digits, _ and -");
}

/// Rows of a table or series, which are no pictures: the first of each row of the grid, by its label, or else some.
std::string as_curves(const Tensor& images, const GridOptions& options) {
  constexpr std::int64_t kMost = 8;  // that can be told apart
  const auto labels = std::ssize(options.row_labels);
  const bool has_labels = labels > 0 && images.size(0) % labels == 0;
  const std::int64_t apart = has_labels ? images.size(0) / labels : 1;
  std::vector<Series> curves;
  for (std::int64_t i = 0; i < std::min(kMost, has_labels ? labels : images.size(0)); ++i)
    curves.push_back(curve(has_labels ? options.row_labels[static_cast<std::size_t>(i)] : std::to_string(i + 1),
                           select(images, 0, i * apart)));
  return line_plot(curves, {.x_label = "column", .y_label = "value, scaled"});
}

}  // namespace

Loader loader_of(const ImageData& data, const Args& args, std::int64_t least) {
  const std::int64_t rows = data.train_images.size(0);
  return {data.train_images,
          data.train_labels,
          {.batch_size = args.batch_size,
           .seed = args.seed,
           .drop_last = rows >= args.batch_size && rows % args.batch_size < least,
           .transform = data.transform}};
}

Run::Run(const Args& args) {
  record_.args = args;
  record_.started = now();
  record_.version = HOURGLASS_VERSION;
  make_folder(args.out);
  lock_.emplace(args.out);
  nn::remove_unfinished(args.out);
  check(args.resume || args.overwrite || !has_results(args.out), args.out.string(),
        "this folder has the results of a run: --overwrite removes them, --resume continues it, --out names another");
  std::vector<const char*> stale{"summary.json", "report.html", "model.safetensors"};
  if (!args.resume) stale.insert(stale.end(), {"last.safetensors", "best.safetensors"});
  for (const char* name : stale) {
    std::error_code absent;
    std::filesystem::remove(path(name), absent);
  }
  if (!args.resume) write_file(path("metrics.jsonl"), "");
  metrics_.open(path("metrics.jsonl"), std::ios::app);
  check(metrics_.is_open(), path("metrics.jsonl").string(), "cannot be written");
}

Run::Run(const Args& args, const ImageData& data) : Run(args) {
  image_ = data.image_shape();
  classes_ = data.classes;
  rows_ = {.labels = data.test_labels,
           .image = image_,
           .names = data.test_names,
           .columns = data.columns,
           .scaling = data.scaling};
  note_data(data.name, data.origin,
            {data.train_images.size(0), data.validation_images.size(0), data.test_images.size(0)}, "images");
}

// Which data are used, in words and as facts. counts: of training, validation and test images.
void Run::note_data(const std::string& name, const std::string& origin, const std::array<std::int64_t, 3>& counts,
                    const std::string& what) {
  fact("data", name);
  fact("data_origin", origin);
  if (!record_.args.data.apply.empty()) return;  // the rows of the files are no training set
  constexpr std::array kParts{"train", "validation", "test"};
  for (std::size_t i = 0; i < 3; ++i) fact(join(kParts[i], "_", what), counts[i]);
  if (!record_.args.quiet)
    std::cout << "data: " << origin << ", " << counts[0] << " training " << what << ", " << counts[1] << " validation "
              << what << ", " << counts[2] << " test " << what << std::endl;
}

void Run::keep_best(const std::string& metric, Better better) { best_ = {metric, better, {}, {}, {}}; }

Run::Epochs Run::epochs(std::int64_t steps_per_epoch) {
  const Args& args = record_.args;
  check(!progress_.has_value() || checkpoint_.empty(), "run",
        "epochs() is called twice; a run that keeps something needs one loop over all epochs");
  check(uses_ || (args.save.empty() && args.data.apply.empty()), "run", "this program has nothing to save or to apply");
  check(args.patience == 0 || best_.has_value(), "--patience", "this program has no validation figure to stop by");
  total_epochs_ = args.epochs_of(steps_per_epoch);
  progress_.emplace(total_epochs_, steps_per_epoch, args.quiet);
  check(!args.resume || !checkpoint_.empty(), "resume", "this program keeps nothing, so it cannot continue");
  if (args.resume) restore();
  if (args.trace) trace_.emplace(NonFiniteOptions{.fail = false, .infinities = false});
  if (is_trained()) return_to_best();
  else if (!checkpoint_.empty()) watch_.emplace();
  since_saved_ = Stopwatch();
  return Epochs(*this);
}

Run::Epochs::Iterator& Run::Epochs::Iterator::operator++() {
  check(run->progress_->epoch() > number, "run", "epoch ", number, " ended without log_epoch()");
  number = run->progress_->epoch();
  return *this;
}

bool Run::is_trained() const {
  if (progress_->epoch() > total_epochs_) return true;
  if (record_.args.patience == 0) return false;
  std::int64_t best = 0;
  for (const Record::Epoch& epoch : record_.epochs)
    if (const double value = epoch.metrics[best_->metric]; value == best_->value) {
      best = epoch.number;
      break;
    }
  return progress_->epoch() - 1 - best >= record_.args.patience;
}

void Run::return_to_best() {
  if (record_.args.patience > 0 && best_->value) checkpoint_.load(path("best.safetensors"));
  if (uses_) note_trained();
}

Epoch Run::batches(const Loader& loader, std::int64_t epoch) {
  return loader.epoch(epoch, std::exchange(first_batch_, 0));
}

void Run::restore() {
  const std::filesystem::path file = path("last.safetensors");
  if (!std::filesystem::exists(file)) {
    if (!record_.args.quiet)
      std::cout << "resume: there is no " << file.string() << "; starting from the beginning" << std::endl;
    return;
  }
  const auto readable = [&](const auto& read) {
    try {
      return read();
    } catch (const Error& error) {
      const bool other = std::filesystem::exists(path("best.safetensors"));
      throw Error(error.what() + std::string(other ? "; best.safetensors in the same folder can replace it" : ""));
    }
  };
  // The flags first: if they differ, so may the tensors.
  const nn::Metadata saved = readable([&] { return nn::load_checkpoint(file).metadata; });
  const RunState state = run_state_in(saved, record_.args, file.string());
  readable([&] { return checkpoint_.load(file); });
  record_.epochs = state.epochs;
  first_batch_ = state.step;
  progress_->resume(state.epoch, state.step, state.sums, state.images);
  seconds_before_ = state.seconds;
  if (best_ && state.best) best_->value = state.best;
  rewrite_metrics();
  if (!record_.args.quiet)
    std::cout << "resume: continuing after step " << first_batch_ << " of epoch " << progress_->epoch() << std::endl;
}

/// Epochs that were logged after the run was last saved will be trained, and logged, once more.
void Run::rewrite_metrics() {
  std::string text;
  for (const Record::Epoch& epoch : record_.epochs) text += epoch_json(epoch) + "\n";
  metrics_.close();
  write_file(path("metrics.jsonl"), text);
  metrics_.open(path("metrics.jsonl"), std::ios::app);
}

nn::Metadata Run::metadata() const {
  return to_metadata({.epoch = progress_->epoch(),
                      .step = progress_->steps(),
                      .images = progress_->images(),
                      .sums = progress_->sums(),
                      .seconds = seconds_before_ + clock_.seconds(),
                      .best = best_ ? best_->value : std::nullopt,
                      .epochs = record_.epochs},
                     record_.args);
}

void Run::save() {
  const bool again = std::filesystem::exists(path("last.safetensors"));
  nn::in_context(again ? "the run cannot be saved (the checkpoint before is intact)" : "the run cannot be saved", [&] {
    // best before last: a run that is killed between the two finds the best epoch again.
    if (best_ && !best_->state.empty()) {
      nn::save_checkpoint(path("best.safetensors"), best_->state, best_->metadata);
      best_->state.clear();
    }
    checkpoint_.save(path("last.safetensors"), metadata());
  });
  since_saved_ = Stopwatch();
}

void Run::save_if_due(bool finished) {
  if (checkpoint_.empty()) return;
  const int signal = SignalWatch::noted();
  if (finished || signal != 0 || since_saved_.seconds() >= record_.args.save_every) save();
  if (finished) watch_.reset();
  if (finished || signal == 0) return;
  progress_->clear();
  const std::string& command = record_.args.command;
  const bool resumes = record_.args.resume;
  throw Interrupted(signal, join("interrupted in epoch ", progress_->epoch(), " and saved; to continue: ", command,
                                 resumes ? "" : " --resume"));
}

void Run::step(const Metrics& metrics, std::int64_t images) {
  check(progress_.has_value(), "run", "step() before epochs()");
  for (const auto& [name, value] : metrics)
    if (!std::isfinite(value)) fail_with(name, value);
  progress_->step(metrics, images);
  save_if_due(false);
}

void Run::fail_with(const std::string& metric, double value) {
  progress_->clear();
  const bool saved = std::filesystem::exists(path("last.safetensors"));
  std::string text = join("diverged: ", metric, " is ", number(value), " in step ", progress_->steps() + 1,
                          " of epoch ", progress_->epoch());
  if (trace_ && trace_->report()) text += "\n" + trace_->report()->text();
  else if (!trace_) text += "; a smaller --lr may help, and --trace names the operation that gives the first NaN";
  if (saved) text += join("; ", path("last.safetensors").string(), " has an earlier state");
  throw RunFailed(text);
}

void Run::log_epoch(const Metrics& metrics) {
  check(progress_.has_value(), "run", "log_epoch() before epochs()");
  Metrics all = progress_->means().prefixed("train_");
  all.add(metrics);

  record_.epochs.push_back({progress_->epoch(), progress_->epoch_seconds(), all});
  metrics_ << epoch_json(record_.epochs.back()) << std::endl;
  check(metrics_.good(), path("metrics.jsonl").string(), "cannot be written; is the disk full?");

  progress_->finish_epoch(all);
  if (best_) note_best(all);
  save_if_due(is_trained());
  if (is_trained()) return_to_best();
}

double Run::last(std::string_view metric) const {
  check(!record_.epochs.empty(), "run", "last() before log_epoch()");
  return record_.epochs.back().metrics[metric];
}

void Run::note_best(const Metrics& metrics) {
  const double value = nn::in_context("keep_best", [&] { return metrics[best_->metric]; });
  const bool first = !best_->value && !std::isnan(value);
  if (!first && !(best_->better == Better::lower ? value < best_->value : value > best_->value)) return;
  best_->value = value;
  best_->state = checkpoint_.state_dict();
  best_->metadata = metadata();
}

void Run::fact(const std::string& name, Value value) {
  check_name(name);
  record_.facts.emplace_back(name, std::move(value));
}

void Run::images(const std::string& name, const Tensor& images, GridOptions options, const std::string& caption) {
  const bool of_the_data = options.height == 0 && images.dim() == 2 && images.size(1) == numel(image_);
  if (of_the_data && image_[0] == 1 && image_[1] == 1) return plot(name, as_curves(images, options), caption);
  const Shape shape{images.size(0), image_[0], image_[1], image_[2]};
  picture(name, image_grid(of_the_data ? reshape(images, shape) : images, options), caption);
}

void Run::picture(const std::string& name, const Image& image, const std::string& caption) {
  check_name(name);
  std::string bytes = encode_png(image);
  write_file(path(name + ".png"), bytes);
  record_.exhibits.push_back({name, caption, std::move(bytes), false, image.width});
}

void Run::plot(const std::string& name, const std::string& svg, const std::string& caption) {
  check_name(name);
  write_file(path(name + ".svg"), svg);
  record_.exhibits.push_back({name, caption, svg, true, 0});
}

void Run::table(const std::string& name, const Rows& rows, const std::string& caption) {
  check_name(name);
  check(!rows.empty(), "run", "table '", name, "' has no heading");
  for (const auto& row : rows)
    check(row.size() == rows[0].size(), "run", "table '", name, "' has rows of ", rows[0].size(), " and of ",
          row.size(), " cells");
  write_file(path(name + ".csv"), to_csv(rows));
  record_.tables.push_back({name, caption, rows});
  if (!record_.args.quiet) std::cout << in_columns(rows);
}

void Run::result(const std::string& name, double value, const ResultOptions& options) {
  check_name(name);
  record_.results.push_back({name, value, options});
}

void Run::finish(std::string_view headline) {
  const auto& results = record_.results;
  const Result* chosen = results.empty() ? nullptr : &results.back();
  if (!headline.empty()) {
    const auto named =
        std::find_if(results.begin(), results.end(), [&](const Result& r) { return r.name == headline; });
    check(named != results.end(), "run", "there is no result '", headline, "' to end with");
    chosen = &*named;
  }
  record_.seconds = seconds_before_ + clock_.seconds();
  // The figures first: they are not lost if the disk is full. The summary comes last: a run that has one is complete.
  if (!record_.args.quiet) {
    for (const Result& result : results)
      if (&result != chosen) std::cout << describe(result) << '\n';
    std::cout << "report: " << path("report.html").string() << '\n';
  }
  if (chosen != nullptr) std::cout << describe(*chosen) << std::endl;
  if (trained_) restore_trained();
  write_file(path("report.html"), html_report(record_, chosen));
  if (trained_) save_model();
  write_file(path("summary.json"), summary_json(record_, chosen));
}

}  // namespace hourglass::examples
