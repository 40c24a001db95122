// Who is near whom, and whether that is so in the data and in their codes alike.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// ‖a_i - b_j‖² of all rows of a [n, d] and b [m, d], as f64[n, m].
Tensor squared_distances(const Tensor& a, const Tensor& b);

/// Whether neighbours among the codes [n, d] are neighbours among the rows [n, columns] that they stand for:
///
///     1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_{j in N_i} max(0, r(i, j) - k)
///
/// N_i are the k codes nearest to code i, and r(i, j) is row j's place, from 1, among the rows by their distance from
/// row i (Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods", and scikit-learn's
/// trustworthiness). 1 if no stranger was let in; 0 is the worst. Of equally distant ones the first comes first. k is
/// below n / 2. The other way round, trustworthiness(codes, rows) is called continuity: whether no friend was lost.
double trustworthiness(const Tensor& rows, const Tensor& codes, std::int64_t k = 5);

}  // namespace hourglass::examples
