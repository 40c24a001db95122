// Node: one step of a recorded computation. record() makes one, with a rule for each input:
//
//   return record("mul", mul(a.value(), b.value()),
//                 wrt(a, [b](const Var& g) { return g * b; }),
//                 wrt(b, [a](const Var& g) { return g * a; }));
//
// A rule takes the gradient of whatever is differentiated by the op's output, and returns its product with the
// derivative of the output by that input. Rules are written in differentiable ops, so what they compute can be
// differentiated again. A rule may return a gradient that broadcasting widened: the engine sums it back to shape.
#pragma once
#include <atomic>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/observe.h"
#include "autograd/var.h"

namespace hourglass {

/// The gradient of a slice put where it was cut from, among zeros; the axis counts from the back.
struct SliceRule {
  Shape from;
  std::int64_t axis, first, step;
  Var operator()(const Var& g) const;
};

/// The gradient of x Wᵀ by x: g W.
struct ProductRule {
  Var matrix;
  Var operator()(const Var& g) const;
};

class Node {
 public:
  Node(std::string_view op, const Shape& shape, Dtype dtype);
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The op's name; a string that outlives the node.
  std::string_view op() const { return op_; }
  /// Counts up as nodes are made. Every input of a node is older than the node: its id is smaller.
  std::uint64_t id() const { return id_; }
  /// What the op gave.
  const Shape& shape() const { return shape_; }
  Dtype dtype() const { return dtype_; }
  /// 0 for what a program computes, 1 for its derivatives' own computation (create_graph), 2 for theirs, ...
  int order() const { return order_; }
  /// A parameter's; empty for all else.
  virtual std::string_view name() const { return {}; }

  /// The op's inputs. One that needs no gradient is null.
  virtual int input_count() const { return 0; }
  virtual const NodePtr& input(int) const { return no_node(); }
  /// Input i's share of the gradient, given the output's gradient g.
  virtual Var pull(int, const Var&) { return {}; }
  /// The rule of an op that cuts a slice out of its input; null for every other op.
  virtual const SliceRule* slice_rule() const { return nullptr; }
  /// The rule by the first input of an op that multiplies it with a matrix and says so; null for every other op.
  virtual const ProductRule* product_rule() const { return nullptr; }
  /// A walk has pulled all it wants with this g: what one pull kept for the next can go.
  virtual void pulled() {}
  /// Forgets rules and inputs, and with them all tensors that they kept.
  virtual void release() {}
  bool released() const { return released_; }

 protected:
  static const NodePtr& no_node() {
    static const NodePtr none;
    return none;
  }
  bool released_ = false;

 private:
  friend class NodePtr;
  std::string_view op_;
  std::uint64_t id_;
  Shape shape_;
  std::atomic<std::int64_t> references_{0};
  Node* next_doomed_ = nullptr;
  Dtype dtype_;
  std::uint8_t order_;
};

/// How many nodes there are at this moment. A program that keeps no graph has its leaves and no more.
std::int64_t live_nodes();

/// Whether ops record; see NoGrad.
bool recording();

/// An input of an op together with its rule; neither is kept where the input needs no gradient.
template <class Rule>
struct Edge {
  NodePtr input;
  std::optional<Rule> rule;
};

/// A rule may ask for the op's output as well: [](const Var& g, const Var& y) { return g * y; }
template <class Rule>
inline constexpr bool kNamesOutput = std::invocable<Rule&, const Var&, const Var&>;

/// "With respect to x, the gradient is ..."
template <class Rule>
Edge<Rule> wrt(const Var& x, Rule rule) {
  if (Observing::active()) [[unlikely]]
    Observing::operand(x);
  if (!x.node() || !recording()) return {};
  return {x.node(), std::move(rule)};
}

/// A node with its edges in one block of memory, whatever the rules captured. Edges is a tuple of Edge<Rule>, or a
/// vector of Edge<Rule> for ops with any number of inputs.
template <class Edges, bool names_output>
class RecordedNode final : public Node {
 public:
  RecordedNode(std::string_view op, const Tensor& value, Edges edges)
      : Node(op, value.shape(), value.dtype()), edges_(std::move(edges)) {
    if constexpr (names_output) output_ = value;
  }

  int input_count() const override {
    if constexpr (kIsTuple) return static_cast<int>(std::tuple_size_v<Edges>);
    else return static_cast<int>(edges_.size());
  }
  const NodePtr& input(int i) const override {
    const NodePtr* node = &no_node();
    for_each(edges_, [&](int k, const auto& edge) {
      if (k == i) node = &edge.input;
    });
    return *node;
  }
  Var pull(int i, const Var& g) override {
    Var result;
    for_each(edges_, [&](int k, auto& edge) {
      if (k == i) result = apply_rule(*edge.rule, g);
    });
    return result;
  }
  const SliceRule* slice_rule() const override { return first_rule<SliceRule>(edges_); }
  const ProductRule* product_rule() const override { return first_rule<ProductRule>(edges_); }
  void release() override {
    for_each(edges_, [](int, auto& edge) {
      edge.rule.reset();
      edge.input = {};
    });
    if constexpr (names_output) output_ = Tensor();
    released_ = true;
  }

 private:
  static constexpr bool kIsTuple = requires { std::tuple_size<Edges>::value; };
  struct Nothing {};

  // The first edge's rule, if it is one of these.
  template <class Rule, class... Others>
  static const Rule* first_rule(const std::tuple<Edge<Rule>, Others...>& edges) {
    const std::optional<Rule>& rule = std::get<0>(edges).rule;
    return rule ? &*rule : nullptr;
  }
  template <class Rule>
  static const Rule* first_rule(const auto&) {
    return nullptr;
  }
  template <class AnyEdges, class F>
  static void for_each(AnyEdges& edges, F f) {
    int k = 0;
    if constexpr (kIsTuple) std::apply([&](auto&... edge) { (f(k++, edge), ...); }, edges);
    else
      for (auto& edge : edges) f(k++, edge);
  }
  // The output is handed in: a rule that captured it would own its own node, and neither would ever be freed.
  template <class Rule>
  Var apply_rule(Rule& rule, const Var& g) {
    if constexpr (kNamesOutput<Rule>) return rule(g, Var(output_, NodePtr(this)));
    else return rule(g);
  }

  Edges edges_;
  [[no_unique_address]] std::conditional_t<names_output, Tensor, Nothing> output_;
};

/// The result of an op: `value`, with a node if any input needs a gradient.
template <class... Rules>
Var record(std::string_view op, Tensor value, Edge<Rules>... edges) {
  if (!(... || edges.input)) {
    if (Observing::active()) [[unlikely]]
      Observing::op(op, value, {}, sizeof...(edges), false);
    return Var(std::move(value));
  }
  constexpr bool names_output = (... || kNamesOutput<Rules>);
  NodePtr node(new RecordedNode<std::tuple<Edge<Rules>...>, names_output>(op, value, {std::move(edges)...}));
  if (Observing::active()) [[unlikely]]
    Observing::op(op, value, node, sizeof...(edges), false);
  return Var(std::move(value), std::move(node));
}
template <class Rule>
Var record(std::string_view op, Tensor value, std::vector<Edge<Rule>> edges) {
  NodePtr node;
  const std::size_t count = edges.size();
  bool needed = false;
  for (const Edge<Rule>& edge : edges) needed |= static_cast<bool>(edge.input);
  if (needed)
    node = NodePtr(new RecordedNode<std::vector<Edge<Rule>>, kNamesOutput<Rule>>(op, value, std::move(edges)));
  if (Observing::active()) [[unlikely]]
    Observing::op(op, value, node, count, true);
  return Var(std::move(value), std::move(node));
}

}  // namespace hourglass
