// Whether each number of a code says one thing: codes held against the causes that images were drawn from.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct Disentanglement {
  /// f64[d, f]: the share of what there is to know of a factor that one number of the code tells, I(z_j; v_k) / H(v_k).
  Tensor information;
  /// The mutual information gap: how much more the best informed number of the code knows of a factor than the second
  /// best, averaged over the factors; 1 is perfect, and 0 where two know the same (Chen et al. 2018, "Isolating sources
  /// of disentanglement in variational autoencoders", section 4).
  double mig = 0;
};

/// Of codes [n, d >= 2] and factors [n, f], each column being cut into so many equal pieces between its smallest and
/// largest value, and counted (as Locatello et al. 2019, "Challenging common assumptions in the unsupervised learning
/// of disentangled representations", do it). Factors that never change are an error.
Disentanglement disentanglement(const Tensor& codes, const Tensor& factors, std::int64_t bins = 20);

}  // namespace hourglass::examples
