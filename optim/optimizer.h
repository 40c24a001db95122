// Optimizer: what all optimizers share. Gradients are handed in; parameters change in place.
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

  /// Moves every parameter, given the gradient by each: in the order of parameters(), of the same shapes and dtypes.
  /// One pass over memory. Graphs that were recorded before keep the values they were computed from.
  void step(const std::vector<Var>& gradients);

  /// Those of all groups, group after group.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::size_t num_groups() const { return groups_.size(); }
  /// How many steps were taken (by the first group, which is there from the beginning).
  std::int64_t steps() const { return groups_.front().steps; }
  double lr(std::size_t group = 0) const;
  /// Of all groups, or of one.
  void set_lr(double lr);
  void set_lr(std::size_t group, double lr);

  /// All that the next step depends on besides parameters and options: for each group how many steps it took ("step",
  /// i64) and its learning rate ("lr", f64), and for each parameter what is remembered of it, such as
  /// "encoder.weight.exp_avg". Costs no memory, and keeps these values however training goes on.
  StateDict state_dict() const;
  /// Goes on from there. Names and shapes must fit exactly; otherwise nothing changes.
  void load_state_dict(const StateDict& state);

 protected:
  /// Something that is remembered of every parameter: its name in the state, and what all its numbers are at first.
  struct Memory {
    std::string name;
    double initial = 0;
  };

  /// `name` begins the errors.
  explicit Optimizer(std::string_view name) : name_(name) {}
  const std::string& name() const { return name_; }
  void add_group(std::vector<Parameter> parameters, const std::vector<Memory>& memory, double lr);

 private:
  struct Group {
    std::size_t begin, end;  // among parameters_
    std::int64_t steps = 0;
    std::vector<std::string> memory_names;
  };
  // The learning rate stands in the group's options.
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

/// An optimizer whose options can differ from group to group of its parameters:
///
///   optim::Adam adam(encoder.parameters(), {.lr = 1e-3});
///   adam.add_param_group(decoder.parameters(), {.lr = 1e-4});
///   adam.step(grad(loss, adam.parameters()));
///
/// Options have at least `double lr` and `bool maximize` (follow the gradient up rather than down).
template <class Options>
class OptimizerWith : public Optimizer {
 public:
  void add_param_group(std::vector<Parameter> parameters, Options options) {
    add_group(std::move(parameters), memory(options), options.lr);
    options_.push_back(options);
  }
  /// A group's, with its present learning rate.
  const Options& options(std::size_t group = 0) const { return options_.at(group); }

 protected:
  // A class derived from this one calls add_param_group in the body of its constructor.
  using Optimizer::Optimizer;
  /// Checks the options of a group, and says what is remembered of each of its parameters.
  virtual std::vector<Memory> memory(const Options& options) const = 0;
  /// The group's step number t, counted from 1. The items' memory stands in the order of memory().
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

/// Errors of options that are out of range; NaN always is. [0, ∞) and [0, 1).
void check_not_negative(std::string_view op, std::string_view option, double value);
void check_fraction(std::string_view op, std::string_view option, double value);
void check_betas(std::string_view op, std::pair<double, double> betas);

}  // namespace hourglass::optim
