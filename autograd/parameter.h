// SPDX-License-Identifier: MIT
// Parameter: a value that an optimizer may change.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "autograd/var.h"

namespace hourglass {

/// What errors say about a parameter or buffer without a value.
inline constexpr const char* kNoShape =
    "has no shape yet, as it depends on the first batch; pass one through the model before this";

/// A handle: copies refer to the same parameter. It converts to a Var of its current value, always with the same node,
/// so that grad() recognises it. Graphs that were recorded earlier keep the value that they used, as tensors copy on
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
  /// Its path, seen from the module whose parameters() gave it: "encoder.hidden.weight".
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
  /// Sets a value of the same shape. If the dtype changes, graphs that were recorded before no longer lead to this
  /// parameter.
  void set_value(const Tensor& value) const;
  /// From now on the value is a function of other parameters, computed at each use, for example w = g v / |v|. Training
  /// then changes those parameters instead of this one.
  void derive(std::function<Var()> compute) const;
  /// Undoes derive(): makes this an ordinary parameter with this value.
  void restore(const Tensor& value) const;
  /// The same parameter under another name.
  Parameter renamed(std::string name) const { return {std::move(name), state_}; }

  friend bool operator==(const Parameter& a, const Parameter& b) { return a.state_ == b.state_; }
  /// The same for all handles of one parameter: its key in sets and maps.
  const void* identity() const { return state_.get(); }

 private:
  struct State {
    Tensor value;
    NodePtr leaf;  // null if there is no value yet, or if it is computed
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
