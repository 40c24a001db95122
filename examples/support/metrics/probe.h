// How much of the classes is in a code: what simple classifiers make of it.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Codes [n, d] and the classes i64[n] they belong to, numbered from 0.
struct LabelledCodes {
  Tensor codes, labels;
};

/// The share of the test codes that a ridge classifier, trained on the others, puts into the right class: for each
/// class a linear function, with a constant, that is to be 1 on it and -1 elsewhere, the squared weights counting
/// `alpha`; the largest wins (scikit-learn's RidgeClassifier).
double ridge_probe(const LabelledCodes& train, const LabelledCodes& test, double alpha = 1);

/// The share of the test codes that have the class of most of their k nearest training codes, by Euclidean distance; of
/// classes that are equally frequent the lowest wins, and of codes that are equally near the first comes first
/// (scikit-learn's KNeighborsClassifier).
double knn_probe(const LabelledCodes& train, const LabelledCodes& test, std::int64_t k = 5);

}  // namespace hourglass::examples
