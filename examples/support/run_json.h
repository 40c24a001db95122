// SPDX-License-Identifier: MIT
// The JSON of a run: its summary, a line for each epoch, and the state that a checkpoint holds. The JSON library's
// header takes seconds to compile, so run_json.cpp alone includes it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "examples/support/record.h"
#include "nn/checkpoint.h"

namespace hourglass::examples {

/// The content of summary.json. `headline` may be null.
std::string summary_json(const Record& record, const Result* headline);

/// A line of metrics.jsonl, without its end.
std::string epoch_json(const Record::Epoch& epoch);

/// How far a run has come.
struct RunState {
  std::int64_t epoch, step;  ///< the epoch under way, from 1, and the steps that are done in it
  std::int64_t images;       ///< of these steps
  Metrics sums;              ///< over these images
  double seconds;            ///< since the run began
  std::optional<double> best{};
  std::vector<Record::Epoch> epochs{};  ///< that are complete
};

/// What a checkpoint says of its run.
nn::Metadata to_metadata(const RunState& state, const Args& args);
/// The opposite. A run with other flags, except those that leave the numbers alone, is an Error; so is a checkpoint
/// that no example wrote. Errors begin with `file`.
RunState run_state_in(const nn::Metadata& saved, const Args& args, const std::string& file);

/// What model.safetensors says of its models: the program, its flags, the shape of a row, the classes, the models'
/// summaries.
nn::Metadata model_metadata(const Record& record, const Shape& row, const std::vector<std::string>& classes);

/// A trained model's file.
struct TrainedModel {
  std::filesystem::path file;
  std::string program{};
  std::vector<std::pair<std::string, std::string>> config{};
  Shape row{};
  std::vector<std::string> classes{};
  std::optional<Scaling> scaling{};  ///< of the data
  StateDict weights{};               ///< of all models, by the names that the run gave them
};
/// `path` is the file or the folder of a finished run. An Error if it is neither.
TrainedModel read_model(const std::filesystem::path& path);

/// What a run has left in its folder.
struct FinishedRun {
  std::filesystem::path folder;
  std::string program{};
  Metrics results{};  ///< numbers of summary.json; empty while the run is under way
  std::vector<std::pair<std::string, std::string>> config{};
  std::vector<Record::Epoch> epochs{};
};
/// An Error if the folder has neither summary.json nor metrics.jsonl, or if one is damaged.
FinishedRun read_run(const std::filesystem::path& folder);

}  // namespace hourglass::examples
