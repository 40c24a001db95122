// SPDX-License-Identifier: MIT
// The base class of all optimizers. Gradients are passed in, and parameters change in place.
//
//   optim::Adam adam(model.parameters(), {.lr = 1e-3});
//   adam.step(grad(loss, model.parameters()));
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "optim/state.h"
#include "tensor/update.h"

namespace hourglass::optim {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Moves every parameter in one pass over memory. The gradients come in the order of parameters() and have the same
  /// shapes and dtypes. Graphs that were recorded before keep the values they were computed from.
  void step(const std::vector<Var>& gradients);

  /// The parameters of all groups, group after group.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::size_t num_groups() const { return groups_.size(); }
  /// The number of steps of the first group, which exists from the start.
  std::int64_t steps() const { return groups_.front().steps; }
  double lr(std::size_t group = 0) const;
  /// Sets the learning rate of all groups, or of one.
  void set_lr(double lr);
  void set_lr(std::size_t group, double lr);

  /// All that the next step depends on, apart from parameters and options: the number of steps ("step", i64) and the
  /// learning rate ("lr", f64) of each group, and what is remembered of each parameter under its place in parameters(),
  /// such as "0.exp_avg". Names of parameters are not keys, because two models may use the same names. The state costs
  /// no memory, and later steps do not change it.
  StateDict state_dict() const;
  /// Continues from such a state of an optimizer with the same number of parameters, of the same shapes, in the same
  /// order. Otherwise it is an error that names the parameter, and nothing changes.
  void load_state_dict(const StateDict& state);

 protected:
  /// A tensor that is remembered of every parameter: its name in the state, and the initial value of all its numbers.
  struct Memory {
    std::string name;
    double initial = 0;
  };

  /// Errors begin with `name`.
  explicit Optimizer(std::string_view name) : name_(name) {}
  const std::string& name() const { return name_; }
  void add_group(std::vector<Parameter> parameters, const std::vector<Memory>& memory, double lr);

 private:
  struct Group {
    std::size_t begin, end;  // among parameters_
    std::int64_t steps = 0;
    std::vector<std::string> memory_names;
  };
  // The group's options hold its learning rate.
  virtual double rate(std::size_t group) const = 0;
  virtual void set_rate(std::size_t group, double lr) = 0;
  virtual bool maximizes(std::size_t group) const = 0;
  virtual void update_group(std::size_t group, std::int64_t t, std::span<const UpdateItem> items) const = 0;
  const Group& check_group(std::size_t group) const;

  std::string name_;
  std::vector<Parameter> parameters_;
  std::vector<std::vector<Tensor>> memory_;  // for each parameter, in the order of its group's names
  std::vector<Group> groups_;
};

/// An optimizer whose groups of parameters can have different options:
///
///   optim::Adam adam(encoder.parameters(), {.lr = 1e-3});
///   adam.add_param_group(decoder.parameters(), {.lr = 1e-4});
///   adam.step(grad(loss, adam.parameters()));
///
/// Options have at least `double lr` and `bool maximize` (follow the gradient up rather than down). A class that
/// derives from this one is an optimizer: it defines memory() and update(), and calls add_param_group in the body of
/// its constructor. update() is a call of for_each_number, or of a built-in update (tensor/update.h).
template <class Options>
class OptimizerWith : public Optimizer {
 public:
  void add_param_group(std::vector<Parameter> parameters, Options options) {
    add_group(std::move(parameters), memory(options), options.lr);
    options_.push_back(options);
  }
  /// A group's options, with its current learning rate.
  const Options& options(std::size_t group = 0) const { return options_.at(group); }

 protected:
  using Optimizer::Optimizer;
  /// Checks the options of a group, and returns what is remembered of each of its parameters.
  virtual std::vector<Memory> memory(const Options& options) const = 0;
  /// Takes the group's step number t, counted from 1. The memory of an item has the order of memory().
  virtual void update(const Options& options, std::int64_t t, std::span<const UpdateItem> items) const = 0;

 private:
  double rate(std::size_t group) const override { return options_[group].lr; }
  void set_rate(std::size_t group, double lr) override { options_[group].lr = lr; }
  bool maximizes(std::size_t group) const override { return options_[group].maximize; }
  void update_group(std::size_t group, std::int64_t t, std::span<const UpdateItem> items) const override {
    update(options_[group], t, items);
  }
  std::vector<Options> options_;
};

/// Errors for options outside [0, ∞) and [0, 1). NaN is outside of both.
void check_not_negative(std::string_view op, std::string_view option, double value);
void check_fraction(std::string_view op, std::string_view option, double value);
void check_betas(std::string_view op, std::pair<double, double> betas);

}  // namespace hourglass::optim
