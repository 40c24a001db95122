// Principal component analysis: the best that a linear autoencoder can do, and so what others are measured against.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// The k directions in which rows vary most, found by turning a random k-dimensional space by the covariance matrix
/// until it rests (orthogonal iteration), in f64. They span the space of the first k components; within it their order
/// is not that of the components, which reconstructions do not notice.
class Pca {
 public:
  /// rows [n, d], 1 <= k <= d. Depends on the rows alone. Rows that lie in fewer than k directions are an error.
  static Pca fit(const Tensor& rows, std::int64_t k);
  Tensor encode(const Tensor& rows) const;   ///< [n, d] to [n, k]
  Tensor decode(const Tensor& codes) const;  ///< [n, k] to [n, d]
  /// Mean of (decode(encode(x)) - x)².
  double error(const Tensor& rows) const;

 private:
  Pca(Tensor mean, Tensor basis) : mean_(std::move(mean)), basis_(std::move(basis)) {}
  Tensor mean_;   // [d]
  Tensor basis_;  // [d, k], columns orthonormal
};

}  // namespace hourglass::examples
