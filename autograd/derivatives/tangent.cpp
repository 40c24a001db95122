// SPDX-License-Identifier: MIT
// Tangents need no second set of rules: a node's rule multiplies by the transpose of its Jacobian J, and J t follows
// from it.
#include "autograd/derivatives/tangent.h"

#include <optional>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/ops/rules.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

// A diagonal Jacobian is its own transpose: the rule, given the tangent, is the product.
Var through_diagonal(Node& node, int i, const Var& t, bool many) {
  if (!many) return node.vjp(i, broadcast_to(t, node.shape())).whole();
  const Shape shape = in_front(t.size(0), node.shape());
  Shape aligned = t.shape();  // with the axes that broadcasting adds
  while (aligned.size() < shape.size()) aligned.insert(1, 1);
  return node.vjp(i, broadcast_to(reshape(t, aligned), shape)).whole();
}

// A rule is linear in g: the derivative of ⟨rule(g), t⟩ by g is the transposed rule, applied to t.
Var through_transposed_rule(Node& node, int i, const Var& t, bool many) {
  const bool differentiable = recording();
  const Recording on(true);
  const Shape shape = many ? in_front(t.size(0), node.shape()) : node.shape();
  const Var g = variable(zeros(shape, node.dtype()));
  const Var shares = (many ? shares_of(node, i, g) : share_of(node, i, g)).whole();
  node.finish();
  return grad({&shares, 1}, {&t, 1}, {&g, 1}, {.create_graph = differentiable, .allow_unused = true})[0];
}

// What the tangent t of input i adds to the node's tangent.
Var jvp_of(Node& node, int i, const Var& t, bool many) {
  if (node.op().is_elementwise) return through_diagonal(node, i, t, many);
  if (const ProductRule* product = node.rule<ProductRule>(i); product != nullptr && product->matrix.dim() == 2)
    return matmul(t, transpose(product->weight()));
  return through_transposed_rule(node, i, t, many);
}

}  // namespace

Var tangent_of(const Var& y, std::span<const Var> xs, std::span<const Var> tangents, bool many) {
  Tape tape({&y, 1}, xs);
  const OrderScope deeper(y.node() ? y.node()->order() : 0);
  std::vector<std::optional<Var>> slots(tape.size() + 1);
  const auto add = [&](std::size_t n, const Var& t) { slots[n] = slots[n] ? *slots[n] + t : t; };
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (const std::size_t n = tape.find(xs[i].node()); n < tape.size()) add(n, tangents[i]);
  for (std::size_t n = tape.size(); n-- > 0;) {
    Node& node = *tape[n];
    if (tape.is_x(n)) continue;
    for (int i = 0; i < node.input_count(); ++i)
      if (const auto& t = slots[tape.find(node.input(i), n)]) add(n, jvp_of(node, i, *t, many));
  }
  const std::size_t last = tape.find(y.node());
  if (last < tape.size() && slots[last]) return *slots[last];
  return constant(zeros(many ? in_front(tangents[0].size(0), y.shape()) : y.shape(), y.dtype()));
}

}  // namespace hourglass
