// Penalties: what is added to a loss to keep activations sparse or weights small.
#pragma once
#include <cstdint>
#include <span>

#include "nn/module.h"

namespace hourglass::nn {

// ---- on activations [n, ...]

/// Σ |h| of a sample, averaged over the batch.
Var l1_activity(const Var& h);

/// Σ KL(ρ ‖ ρ̂) over the units, with ρ̂ a unit's mean activation [...], in (0, 1): ρ log(ρ/ρ̂) + (1-ρ) log((1-ρ)/(1-ρ̂)).
/// ρ̂ counts as no nearer to 0 and 1 than eps.
Var kl_sparsity(const Var& mean_activation, double rho, double eps = 1e-7);

struct KlSparsityOptions {
  /// How active a unit should be on average.
  double rho = 0.05;
  /// The share of a batch in the running mean; 1 looks at the batch alone.
  double momentum = 1;
  double eps = 1e-7;
  Dtype dtype = Dtype::f32;
};
/// kl_sparsity for a layer of `units` sigmoids (Ng 2011, "Sparse autoencoder"). The mean is over the batch, or a
/// running one, (1 - momentum) · before + momentum · batch, kept in the buffer "mean" and updated in training; it
/// starts at rho. Gradients flow through the batch's share. Small batches need the running mean: of 32 samples hardly
/// one in twenty units' rare activations is seen.
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

/// Which parameters count: a penalty on biases says little, so that by default only those of two axes or more do.
struct WeightPenaltyOptions {
  bool biases = false;
};
/// Σ |w|
Var l1_penalty(std::span<const Parameter> parameters, WeightPenaltyOptions options = {});
/// Σ w². (Weight decay of λ in an optimizer without momentum is l2_penalty times λ/2.)
Var l2_penalty(std::span<const Parameter> parameters, WeightPenaltyOptions options = {});
/// Σ of the norms of rows, each row being what one output reads: whole outputs go to 0 (Yuan & Lin 2006, "Model
/// selection and estimation in regression with grouped variables").
Var group_lasso_penalty(const Var& weight);
/// ‖W Wᵀ - 1‖² with the rows of W, or ‖Wᵀ W - 1‖² if there are more rows than columns; axes behind the first count as
/// one.
Var orthogonal_penalty(const Var& weight);

}  // namespace hourglass::nn
