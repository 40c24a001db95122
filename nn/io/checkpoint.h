// SPDX-License-Identifier: MIT
// Checkpoint: the whole state of a training run in one file, so that the run can continue bit for bit.
//
//   Checkpoint checkpoint;
//   checkpoint.add("model", model);        // anything with state_dict() and load_state_dict(): modules,
//   checkpoint.add("adam", adam);          // optimizers, early stopping, averages of weights
//   checkpoint.add("noise", noise);        // random number generators
//   checkpoint.add("epoch", epoch);        // numbers
//   checkpoint.load("last.safetensors");
//   for (; epoch < 30; ++epoch) { ...;  checkpoint.save("last.safetensors"); }
#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nn/io/safetensors.h"
#include "nn/module.h"
#include "tensor/random.h"

namespace hourglass::nn {

/// The parts of a run, by name. It refers to them: they must outlive it.
class Checkpoint {
 public:
  /// Anything with state_dict() and load_state_dict(). The file puts the part's name in front of
  /// the name of each entry: "model.encoder.weight". A part's name must not contain dots.
  template <class Part>
  requires(!std::derived_from<Part, Module>) && requires(Part& part) { part.load_state_dict(part.state_dict()); }
  void add(const std::string& name, Part& part) {
    add_part(
        name, [&part] { return part.state_dict(); }, [&part](const StateDict& s) { part.load_state_dict(s); });
  }
  /// A module's parameters, buffers and random states (those of dropout, for example).
  void add(const std::string& name, Module& module);
  void add(const std::string& name, Rng& rng);
  void add(const std::string& name, std::int64_t& number);
  void add(const std::string& name, double& number);
  /// Keeps its shape and dtype.
  void add(const std::string& name, Tensor& tensor);

  bool empty() const { return parts_.empty(); }
  /// A snapshot of the states of all parts: it does not change when training continues. It shares
  /// memory with the parts until they change.
  StateDict state_dict() const;
  /// Loads every part. A missing part, an unknown part, or a state that a part does not accept is
  /// an error that names the part. After an error all parts have their old state.
  void load_state_dict(const StateDict& state);

  /// Writes a safetensors file with a checksum. If that fails, the old file is still there (see NewFile).
  void save(const std::filesystem::path& path, Metadata metadata = {}) const;
  /// Loads every part from the file; returns the metadata given to save(). A damaged file, or a
  /// file that is not a checkpoint, is an error. After an error nothing has changed.
  Metadata load(const std::filesystem::path& path);

 private:
  struct Part {
    std::string name;
    std::function<StateDict()> state;
    std::function<void(const StateDict&)> restore;
  };
  void add_part(const std::string& name, std::function<StateDict()> state,
                std::function<void(const StateDict&)> restore);
  std::vector<Part> parts_;
};

/// Write or read a checkpoint file without parts: to write an earlier state, or to inspect a file.
void save_checkpoint(const std::filesystem::path& path, const StateDict& state, Metadata metadata = {});
Safetensors load_checkpoint(const std::filesystem::path& path);

}  // namespace hourglass::nn
