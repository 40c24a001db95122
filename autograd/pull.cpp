#include "autograd/pull.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "autograd/grad.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

// The ops that are not elementwise, but whose rules let leading axes pass all the same.
// clang-format off
constexpr std::string_view kLetsPass[]{
    "sum", "sum_to", "broadcast_to", "expand", "cumsum", "contiguous", "to", "triu", "tril",
    "reshape", "permute", "transpose", "flip", "slice", "embed_slice", "concat", "pad", "matmul",
    "max", "min", "norm", "logsumexp", "softmax", "log_softmax",
    "argument", "scale_gradient", "straight_through"};
// clang-format on

bool lets_pass(const Node& node, int i) {
  if (is_elementwise(node) || node.op() == "checkpoint") return true;
  if (node.shape().empty() && node.input(i)->shape().empty()) return false;  // no axis to count from
  // The weight's rule joins all rows of x and g to one product: of more than two axes it would sum over the first, too.
  if (node.op() == "linear") return i != 1 || node.shape().size() == 2;
  return std::find(std::begin(kLetsPass), std::end(kLetsPass), node.op()) != std::end(kLetsPass);
}

// Convolutions of batches, by x: the rule takes a batch of any size, so that many of them are one.
bool joins_batches(const Node& node, int i) {
  static const std::unordered_map<std::string_view, int> dims{
      {"conv1d", 3}, {"conv_transpose1d", 3}, {"conv2d", 4}, {"conv_transpose2d", 4}};
  const auto found = dims.find(node.op());
  return found != dims.end() && i == 0 && node.shape().size() == found->second;
}

}  // namespace

Var handle(const NodePtr& node) { return {broadcast_to(zeros({}, node->dtype()), node->shape()), node}; }

Shape in_front(std::int64_t count, const Shape& shape) {
  Shape result = shape;
  result.insert(0, count);
  return result;
}

Shape behind(const Var& g, int output_dim, const Shape& shape) {
  Shape whole(std::span(g.shape().begin(), static_cast<std::size_t>(g.dim() - output_dim)));
  for (const std::int64_t extent : shape) whole.push_back(extent);
  return whole;
}

std::int64_t from_back(std::string_view op, std::int64_t axis, const Var& x) {
  return x.dim() == 0 ? axis : normalize_axis(op, axis, x.dim()) - x.dim();
}

bool is_elementwise(const Node& node) {
  static const std::unordered_set<std::string_view> names{
#define UNARY(name, formula) #name,
#define UNARY_ANY(name, formula) #name,
#define BINARY(name, formula) #name,
#define BINARY_ANY(name, formula) #name,
#define TERNARY(name, formula) #name,
#include "tensor/kernels/elementwise.def"
      "where", "masked_fill"};
  return names.contains(node.op());
}

Var pull(Node& node, int i, const Var& g) {
  Var share = node.pull(i, g);
  const Shape& shape = node.input(i)->shape();
  return share.shape() == shape ? share : sum_to(share, shape);
}

Var pull_many(Node& node, int i, const Var& g) {
  const std::int64_t count = g.size(0);
  const Shape& shape = node.input(i)->shape();
  const Shape wanted = in_front(count, shape);
  if (lets_pass(node, i)) {
    Var shares = node.pull(i, g);
    if (shares.shape() == wanted) return shares;
    Shape aligned = shape;  // with the axes that broadcasting added
    while (aligned.size() < shares.dim() - 1) aligned.insert(0, 1);
    return reshape(sum_to(shares, in_front(count, aligned)), wanted);
  }
  if (joins_batches(node, i)) {
    Shape joined = node.shape();
    joined[0] *= count;
    return reshape(node.pull(i, reshape(g, joined)), wanted);
  }
  if (count == 0) return constant(zeros(wanted, node.input(i)->dtype()));
  std::vector<Var> shares;
  for (std::int64_t k = 0; k < count; ++k) shares.push_back(pull(node, i, select(g, 0, k)));
  return stack(shares);
}

namespace {
// A rule is linear in g: the derivative of ⟨rule(g), t⟩ by g is the transposed rule, applied to t.
Var transposed(Node& node, int i, const Var& t, bool many) {
  const bool differentiable = recording();
  const Recording on(true);
  const Shape shape = many ? in_front(t.size(0), node.shape()) : node.shape();
  const Var g = variable(zeros(shape, node.dtype())), shares = many ? pull_many(node, i, g) : pull(node, i, g);
  node.pulled();
  return grad({&shares, 1}, {&t, 1}, {&g, 1}, {.create_graph = differentiable, .allow_unused = true})[0];
}

// The rule of x W by x is g Wᵀ, and the rule of that by g is t W, for any number of rows: none, to begin with. (Through
// `transposed`, the product with g would be computed as well, only to be forgotten.)
bool is_product(const Node& node, int i) {
  return i == 0 && (node.op() == "linear" ||
                    (node.op() == "matmul" && node.shape().size() == 2 && node.input(0)->shape().size() == 2));
}
Var through_product(Node& node, const Var& t) {
  const NodePtr rule = [&] {
    const Recording on(true);
    return node.pull(0, variable(zeros({0, node.shape().back()}, node.dtype()))).node();
  }();
  return rule->pull(0, t);
}
}  // namespace

Var push(Node& node, int i, const Var& t) {
  if (is_elementwise(node)) return node.pull(i, broadcast_to(t, node.shape()));  // a diagonal is its own transpose
  return is_product(node, i) ? through_product(node, t) : transposed(node, i, t, false);
}

Var push_many(Node& node, int i, const Var& t) {
  if (!is_elementwise(node)) return is_product(node, i) ? through_product(node, t) : transposed(node, i, t, true);
  const Shape shape = in_front(t.size(0), node.shape());
  Shape aligned = t.shape();  // with the axes that broadcasting adds
  while (aligned.size() < shape.size()) aligned.insert(1, 1);
  return node.pull(i, broadcast_to(reshape(t, aligned), shape));
}

}  // namespace hourglass
