// SPDX-License-Identifier: MIT
// Observer: what instruments are told. There are three events: an op has run, a walk back has come to a node, a rule
// has given a share. All instruments of inspect.h are built on them, step_through as well. Without an observer, an op
// pays one load and one branch.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "autograd/op.h"
#include "autograd/var.h"
#include "tensor/work.h"

namespace hourglass {

class Share;

/// An input for which the op has a rule. Constants are operands too; masks and indices are not.
struct Operand {
  Tensor value;
  NodePtr node;  // null for a constant
};

/// An op that has just run, forward or as part of a rule.
struct OpEvent {
  const Op& op;
  const Tensor& value;
  const NodePtr& node;  // null where nothing needs a gradient
  std::span<const Operand> operands;
};

/// A walk back has come to a node, whose gradient is complete.
struct VisitEvent {
  Node& node;
  const Var& received;
};

/// A rule has just run: it gave the input's share of the gradient that the node received.
struct ShareEvent {
  Node& node;
  int input;
  const Var& received;
  const Share& share;
};

/// Observes the thread that made it, for as long as it lives. Observers nest; the innermost is told first. If one
/// throws an exception, the op fails with it.
class Observer : public Watch {
 public:
  ~Observer() override;
  virtual void on_op(const OpEvent&) {}
  virtual void on_visit(const VisitEvent&) {}
  virtual void on_share(const ShareEvent&) {}

 protected:
  Observer();

 private:
  friend struct Observing;
  Observer* outer_;
};

/// How deep in derivatives this thread is: 0 while a program computes, 1 in a walk back over what it computed, 2 in a
/// walk over what such a walk recorded (create_graph), and so on. It is the order() of nodes that are made now.
int walk_order();
/// The node whose rule runs on this thread, the innermost one; null outside of rules.
Node* differentiated_node();

/// While one lives, this thread walks back over nodes of at most this order.
class OrderScope {
 public:
  explicit OrderScope(int highest_order);
  ~OrderScope();
  OrderScope(const OrderScope&) = delete;
  OrderScope& operator=(const OrderScope&) = delete;

 private:
  int before_;
};

/// While one lives, a rule of this node runs.
class RuleScope {
 public:
  explicit RuleScope(Node& node);
  ~RuleScope();
  RuleScope(const RuleScope&) = delete;
  RuleScope& operator=(const RuleScope&) = delete;

 private:
  Node* before_;
};

/// How record(), wrt() and the walk tell observers.
struct Observing {
  static constinit thread_local Observer* innermost;
  static bool active() { return innermost != nullptr; }
  /// An operand of the op that is about to be recorded.
  static void operand(const Var& x);
  /// The op, which had `count` operands. `listed`: the op took a list of operands (concat), not named ones.
  static void op(const Op& op, const Tensor& value, const NodePtr& node, std::size_t count, bool listed);
  static void visit(Node& node, const Var& received) {
    if (active()) [[unlikely]]
      tell(VisitEvent{node, received});
  }
  static void share(Node& node, int input, const Var& received, const Share& share) {
    if (active()) [[unlikely]]
      tell(ShareEvent{node, input, received, share});
  }

 private:
  static void tell(const VisitEvent& event);
  static void tell(const ShareEvent& event);
};

}  // namespace hourglass
