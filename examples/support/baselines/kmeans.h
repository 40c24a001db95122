// SPDX-License-Identifier: MIT
// k-means, the usual way to find groups.
#pragma once
#include <cstdint>

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// Centres c, and for each row the one that is nearest to it. Of equally near centres the first counts.
struct Clusters {
  Tensor centres;               ///< f64[k, d]
  Tensor labels;                ///< i64[n]
  double inertia = 0;           ///< Σ ‖x - c(x)‖²
  std::int64_t iterations = 0;  ///< of Lloyd's algorithm
};

struct KMeansOptions {
  std::int64_t starts = 10;       ///< number of starts, of which the best result is taken
  std::int64_t iterations = 300;  ///< at most, of each
};

/// Rows [n, d] in k groups, 1 <= k <= n: the smallest inertia of several runs of lloyd() from k_means_plus_plus(). The
/// result depends on `rng` alone, not on the number of threads. NaN and infinity are an Error.
Clusters k_means(const Tensor& rows, std::int64_t k, Rng rng, const KMeansOptions& options = {});

/// Lloyd's algorithm from these centres [k, d]: every centre moves to the mean of the rows that are nearest to it, until
/// no row changes its centre (Lloyd 1982, "Least squares quantization in PCM"). A centre without rows moves to the row
/// that is farthest from its own centre, as in scikit-learn.
Clusters lloyd(const Tensor& rows, const Tensor& centres, std::int64_t iterations = 300);

/// k rows as first centres: the first by chance, each other with a probability that is proportional to the squared
/// distance to the centres before it (Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful seeding").
Tensor k_means_plus_plus(const Tensor& rows, std::int64_t k, Rng& rng);

/// The nearest centre of each row: i64[n].
Tensor nearest_centre(const Tensor& rows, const Tensor& centres);

}  // namespace hourglass::examples
