// SPDX-License-Identifier: MIT
// Whether each number of a code describes one cause: codes compared with the known factors of generated images.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct Disentanglement {
  /// f64[d, f]: the share of the information about factor k that number j of the code has, I(z_j; v_k) / H(v_k).
  Tensor information;
  /// The mutual information gap: the largest information about a factor minus the second largest, averaged over the
  /// factors. 1 is perfect; 0 means that two numbers of the code know the same (Chen et al. 2018, "Isolating sources of
  /// disentanglement in variational autoencoders", section 4).
  double mig = 0;
};

/// For codes [n, d >= 2] and factors [n, f]. The range of each column is cut into `bins` equal bins, as in Locatello et
/// al. 2019, "Challenging common assumptions in the unsupervised learning of disentangled representations". A factor
/// that never changes is an error.
Disentanglement disentanglement(const Tensor& codes, const Tensor& factors, std::int64_t bins = 20);

}  // namespace hourglass::examples
