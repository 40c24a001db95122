#include "examples/support/run.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <system_error>

#include <nlohmann/json.hpp>

#include "examples/support/files.h"
#include "examples/support/report.h"
#include "tensor/error.h"
#include "tensor/parallel.h"

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

Json summary_of(const Record& record, const Figure* headline) {
  Json json;
  json["program"] = record.args.about.name;
  for (const auto& [name, value] : record.facts) json[name] = to_json(value);
  for (const Figure& figure : record.figures) {
    json[figure.name] = figure.value;
    if (figure.options.reference) json["reference_" + figure.name] = *figure.options.reference;
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

/// Names of files and of JSON keys: nothing that could leave the folder or surprise a shell.
void check_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  check(!name.empty() && name.find_first_not_of(kAllowed) == std::string::npos, "run", "'", name,
        "' is no name for a result: letters, digits, _ and - only");
}

}  // namespace

std::optional<bool> Figure::holds() const {
  if (!options.reference) return std::nullopt;
  const double slack = options.within * std::abs(*options.reference), ahead = value - *options.reference;
  switch (options.better) {
    case Better::lower: return ahead <= slack;
    case Better::higher: return ahead >= -slack;
    case Better::near: return std::abs(ahead) <= slack;
  }
  return std::nullopt;
}

Run::Run(const Args& args) {
  record_.args = args;
  make_folder(args.out);
  for (const char* stale : {"summary.json", "report.html"}) {
    std::error_code absent;
    std::filesystem::remove(path(stale), absent);
  }
  metrics_.open(path("metrics.jsonl"), std::ios::trunc);
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

std::vector<std::int64_t> Run::epochs(std::int64_t steps_per_epoch) {
  progress_.emplace(record_.args.epochs, steps_per_epoch, record_.args.quiet);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(record_.args.epochs));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

void Run::step(const Metrics& metrics, std::int64_t images) {
  check(progress_.has_value(), "run", "step() before epochs()");
  progress_->step(metrics, images);
}

void Run::log_epoch(const Metrics& metrics) {
  check(progress_.has_value(), "run", "log_epoch() before epochs()");
  Metrics all;
  for (const auto& [name, mean] : progress_->means()) all.emplace_back("train_" + name, mean);
  all.insert(all.end(), metrics.begin(), metrics.end());

  Json line;
  line["epoch"] = progress_->epoch();
  line["seconds"] = progress_->epoch_seconds();
  for (const auto& [name, value] : all) line[name] = value;
  metrics_ << dump(line, -1) << std::endl;
  check(metrics_.good(), path("metrics.jsonl").string(), "cannot be written; is the disk full?");

  record_.epochs.push_back({progress_->epoch(), all});
  progress_->finish_epoch(all);
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

void Run::figure(const std::string& name, double value, const FigureOptions& options) {
  check_name(name);
  record_.figures.push_back({name, value, options});
}

void Run::finish(std::string_view headline) {
  const auto& figures = record_.figures;
  const Figure* chosen = figures.empty() ? nullptr : &figures.back();
  if (!headline.empty()) {
    const auto named =
        std::find_if(figures.begin(), figures.end(), [&](const Figure& f) { return f.name == headline; });
    check(named != figures.end(), "run", "there is no figure '", headline, "' to end with");
    chosen = &*named;
  }
  record_.seconds = clock_.seconds();
  // The summary comes last: where it is, everything is.
  write_file(path("report.html"), html_report(record_, chosen));
  write_file(path("summary.json"), dump(summary_of(record_, chosen), 2) + "\n");

  if (!record_.args.quiet) {
    for (const Figure& figure : figures)
      if (&figure != chosen) std::cout << describe(figure) << '\n';
    std::cout << "report: " << path("report.html").string() << '\n';
  }
  if (chosen != nullptr) std::cout << describe(*chosen) << std::endl;
}

}  // namespace hourglass::examples
