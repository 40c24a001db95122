// SPDX-License-Identifier: MIT
// Nearest neighbours: whether codes keep those of the data.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// ‖a_i - b_j‖² for all rows of a [n, d] and b [m, d]: f64[n, m].
Tensor squared_distances(const Tensor& a, const Tensor& b);

/// Whether neighbours among the codes [n, d] are neighbours among the data rows [n, columns] as well:
///
///     1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_{j in N_i} max(0, r(i, j) - k)
///
/// N_i are the k codes nearest to code i, and r(i, j) is the rank of row j, from 1, by its distance from row i (Venna &
/// Kaski 2001, "Neighborhood preservation in nonlinear projection methods", and scikit-learn's trustworthiness). 1 if
/// all neighbours of codes are neighbours in the data; 0 is the worst. Ties are in the order of the rows. k is below n
/// / 2. trustworthiness(codes, rows) is called continuity: whether neighbours in the data stay neighbours among the
/// codes.
double trustworthiness(const Tensor& rows, const Tensor& codes, std::int64_t k = 5);

}  // namespace hourglass::examples
