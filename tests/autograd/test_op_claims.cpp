// Every op is held to what it says of its rules, wherever a row of the op table or one of its derivatives records it.
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/pull.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using Check = std::function<void(Node& node, int input)>;

// Calls the check for every input that needs a gradient, of every node that y depends on.
void for_each_input(const NodePtr& y, std::set<const Node*>& seen, const Check& check_input) {
  std::vector<NodePtr> left{y};
  while (!left.empty()) {
    const NodePtr node = left.back();
    left.pop_back();
    if (!node || !seen.insert(&*node).second) continue;
    for (int i = 0; i < node->input_count(); ++i) {
      if (!node->input(i)) continue;
      check_input(*node, i);
      left.push_back(node->input(i));
    }
    node->pulled();
  }
}

// The same for the nodes of every row's function and of its gradients.
void for_each_recorded_input(const Check& check_input) {
  for (const Row& row : op_table()) {
    Vars all, xs;
    for (const Tensor& x : draw_inputs(row)) {
      all.push_back(is_floating(x.dtype()) ? variable(x) : constant(x));
      if (is_floating(x.dtype())) xs.push_back(all.back());
    }
    const Var y = row.f(all);
    if (!y.needs_gradient()) continue;
    const Var cotangent = constant(ramp(y.shape(), 11, y.dtype()));
    const Vars gradients = grad({&y, 1}, {&cotangent, 1}, xs, {.create_graph = true, .allow_unused = true});
    std::set<const Node*> seen;
    try {
      for_each_input(y.node(), seen, check_input);
      for (const Var& g : gradients) for_each_input(g.node(), seen, check_input);
    } catch (const Error& error) {
      FAIL_CHECK(row.name, ": ", std::string(error.what()));
    }
  }
}

}  // namespace

TEST_CASE("an op that says it is elementwise has a diagonal Jacobian") {
  std::set<std::string> ops;
  for_each_recorded_input([&](Node& node, int i) {
    if (!is_elementwise(node)) return;
    const std::string op(node.op());
    ops.insert(op);
    const Tensor ramped = ramp(node.shape(), 3, node.dtype());
    const Tensor whole = node.pull(i, constant(ramped)).value();
    check(whole.shape() == node.shape(), op, "input ", i, ": the rule gives ", describe(whole), " for an output of ",
          node.shape());
    // A cotangent of one element comes back in the same element alone.
    for (std::int64_t k = 0; k < ramped.numel(); ++k) {
      const Tensor only =
          reshape(one_hot(full({1}, static_cast<double>(k), Dtype::i64), ramped.numel(), Dtype::u8), node.shape());
      const Tensor one = node.pull(i, constant(where(only, ramped, 0))).value();
      check_close(join(op, ", input ", i, ", element ", k), one, where(only, whole, 0), 0, 1);
    }
  });
  CHECK(ops.size() > 40);
}

TEST_CASE("a rule that takes many gradients at once gives what it gives for one after another") {
  std::set<std::string> ops;
  for_each_recorded_input([&](Node& node, int i) {
    const std::string op(node.op());
    ops.insert(op);
    for (const std::int64_t count : {1, 3}) {
      const Tensor gradients = ramp(in_front(count, node.shape()), 5, node.dtype());
      const Tensor shares = pull_many(node, i, constant(gradients)).value();
      check(shares.shape() == in_front(count, node.input(i)->shape()), op, "input ", i, ": ", count,
            " gradients at once give ", describe(shares), " for an input of ", node.input(i)->shape());
      for (std::int64_t k = 0; k < count; ++k)
        check_close(join(op, ", input ", i, ", gradient ", k, " of ", count), select(shares, 0, k),
                    pull(node, i, constant(select(gradients, 0, k))).value(), 1e-12, 1);
    }
  });
  CHECK(ops.size() > 80);
}
