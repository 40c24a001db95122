// SPDX-License-Identifier: MIT
// Module: a tree of named parameters. Every model and every layer is a module.
//
//   class Autoencoder : public nn::Module {
//    public:
//     explicit Autoencoder(Rng& rng)
//         : encoder_(child("encoder", nn::Linear(784, 32, rng))),
//           decoder_(child("decoder", nn::Linear(32, 784, rng))) {}
//     Var encode(const Var& x) const { return relu(encoder_(x)); }
//    private:
//     nn::Linear &encoder_, &decoder_;
//   };
//
// Its parameters are encoder.weight, encoder.bias, decoder.weight and decoder.bias. These paths are also the keys of
// its state_dict(), in PyTorch's order.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "nn/context.h"
#include "tensor/random.h"
#include "tensor/state_dict.h"

namespace hourglass::nn {

/// A tensor of a model that is not trained, such as a running mean. A handle: copies refer to the
/// same tensor.
class Buffer {
 public:
  Buffer(std::string name, const Tensor& value)
      : name_(std::move(name)), state_(std::make_shared<State>(State{value, true})) {}
  /// A buffer whose shape is unknown until set_value() gives it a value.
  Buffer(std::string name, Dtype dtype)
      : name_(std::move(name)), state_(std::make_shared<State>(State{Tensor({0}, dtype), false})) {}

  const std::string& name() const { return name_; }
  const Tensor& value() const;
  bool is_initialized() const { return state_->is_known; }
  /// The new value must have the same shape.
  void set_value(const Tensor& value) const;
  /// The same buffer under another name.
  Buffer renamed(std::string name) const { return {std::move(name), state_}; }

 private:
  struct State {
    Tensor value;
    bool is_known;
  };
  Buffer(std::string name, std::shared_ptr<State> state) : name_(std::move(name)), state_(std::move(state)) {}
  std::string name_;
  std::shared_ptr<State> state_;
};

/// The random number generator of a layer that draws numbers, such as dropout. A handle, like Buffer. A checkpoint
/// keeps it with the parameters and buffers.
class RandomState {
 public:
  RandomState(std::string name, Rng rng) : name_(std::move(name)), rng_(std::make_shared<Rng>(rng)) {}

  const std::string& name() const { return name_; }
  Rng& rng() const { return *rng_; }
  RandomState renamed(std::string name) const { return {std::move(name), rng_}; }

 private:
  RandomState(std::string name, std::shared_ptr<Rng> rng) : name_(std::move(name)), rng_(std::move(rng)) {}
  std::string name_;
  std::shared_ptr<Rng> rng_;
};

struct LoadOptions {
  /// Whether missing and unexpected names are errors.
  bool strict = true;
};
/// Names that load_state_dict did not find, and names that it did not use.
struct LoadResult {
  std::vector<std::string> missing, unexpected;
};

class Module {
 public:
  virtual ~Module() = default;
  // Moving a module leaves its children where they are, so references to them stay valid.
  Module(Module&&) = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// All parameters of this module and of the modules below it, named by their paths. A shared
  /// parameter appears once.
  std::vector<Parameter> parameters() const;
  std::vector<Buffer> buffers() const;
  std::vector<RandomState> random_states() const;
  /// The number of elements of all parameters. Parameters without a shape do not count yet.
  std::int64_t num_parameters() const;
  std::span<const std::unique_ptr<Module>> children() const { return children_; }
  using Visitor = std::function<void(const std::string& path, const Module& module)>;
  /// Calls visitor(path, module) for this module, whose path is "", and for all modules below it.
  /// Parents come before their children.
  void visit(const Visitor& visitor) const { visit("", visitor); }
  /// The name that the parent gave to this module; empty for a module without a parent.
  const std::string& name() const { return name_; }

  /// Sets the mode of this module and of all modules below it. Dropout, for example, acts only in
  /// training. The initial mode is training.
  void train(bool training = true);
  void eval() { train(false); }
  bool is_training() const { return *training_; }
  /// Converts parameters and floating-point buffers to f32 or f64. Make the optimizer after this.
  void to(Dtype dtype);

  /// A snapshot of all parameters and buffers: it does not change when training continues. It
  /// shares memory with the model until the model changes.
  StateDict state_dict() const;
  /// Sets all parameters and buffers, converted to the dtypes of this module. One error names all
  /// missing and unexpected names (if strict) and all different shapes. After an error the module
  /// is unchanged.
  LoadResult load_state_dict(const StateDict& state, LoadOptions options = {});

  /// A table of every module, parameter and buffer: path, type, shape and number of elements.
  std::string summary() const;

 protected:
  Module() = default;
  /// Registers a parameter. This is the only way to get one, so optimizers and checkpoints find all of them. A name is
  /// not empty, has no dots, and is used once.
  Parameter parameter(std::string name, const Tensor& initial);
  /// The same parameter under a second name: tied weights.
  Parameter parameter(std::string name, const Parameter& shared);
  /// A parameter whose shape is unknown until set_value(), at the first batch.
  Parameter parameter(std::string name, Dtype dtype);
  Buffer buffer(std::string name, const Tensor& initial);
  Buffer buffer(std::string name, Dtype dtype);
  /// A random number generator for this module alone. One draw from `rng` seeds it, so each module
  /// gets a different generator.
  RandomState random_state(std::string name, Rng& rng);
  /// Adds a module that belongs to this one: nn::Linear& hidden_ = child("hidden", nn::Linear(784, 400, rng)).
  /// It is moved; its children, parameters and buffers stay the same objects. If this module is in evaluation mode, so
  /// is the added one.
  template <std::derived_from<Module> M>
  M& child(std::string name, M module) {
    return child(std::move(name), std::make_unique<M>(std::move(module)));
  }
  /// The same for a module whose type is chosen at run time.
  template <std::derived_from<Module> M>
  M& child(std::string name, std::unique_ptr<M> module) {
    check_name(name);
    M& added = *module;
    adopt(std::move(name), std::move(module));
    return added;
  }
  /// Makes the module from its constructor's arguments: child<nn::Linear>("hidden", 784, 400, rng). An error in the
  /// constructor then starts with the name.
  template <std::derived_from<Module> M, class... Args>
  M& child(std::string name, Args&&... args) {
    auto module = in_context(name, [&] { return std::make_unique<M>(std::forward<Args>(args)...); });
    return child(std::move(name), std::move(module));
  }

 private:
  // One name of the state dict.
  struct Entry {
    std::string path;
    const Parameter* parameter;  // one of the two is null
    const Buffer* buffer;
    const Tensor& value() const { return parameter ? parameter->value() : buffer->value(); }
    bool is_initialized() const { return parameter ? parameter->is_initialized() : buffer->is_initialized(); }
  };
  // "encoder.weight" for the path "encoder".
  static std::string dotted(const std::string& path, const std::string& name);
  void visit(const std::string& path, const Visitor& visitor) const;
  std::vector<Entry> entries() const;
  void check_name(const std::string& name) const;
  template <class T>
  T& registered(std::vector<T>& all, T one);
  void adopt(std::string name, std::unique_ptr<Module> module);

  friend class Parametrization;
  // A parameter that reparametrize() took out of parameters_, and the names of the parameters and
  // buffers that it is computed from (parametrize.h).
  struct Derived {
    Parameter parameter;
    std::vector<std::string> originals;
  };

  std::string name_;
  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
  std::vector<RandomState> random_states_;
  std::vector<Derived> derived_;
  std::vector<std::unique_ptr<Module>> children_;
  std::unordered_set<std::string> names_;                          // of all these
  std::shared_ptr<bool> training_ = std::make_shared<bool>(true);  // computed parameters share it
};

}  // namespace hourglass::nn
