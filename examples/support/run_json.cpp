// SPDX-License-Identifier: MIT
#include "examples/support/run_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "nn/file.h"
#include "nn/io/limits.h"
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

Json to_json(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) json[name] = value;
  return json;
}

Json to_json(const Record::Epoch& epoch) {
  Json json{{"epoch", epoch.number}, {"seconds", epoch.seconds}};
  for (const auto& [name, value] : epoch.metrics) json[name] = value;
  return json;
}

/// NaN and infinity become null. A path may hold any bytes: those that are not UTF-8 are replaced.
std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// NaN was written as null.
double real(const Json& json) { return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>(); }

Metrics metrics_in(const Json& json) {
  Metrics metrics;
  for (const auto& [name, value] : json.items())
    if (name != "epoch" && name != "seconds") metrics.add(name, real(value));
  return metrics;
}

/// Text of a checkpoint, which may come from a stranger: its depth is limited, and so are the keys of an object, which
/// the library searches one by one.
Json parse_limited(const std::string& text, const std::string& file) {
  constexpr int kMostDepth = 3, kMostKeys = 1000;
  std::array<int, kMostDepth + 2> keys{};
  return Json::parse(text, [&](int depth, Json::parse_event_t event, Json&) {
    check(depth <= kMostDepth, file, "this is not a checkpoint of an example: its JSON is too deep");
    const auto level = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::object_start) keys[level + 1] = 0;
    if (event == Json::parse_event_t::key)
      check(++keys[level] <= kMostKeys, file, "this is not a checkpoint of an example: an object has more than ",
            kMostKeys, " keys");
    return true;
  });
}

/// The values of an object as texts.
std::vector<std::pair<std::string, std::string>> texts_in(const Json& json) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, value] : json.items())
    texts.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  return texts;
}

/// A number of epochs, steps or images.
std::int64_t count_in(const Json& json, const char* key, std::int64_t least, const std::string& file) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  const Json& number = json.at(key);
  const bool fits = number.is_number_unsigned() && number.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost);
  check(fits && number.get<std::int64_t>() >= least, file, "this is not a checkpoint of an example: ", key,
        " must be a number from ", least, " to ", kMost);
  return number.get<std::int64_t>();
}

/// The flags that decide what is computed. A run can resume only one that had the same.
Json deciding(const Args& args) {
  Json json{{"program", args.about.name}};
  json.update(to_json(args.config));
  for (const char* free : {"steps", "epochs", "patience", "threads", "out", "data_dir", "resume", "overwrite", "trace",
                           "save_every", "quiet", "save", "samples", "apply", "model"})
    json.erase(free);
  return json;
}

}  // namespace

std::string summary_json(const Record& record, const Result* headline) {
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
  return dump(json, 2) + "\n";
}

std::string epoch_json(const Record::Epoch& epoch) { return dump(to_json(epoch)); }

nn::Metadata to_metadata(const RunState& state, const Args& args) {
  Json epochs = Json::array();
  for (const Record::Epoch& epoch : state.epochs) epochs.push_back(to_json(epoch));
  const Json json{{"epoch", state.epoch},     {"step", state.step},
                  {"images", state.images},   {"sums", to_json(state.sums)},
                  {"seconds", state.seconds}, {"best", state.best ? Json(*state.best) : Json()},
                  {"lines", epochs}};
  return {{"config", dump(deciding(args))}, {"run", dump(json)}};
}

RunState run_state_in(const nn::Metadata& saved, const Args& args, const std::string& file) {
  try {
    const Json before = parse_limited(saved.at("config"), file), now = deciding(args);
    for (const auto& [flag, value] : now.items())
      if (!before.contains(flag) || before[flag] != value)
        fail(file, "the run that was saved had ", flag, " = ", nn::one_line(before.value(flag, Json()).dump()),
             ", this one has ", value.dump());
    const Json json = parse_limited(saved.at("run"), file);
    RunState state{.epoch = count_in(json, "epoch", 1, file),
                   .step = count_in(json, "step", 0, file),
                   .images = count_in(json, "images", 0, file),
                   .sums = metrics_in(json.at("sums")),
                   .seconds = real(json.at("seconds"))};
    if (!json.at("best").is_null()) state.best = real(json.at("best"));
    for (const Json& line : json.at("lines"))
      state.epochs.push_back({count_in(line, "epoch", 1, file), real(line.at("seconds")), metrics_in(line)});
    return state;
  } catch (const std::out_of_range&) {
    fail(file, "this is not a checkpoint of an example");
  } catch (const Json::exception& error) {
    fail(file, "this is not a checkpoint of an example: ", nn::one_line(error.what(), 200));
  }
}

nn::Metadata model_metadata(const Record& record, const Shape& row, const std::vector<std::string>& classes) {
  Json models = Json::object();
  for (const auto& [name, summary] : record.models) models[name] = summary;
  return {{"program", record.args.about.name},
          {"title", record.args.about.title},
          {"config", dump(to_json(record.args.config))},
          {"row", dump(Json(std::vector(row.begin(), row.end())))},
          {"classes", dump(Json(classes))},
          {"models", dump(models)},
          {"version", record.version},
          {"created", record.started}};
}

TrainedModel read_model(const std::filesystem::path& path) {
  TrainedModel model{.file = std::filesystem::is_directory(path) ? path / "model.safetensors" : path};
  const std::string name = model.file.string();
  check(std::filesystem::exists(model.file), name,
        "there is no trained model; a run leaves it here when it is complete");
  const nn::Safetensors file = nn::load_checkpoint(model.file);
  try {
    model.program = file.metadata.at("program");
    model.config = texts_in(parse_limited(file.metadata.at("config"), name));
    const auto row = parse_limited(file.metadata.at("row"), name).get<std::vector<double>>();
    constexpr double kMost = 1 << 30;
    const bool fits = !row.empty() && row.size() <= 3 &&
                      std::all_of(row.begin(), row.end(), [](double extent) { return extent >= 0 && extent <= kMost; });
    check(fits, name, "this is not the trained model of an example: its row is ",
          nn::one_line(file.metadata.at("row")));
    for (const double extent : row) model.row.push_back(static_cast<std::int64_t>(extent));
    model.classes = parse_limited(file.metadata.at("classes"), name).get<std::vector<std::string>>();
  } catch (const std::out_of_range&) {
    fail(name, "this is not the trained model of an example");
  } catch (const Json::exception& error) {
    fail(name, "this is not the trained model of an example: ", nn::one_line(error.what(), 200));
  }
  const auto tensor = [&](const char* wanted) {
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [&](const auto& entry) { return entry.first == wanted; });
    return found == file.tensors.end() ? Tensor() : found->second;
  };
  if (const Tensor shift = tensor("data.shift"), scale = tensor("data.scale"); shift.numel() > 0) {
    const bool fits = shift.shape() == scale.shape() && shift.dim() == 1 && is_floating(shift.dtype()) &&
                      scale.dtype() == shift.dtype() && (shift.size(0) == 1 || shift.size(0) == model.row.back());
    check(fits, name, "data.shift and data.scale must be a number for each of ", model.row.back(), " columns, got ",
          describe(shift), " and ", describe(scale));
    model.scaling.emplace(shift, scale);
  }
  model.weights = file.tensors;
  return model;
}

FinishedRun read_run(const std::filesystem::path& folder) {
  const std::filesystem::path summary = folder / "summary.json", lines = folder / "metrics.jsonl";
  FinishedRun run{.folder = folder};
  const bool is_complete = std::filesystem::exists(summary);
  check(is_complete || std::filesystem::exists(lines), folder.string(), "has neither summary.json nor metrics.jsonl");
  try {
    if (is_complete) {
      const Json json = parse_limited(nn::read_file(summary), summary.string());
      run.program = json.at("program").get<std::string>();
      for (const auto& [name, value] : json.items())
        if (value.is_number()) run.results.add(name, value.get<double>());
      run.config = texts_in(json.at("config"));
    }
    if (!std::filesystem::exists(lines)) return run;
    std::istringstream text(nn::read_file(lines));
    for (std::string line; std::getline(text, line);) {
      const Json json = parse_limited(line, lines.string());
      run.epochs.push_back({count_in(json, "epoch", 1, lines.string()), real(json.at("seconds")), metrics_in(json)});
    }
  } catch (const Json::exception& error) {
    fail(folder.string(), "this is not the folder of a run: ", nn::one_line(error.what(), 200));
  }
  return run;
}

}  // namespace hourglass::examples
