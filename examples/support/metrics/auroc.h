// How well a score tells two kinds apart.
#pragma once
#include "tensor/tensor.h"

namespace hourglass::examples {

/// The area under the receiver operating characteristic: the probability that the score of a positive is above that of
/// a negative, ties counting half. 1/2 is guessing. Any shapes; an error if one of the two is empty, NaN if a score is.
double auroc(const Tensor& positive_scores, const Tensor& negative_scores);

}  // namespace hourglass::examples
