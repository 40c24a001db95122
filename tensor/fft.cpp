// SPDX-License-Identifier: MIT
// Fourier transforms of real data.
#include "tensor/fft.h"

#include <cmath>
#include <utility>
#include <vector>

#include "tensor/composed/fft.h"
#include "tensor/fft/complex.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

using fft::Parts, fft::PartsView, fft::Transform, fft::roots_of_one;

// An even length is a complex transform of half the length.
template <class T>
class RealTransform {
 public:
  explicit RealTransform(std::int64_t n)
      : n_(n), length_(n % 2 == 0 ? n / 2 : n), complex_(length_), roots_(roots_of_one<T>(n % 2 == 0 ? n : 1)) {}
  std::int64_t work_size() const { return complex_.work_size(); }

  void forward(const T* x, T* y, T scale, PartsView<T> z, PartsView<T> work) const {
    const bool even = n_ % 2 == 0;
    for (std::int64_t t = 0; t < length_; ++t) {
      z.re[t] = (even ? x[2 * t] : x[t]) * scale;
      z.im[t] = even ? x[2 * t + 1] * scale : 0;
    }
    complex_.run(z, work);
    for (std::int64_t k = 0; k <= n_ / 2; ++k) {
      T re = z.re[k % length_], im = z.im[k % length_];
      if (even) {  // z = even + i odd, and both are transforms of real numbers
        const std::int64_t mirror = (length_ - k) % length_;
        const T even_re = (re + z.re[mirror]) / 2, even_im = (im - z.im[mirror]) / 2;
        const T odd_re = (im + z.im[mirror]) / 2, odd_im = (z.re[mirror] - re) / 2;
        const T c = roots_.re[k], s = roots_.im[k];
        re = even_re + (odd_re * c - odd_im * s);
        im = even_im + (odd_re * s + odd_im * c);
      }
      y[2 * k] = re;
      y[2 * k + 1] = k == 0 || 2 * k == n_ ? 0 : im;
    }
  }
  void reverse(const T* y, T* x, T scale, PartsView<T> z, PartsView<T> work) const {
    const bool even = n_ % 2 == 0;
    const auto imaginary = [&](std::int64_t k) { return k == 0 || 2 * k == n_ ? T(0) : y[2 * k + 1]; };
    for (std::int64_t k = 0; k < length_; ++k) {
      if (!even) {
        const bool mirrored = 2 * k > n_;
        const std::int64_t from = mirrored ? n_ - k : k;
        z.re[k] = y[2 * from] * scale;
        z.im[k] = (mirrored ? -imaginary(from) : imaginary(from)) * scale;
        continue;
      }
      const std::int64_t mirror = length_ - k;
      const T re = y[2 * k] * scale, im = imaginary(k) * scale, re2 = y[2 * mirror] * scale,
              im2 = imaginary(mirror) * scale;
      const T c = roots_.re[k], s = -roots_.im[k];
      const T apart_re = re - re2, apart_im = im + im2;
      z.re[k] = (re + re2) - (apart_re * s + apart_im * c);
      z.im[k] = (im - im2) + (apart_re * c - apart_im * s);
    }
    complex_.run({z.im, z.re}, {work.im, work.re});
    for (std::int64_t t = 0; t < length_; ++t) {
      if (even) {
        x[2 * t] = z.re[t];
        x[2 * t + 1] = z.im[t];
      } else {
        x[t] = z.re[t];
      }
    }
  }

  // Calls transform(row, workspaces) for all rows, many rows for each thread.
  template <class F>
  void for_rows(std::int64_t rows, F&& transform) const {
    parallel_for(rows, ceil_div(1 << 14, n_), [&](std::int64_t begin, std::int64_t end) {
      Parts<T> z(length_), work(work_size());
      for (std::int64_t row = begin; row < end; ++row) transform(row, z, work);
    });
  }

 private:
  std::int64_t n_, length_;
  Transform<T> complex_;
  Parts<T> roots_;
};

double factor_of(FftNorm norm, std::int64_t n, bool forward) {
  const auto length = static_cast<double>(n);
  if (norm == FftNorm::ortho) return 1 / std::sqrt(length);
  return (norm == FftNorm::forward) == forward ? 1 / length : 1;
}

}  // namespace

Tensor rfft(const Tensor& x, const FftOptions& options) {
  check_floating("rfft", x);
  check(x.dim() >= 1 && options.n >= 0, "rfft", "needs [..., n] and a length n >= 0, got ", describe(x),
        " and n = ", options.n);
  const std::int64_t n = options.n == 0 ? x.size(-1) : options.n, m = n / 2 + 1;
  check(n >= 1, "rfft", "needs at least one number along the last axis, got ", describe(x));
  const Work work("rfft", 2.5 * static_cast<double>(x.numel()) * std::log2(static_cast<double>(n)), x);
  const Tensor from = contiguous(composed::with_length(x, -1, n));
  Shape shape = from.shape();
  shape.back() = m;
  shape.push_back(2);
  Tensor y(shape, x.dtype());
  const std::int64_t rows = from.numel() / n;
  if (rows == 0) return y;
  dispatch_floating("rfft", x.dtype(), [&]<class T>() {
    within_memory("rfft", [&] {
      const RealTransform<T> transform(n);
      const T* const in = from.data<T>();
      T* const out = y.mutable_data<T>();
      const T scale = static_cast<T>(factor_of(options.norm, n, true));
      transform.for_rows(rows, [&](std::int64_t row, PartsView<T> z, PartsView<T> space) {
        transform.forward(in + row * n, out + row * 2 * m, scale, z, space);
      });
    });
  });
  return y;
}

Tensor irfft(const Tensor& y, const FftOptions& options) {
  check_floating("irfft", y);
  check(y.dim() >= 2 && y.size(-1) == 2 && options.n >= 0, "irfft", "needs [..., m, 2] and a length n >= 0, got ",
        describe(y), " and n = ", options.n);
  const std::int64_t n = options.n == 0 ? 2 * (y.size(-2) - 1) : options.n, m = n / 2 + 1;
  check(n >= 1, "irfft", "needs a length of at least 1: name n, got ", describe(y));
  const Work work("irfft", 1.25 * static_cast<double>(y.numel()) * std::log2(static_cast<double>(n)), y);
  const Tensor from = contiguous(composed::with_length(y, -2, m));
  Shape shape = from.shape();
  shape.erase(shape.size() - 1);
  shape.back() = n;
  Tensor x(shape, y.dtype());
  const std::int64_t rows = x.numel() / n;
  if (rows == 0) return x;
  dispatch_floating("irfft", y.dtype(), [&]<class T>() {
    within_memory("irfft", [&] {
      const RealTransform<T> transform(n);
      const T* const in = from.data<T>();
      T* const out = x.mutable_data<T>();
      const T scale = static_cast<T>(factor_of(options.norm, n, false));
      transform.for_rows(rows, [&](std::int64_t row, PartsView<T> z, PartsView<T> space) {
        transform.reverse(in + row * 2 * m, out + row * n, scale, z, space);
      });
    });
  });
  return x;
}

}  // namespace hourglass
