// Whether two ways of sorting the same things agree.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The mutual information of two labelings i64[n], over the mean of their entropies:
///
///     2 I(a; b) / (H(a) + H(b))
///
/// 1 if they say the same, under whatever names; 0 if one tells nothing of the other (Strehl & Ghosh 2002, "Cluster
/// ensembles", with the arithmetic mean that scikit-learn's normalized_mutual_info_score takes). Labels are any
/// numbers; two labelings with one group each agree.
double normalized_mutual_information(const Tensor& a, const Tensor& b);

}  // namespace hourglass::examples
