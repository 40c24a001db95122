// Optimizer: what all optimizers share. Gradients are handed in; parameters change in place.
//
//   optim::Adam adam(model.parameters(), {.lr = 1e-3});
//   adam.step(grad(loss, model.parameters()));
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "tensor/update.h"

namespace hourglass::optim {

/// Names and tensors.
using StateDict = std::vector<std::pair<std::string, Tensor>>;

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Moves every parameter, given the gradient by each: in the order of parameters(), of the same shapes and dtypes.
  /// One pass over memory. Graphs that were recorded before keep the values they were computed from.
  void step(const std::vector<Var>& gradients);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// How many steps were taken.
  std::int64_t steps() const { return steps_; }
  double lr() const { return lr_; }
  void set_lr(double lr);

  /// All that the next step depends on besides parameters and options: "step" (i64) and for each parameter what is
  /// remembered of it, such as "encoder.weight.exp_avg". Costs no memory, and keeps these values however training goes
  /// on.
  StateDict state_dict() const;
  /// Goes on from there. Names and shapes must fit exactly; otherwise nothing changes.
  void load_state_dict(const StateDict& state);

 protected:
  /// `name` begins the errors. One tensor of zeros is made for each parameter and each name in `memory`.
  Optimizer(std::string_view name, std::vector<Parameter> parameters, double lr, std::vector<std::string> memory);
  /// Takes step number steps(), counted from 1. The items' memory stands in the order of the names.
  virtual void update(std::span<const UpdateItem> items) const = 0;

 private:
  // A tensor for each name, of one parameter.
  std::span<Tensor> memory_of(std::size_t parameter) {
    return std::span(memory_).subspan(parameter * memory_names_.size(), memory_names_.size());
  }
  std::string memory_name(std::size_t i) const;

  std::string name_;
  std::vector<Parameter> parameters_;
  double lr_;
  std::int64_t steps_ = 0;
  std::vector<std::string> memory_names_;
  std::vector<Tensor> memory_;  // parameter by parameter
};

}  // namespace hourglass::optim
