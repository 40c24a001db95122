// SPDX-License-Identifier: MIT
// Penalties: terms that are added to a loss to keep activations sparse or weights small.
#pragma once
#include <cstdint>
#include <span>

#include "nn/module.h"

namespace hourglass::nn {

// ---- on activations [n, ...]

/// Σ |h| over a sample, averaged over the batch.
Var l1_activity(const Var& h);

/// Σ KL(ρ ‖ ρ̂) over the units: ρ log(ρ/ρ̂) + (1-ρ) log((1-ρ)/(1-ρ̂)). ρ̂ is a unit's mean
/// activation [...], in (0, 1). Outside of [eps, 1 - eps] the tangent at the bound replaces the
/// curve: value and gradient stay finite, and the gradient of a dead unit (ρ̂ = 0) is about -ρ / eps.
Var kl_sparsity(const Var& mean_activation, double rho, double eps = 1e-7);

struct KlSparsityOptions {
  /// The mean activation that a unit should have.
  double rho = 0.05;
  /// The weight of a batch in the running mean; 1 uses the batch alone.
  double momentum = 1;
  double eps = 1e-7;
  Dtype dtype = Dtype::f32;
};
/// kl_sparsity for a layer of `units` sigmoids (Ng 2011, "Sparse autoencoder"). The mean is a
/// running one, (1 - momentum) · before + momentum · batch; with momentum 1 it is the mean of the
/// batch. The buffer "mean" holds it; it starts at rho, and training updates it. Gradients flow
/// through the batch's term. Small batches need a running mean: a unit that is active in 5 % of all
/// samples is active in only 1.6 of 32 on average.
class KlSparsity : public Module {
 public:
  explicit KlSparsity(std::int64_t units, KlSparsityOptions options = {});
  /// h is [n, units].
  Var operator()(const Var& h) const;

 private:
  KlSparsityOptions options_;
  Buffer mean_;
};

// ---- on weights

/// The parameters that count. A penalty on biases has little use, so by default only parameters
/// with at least two axes count.
struct WeightPenaltyOptions {
  bool biases = false;
};
/// Σ |w|
Var l1_penalty(std::span<const Parameter> parameters, WeightPenaltyOptions options = {});
/// Σ w². (Weight decay of λ in an optimizer without momentum is l2_penalty times λ/2.)
Var l2_penalty(std::span<const Parameter> parameters, WeightPenaltyOptions options = {});
/// Σ of the norms of the rows. A row has the weights of one output, so whole outputs go to 0 (Yuan
/// & Lin 2006, "Model selection and estimation in regression with grouped variables").
Var group_lasso_penalty(const Var& weight);
/// ‖W Wᵀ - I‖², or ‖Wᵀ W - I‖² if W has more rows than columns. The axes after the first count as
/// one.
Var orthogonal_penalty(const Var& weight);

}  // namespace hourglass::nn
