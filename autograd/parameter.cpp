#include "autograd/parameter.h"

#include "autograd/node.h"

namespace hourglass {

Parameter::Parameter(std::string name, Tensor value) : name_(std::move(name)), state_(std::make_shared<State>()) {
  check(is_floating(value.dtype()), name_, "a parameter needs f32 or f64, got ", describe(value));
  state_->leaf = NodePtr(new Node("parameter", value.shape(), value.dtype()));
  state_->value = std::move(value);
}

void Parameter::set_value(const Tensor& value) const {
  check(value.shape() == shape(), name_, "the parameter is ", describe(state_->value), ", the new value ",
        describe(value));
  check(is_floating(value.dtype()), name_, "a parameter needs f32 or f64, got ", describe(value));
  if (value.dtype() != dtype()) state_->leaf = NodePtr(new Node("parameter", value.shape(), value.dtype()));
  state_->value = value;
}

}  // namespace hourglass
