// SPDX-License-Identifier: MIT
// ‖J‖², the size of a Jacobian: the penalty of contractive autoencoders.
#pragma once
#include <cstdint>
#include <optional>

#include "autograd/derivatives/products.h"
#include "tensor/random.h"

namespace hourglass {

/// How ‖J‖² is computed, for J = dh/dx of one sample with m outputs and n inputs.
enum class JacobianNorm {
  exact,  ///< J itself, row by row, in batches of cotangents; m vector-Jacobian products. For any f
  gram,   ///< for an f that begins with an affine layer W x + b: Σ a W Wᵀ aᵀ over the rows a of dh/d(W x + b)
  closed_form,  ///< for h = s(W x + b) with s elementwise: Σ s'² ‖row of W‖² (Rifai et al. 2011, section 3)
  hutchinson,   ///< an unbiased estimate, the mean of ‖vᵀJ‖² over random v (Hutchinson 1990). For any f
  forward,      ///< J column by column; n Jacobian-vector products. For any f, and for fewer inputs than outputs
};
/// The distribution of v's elements for hutchinson: independent, mean 0, variance 1. The estimate has a smaller
/// variance with rademacher, which is random signs.
enum class Probe { rademacher, normal };

struct JacobianNormOptions {
  JacobianNorm method = JacobianNorm::exact;
  /// For hutchinson: how many v, from which distribution, and the generator that draws them.
  std::int64_t samples = 1;
  Probe distribution = Probe::rademacher;
  Rng* rng = nullptr;
  /// How many rows (columns, samples) are computed in one walk; 0 as in JacobianOptions.
  std::int64_t chunk = 0;
  /// Forget each chunk's steps and compute them again when they are differentiated: memory for one chunk instead of
  /// all, for a third more work. If this is not set, it is done when all chunks together would keep more than 2^26
  /// numbers.
  std::optional<bool> recompute{};
};

/// ‖J‖²_F = Σ_ij (∂h_i/∂x_j)² of each sample, [batch], for h = f(x): what a contractive autoencoder adds to its loss
/// (Rifai et al. 2011, "Contractive auto-encoders"). f maps [batch, ...] to [batch, ...] and treats each sample
/// independently. Not to be confused with ‖1ᵀJ‖², the gradient of the sum of all outputs, which one walk gives.
Var squared_jacobian_norm(const Function& f, const Var& x, const JacobianNormOptions& options = {});

}  // namespace hourglass
