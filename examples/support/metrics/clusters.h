// SPDX-License-Identifier: MIT
// Whether two labelings of the same items agree.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The mutual information of two labelings i64[n], divided by the mean of their entropies:
///
///     2 I(a; b) / (H(a) + H(b))
///
/// 1 if they agree up to the names of the classes; 0 if one tells nothing about the other (Strehl & Ghosh 2002,
/// "Cluster ensembles", with the arithmetic mean that scikit-learn's normalized_mutual_info_score takes). Labels may be
/// any numbers. Two labelings with a single class agree.
double normalized_mutual_information(const Tensor& a, const Tensor& b);

}  // namespace hourglass::examples
