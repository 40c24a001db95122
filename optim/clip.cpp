// SPDX-License-Identifier: MIT
#include "optim/clip.h"

#include <cmath>
#include <utility>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::optim {

ClippedGradients clip_grad_norm(std::vector<Var> gradients, double max_norm, ClipNormOptions options) {
  const double p = options.norm_type;
  check(max_norm >= 0, "clip_grad_norm", "max_norm must not be negative, got ", max_norm);
  check(p > 0, "clip_grad_norm", "norm_type must be positive, got ", p);
  std::vector<double> norms{0};
  for (const Var& g : gradients) {
    norms.push_back(g.numel() > 0 ? norm(g.value(), {}, false, p).item() : 0);
    check(std::isfinite(norms.back()) || !options.error_if_nonfinite, "clip_grad_norm", "the norm of gradient ",
          norms.size() - 2, " is ", norms.back(), ": ", describe(g));
  }
  const double total = norm(Tensor::from(norms), {}, false, p).item();
  const double scale = max_norm / (total + 1e-6);
  for (Var& g : gradients) g = scale >= 1 ? g.detach() : constant(g.value() * scale);
  return {std::move(gradients), total};
}

std::vector<Var> clip_grad_value(std::vector<Var> gradients, double value) {
  check(value >= 0, "clip_grad_value", "value must not be negative, got ", value);
  for (Var& g : gradients) g = constant(clamp(g.value(), -value, value));
  return gradients;
}

}  // namespace hourglass::optim
