// What instruments see of the tape: every op as it has run, every gradient as a rule has passed it on. All of
// inspect.h is built on this. While nobody observes, it costs one load and one branch for each op.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/var.h"
#include "tensor/work.h"

namespace hourglass {

/// What an op was given: as far as it has a rule for it, so masks and indices are not among them. Constants are.
struct Operand {
  Tensor value;
  NodePtr node;  // null for a constant
};

/// An op that has just run, forward or as part of a rule.
struct OpEvent {
  std::string_view op;
  const Tensor& value;
  const NodePtr& node;  // null where nothing needs a gradient
  std::span<const Operand> operands;
};

/// A rule that has just run.
struct PullEvent {
  Node& node;
  int input;
  const Var& received;
  const Var& passed;
};

/// Observes the thread that made it, for as long as it lives. Observers nest, the innermost is told first. One may
/// throw, which ends the op with that error.
class Observer : public Watch {
 public:
  ~Observer() override;
  virtual void on_op(const OpEvent&) {}
  virtual void on_pull(const PullEvent&) {}

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
Node* node_being_pulled();

/// While one lives, this thread walks back over nodes of so high an order at most.
class Walking {
 public:
  explicit Walking(int highest_order);
  ~Walking();
  Walking(const Walking&) = delete;
  Walking& operator=(const Walking&) = delete;

 private:
  int before_;
};

/// How record(), wrt() and the walk tell observers.
struct Observing {
  static constinit thread_local Observer* innermost;
  static bool active() { return innermost != nullptr; }
  /// An operand of the op that is about to be recorded.
  static void operand(const Var& x);
  /// The op, which had `count` operands. `listed`: they were given in their order, not as arguments of one call.
  static void op(std::string_view op, const Tensor& value, const NodePtr& node, std::size_t count, bool listed);
  static void pulled(Node& node, int input, const Var& received, const Var& passed);
};

/// While one lives, the rules of this node run.
class RuleOf {
 public:
  explicit RuleOf(Node& node);
  ~RuleOf();
  RuleOf(const RuleOf&) = delete;
  RuleOf& operator=(const RuleOf&) = delete;

 private:
  Node* before_;
};

}  // namespace hourglass
