// Node: one step of a recorded computation. record() makes one, with a rule for each input:
//
//   static constexpr Op op = Op::elementwise("mul", "a b", {"dy/da = b", "dy/db = a"});
//   return record(op, mul(a.value(), b.value()),
//                 wrt(a, [b](const Var& g) { return g * b; }),
//                 wrt(b, [a](const Var& g) { return g * a; }));
//
// A rule takes g, the gradient of whatever is differentiated by the op's output, and returns its product with the
// derivative of the output by that input. Rules are written in differentiable ops, so what they compute can be
// differentiated again. A rule may return a gradient that broadcasting widened: the engine sums it back to shape.
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
  /// What the op gave.
  const Shape& shape() const { return shape_; }
  Dtype dtype() const { return dtype_; }
  /// 0 for what a program computes, 1 for its derivatives' own computation (create_graph), 2 for theirs, ...
  int order() const { return order_; }
  /// A parameter's; empty for all others.
  virtual std::string_view name() const { return {}; }

  /// The op's inputs. One that needs no gradient is null.
  int input_count() const { return input_count_; }
  const NodePtr& input(int i) const { return inputs_[i]; }
  /// The vector-Jacobian product: input i's share of the gradient, given the output's gradient g.
  virtual Share vjp(int, const Var&) { return Var(); }
  /// The rule of input i if it is of this type, otherwise null: what a derivative can do better when it knows the rule.
  template <class Rule>
  const Rule* rule(int i) const {
    return static_cast<const Rule*>(find_rule(i, typeid(Rule)));
  }
  /// The walk needs no more products with this g: what one vjp() kept for the next can go.
  virtual void finish() {}
  /// Forgets rules and inputs, and with them all tensors that they kept.
  void release();
  bool released() const { return released_; }

 protected:
  /// The inputs are stored by the class of the node, which says once where.
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

/// The node as something to differentiate by: grad() looks at no more of its value than the shape.
Var handle(const NodePtr& node);

/// How many nodes there are at this moment. A program that keeps no graph has its leaves and no more.
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

/// The type of a rule: how to call and to destroy one, whatever it captured.
struct RuleType {
  Share (*call)(void* rule, const Var& g, const Tensor* output, Node* node);
  void (*destroy)(void* rule);
  const std::type_info* info;
};
// The output is handed in: a rule that captured it would own its own node, and neither would ever be freed.
template <class Rule>
inline constexpr RuleType kRuleType{[](void* rule, const Var& g, const Tensor* output, Node* node) -> Share {
                                      if constexpr (kNamesOutput<Rule>)
                                        return (*static_cast<Rule*>(rule))(g, Var(*output, NodePtr(node)));
                                      else return (*static_cast<Rule*>(rule))(g);
                                    },
                                    [](void* rule) { static_cast<Rule*>(rule)->~Rule(); }, &typeid(Rule)};

/// A node with rules. Its inputs and all that its rules captured are in the same block of memory, behind it: to record
/// an op takes one allocation.
class RecordedNode final : public Node {
 public:
  /// With room for this many inputs, and for `bytes` of rules and output.
  static RecordedNode* make(const Op& op, const Tensor& value, std::size_t inputs, std::size_t bytes);
  ~RecordedNode() override { release(); }
  static void operator delete(void* block) { ::operator delete(block); }

  /// The next edge; it takes padded<Rule>() of the bytes.
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
