// SPDX-License-Identifier: MIT
// Elementwise losses of a prediction and a target, and their sums.
#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

Var bce_with_logits(const Var& logits, const Var& targets) {
  static constexpr Op op =
      Op::elementwise("bce_with_logits", "softplus(x) - x t", {"dy/dx = sigmoid(x) - t", "dy/dt = -x"});
  return record(op, bce_with_logits(logits.value(), targets.value()),
                wrt(logits, [logits, targets](const Var& g) { return bce_with_logits_grad(logits, targets, g); }),
                wrt(targets, [logits](const Var& g) { return -strong_mul(g, logits); }));
}
Var bce_with_logits_grad(const Var& logits, const Var& targets, const Var& g) {
  static constexpr Op op =
      Op::elementwise("bce_with_logits_grad", "g₁ (sigmoid(x) - t)",
                      {"dy/dx = g₁ s (1 - s), s = sigmoid(x)", "dy/dt = -g₁", "dy/dg₁ = sigmoid(x) - t"});
  return record(op, bce_with_logits_grad(logits.value(), targets.value(), g.value()),
                wrt(logits, [logits, g](const Var& h) { return sigmoid_grad(strong_product(h, g), sigmoid(logits)); }),
                wrt(targets, [g](const Var& h) { return -strong_product(h, g); }),
                wrt(g, [logits, targets](const Var& h) { return bce_with_logits_grad(logits, targets, h); }));
}
Var bce(const Var& probabilities, const Var& targets) {
  static constexpr Op op = Op::elementwise("bce", "-t log p - (1 - t) log(1 - p)",
                                           {"dy/dp = (p - t) / (p (1 - p))", "dy/dt = log(1 - p) - log p"});
  return record(op, bce(probabilities.value(), targets.value()),
                wrt(probabilities,
                    [probabilities, targets](const Var& g) {  // PyTorch's guard against division by zero
                      const Var spread = maximum(probabilities * (1 - probabilities), 1e-12);
                      return strong_div(strong_mul(g, probabilities - targets), spread);
                    }),
                wrt(targets, [probabilities](const Var& g) {
                  return strong_mul(g, maximum(log1p(-probabilities), -100) - maximum(log(probabilities), -100));
                }));
}
Var squared_difference(const Var& a, const Var& b) {
  static constexpr Op op =
      Op::elementwise("squared_difference", "(a - b)²", {"dy/da = 2 (a - b)", "dy/db = 2 (b - a)"});
  return record(op, squared_difference(a.value(), b.value()),
                wrt(a, [a, b](const Var& g) { return squared_difference_grad(a, b, g); }),
                wrt(b, [a, b](const Var& g) { return squared_difference_grad(b, a, g); }));
}
Var squared_difference_grad(const Var& a, const Var& b, const Var& g) {
  static constexpr Op op = Op::elementwise("squared_difference_grad", "2 g₁ (a - b)",
                                           {"dy/da = 2 g₁", "dy/db = -2 g₁", "dy/dg₁ = 2 (a - b)"});
  return record(op, squared_difference_grad(a.value(), b.value(), g.value()),
                wrt(a, [g](const Var& h) { return strong_product(h, g) * 2; }),
                wrt(b, [g](const Var& h) { return strong_product(h, g) * -2; }),
                wrt(g, [a, b](const Var& h) { return squared_difference_grad(a, b, h); }));
}

// The slopes are constants. So a gradient that will be differentiated in turn is computed from the operands instead.
Var bce_with_logits_sum(const Var& logits, const Var& targets) {
  static constexpr Op op{"bce_with_logits_sum", "Σ softplus(x) - x t", {"dy/dx = sigmoid(x) - t", "dy/dt = -x"}};
  const bool needed = recording() && logits.needs_gradient();
  const auto [sum, slopes] = bce_with_logits_sum(logits.value(), targets.value(), needed);
  return record(op, sum,
                wrt(logits,
                    [logits, targets, slopes = slopes](const Var& g) {
                      return recording() ? bce_with_logits_grad(logits, targets, g) : strong_mul(g, constant(slopes));
                    }),
                wrt(targets, [logits](const Var& g) { return -strong_mul(g, logits); }));
}
Var squared_difference_sum(const Var& a, const Var& b) {
  static constexpr Op op{"squared_difference_sum", "Σ (a - b)²", {"dy/da = 2 (a - b)", "dy/db = 2 (b - a)"}};
  const bool needed = recording() && a.needs_gradient();
  const auto [sum, slopes] = squared_difference_sum(a.value(), b.value(), needed);
  return record(op, sum,
                wrt(a,
                    [a, b, slopes = slopes](const Var& g) {
                      return recording() ? squared_difference_grad(a, b, g) : strong_mul(g, constant(slopes));
                    }),
                wrt(b, [a, b](const Var& g) { return squared_difference_grad(b, a, g); }));
}

}  // namespace hourglass
