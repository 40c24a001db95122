// Weights that are computed from other parameters at each use. The layer does not notice: its `weight` is a handle, and
// what stands behind it has changed (Module::reparametrize).
#pragma once
#include <cstdint>
#include <string>

#include "nn/module.h"

namespace hourglass::nn {

/// w = g v / |v|, so that direction and length are trained apart (Salimans & Kingma 2016, "Weight normalization"). The
/// norms are over all axes but `dim`: one for each output of a Linear or Conv2d with dim = 0; dim = -1 is one for all.
/// Replaces the parameter `name` by name_g and name_v, whose product it is at first. Make the optimizer afterwards.
void weight_norm(Module& module, const std::string& name = "weight", int dim = 0);
void remove_weight_norm(Module& module, const std::string& name = "weight");

struct SpectralNormOptions {
  std::string name = "weight";
  std::int64_t n_power_iterations = 1;
  double eps = 1e-12;
  /// The axis of outputs: 1 for transposed convolutions.
  int dim = 0;
};
/// w = w_orig / σ, σ being the largest singular value of w_orig seen as a matrix [outputs, all the rest]: the layer
/// stretches nothing by more than 1 (Miyato et al. 2018, "Spectral normalization for generative adversarial networks").
/// σ = uᵀ W v with u and v from power iteration, v = Wᵀu / |Wᵀu|, u = Wv / |Wv|: n_power_iterations of them each time
/// the weight is used in training while ops record. Replaces the parameter by name_orig and buffers name_u and name_v.
void spectral_norm(Module& module, Rng& rng, const SpectralNormOptions& options = {});
void remove_spectral_norm(Module& module, const std::string& name = "weight");

}  // namespace hourglass::nn
