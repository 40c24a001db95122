// Module: a tree of named parameters. Every model and every layer is one.
//
//   class Autoencoder : public nn::Module {
//    public:
//     explicit Autoencoder(Rng& rng)
//         : encoder_(child<nn::Linear>("encoder", 784, 32, rng)), decoder_(child<nn::Linear>("decoder", 32, 784, rng))
//         {}
//     Var encode(const Var& x) const { return relu(encoder_(x)); }
//    private:
//     nn::Linear &encoder_, &decoder_;
//   };
//
// Its parameters are encoder.weight, encoder.bias, decoder.weight and decoder.bias: paths from the module that is
// asked, which are the keys of its state_dict() as well, in PyTorch's order.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "nn/context.h"

namespace hourglass::nn {

/// A tensor that belongs to a model but is not trained, such as a running mean. A handle: copies refer to the same one.
class Buffer {
 public:
  Buffer(std::string name, Tensor value) : name_(std::move(name)), value_(std::make_shared<Tensor>(std::move(value))) {}

  const std::string& name() const { return name_; }
  const Tensor& value() const { return *value_; }
  /// Another value of the same shape.
  void set_value(const Tensor& value) const;
  /// The same buffer under another name.
  Buffer renamed(std::string name) const { return {std::move(name), value_}; }

 private:
  Buffer(std::string name, std::shared_ptr<Tensor> value) : name_(std::move(name)), value_(std::move(value)) {}
  std::string name_;
  std::shared_ptr<Tensor> value_;
};

/// Names and tensors, in the order in which a model registered them.
using StateDict = std::vector<std::pair<std::string, Tensor>>;

struct LoadOptions {
  /// Missing and unexpected names are errors.
  bool strict = true;
};
/// What load_state_dict did not find, and what it did not use.
struct LoadResult {
  std::vector<std::string> missing, unexpected;
};

class Module {
 public:
  virtual ~Module() = default;
  // Moving a module leaves its children where they are, so references to them stay good.
  Module(Module&&) = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Every parameter in here and below, named by its path; one that stands in several places appears once.
  std::vector<Parameter> parameters() const;
  std::vector<Buffer> buffers() const;
  /// How many numbers are trained.
  std::int64_t num_parameters() const;
  std::span<const std::unique_ptr<Module>> children() const { return children_; }
  /// What the parent calls this module; empty for a module without a parent.
  const std::string& name() const { return name_; }

  /// Whether layers that behave differently in training (dropout, say) do so, in here and below. At first they do.
  void train(bool training = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }
  /// Converts parameters and floating-point buffers to f32 or f64. Make the optimizer afterwards.
  void to(Dtype dtype);

  /// All parameters and buffers. Costs no memory, and keeps these values however training goes on.
  StateDict state_dict() const;
  /// Takes over the values of all names, converted to the dtypes of this module. Names that are missing or unexpected
  /// (if strict) and shapes that differ are errors, which name all of them; then nothing has changed.
  LoadResult load_state_dict(const StateDict& state, LoadOptions options = {});

  /// A table of every module, parameter and buffer: path, type, shape and number of elements.
  std::string summary() const;

 protected:
  Module() = default;
  /// Registers a parameter, which is the only way to get one: no optimizer and no checkpoint can miss it. Names are not
  /// empty, have no dots, and are taken once.
  Parameter parameter(std::string name, const Tensor& initial);
  /// The same parameter in another place: tied weights.
  Parameter parameter(std::string name, const Parameter& shared);
  Buffer buffer(std::string name, Tensor initial);
  /// Makes a module that belongs to this one: nn::Linear& hidden_ = child<nn::Linear>("hidden", 784, 400, rng).
  template <class M, class... Args>
  M& child(std::string name, Args&&... args) {
    check_name(name);
    auto owned = in_context(name, [&] { return std::make_unique<M>(std::forward<Args>(args)...); });
    M& module = *owned;
    adopt(std::move(name), std::move(owned));
    return module;
  }

 private:
  // One name of the state dict.
  struct Entry {
    std::string path;
    const Parameter* parameter;  // one of the two is null
    const Buffer* buffer;
    const Tensor& value() const { return parameter ? parameter->value() : buffer->value(); }
  };
  // visit(path, module) for this module and all below, parents first.
  template <class Visit>
  void walk(const std::string& path, const Visit& visit) const;
  std::vector<Entry> entries() const;
  void check_name(const std::string& name) const;
  void adopt(std::string name, std::unique_ptr<Module> module);

  std::string name_;
  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
  std::vector<std::unique_ptr<Module>> children_;
  bool training_ = true;
};

}  // namespace hourglass::nn
