// SPDX-License-Identifier: MIT
// Checks what the Op constant of every op claims, for all ops that the table's rows and their
// gradients record.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tests/error_of.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

TEST_CASE("the claims of every op are true: a diagonal Jacobian, many gradients at once") {
  int checked = 0;
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
    try {
      checked += check_claims(y);
      for (const Var& g : gradients) checked += check_claims(g);
    } catch (const Error& error) {
      FAIL_CHECK(row.name, ": ", std::string(error.what()));
    }
  }
  CHECK(checked > 500);
}

TEST_CASE("an op that claims too much is caught, and named") {
  const Var x = variable(reshape(Tensor::from({1.0, 2.0, 3.0, 4.0}), {2, 2}));
  static constexpr Op flipped = Op::elementwise("flipped", "x turned round", {"dy/dx = 1: g turned round"});
  const auto flip_it = [](const std::vector<Var>& v) {
    return record(flipped, flip(v[0].value(), {1}), wrt(v[0], [](const Var& g) { return flip(g, {-1}); }));
  };
  CHECK(error_of([&] {
          check_claims(flip_it({x}));
        }).find("flipped: input 0: the op says it is elementwise, but gives ") == 0);
  CHECK(error_of([&] { check_gradients(flip_it, {x.value()}); }).find("flipped: input 0: ") == 0);
  // A rule that counts its axis from the front takes the wrong one if leading axes are added.
  static constexpr Op total = Op::with_leading_axes("total", "Σ x over axis 0", {"dy/dx = 1"});
  const auto sum_it = [](const Var& v) {
    return record(total, sum(v.value(), {0}),
                  wrt(v, [shape = v.shape()](const Var& g) { return broadcast_to(unsqueeze(g, 0), shape); }));
  };
  CHECK(!error_of([&] { check_claims(sum_it(x)); }).empty());
}
