// SPDX-License-Identifier: MIT
// Var: a value, and how it was computed.
#pragma once
#include <cstdint>
#include <utility>

#include "tensor/tensor.h"

namespace hourglass {

class Node;

/// Shared ownership of a Node. When the last reference goes, a loop frees the nodes behind it. There is no recursion,
/// so a graph of a million steps does not overflow the stack.
class NodePtr {
 public:
  NodePtr() = default;
  explicit NodePtr(Node* node) noexcept;
  NodePtr(const NodePtr& other) noexcept : NodePtr(other.node_) {}
  NodePtr(NodePtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodePtr& operator=(NodePtr other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodePtr();

  Node* get() const { return node_; }
  Node* operator->() const { return node_; }
  Node& operator*() const { return *node_; }
  explicit operator bool() const { return node_ != nullptr; }
  friend bool operator==(const NodePtr&, const NodePtr&) = default;

 private:
  Node* node_ = nullptr;
};

/// A Tensor, and the node that computed it. Without a node it is a constant, and gradients stop there.
class Var {
 public:
  /// An empty constant.
  Var() = default;
  explicit Var(Tensor value) : value_(std::move(value)) {}
  Var(Tensor value, NodePtr node) : value_(std::move(value)), node_(std::move(node)) {}

  const Tensor& value() const { return value_; }
  const NodePtr& node() const { return node_; }
  const Shape& shape() const { return value_.shape(); }
  Dtype dtype() const { return value_.dtype(); }
  int dim() const { return value_.dim(); }
  std::int64_t size(std::int64_t axis) const { return value_.size(axis); }
  std::int64_t numel() const { return value_.numel(); }
  double item() const { return value_.item(); }
  bool needs_gradient() const { return static_cast<bool>(node_); }
  /// The same value as a constant.
  Var detach() const { return Var(value_); }

 private:
  Tensor value_;
  NodePtr node_;
};

inline Var constant(Tensor value) { return Var(std::move(value)); }
/// A 0-d constant, which broadcasts with everything of its dtype.
Var constant(Scalar value, Dtype dtype);
/// A value to differentiate with respect to: f32 or f64.
Var variable(Tensor value);
inline Description describe(const Var& x) { return describe(x.value()); }

/// Whether ops on this thread record.
bool recording();
/// While one lives, ops on this thread record if `on`, and do not record otherwise.
class Recording {
 public:
  explicit Recording(bool on);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  bool before_;
};
/// While one lives, ops on this thread record nothing: for evaluation.
class NoGrad : Recording {
 public:
  NoGrad() : Recording(false) {}
};

}  // namespace hourglass
