// SPDX-License-Identifier: MIT
// Weights that are computed from other parameters at each use. The layer's code does not change:
// its `weight` is a handle, and only the target of the handle changes.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/module.h"

namespace hourglass::nn {

/// The parameters and buffers that a weight is computed from, and whether its module is training.
struct Originals {
  std::vector<Parameter> parameters;
  std::vector<Buffer> buffers;
  std::shared_ptr<const bool> training;
};
/// Replaces the module's parameter `name` by other parameters and buffers. From then on, each use
/// of the parameter in the module gives compute(originals). Make the optimizer after this.
void reparametrize(Module& module, const std::string& name, const StateDict& parameters, const StateDict& buffers,
                   std::function<Var(const Originals&)> compute);
/// Undoes reparametrize(): `name` is an ordinary parameter again, with its present value.
void restore_parameter(Module& module, const std::string& name);

/// w = g v / |v|, so that direction and length are trained separately (Salimans & Kingma 2016, "Weight normalization").
/// The norms are over all axes but `dim`: dim = 0 gives one for each output of a Linear or Conv2d, dim = -1 one for the
/// whole weight. Replaces the parameter `name` by name_g and name_v, with the same w. Make the optimizer after this.
void weight_norm(Module& module, const std::string& name = "weight", int dim = 0);
void remove_weight_norm(Module& module, const std::string& name = "weight");

struct SpectralNormOptions {
  std::string name = "weight";
  std::int64_t n_power_iterations = 1;
  double eps = 1e-12;
  /// The axis of outputs: 1 for transposed convolutions.
  int dim = 0;
};
/// w = w_orig / σ, where σ is the largest singular value of w_orig as a matrix [outputs, everything
/// else]. A Linear layer then cannot increase the distance of two inputs (Miyato et al. 2018,
/// "Spectral normalization for generative adversarial networks").
/// σ = uᵀ W v, with u and v from power iteration: v = Wᵀu / |Wᵀu|, u = Wv / |Wv|. Each use of the
/// weight in training runs n_power_iterations, unless recording is off (NoGrad). Replaces the
/// parameter by name_orig and the buffers name_u and name_v.
void spectral_norm(Module& module, Rng& rng, const SpectralNormOptions& options = {});
void remove_spectral_norm(Module& module, const std::string& name = "weight");

}  // namespace hourglass::nn
