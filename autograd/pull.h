// What can be asked of one node: a gradient pulled back through it, many at once, or a tangent pushed forward.
#pragma once
#include <cstdint>

#include "autograd/node.h"

namespace hourglass {

/// A node as something to differentiate by: grad() looks at no more of its value than the shape.
Var handle(const NodePtr& node);

/// The shape with one more axis.
Shape in_front(std::int64_t count, const Shape& shape);

/// Whether each element of the op's output is a function of one element of each input alone: then its Jacobian is
/// diagonal, and a rule is a product with the diagonal. All of tensor/kernels/elementwise.def is of this kind.
bool is_elementwise(const Node& node);

/// Input i's share of g, in the input's shape: whatever broadcasting repeated is summed again, so that no rule needs to
/// think of it.
Var pull(Node& node, int i, const Var& g);
/// The same for many gradients, the first axis of g: at once where the rule lets leading axes pass, else one by one.
Var pull_many(Node& node, int i, const Var& g);
// For rules that let leading axes pass: they count axes from the back, and put a shape behind whatever stands in front.
/// Those axes of g that it has more than the op's output, and then `shape`.
Shape behind(const Var& g, int output_dim, const Shape& shape);
/// The axis counted from the back of x.
std::int64_t from_back(std::string_view op, std::int64_t axis, const Var& x);

/// The other direction: what the tangent t of input i adds to the output's tangent.
Var push(Node& node, int i, const Var& t);
Var push_many(Node& node, int i, const Var& t);

}  // namespace hourglass
