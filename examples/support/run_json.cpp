#include "examples/support/run_json.h"

#include <limits>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

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

/// The flags that decide what is computed. A run can resume only one that had the same.
Json deciding(const Args& args) {
  Json json = to_json(args.config);
  for (const char* free : {"epochs", "threads", "out", "data_dir", "resume", "save_every", "quiet"}) json.erase(free);
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
    const Json before = Json::parse(saved.at("config")), now = deciding(args);
    for (const auto& [flag, value] : now.items())
      check(before.contains(flag) && before[flag] == value, file, "the run that was saved had ", flag, " = ",
            before.value(flag, Json()).dump(), ", this one has ", value.dump());
    const Json json = Json::parse(saved.at("run"));
    RunState state{.epoch = json.at("epoch").get<std::int64_t>(),
                   .step = json.at("step").get<std::int64_t>(),
                   .images = json.at("images").get<std::int64_t>(),
                   .sums = metrics_in(json.at("sums")),
                   .seconds = real(json.at("seconds"))};
    if (!json.at("best").is_null()) state.best = real(json.at("best"));
    for (const Json& line : json.at("lines"))
      state.epochs.push_back({line.at("epoch").get<std::int64_t>(), real(line.at("seconds")), metrics_in(line)});
    return state;
  } catch (const std::out_of_range&) {
    fail(file, "this is not a checkpoint of an example");
  } catch (const Json::exception& error) {
    fail(file, "this is not a checkpoint of an example: ", error.what());
  }
}

}  // namespace hourglass::examples
