// Training, validation and test set, from one.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Which rows belong to which set, i64 each, in random order. index_select(x, 0, split.train) takes them.
struct Split {
  Tensor train, validation, test;
};

struct SplitOptions {
  double validation = 0.1;  ///< the part of all rows that goes there, rounded
  double test = 0.1;
  std::uint64_t seed = 0;
};

/// Deals 0 .. n-1 out. The same seed gives the same sets, and the test set depends on seed, n and its size alone:
/// another validation part moves no row into it or out of it.
Split split_rows(std::int64_t n, const SplitOptions& options = {});

/// The same with the parts taken from each class apart: all sets have the classes in the proportions of i64 labels[n].
Split split_by_class(const Tensor& labels, const SplitOptions& options = {});

}  // namespace hourglass::examples
