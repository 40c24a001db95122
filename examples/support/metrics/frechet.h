// SPDX-License-Identifier: MIT
// The distance between two sets of pictures as distributions: their means and covariances.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The squared Fréchet distance of the normal distributions that fit the rows of a [n, k] and b [m, k] (Dowson & Landau
/// 1982, equation 4):
///
///     ‖m_a - m_b‖² + tr( C_a + C_b - 2 (C_a^½ C_b C_a^½)^½ )
///
/// Rows are features of pictures. With the features of a trained classifier this is the Fréchet inception distance
/// (Heusel et al. 2017); pca.encode(pictures) gives features without one. 0 for equal sets. For two samples of one
/// distribution the expectation falls with their size, so compare sets of equal size. At least 2 rows each. k should be
/// small: each sweep takes some k³ steps.
double frechet_distance(const Tensor& a, const Tensor& b);

}  // namespace hourglass::examples
