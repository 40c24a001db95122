// SPDX-License-Identifier: MIT
#include "autograd/parameter.h"

#include "autograd/node.h"

namespace hourglass {
namespace {

class ParameterNode final : public Node {
 public:
  ParameterNode(std::string name, const Tensor& value)
      : Node(kOp, value.shape(), value.dtype()), name_(std::move(name)) {}
  std::string_view name() const override { return name_; }

 private:
  static constexpr Op kOp{.name = "parameter", .formula = "given"};
  std::string name_;
};

}  // namespace

Parameter::Parameter(std::string name, const Tensor& value)
    : name_(std::move(name)), state_(std::make_shared<State>()) {
  check(is_floating(value.dtype()), name_, "a parameter needs f32 or f64, got ", describe(value));
  make_leaf(value);
}

Parameter::Parameter(std::string name, Dtype dtype) : name_(std::move(name)), state_(std::make_shared<State>()) {
  check(is_floating(dtype), name_, "a parameter needs f32 or f64, not ", dtype);
  state_->value = Tensor({0}, dtype);
}

void Parameter::make_leaf(const Tensor& value) const {
  *state_ = {value, NodePtr(new ParameterNode(name_, value)), {}};
}

Var Parameter::derived() const {
  check(static_cast<bool>(state_->compute), name_, kNoShape);
  return state_->compute();
}
void Parameter::refresh() const {
  const NoGrad no_grad;
  state_->value = derived().value();
}
void Parameter::derive(std::function<Var()> compute) const {
  state_->leaf = {};
  state_->compute = std::move(compute);
}

void Parameter::restore(const Tensor& value) const { make_leaf(value); }

void Parameter::set_value(const Tensor& value) const {
  check(!state_->compute, name_, "is computed from other parameters; give those a value");
  if (!is_initialized()) {
    check(value.dtype() == state_->value.dtype(), name_, "the parameter is ", state_->value.dtype(), ", the new value ",
          describe(value));
    return make_leaf(value);
  }
  check(value.shape() == shape(), name_, "the parameter is ", describe(state_->value), ", the new value ",
        describe(value));
  check(is_floating(value.dtype()), name_, "a parameter needs f32 or f64, got ", describe(value));
  if (value.dtype() != dtype()) make_leaf(value);
  else state_->value = value;
}

}  // namespace hourglass
