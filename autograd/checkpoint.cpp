// SPDX-License-Identifier: MIT
#include "autograd/checkpoint.h"

#include <memory>

#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/tape.h"
#include "tensor/random.h"

namespace hourglass {
namespace {

// The nodes older than `start` from which younger nodes computed y: f's arguments and what f captured.
std::vector<NodePtr> reached_outside(const Var& y, std::uint64_t start) {
  const auto inside = [start](const Node& node) { return node.id() >= start; };
  std::vector<NodePtr> nodes = ancestors("checkpoint", {&y, 1}, inside);
  std::erase_if(nodes, [&](const NodePtr& node) { return inside(*node); });
  return nodes;
}

class Checkpoint final : public Node {
 public:
  Checkpoint(const Var& y, FunctionOfMany f, std::vector<Var> inputs, std::vector<NodePtr> edges, DrawLog draws)
      : Node(kOp, y.shape(), y.dtype()),
        f_(std::move(f)),
        inputs_(std::move(inputs)),
        edges_(std::move(edges)),
        draws_(std::move(draws)) {
    set_inputs(edges_);
  }

  // The first call computes all shares; those that follow find theirs.
  Share vjp(int i, const Var& g) override {
    if (shares_.empty()) shares_ = all_shares(g);
    return shares_[static_cast<std::size_t>(i)];
  }
  void finish() override { shares_.clear(); }

 private:
  static constexpr Op kOp =
      Op::with_leading_axes("checkpoint", "f(x), not kept", {"f runs again, recorded, and is walked back through"});

  void release_rules() override {
    f_ = nullptr;
    inputs_.clear();
    shares_.clear();
  }
  std::vector<Var> all_shares(const Var& g) {
    const Var y = [&] {
      const Recording on(true);
      const DrawLog::Guard replay = draws_.replay();
      return f_(inputs_);
    }();
    std::vector<Var> xs;
    for (const NodePtr& edge : edges_) xs.push_back(handle(edge));
    // Partial: if one of the xs depends on another, the outer walk follows that path.
    return grad({&y, 1}, {&g, 1}, xs,
                {.create_graph = recording(), .allow_unused = true, .batched = g.dim() > y.dim(), .partial = true});
  }

  FunctionOfMany f_;
  std::vector<Var> inputs_;
  std::vector<NodePtr> edges_;
  DrawLog draws_;
  std::vector<Var> shares_;
};

}  // namespace

Var checkpoint(const FunctionOfMany& f, std::span<const Var> inputs) {
  const std::vector<Var> xs(inputs.begin(), inputs.end());
  if (!recording()) return f(xs);
  const std::uint64_t start = variable(scalar(0)).node()->id();
  DrawLog draws;
  const Var y = [&] {
    const DrawLog::Guard note = draws.note();
    return f(xs);
  }();
  if (!y.node() || y.node()->id() < start) return y;
  const NodePtr node(new Checkpoint(y, f, xs, reached_outside(y, start), std::move(draws)));
  if (Observing::active()) Observing::op(node->op(), y.value(), node, 0, true);
  return {y.value(), node};
}
Var checkpoint(const std::function<Var(const Var&)>& f, const Var& input) {
  return checkpoint([f](const std::vector<Var>& xs) { return f(xs[0]); }, std::span(&input, 1));
}

// A node has one value: here all results of f, flattened and joined.
std::vector<Var> checkpoint(const std::function<std::vector<Var>(const std::vector<Var>&)>& f,
                            std::span<const Var> inputs) {
  const auto shapes = std::make_shared<std::vector<Shape>>();
  const Var joined = checkpoint(FunctionOfMany([f, shapes](const std::vector<Var>& xs) {
                                  const std::vector<Var> ys = f(xs);
                                  std::vector<Var> flat;
                                  for (const Var& y : ys) flat.push_back(reshape(y, {y.numel()}));
                                  if (shapes->empty())
                                    for (const Var& y : ys) shapes->push_back(y.shape());
                                  return flat.empty() ? Var() : concat(flat, 0);
                                }),
                                inputs);
  std::vector<Var> results;
  std::int64_t start = 0;
  for (const Shape& shape : *shapes) {
    const std::int64_t count = numel(shape);
    results.push_back(reshape(slice(joined, 0, start, start + count), shape));
    start += count;
  }
  return results;
}

}  // namespace hourglass
