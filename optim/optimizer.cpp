// SPDX-License-Identifier: MIT
#include "optim/optimizer.h"

#include <cmath>
#include <unordered_set>

#include "tensor/ops.h"

namespace hourglass::optim {
namespace {

void check_lr(const std::string& name, double lr) {
  check(lr >= 0 && std::isfinite(lr), name, "the learning rate must be a number of at least 0, got ", lr);
}

}  // namespace

void check_not_negative(std::string_view op, std::string_view option, double value) {
  check(value >= 0 && std::isfinite(value), op, option, " must not be negative, got ", value);
}
void check_fraction(std::string_view op, std::string_view option, double value) {
  check(value >= 0 && value < 1, op, option, " must lie in [0, 1), got ", value);
}
void check_betas(std::string_view op, std::pair<double, double> betas) {
  check_fraction(op, "betas", betas.first);
  check_fraction(op, "betas", betas.second);
}

void Optimizer::add_group(std::vector<Parameter> parameters, const std::vector<Memory>& memory, double lr) {
  check_lr(name_, lr);
  check(!parameters.empty(), name_, "there are no parameters to optimize");
  std::unordered_set<const void*> known;
  for (const Parameter& p : parameters_) known.insert(p.identity());
  for (const Parameter& p : parameters)
    check(known.insert(p.identity()).second, name_, "parameter ", p.name(), " is given twice");
  Group group{parameters_.size(), parameters_.size() + parameters.size(), 0, {}};
  for (const Memory& one : memory) group.memory_names.push_back(one.name);
  groups_.push_back(std::move(group));
  for (const Parameter& p : parameters) {
    auto& mine = memory_.emplace_back();
    for (const Memory& one : memory) mine.push_back(full(p.shape(), one.initial, p.dtype()));
  }
  parameters_.insert(parameters_.end(), parameters.begin(), parameters.end());
}

const Optimizer::Group& Optimizer::check_group(std::size_t group) const {
  check(group < groups_.size(), name_, "there is no group ", group, ", only ", groups_.size());
  return groups_[group];
}

double Optimizer::lr(std::size_t group) const {
  check_group(group);
  return rate(group);
}

void Optimizer::set_lr(double lr) {
  for (std::size_t group = 0; group < groups_.size(); ++group) set_lr(group, lr);
}

void Optimizer::set_lr(std::size_t group, double lr) {
  check_group(group);
  check_lr(name_, lr);
  set_rate(group, lr);
}

void Optimizer::step(const std::vector<Var>& gradients) {
  check(gradients.size() == parameters_.size(), name_, gradients.size(), " gradients for ", parameters_.size(),
        " parameters");
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& p = parameters_[i];
    const Var& g = gradients[i];
    check(g.shape() == p.shape() && g.dtype() == p.dtype(), name_, "parameter ", p.name(), " is ", describe(p.value()),
          ", its gradient ", describe(g));
    check(memory_[i].empty() || memory_[i][0].dtype() == p.dtype(), name_, "parameter ", p.name(), " became ",
          p.dtype(), " after the optimizer was made; make a new one");
  }
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    Group& group = groups_[k];
    std::vector<Tensor> uphill;
    if (maximizes(k))
      for (std::size_t i = group.begin; i < group.end; ++i) uphill.push_back(-gradients[i].value());
    std::vector<UpdateItem> items;
    items.reserve(group.end - group.begin);
    for (std::size_t i = group.begin; i < group.end; ++i) {
      const Tensor& g = uphill.empty() ? gradients[i].value() : uphill[i - group.begin];
      items.push_back({parameters_[i].mutable_value(), g, memory_[i]});
    }
    update_group(k, ++group.steps, items);
  }
}

StateDict Optimizer::state_dict() const {
  std::vector<std::int64_t> steps;
  std::vector<double> rates;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    steps.push_back(groups_[k].steps);
    rates.push_back(lr(k));
  }
  StateDict state{{"step", Tensor::from(steps)}, {"lr", Tensor::from(rates)}};
  for (const Group& group : groups_)
    for (std::size_t i = group.begin; i < group.end; ++i)
      for (std::size_t k = 0; k < group.memory_names.size(); ++k)
        state.emplace_back(join(i, ".", group.memory_names[k]), memory_[i][k]);
  return state;
}

void Optimizer::load_state_dict(const StateDict& state) {
  const StateDict here = state_dict();
  std::vector<std::string> names{"step", "lr"};
  for (const Group& group : groups_)
    for (std::size_t i = group.begin; i < group.end; ++i)
      for (const std::string& memory : group.memory_names) names.push_back(parameters_[i].name() + "." + memory);
  const std::vector<Tensor> there = take_like(name_, state, here, names);
  check(state.size() == here.size(), name_, "load_state_dict: ", state.size(), " entries, but only ", here.size(),
        " are known: there are ", parameters_.size(), " parameters");
  const std::vector<std::int64_t> steps = there[0].to_vector<std::int64_t>();
  const std::vector<double> rates = there[1].to_vector<double>();
  for (const std::int64_t count : steps)
    check(count >= 0, name_, "load_state_dict: step must be at least 0, got ", count);
  for (const double one : rates) check_lr(name_, one);

  auto next = there.begin() + 2;
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    groups_[k].steps = steps[k];
    set_rate(k, rates[k]);
    for (std::size_t i = groups_[k].begin; i < groups_[k].end; ++i)
      for (Tensor& one : memory_[i]) one = *next++;
  }
}

}  // namespace hourglass::optim
