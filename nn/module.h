// Module: a tree of named parameters. Every model and every layer is one.
//
//   class Autoencoder : public nn::Module {
//    public:
//     explicit Autoencoder(Rng& rng)
//         : encoder_(child("encoder", nn::Linear(784, 32, rng))), decoder_(child("decoder", nn::Linear(32, 784, rng))) {}
//     Var encode(const Var& x) const { return relu(encoder_(x)); }
//    private:
//     nn::Linear &encoder_, &decoder_;
//   };
//
// Its parameters are encoder.weight, encoder.bias, decoder.weight and decoder.bias: paths from the module that is
// asked, which are the keys of its state_dict() as well, in PyTorch's order.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "nn/context.h"
#include "tensor/random.h"
#include "tensor/state_dict.h"

namespace hourglass::nn {

/// A tensor that belongs to a model but is not trained, such as a running mean. A handle: copies refer to the same one.
class Buffer {
 public:
  Buffer(std::string name, const Tensor& value)
      : name_(std::move(name)), state_(std::make_shared<State>(State{value, true})) {}
  /// One whose shape is not known before set_value() gives it a value.
  Buffer(std::string name, Dtype dtype)
      : name_(std::move(name)), state_(std::make_shared<State>(State{Tensor({0}, dtype), false})) {}

  const std::string& name() const { return name_; }
  const Tensor& value() const;
  bool is_initialized() const { return state_->is_known; }
  /// Another value of the same shape.
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

/// The random numbers of a layer that draws some, dropout's for one. A handle, as Buffer is. It stands beside the
/// parameters and buffers, so that a checkpoint can keep its position.
class Stream {
 public:
  Stream(std::string name, Rng rng) : name_(std::move(name)), rng_(std::make_shared<Rng>(rng)) {}

  const std::string& name() const { return name_; }
  Rng& rng() const { return *rng_; }
  Stream renamed(std::string name) const { return {std::move(name), rng_}; }

 private:
  Stream(std::string name, std::shared_ptr<Rng> rng) : name_(std::move(name)), rng_(std::move(rng)) {}
  std::string name_;
  std::shared_ptr<Rng> rng_;
};

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
  std::vector<Stream> streams() const;
  /// How many numbers are trained.
  std::int64_t num_parameters() const;
  std::span<const std::unique_ptr<Module>> children() const { return children_; }
  /// What the parent calls this module; empty for a module without a parent.
  const std::string& name() const { return name_; }

  /// Whether layers that behave differently in training (dropout, say) do so, in here and below. At first they do.
  void train(bool training = true);
  void eval() { train(false); }
  bool is_training() const { return *training_; }
  /// Converts parameters and floating-point buffers to f32 or f64. Make the optimizer afterwards.
  void to(Dtype dtype);

  /// All parameters and buffers. Costs no memory, and keeps these values however training goes on.
  StateDict state_dict() const;
  /// Takes over the values of all names, converted to the dtypes of this module. Names that are missing or unexpected
  /// (if strict) and shapes that differ are errors, which name all of them; then nothing has changed.
  LoadResult load_state_dict(const StateDict& state, LoadOptions options = {});

  /// A table of every module, parameter and buffer: path, type, shape and number of elements.
  std::string summary() const;

  /// What a parameter is computed from after reparametrize(), and whether in training.
  struct Originals {
    std::vector<Parameter> parameters;
    std::vector<Buffer> buffers;
    std::shared_ptr<const bool> training;
  };
  /// Puts other parameters and buffers in the place of the parameter `name`, which from now on is compute(them),
  /// wherever this module uses it (see parametrize.h). Make the optimizer afterwards.
  void reparametrize(const std::string& name, const StateDict& parameters, const StateDict& buffers,
                     std::function<Var(const Originals&)> compute);
  /// Makes `name`, which reparametrize() took away, an ordinary parameter with its present value again.
  void restore_parameter(const std::string& name);

 protected:
  Module() = default;
  /// Registers a parameter, which is the only way to get one: no optimizer and no checkpoint can miss it. Names are not
  /// empty, have no dots, and are taken once.
  Parameter parameter(std::string name, const Tensor& initial);
  /// The same parameter in another place: tied weights.
  Parameter parameter(std::string name, const Parameter& shared);
  /// A parameter that gets shape and value from the first batch, by set_value().
  Parameter parameter(std::string name, Dtype dtype);
  Buffer buffer(std::string name, const Tensor& initial);
  Buffer buffer(std::string name, Dtype dtype);
  /// Random numbers of this module's own. `rng` moves on, so that the next module's are others.
  Stream stream(std::string name, Rng& rng);
  /// Adds a module that belongs to this one: nn::Linear& hidden_ = child("hidden", nn::Linear(784, 400, rng)).
  /// It is moved; its children, parameters and buffers stay the same objects.
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
  // visit(path, module) for this module and all below, parents first.
  template <class Visit>
  void walk(const std::string& path, const Visit& visit) const;
  std::vector<Entry> entries() const;
  void check_name(const std::string& name) const;
  void adopt(std::string name, std::unique_ptr<Module> module);

  // A parameter that reparametrize() replaced, and the names of what replaced it.
  struct Derived {
    Parameter parameter;
    std::vector<std::string> originals;
  };

  std::string name_;
  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
  std::vector<Stream> streams_;
  std::vector<Derived> derived_;
  std::vector<std::unique_ptr<Module>> children_;
  std::shared_ptr<bool> training_ = std::make_shared<bool>(true);  // shared with the functions of reparametrize()
};

}  // namespace hourglass::nn
