// SPDX-License-Identifier: MIT
#include "nn/penalties.h"

#include <cmath>
#include <optional>

#include "autograd/ops.h"

namespace hourglass::nn {

Var l1_activity(const Var& h) {
  check(h.dim() > 0, "l1_activity", "expects [n, ...], got ", describe(h));
  return sum(abs(h)) / h.size(0);
}

Var kl_sparsity(const Var& mean_activation, double rho, double eps) {
  check(rho > 0 && rho < 1, "kl_sparsity", "rho must lie between 0 and 1, got ", rho);
  const Var p = clamp(mean_activation, eps, 1 - eps);
  const double negative_entropy = rho * std::log(rho) + (1 - rho) * std::log(1 - rho);
  const Var inside = negative_entropy - log(p) * rho - log1p(-p) * (1 - rho);
  // Beyond the bounds the tangent continues the curve: a unit that is never active has a gradient that wakes it.
  const Tensor slope = (1 - rho) / (1 - p.value()) - rho / p.value();
  return sum(inside + constant(slope) * (mean_activation - p));
}

KlSparsity::KlSparsity(std::int64_t units, KlSparsityOptions options)
    : options_(options), mean_(buffer("mean", full({units}, options.rho, options.dtype))) {
  check(options.momentum > 0 && options.momentum <= 1, "kl_sparsity", "momentum must be above 0 and at most 1, got ",
        options.momentum);
}

Var KlSparsity::operator()(const Var& h) const {
  return in_context(name(), [&] {
    const std::int64_t units = mean_.value().numel();
    check(h.dim() == 2 && h.size(1) == units && h.size(0) > 0, "kl_sparsity", "expects [n, ", units, "], got ",
          describe(h));
    const Var running = mean(h, {0}) * options_.momentum + constant(mean_.value() * (1 - options_.momentum));
    if (is_training()) mean_.set_value(running.value());
    return kl_sparsity(running, options_.rho, options_.eps);
  });
}

namespace {

template <class Size>
Var total(const char* op, std::span<const Parameter> parameters, WeightPenaltyOptions options, Size&& size) {
  std::optional<Var> penalty;
  for (const Parameter& p : parameters) {
    if (p.shape().size() < 2 && !options.biases) continue;
    penalty = penalty ? *penalty + size(Var(p)) : size(Var(p));
  }
  check(penalty.has_value(), op, "there is nothing to add up among ", parameters.size(), " parameters");
  return *penalty;
}

Var rows_of(const char* op, const Var& weight) {
  check(weight.dim() >= 2, op, "needs at least the axes [out, in], got ", describe(weight));
  return flatten(weight, 1);
}

}  // namespace

Var l1_penalty(std::span<const Parameter> parameters, WeightPenaltyOptions options) {
  return total("l1_penalty", parameters, options, [](const Var& w) { return sum(abs(w)); });
}
Var l2_penalty(std::span<const Parameter> parameters, WeightPenaltyOptions options) {
  return total("l2_penalty", parameters, options, [](const Var& w) { return sum(square(w)); });
}
Var group_lasso_penalty(const Var& weight) { return sum(norm(rows_of("group_lasso_penalty", weight), {1})); }
Var orthogonal_penalty(const Var& weight) {
  const Var w = rows_of("orthogonal_penalty", weight);
  const Var gram = w.size(0) <= w.size(1) ? matmul(w, transpose(w)) : matmul(transpose(w), w);
  return sum(square(gram - constant(eye(gram.size(0), gram.size(0), gram.dtype()))));
}

}  // namespace hourglass::nn
