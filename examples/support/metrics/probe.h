// SPDX-License-Identifier: MIT
// How much a code says about the classes: the accuracy of simple classifiers.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Codes [n, d] and their classes i64[n], numbered from 0.
struct LabelledCodes {
  Tensor codes, labels;
};

/// The accuracy of a ridge classifier on the test codes. For each class, a linear function with a constant is fitted to
/// 1 on the class and -1 elsewhere, with a penalty of `alpha` on the squared weights; the largest function wins
/// (scikit-learn's RidgeClassifier).
double ridge_probe(const LabelledCodes& train, const LabelledCodes& test, double alpha = 1);

/// The accuracy of k nearest neighbours on the test codes: each gets the most frequent class of its k nearest training
/// codes, by Euclidean distance. Of equally frequent classes the lowest wins, and of equally near codes the first
/// (scikit-learn's KNeighborsClassifier).
double knn_probe(const LabelledCodes& train, const LabelledCodes& test, std::int64_t k = 5);

}  // namespace hourglass::examples
