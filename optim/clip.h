// SPDX-License-Identifier: MIT
// Limits the size of gradients: values in, values out.
//
//   adam.step(clip_grad_norm(grad(loss, model.parameters()), 1.0).gradients);
#pragma once
#include <vector>

#include "autograd/var.h"

namespace hourglass::optim {

struct ClippedGradients {
  std::vector<Var> gradients;
  /// The norm before clipping; worth a plot.
  double norm;
};

struct ClipNormOptions {
  /// p in (Σ|g|ᵖ)^(1/p); may be infinity.
  double norm_type = 2;
  /// Whether a norm that is infinite or NaN is an error, which names the first gradient to blame.
  bool error_if_nonfinite = false;
};

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm is the norm of all their numbers together. The
/// direction stays the same (Pascanu et al. 2013, "On the difficulty of training recurrent neural networks"). The
/// results are constants.
///
/// Without error_if_nonfinite a bad gradient passes: if a number is NaN, all become NaN; if one is infinite, it becomes
/// NaN, and all finite ones become 0. So either test `norm` before the step, or ask for the error.
ClippedGradients clip_grad_norm(std::vector<Var> gradients, double max_norm, ClipNormOptions options = {});

/// Limits each number to [-value, value].
std::vector<Var> clip_grad_value(std::vector<Var> gradients, double value);

}  // namespace hourglass::optim
