// Checkpoint: everything that a training run is, in one file, so that it can be taken up again to the bit.
//
//   Checkpoint checkpoint;
//   checkpoint.add("model", model);        // whatever has state_dict() and load_state_dict(): modules, optimizers,
//   checkpoint.add("adam", adam);          // early stopping, averages of weights
//   checkpoint.add("noise", noise);        // streams of random numbers
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
#include "tensor/random.h"

namespace hourglass::nn {

/// A list of the parts of a run, by name. It refers to them: they must outlive it.
class Checkpoint {
 public:
  /// Anything with state_dict() and load_state_dict(). Its entries are named "model.encoder.weight", say: a module's
  /// weights are in the file under their own names, behind that of the part. Names have no dots.
  template <class Part>
  requires(!std::derived_from<Part, Module>) && requires(Part& part) { part.load_state_dict(part.state_dict()); }
  void add(const std::string& name, Part& part) {
    add_part(
        name, [&part] { return part.state_dict(); }, [&part](const StateDict& s) { part.load_state_dict(s); });
  }
  /// A module's weights, buffers and streams of random numbers (dropout's, say).
  void add(const std::string& name, Module& module);
  void add(const std::string& name, Rng& stream);
  void add(const std::string& name, std::int64_t& number);
  void add(const std::string& name, double& number);
  /// Keeps its shape and dtype.
  void add(const std::string& name, Tensor& tensor);

  bool empty() const { return parts_.empty(); }
  /// What all parts say of themselves. Costs no memory, and keeps these values however training goes on.
  StateDict state_dict() const;
  /// Gives every part its own. Whatever one of them does not accept, and a part missing or unknown, is an error that
  /// names it; then all parts are what they were.
  void load_state_dict(const StateDict& state);

  /// Writes a safetensors file (see NewFile: on any failure the file that was there is still there) with a checksum.
  void save(const std::filesystem::path& path, Metadata metadata = {}) const;
  /// Takes the run up again; returns what save() was given. A file that is damaged anywhere, or no checkpoint, is an
  /// error, and nothing has changed.
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

/// A checkpoint file without its parts: for looking into one, or writing a state that was taken before.
void save_checkpoint(const std::filesystem::path& path, const StateDict& state, Metadata metadata = {});
Safetensors load_checkpoint(const std::filesystem::path& path);

}  // namespace hourglass::nn
