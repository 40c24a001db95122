// Parameter: a value that an optimizer may change.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "autograd/var.h"

namespace hourglass {

/// What errors say of a parameter or buffer without a value.
inline constexpr const char* kNoShape =
    "has no shape yet, as it depends on the first batch; pass one through the model before this";

/// A handle: copies refer to the same parameter. It converts to a Var of its present value, always with the same node,
/// so that grad() knows it again. Graphs recorded earlier keep the value they were computed from: tensors copy on
/// write.
class Parameter {
 public:
  Parameter(std::string name, const Tensor& value);
  /// One whose shape is not known yet. Until set_value() gives it a value, using it is an error that names it.
  Parameter(std::string name, Dtype dtype);

  operator Var() const {  // NOLINT(google-explicit-constructor): used as a Var
    if (state_->leaf) [[likely]]
      return {state_->value, state_->leaf};
    return derived();
  }
  /// Its path in the module that was asked for it: "encoder.hidden.weight".
  const std::string& name() const { return name_; }
  const Tensor& value() const {
    if (!state_->leaf) [[unlikely]]
      refresh();
    return state_->value;
  }
  /// Whether it has a value, and so a shape.
  bool is_initialized() const { return state_->leaf || state_->compute; }
  const Shape& shape() const { return value().shape(); }
  Dtype dtype() const { return value().dtype(); }
  std::int64_t numel() const { return value().numel(); }
  /// For optimizers, which write the elements in place.
  Tensor& mutable_value() const { return state_->value; }
  /// Another value of the same shape. The dtype may change; graphs recorded before do not know the parameter then.
  void set_value(const Tensor& value) const;
  /// From now on it is a function of other parameters, computed anew at each use: w = g v / |v|, say. It is not
  /// trained any more; they are.
  void derive(std::function<Var()> compute) const;
  /// Undoes derive(): an ordinary parameter of this value.
  void restore(const Tensor& value) const;
  /// The same parameter under another name.
  Parameter renamed(std::string name) const { return {std::move(name), state_}; }

  friend bool operator==(const Parameter& a, const Parameter& b) { return a.state_ == b.state_; }

 private:
  struct State {
    Tensor value;
    NodePtr leaf;  // null where there is no value yet, or it is computed
    std::function<Var()> compute;
  };
  void make_leaf(const Tensor& value) const;
  Var derived() const;
  void refresh() const;
  Parameter(std::string name, std::shared_ptr<State> state) : name_(std::move(name)), state_(std::move(state)) {}
  std::string name_;
  std::shared_ptr<State> state_;
};

}  // namespace hourglass
