// SPDX-License-Identifier: MIT
// Observers: what they see of each op, on which thread, and for how long.
#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/observe.h"
#include "autograd/ops.h"
#include "tests/autograd/collector.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using test::Collector;

TEST_CASE("an observer sees an op's operands in their order, constants among them") {
  const Var a = variable(full({2, 1}, 3.0)), b = constant(full({1, 4}, 5.0)), c = constant(full({1}, 7.0));
  Collector seen;
  sub(a, b);
  sub(b, a);
  lerp(b, c, a);
  mul_add(b, c, constant(full({2, 4}, 1.0)));  // nothing is recorded
  concat({a, a, constant(full({3, 1}, 9.0))}, 0);
  const auto first = [](const Operand& x) { return *x.value.data<float>(); };
  REQUIRE(seen.ops.size() == 5);
  const std::vector<std::vector<float>> wanted{{3, 5}, {5, 3}, {5, 7, 3}, {5, 7, 1}, {3, 3, 9}};
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    CAPTURE(seen.ops[k].op.name);
    REQUIRE(seen.ops[k].operands.size() == wanted[k].size());
    for (std::size_t i = 0; i < wanted[k].size(); ++i) CHECK(first(seen.ops[k].operands[i]) == wanted[k][i]);
  }
  CHECK(seen.ops[0].operands[0].node == a.node());
  CHECK(!seen.ops[0].operands[1].node);
}

TEST_CASE("observers nest, end in any order, and leave nothing behind") {
  CHECK(!Observing::active());
  const Var x = variable(scalar(0.5));
  auto outer = std::make_unique<Collector>();
  exp(x);
  auto inner = std::make_unique<Collector>();
  sin(x);
  outer.reset();
  cos(x);
  CHECK(inner->ops.size() == 2);
  inner.reset();
  CHECK(!Observing::active());
  CHECK(detail::watch == nullptr);
  CHECK_THROWS_AS(
      [] {
        const Collector guard;
        fail("test", "thrown while observed");
      }(),
      Error);
  CHECK(!Observing::active());
  exp(x);  // no observer is left
}

TEST_CASE("an observer sees its own thread alone") {
  const Var x = variable(scalar(0.5));
  Collector here;
  std::thread([&] {
    exp(x);
    Collector there;
    sin(x);
    CHECK(there.ops.size() == 1);
  }).join();
  CHECK(here.ops.empty());
}

TEST_CASE("operands of an op that failed are not attributed to the next op") {
  const Var a = variable(ones({2})), b = variable(ones({3}));
  Collector seen;
  CHECK_THROWS_AS(mul(a, b), Error);
  neg(b);
  REQUIRE(seen.ops.size() == 1);
  REQUIRE(seen.ops[0].operands.size() == 1);
  CHECK(seen.ops[0].operands[0].node == b.node());
}

TEST_CASE("a node knows the order of the derivative in which it was made") {
  const Var x = variable(Tensor::from({0.3, 0.7}));
  const Var y = sum(sin(x));
  const Var g = grad(y, x, {.create_graph = true});
  const Var h = grad(sum(g), x, {.create_graph = true});
  CHECK(y.node()->order() == 0);
  CHECK(g.node()->order() == 1);
  CHECK(h.node()->order() == 2);
  CHECK(sum(h).node()->order() == 0);
  CHECK(walk_order() == 0);
}

TEST_CASE("a walk within a rule has no lower order than the walk around it") {
  const OrderScope outer(1);
  {
    const OrderScope inner(0);
    CHECK(walk_order() == 2);
  }
  CHECK(walk_order() == 2);
}

TEST_CASE("every op that the table's rows record describes its formula and its derivatives") {
  std::map<std::string_view, std::size_t> inputs;  // by op
  std::map<std::string_view, const Op*> ops;
  for (const test::Row& row : test::op_table()) {
    Collector seen;
    test::derivatives(row, test::draw_inputs(row), 2);
    for (const Collector::Seen& one : seen.ops) {
      if (one.operands.size() >= inputs[one.op.name]) ops[one.op.name] = &one.op;  // mul, not mul by a number
      inputs[one.op.name] = std::max(inputs[one.op.name], one.operands.size());
    }
  }
  CHECK(ops.size() > 80);
  for (const auto& [name, op] : ops) {
    CAPTURE(name);
    CHECK(!op->formula.empty());
    for (std::size_t i = 0; i < inputs[name]; ++i) CHECK(!op->derivative(static_cast<int>(i)).empty());
  }
  CHECK(ops.at("mul")->derivative(0) == "dy/da = b");
  CHECK(ops.at("mul")->derivative(1) == "dy/db = a");
  CHECK(ops.at("concat")->derivative(7) == ops.at("concat")->derivative(0));
  constexpr Op silent{"silent"};  // a user's own op may have no description
  CHECK(silent.derivative(0).empty());
  CHECK(silent.accepted_by(5) == Accepts::one);
}
