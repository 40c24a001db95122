// SPDX-License-Identifier: MIT
// How well a score separates two classes: AUROC and average precision.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The area under the receiver operating characteristic: the probability that the score of a positive is above that of
/// a negative; ties count half. Guessing gives 1/2. Any shapes. An error if one of the two is empty; NaN if a score is.
double auroc(const Tensor& positive_scores, const Tensor& negative_scores);

/// Average precision, the area under the curve of precision over recall, as a sum of steps:
///
///     Σ_t (R_t - R_{t-1}) P_t
///
/// where t goes through the different scores from the largest down, R_t is the share of the positives that score t or
/// more, and P_t the share of positives among all that do (scikit-learn's average_precision_score). Guessing gives the
/// share of positives. If these are rare, like anomalies, it says more than auroc. Shapes and errors as for auroc.
double average_precision(const Tensor& positive_scores, const Tensor& negative_scores);

}  // namespace hourglass::examples
