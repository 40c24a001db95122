#include "examples/support/run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <iostream>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "examples/support/files.h"
#include "examples/support/report.h"
#include "nn/context.h"
#include "tensor/error.h"
#include "tensor/parallel.h"
#include "tensor/text.h"

namespace hourglass::examples {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Value& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Json to_json(const std::vector<std::pair<std::string, Value>>& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = to_json(value);
  return json;
}

/// nlohmann writes NaN and infinity as null. A path may hold any bytes: those that are no UTF-8 are replaced.
std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

Json summary_of(const Record& record, const Result* headline) {
  Json json;
  json["program"] = record.args.about.name;
  for (const auto& [name, value] : record.facts) json[name] = to_json(value);
  for (const Result& result : record.results) {
    json[result.name] = result.value;
    if (result.options.reference) json["reference_" + result.name] = *result.options.reference;
  }
  if (headline != nullptr) {
    json["headline"] = headline->name;
    if (const auto holds = headline->holds()) json["headline_holds"] = *holds;
  }
  json["seconds"] = record.seconds;
  json["threads"] = num_threads();
  json["config"] = to_json(record.args.config);
  return json;
}

// Signals that are noted; a handler may do no more than this.
constexpr std::array kWatched{SIGINT, SIGTERM};
volatile std::sig_atomic_t noted_signal = 0;
extern "C" void note_signal(int signal) {
  noted_signal = signal;
  std::signal(signal, SIG_DFL);
}

/// Flags that decide what is computed: those that a run must share with the one it goes on with.
Json deciding(const std::vector<std::pair<std::string, Value>>& config) {
  Json json = to_json(config);
  for (const char* free : {"epochs", "threads", "out", "data_dir", "resume", "save_every", "quiet"}) json.erase(free);
  return json;
}

Json to_json(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) json[name] = value;
  return json;
}
/// NaN was written as null.
double real(const Json& json) { return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>(); }
Metrics metrics_in(const Json& json) {
  Metrics metrics;
  for (const auto& [name, value] : json.items())
    if (name != "epoch" && name != "seconds") metrics.add(name, real(value));
  return metrics;
}

/// Names of files and of JSON keys: nothing that could leave the folder or surprise a shell.
void check_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  check(!name.empty() && name.find_first_not_of(kAllowed) == std::string::npos, "run", "'", name,
        "' is no name for a result: letters, digits, _ and - only");
}

}  // namespace

std::optional<bool> Result::holds() const {
  if (!options.reference) return std::nullopt;
  const double slack = options.within * std::abs(*options.reference), ahead = value - *options.reference;
  switch (options.better) {
    case Better::lower: return ahead <= slack;
    case Better::higher: return ahead >= -slack;
    case Better::near: return std::abs(ahead) <= slack;
  }
  return std::nullopt;
}

SignalWatch::SignalWatch() {
  noted_signal = 0;
  for (const int signal : kWatched) std::signal(signal, note_signal);
}
SignalWatch::~SignalWatch() {
  for (const int signal : kWatched) std::signal(signal, SIG_DFL);
}
int SignalWatch::noted() { return noted_signal; }

Run::Run(const Args& args) {
  record_.args = args;
  make_folder(args.out);
  nn::remove_unfinished(args.out);
  for (const char* stale : {"summary.json", "report.html"}) {
    std::error_code absent;
    std::filesystem::remove(path(stale), absent);
  }
  metrics_.open(path("metrics.jsonl"), args.resume ? std::ios::app : std::ios::trunc);
  check(metrics_.is_open(), path("metrics.jsonl").string(), "cannot be written");
}

Run::Run(const Args& args, const ImageData& data) : Run(args) {
  fact("data", data.name);
  fact("data_origin", data.origin);
  fact("train_images", data.train_images.size(0));
  fact("test_images", data.test_images.size(0));
  if (!args.quiet)
    std::cout << "data: " << data.origin << ", " << data.train_images.size(0) << " images to learn from, "
              << data.test_images.size(0) << " to test on" << std::endl;
}

void Run::keep_best(const std::string& metric, Better better) { best_ = {metric, better, {}, {}, {}}; }

std::vector<std::int64_t> Run::epochs(std::int64_t steps_per_epoch) {
  const Args& args = record_.args;
  check(!progress_.has_value() || checkpoint_.empty(), "run",
        "epochs() a second time, which a run that keeps something cannot go on with: make it one loop");
  progress_.emplace(args.epochs, steps_per_epoch, args.quiet);
  check(!args.resume || !checkpoint_.empty(), "resume", "this program keeps nothing that it could go on with");
  if (args.resume) restore();
  if (!checkpoint_.empty()) watch_.emplace();
  since_saved_ = Stopwatch();
  std::vector<std::int64_t> numbers;
  for (std::int64_t epoch = progress_->epoch(); epoch <= args.epochs; ++epoch) numbers.push_back(epoch);
  return numbers;
}

Epoch Run::batches(const Loader& loader, std::int64_t epoch) {
  return loader.epoch(epoch, std::exchange(first_batch_, 0));
}

void Run::restore() {
  const std::filesystem::path file = path("last.safetensors");
  if (!std::filesystem::exists(file)) {
    if (!record_.args.quiet) std::cout << "resume: there is no " << file.string() << ": beginning" << std::endl;
    return;
  }
  nn::Metadata saved;
  try {
    saved = checkpoint_.load(file);
  } catch (const Error& error) {
    const bool other = std::filesystem::exists(path("best.safetensors"));
    throw Error(error.what() + std::string(other ? "; best.safetensors, beside it, can take its place" : ""));
  }
  try {
    const Json before = Json::parse(saved.at("config")), now = deciding(record_.args.config);
    for (const auto& [flag, value] : now.items())
      check(before.contains(flag) && before[flag] == value, file.string(), "the run it is of had ", flag, " = ",
            before.value(flag, Json()).dump(), ", this one has ", value.dump());
    const Json state = Json::parse(saved.at("run"));
    for (const Json& line : state.at("lines")) {
      lines_.push_back(dump(line, -1));
      record_.epochs.push_back({line.at("epoch").get<std::int64_t>(), metrics_in(line)});
    }
    first_batch_ = state.at("step").get<std::int64_t>();
    progress_->resume(state.at("epoch").get<std::int64_t>(), first_batch_, metrics_in(state.at("sums")),
                      state.at("images").get<std::int64_t>());
    seconds_before_ = real(state.at("seconds"));
    if (best_ && !state.at("best").is_null()) best_->value = real(state.at("best"));
  } catch (const std::out_of_range&) {
    fail(file.string(), "this is no checkpoint of an example");
  } catch (const Json::exception& error) {
    fail(file.string(), "this is no checkpoint of an example: ", error.what());
  }
  // Epochs that were logged, but not saved, will come again.
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  metrics_.close();
  write_file(path("metrics.jsonl"), text);
  metrics_.open(path("metrics.jsonl"), std::ios::app);
  if (!record_.args.quiet)
    std::cout << "resume: going on after step " << first_batch_ << " of epoch " << progress_->epoch() << std::endl;
}

nn::Metadata Run::metadata() const {
  Json lines = Json::array();
  for (const std::string& line : lines_) lines.push_back(Json::parse(line));
  const Json state{{"epoch", progress_->epoch()},
                   {"step", progress_->steps()},
                   {"images", progress_->images()},
                   {"sums", to_json(progress_->sums())},
                   {"seconds", seconds_before_ + clock_.seconds()},
                   {"best", best_ && best_->value ? Json(*best_->value) : Json()},
                   {"lines", lines}};
  return {{"config", dump(deciding(record_.args.config), -1)}, {"run", dump(state, -1)}};
}

void Run::save() {
  nn::in_context("the run cannot be saved (what was saved before is still good)", [&] {
    // The best before the last: a run that is killed in between makes the best again.
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
  throw Interrupted(signal, join("interrupted in epoch ", progress_->epoch(), " and saved; to go on: ", command,
                                 resumes ? "" : " --resume"));
}

void Run::step(const Metrics& metrics, std::int64_t images) {
  check(progress_.has_value(), "run", "step() before epochs()");
  progress_->step(metrics, images);
  save_if_due(false);
}

void Run::log_epoch(const Metrics& metrics) {
  check(progress_.has_value(), "run", "log_epoch() before epochs()");
  Metrics all = progress_->means().prefixed("train_");
  all.add(metrics);

  Json line;
  line["epoch"] = progress_->epoch();
  line["seconds"] = progress_->epoch_seconds();
  for (const auto& [name, value] : all) line[name] = value;
  lines_.push_back(dump(line, -1));
  metrics_ << lines_.back() << std::endl;
  check(metrics_.good(), path("metrics.jsonl").string(), "cannot be written; is the disk full?");

  record_.epochs.push_back({progress_->epoch(), all});
  progress_->finish_epoch(all);
  if (best_) note_best(all);
  save_if_due(progress_->epoch() > record_.args.epochs);
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

void Run::table(const std::string& name, const std::vector<std::vector<std::string>>& rows,
                const std::string& caption) {
  check_name(name);
  check(!rows.empty(), "run", "table '", name, "' has no heading");
  std::vector<std::size_t> widths(rows[0].size(), 0);
  std::string csv;
  for (const auto& row : rows) {
    check(row.size() == widths.size(), "run", "table '", name, "' has rows of ", widths.size(), " and of ", row.size(),
          " cells");
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
      std::string quoted = row[i];
      for (std::size_t at = 0; (at = quoted.find('"', at)) != std::string::npos; at += 2) quoted.insert(at, 1, '"');
      const bool plain = quoted.find_first_of(",\"\n") == std::string::npos;
      csv += (i == 0 ? "" : ",") + (plain ? quoted : '"' + quoted + '"');
    }
    csv += '\n';
  }
  write_file(path(name + ".csv"), csv);
  record_.tables.push_back({name, caption, rows});
  if (record_.args.quiet) return;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      std::cout << row[i] << std::string(i + 1 < row.size() ? widths[i] - display_width(row[i]) + 2 : 0, ' ');
    std::cout << '\n';
  }
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
  // The summary comes last: where it is, everything is.
  write_file(path("report.html"), html_report(record_, chosen));
  write_file(path("summary.json"), dump(summary_of(record_, chosen), 2) + "\n");

  if (!record_.args.quiet) {
    for (const Result& result : results)
      if (&result != chosen) std::cout << describe(result) << '\n';
    std::cout << "report: " << path("report.html").string() << '\n';
  }
  if (chosen != nullptr) std::cout << describe(*chosen) << std::endl;
}

}  // namespace hourglass::examples
