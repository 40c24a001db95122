#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops.h"

namespace hourglass::optim {

Optimizer::Optimizer(std::string_view name, std::vector<Parameter> parameters, double lr,
                     std::vector<std::string> memory)
    : name_(name), parameters_(std::move(parameters)), memory_names_(std::move(memory)) {
  set_lr(lr);
  check(!parameters_.empty(), name_, "there are no parameters to optimize");
  for (auto p = parameters_.begin(); p != parameters_.end(); ++p) {
    check(std::find(parameters_.begin(), p, *p) == p, name_, "parameter ", p->name(), " is given twice");
    for (std::size_t k = 0; k < memory_names_.size(); ++k) memory_.push_back(zeros_like(p->value()));
  }
}

void Optimizer::set_lr(double lr) {
  check(lr >= 0 && std::isfinite(lr), name_, "the learning rate must be a number of at least 0, got ", lr);
  lr_ = lr;
}

void Optimizer::step(const std::vector<Var>& gradients) {
  check(gradients.size() == parameters_.size(), name_, gradients.size(), " gradients for ", parameters_.size(),
        " parameters");
  std::vector<UpdateItem> items;
  items.reserve(parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& p = parameters_[i];
    const Var& g = gradients[i];
    check(g.shape() == p.shape() && g.dtype() == p.dtype(), name_, "parameter ", p.name(), " is ", describe(p.value()),
          ", its gradient ", describe(g));
    const std::span<Tensor> memory = memory_of(i);
    check(memory.empty() || memory[0].dtype() == p.dtype(), name_, "parameter ", p.name(), " became ", p.dtype(),
          " after the optimizer was made; make a new one");
    items.push_back({p.mutable_value(), g.value(), memory});
  }
  ++steps_;
  update(items);
}

std::string Optimizer::memory_name(std::size_t i) const {
  return parameters_[i / memory_names_.size()].name() + "." + memory_names_[i % memory_names_.size()];
}

StateDict Optimizer::state_dict() const {
  StateDict state{{"step", scalar(steps_, Dtype::i64)}};
  for (std::size_t i = 0; i < memory_.size(); ++i) state.emplace_back(memory_name(i), memory_[i]);
  return state;
}

void Optimizer::load_state_dict(const StateDict& state) {
  const auto find = [&](const std::string& name) -> const Tensor& {
    const auto found = std::find_if(state.begin(), state.end(), [&](const auto& entry) { return entry.first == name; });
    check(found != state.end(), name_, "load_state_dict: ", name, " is missing");
    return found->second;
  };
  const Tensor step = find("step");
  check(step.dtype() == Dtype::i64 && step.numel() == 1 && step.item() >= 0, name_,
        "load_state_dict: step must be one i64 of at least 0, got ", describe(step));
  std::vector<Tensor> memory;
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    memory.push_back(find(memory_name(i)));
    check(memory[i].shape() == memory_[i].shape() && memory[i].dtype() == memory_[i].dtype(), name_,
          "load_state_dict: ", memory_name(i), " is ", describe(memory_[i]), " here and ", describe(memory[i]),
          " there");
  }
  check(state.size() == memory.size() + 1, name_, "load_state_dict: ", state.size(), " names, but only ",
        memory.size() + 1, " are known");
  steps_ = *step.data<std::int64_t>();
  memory_ = std::move(memory);
}

}  // namespace hourglass::optim
