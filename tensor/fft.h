// SPDX-License-Identifier: MIT
// Fourier transforms of real data along the last axis, of any length, without derivatives (autograd/fft.h has the same
// names on Var). There is no complex dtype: a complex number is a last axis of extent 2, real part first.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass {

/// Which direction divides by the length: backward irfft by n, forward rfft by n, ortho both by √n.
enum class FftNorm : std::uint8_t { backward, ortho, forward };
struct FftOptions {
  /// Length of the real side. x is cut or filled up with zeros to it (the spectrum: to n / 2 + 1 numbers). 0: rfft takes
  /// x as it is, and irfft gives 2 (m - 1) numbers for a spectrum of m.
  std::int64_t n = 0;
  FftNorm norm = FftNorm::backward;
};
/// y_k = Σ_t x_t e^(-2πi k t / n) for k = 0 ... n / 2, the others being their conjugates: [..., n] to
/// [..., n / 2 + 1, 2]. O(n log n) for every n: lengths with a large prime factor by Bluestein's convolution.
Tensor rfft(const Tensor& x, const FftOptions& options = {});
/// rfft's inverse: [..., m, 2] to [..., n]. The imaginary parts of y_0, and of y_(n/2) for even n, count as 0. To get an
/// odd n back, name it.
Tensor irfft(const Tensor& y, const FftOptions& options = {});

struct DctOptions {
  int type = 2;        ///< 2 or 3
  bool ortho = false;  ///< with the factors that make the transform an orthogonal matrix
};
/// The discrete cosine transforms along the last axis, [..., n] to [..., n], scaled as in SciPy:
///
///     type 2: y_k = 2 Σ_t x_t cos(π k (2 t + 1) / 2n)      type 3: y_k = x_0 + 2 Σ_(t ≥ 1) x_t cos(π (2 k + 1) t / 2n)
///
/// Type 3 of type 2 is 2 n x; with ortho it is x.
Tensor dct(const Tensor& x, const DctOptions& options = {});
/// The inverse of dct with the same options.
Tensor idct(const Tensor& y, const DctOptions& options = {});

}  // namespace hourglass
