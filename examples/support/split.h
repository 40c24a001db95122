// SPDX-License-Identifier: MIT
// Splits one set into training, validation and test set.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// The rows of each set, i64, in random order. index_select(x, 0, split.train) takes them.
struct Split {
  Tensor train, validation, test;
};

struct SplitOptions {
  double validation = 0.1;  ///< as a part of all rows, rounded
  double test = 0.1;
  std::uint64_t seed = 0;
};

/// Splits 0 .. n-1. The same seed gives the same sets. The test set depends on the seed, n and its own size alone, so
/// it stays the same when the validation part changes.
Split split_rows(std::int64_t n, const SplitOptions& options = {});

/// The same within each class, so that all sets have the classes in the proportions of labels i64[n].
Split split_by_class(const Tensor& labels, const SplitOptions& options = {});

}  // namespace hourglass::examples
