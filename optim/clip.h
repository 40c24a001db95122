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

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm is the norm of all their numbers together. The
/// direction stays the same (Pascanu et al. 2013, "On the difficulty of training recurrent neural networks"). norm_type
/// is p in (Σ|g|ᵖ)^(1/p), and may be infinity. The results are constants.
ClippedGradients clip_grad_norm(std::vector<Var> gradients, double max_norm, double norm_type = 2);

/// Limits each number to [-value, value].
std::vector<Var> clip_grad_value(std::vector<Var> gradients, double value);

}  // namespace hourglass::optim
