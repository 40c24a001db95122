// Parameter: a value that an optimizer may change.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "autograd/var.h"

namespace hourglass {

/// A handle: copies refer to the same parameter. It converts to a Var of its present value, always with the same node,
/// so that grad() knows it again. Graphs recorded earlier keep the value they were computed from: tensors copy on
/// write.
class Parameter {
 public:
  Parameter(std::string name, Tensor value);

  operator Var() const { return {state_->value, state_->leaf}; }  // NOLINT(google-explicit-constructor): used as a Var
  /// Its path in the module that was asked for it: "encoder.hidden.weight".
  const std::string& name() const { return name_; }
  const Tensor& value() const { return state_->value; }
  const Shape& shape() const { return value().shape(); }
  Dtype dtype() const { return value().dtype(); }
  std::int64_t numel() const { return value().numel(); }
  /// For optimizers, which write the elements in place.
  Tensor& mutable_value() const { return state_->value; }
  /// Another value of the same shape. The dtype may change; graphs recorded before do not know the parameter then.
  void set_value(const Tensor& value) const;
  /// The same parameter under another name.
  Parameter renamed(std::string name) const { return {std::move(name), state_}; }

  friend bool operator==(const Parameter& a, const Parameter& b) { return a.state_ == b.state_; }

 private:
  struct State {
    Tensor value;
    NodePtr leaf;
  };
  Parameter(std::string name, std::shared_ptr<State> state) : name_(std::move(name)), state_(std::move(state)) {}
  std::string name_;
  std::shared_ptr<State> state_;
};

}  // namespace hourglass
