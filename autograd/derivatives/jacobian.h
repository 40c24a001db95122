// SPDX-License-Identifier: MIT
// Whole matrices of derivatives: Jacobians and Hessians.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "autograd/derivatives/products.h"

namespace hourglass {

struct JacobianOptions {
  /// How many rows one walk computes, as one batch of cotangents. 0 chooses a number: the largest value of the walk
  /// then has about 2^18 elements, which fit into the cache.
  std::int64_t chunk = 0;
};

/// All partial derivatives of f by x: [shape of f(x)..., shape of x...].
Var jacobian(const Function& f, const Var& x, JacobianOptions options = {});
std::vector<Var> jacobian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options = {});
/// The Jacobian of each sample. f maps [batch, ...in] to [batch, ...out], and sample b of the output depends on sample
/// b of the input alone: [batch, ...out, ...in]. (Batch normalisation in training mode mixes the samples.)
Var batch_jacobian(const Function& f, const Var& x, JacobianOptions options = {});
/// All second derivatives of f, whose value is one number: [shape of x..., shape of x...].
Var hessian(const Function& f, const Var& x, JacobianOptions options = {});
/// Blocks [i][j] = d²f / dx_i dx_j.
std::vector<std::vector<Var>> hessian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options = {});

}  // namespace hourglass
