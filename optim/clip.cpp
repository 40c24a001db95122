// SPDX-License-Identifier: MIT
#include "optim/clip.h"

#include <utility>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::optim {

ClippedGradients clip_grad_norm(std::vector<Var> gradients, double max_norm, double norm_type) {
  check(max_norm >= 0, "clip_grad_norm", "max_norm must not be negative, got ", max_norm);
  check(norm_type > 0, "clip_grad_norm", "norm_type must be positive, got ", norm_type);
  std::vector<double> norms{0};
  for (const Var& g : gradients)
    if (g.numel() > 0) norms.push_back(norm(g.value(), {}, false, norm_type).item());
  const double total = norm(Tensor::from(norms), {}, false, norm_type).item();
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
