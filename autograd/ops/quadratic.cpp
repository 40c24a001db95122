// SPDX-License-Identifier: MIT
#include "autograd/ops/quadratic.h"

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

// Two passes over memory here and one in the rule, where sum(square(x)) has two and three.
Var sum_of_squares(const Var& x) {
  static constexpr Op op{"sum_of_squares", "Σ x²", {"dy/dx = 2 x"}};
  Shape kept = x.shape();
  for (int axis = 2; axis < x.dim(); ++axis) kept[axis] = 1;
  const Shape reduced{x.size(0), x.size(1)};
  return record(op, reshape(sum_to(square(x.value()), kept), reduced),
                wrt(x, [x, kept](const Var& g) { return strong_mul(reshape(g * 2, kept), x); }));
}

// The rule by A is 2 g A M, and A M is known.
Var quadratic_form(const Var& a, const Var& m) {
  static constexpr Op op{"quadratic_form", "a M aᵀ", {"dy/da = 2 a M", "dy/dM = aᵀ a"}};
  const Var am = matmul(a, m);
  return record(op, sum(a.value() * am.value(), {-1}),
                wrt(a, [am](const Var& g) { return strong_mul(unsqueeze(g * 2, -1), am); }), wrt(m, [a](const Var& g) {
                  const std::int64_t n = a.size(-1);
                  return matmul(transpose(reshape(strong_mul(unsqueeze(g, -1), a), {-1, n})), reshape(a, {-1, n}));
                }));
}

}  // namespace hourglass
