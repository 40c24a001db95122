// SPDX-License-Identifier: MIT
// Node: one step of a recorded computation. record() makes one, with a rule for each input:
//
//   static constexpr Op op = Op::elementwise("mul", "a b", {"dy/da = b", "dy/db = a"});
//   return record(op, mul(a.value(), b.value()),
//                 wrt(a, [b](const Var& g) { return strong_mul(g, b); }),
//                 wrt(b, [a](const Var& g) { return strong_mul(g, a); }));
//
// A rule takes g, the gradient with respect to the op's output, and returns the gradient with respect to its input: g
// times the derivative of the output by the input. Rules are written in differentiable ops, so what they compute can be
// differentiated again. Rules ignore broadcasting: the engine sums a gradient to the shape of the input.
#pragma once
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "autograd/observe.h"
#include "autograd/op.h"
#include "autograd/share.h"
#include "autograd/var.h"

namespace hourglass {

class Node {
 public:
  /// The op must outlive the node: it is a constant of the program.
  Node(const Op& op, const Shape& shape, Dtype dtype);
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const Op& op() const { return *op_; }
  /// Counts up as nodes are made. Every input of a node is older than the node: its id is smaller.
  std::uint64_t id() const { return id_; }
  /// Of the op's output.
  const Shape& shape() const { return shape_; }
  Dtype dtype() const { return dtype_; }
  /// 0 for what a program computes, 1 for what a walk back over those nodes records (create_graph), 2 for a walk back
  /// over nodes of order 1, ...
  int order() const { return order_; }
  /// The name of a parameter; empty for all other nodes.
  virtual std::string_view name() const { return {}; }

  /// The op's inputs. One that needs no gradient is null.
  int input_count() const { return input_count_; }
  const NodePtr& input(int i) const { return inputs_[i]; }
  /// The vector-Jacobian product: input i's share of the gradient, given the output's gradient g.
  virtual Share vjp(int, const Var&) { return Var(); }
  /// The rule of input i if it has this type, otherwise null. Some derivatives are faster when they know the rule.
  template <class Rule>
  const Rule* rule(int i) const {
    return static_cast<const Rule*>(find_rule(i, typeid(Rule)));
  }
  /// The walk has all products with this g: the node may drop what one vjp() kept for the next.
  virtual void finish() {}
  /// Forgets rules and inputs, and with them all tensors that they kept.
  void release();
  bool released() const { return released_; }

 protected:
  /// The derived class stores the inputs. It says where, once.
  void set_inputs(std::span<NodePtr> inputs) {
    inputs_ = inputs.data();
    input_count_ = static_cast<int>(inputs.size());
  }

 private:
  virtual const void* find_rule(int, const std::type_info&) const { return nullptr; }
  virtual void release_rules() {}

  friend class NodePtr;
  const Op* op_;
  std::uint64_t id_;
  Shape shape_;
  NodePtr* inputs_ = nullptr;
  std::atomic<std::int64_t> references_{0};
  Node* next_doomed_ = nullptr;
  int input_count_ = 0;
  Dtype dtype_;
  std::uint8_t order_;
  bool released_ = false;
};

/// A Var of this node, to differentiate with respect to it. Its value is zeros; grad() uses only the shape.
Var handle(const NodePtr& node);

/// The number of nodes that exist now. If a program keeps no graph, only its leaves exist.
std::int64_t live_nodes();

/// An input of an op, null if it needs no gradient, and its rule.
template <class Rule>
struct Edge {
  NodePtr input;
  Rule rule;
};

/// "With respect to x, the gradient is ..."
template <class Rule>
Edge<Rule> wrt(const Var& x, Rule rule) {
  if (Observing::active()) [[unlikely]]
    Observing::operand(x);
  return {recording() ? x.node() : NodePtr(), std::move(rule)};
}

/// A rule may ask for the op's output as well: [](const Var& g, const Var& y) { return g * y; }
template <class Rule>
inline constexpr bool kNamesOutput = std::invocable<Rule&, const Var&, const Var&>;

/// What is known about one type of rule: how to call it and how to destroy it.
struct RuleType {
  Share (*call)(void* rule, const Var& g, const Tensor* output, Node* node);
  void (*destroy)(void* rule);
  const std::type_info* info;
};
// The caller passes the output. If a rule captured it, rule and node would own each other, and neither would ever be
// freed.
template <class Rule>
inline constexpr RuleType kRuleType{[](void* rule, const Var& g, const Tensor* output, Node* node) -> Share {
                                      if constexpr (kNamesOutput<Rule>)
                                        return (*static_cast<Rule*>(rule))(g, Var(*output, NodePtr(node)));
                                      else return (*static_cast<Rule*>(rule))(g);
                                    },
                                    [](void* rule) { static_cast<Rule*>(rule)->~Rule(); }, &typeid(Rule)};

/// A node with rules. Its inputs, its rules and what they captured follow it in the same block of memory, so recording
/// an op takes one allocation.
class RecordedNode final : public Node {
 public:
  /// A node with room for this many inputs, and for `bytes` of rules and output.
  static RecordedNode* make(const Op& op, const Tensor& value, std::size_t inputs, std::size_t bytes);
  ~RecordedNode() override { release(); }
  static void operator delete(void* block) { ::operator delete(block); }

  /// Adds the next edge, which takes padded<Rule>() of the bytes.
  template <class Rule>
  void add(Edge<Rule>& edge) {
    const std::size_t i = filled_++;
    if (!edge.input) return;
    inputs()[i] = std::move(edge.input);
    rules()[i] = {&kRuleType<Rule>, place(std::move(edge.rule))};
  }
  void keep_output(const Tensor& value) { output_ = place(Tensor(value)); }
  template <class T>
  static constexpr std::size_t padded() {
    static_assert(alignof(T) <= alignof(void*));
    return (sizeof(T) + sizeof(void*) - 1) / sizeof(void*) * sizeof(void*);
  }

  Share vjp(int i, const Var& g) override {
    const RuleOfInput& rule = rules()[i];
    return rule.type->call(rule.captured, g, output_, this);
  }

 private:
  struct RuleOfInput {
    const RuleType* type;  // null if the input needs no gradient
    void* captured;
  };
  using Node::Node;
  const void* find_rule(int i, const std::type_info& type) const override;
  void release_rules() override;
  template <class T>
  T* place(T thing) {
    T* const placed = new (room_) T(std::move(thing));
    room_ += padded<T>();
    return placed;
  }
  NodePtr* inputs() const { return reinterpret_cast<NodePtr*>(const_cast<RecordedNode*>(this) + 1); }
  RuleOfInput* rules() const { return reinterpret_cast<RuleOfInput*>(inputs() + input_count()); }

  std::size_t filled_ = 0;
  std::byte* room_ = nullptr;
  Tensor* output_ = nullptr;
};

/// Tells observers, and puts value and node together.
Var recorded(const Op& op, Tensor value, RecordedNode* node, std::size_t operands, bool listed);

/// The result of an op: `value`, with a node if any input needs a gradient.
template <class... Rules>
Var record(const Op& op, Tensor value, Edge<Rules>... edges) {
  constexpr bool names_output = (... || kNamesOutput<Rules>);
  constexpr std::size_t bytes = (RecordedNode::padded<Rules>() + ...) + (names_output ? sizeof(Tensor) : 0);
  RecordedNode* node = nullptr;
  if ((... || edges.input)) {
    node = RecordedNode::make(op, value, sizeof...(edges), bytes);
    (node->add(edges), ...);
    if (names_output) node->keep_output(value);
  }
  return recorded(op, std::move(value), node, sizeof...(edges), false);
}
/// The same for an op with any number of inputs, such as concat.
template <class Rule>
Var record(const Op& op, Tensor value, std::vector<Edge<Rule>> edges) {
  const std::size_t bytes = edges.size() * RecordedNode::padded<Rule>() + (kNamesOutput<Rule> ? sizeof(Tensor) : 0);
  RecordedNode* node = nullptr;
  for (const Edge<Rule>& edge : edges)
    if (edge.input && node == nullptr) node = RecordedNode::make(op, value, edges.size(), bytes);
  if (node != nullptr) {
    for (Edge<Rule>& edge : edges) node->add(edge);
    if (kNamesOutput<Rule>) node->keep_output(value);
  }
  return recorded(op, std::move(value), node, edges.size(), true);
}
/// An op is a constant that outlives its nodes, never a temporary.
void record(Op&& op, auto&&...) = delete;
void record(const Op&& op, auto&&...) = delete;

}  // namespace hourglass
