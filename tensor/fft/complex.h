// SPDX-License-Identifier: MIT
// Complex Fourier transforms of any length. Real and imaginary parts are in arrays of their own, so that loops are
// contiguous.
#pragma once
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "tensor/checked.h"
#include "tensor/storage.h"

namespace hourglass::fft {

template <class T>
struct PartsView {
  T *re, *im;
};
template <class T>
class Parts {
 public:
  explicit Parts(std::int64_t n)
      : storage_(static_cast<std::size_t>(static_cast<std::int64_t>((Checked("fft", n) * 2 + kApart) * sizeof(T)))),
        re(reinterpret_cast<T*>(storage_.data())),
        im(re + n + kApart) {}
  operator PartsView<T>() const { return {re, im}; }  // NOLINT(google-explicit-constructor)

 private:
  static constexpr std::int64_t kApart = 320;  // parts whose lengths are powers of 2 would compete for cache lines
  Storage storage_;

 public:
  T *re, *im;
};

// e^(-2πi k / n) for k < n. In double, as products of about √n of them with √n others: the functions themselves would
// take longer than the transform.
template <class T>
Parts<T> roots_of_one(std::int64_t n) {
  const auto root = [n](std::int64_t k) {
    return std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  };
  std::int64_t block = 1;
  while (block * block < n) block *= 2;
  std::vector<std::complex<double>> fine;
  for (std::int64_t k = 0; k < block; ++k) fine.push_back(root(k));
  Parts<T> roots(n);
  for (std::int64_t first = 0; first < n; first += block) {
    const std::complex<double> c = root(first);
    for (std::int64_t k = 0; k < std::min(block, n - first); ++k) {
      const std::complex<double> f = fine[static_cast<std::size_t>(k)];
      roots.re[first + k] = static_cast<T>(c.real() * f.real() - c.imag() * f.imag());
      roots.im[first + k] = static_cast<T>(c.real() * f.imag() + c.imag() * f.real());
    }
  }
  return roots;
}

inline constexpr std::int64_t kLargestRadix = 31;  // a prime factor beyond it is slower than Bluestein's way

// Σ_t x_t e^(-2πi k t / n), without a factor. The reverse direction is the same with re and im exchanged.
template <class T>
class Transform {
 public:
  explicit Transform(std::int64_t n) : n_(n), roots_(roots_of_one<T>(n)) {
    std::int64_t rest = n;
    for (; rest % 4 == 0; rest /= 4) radices_.push_back(4);
    for (std::int64_t radix = 2; radix <= kLargestRadix; ++radix)
      for (; rest % radix == 0; rest /= radix) radices_.push_back(radix);
    if (rest > 1) prepare_chirp();
  }

  // In place; `work` has room for work_size() numbers.
  void run(PartsView<T> x, PartsView<T> work) const {
    if (inner_) return run_chirp(x, work);
    const PartsView<T> result = x;
    std::int64_t n = n_, s = 1;
    for (const std::int64_t radix : radices_) {
      if (radix == 4) pass_of_four(n / 4, s, x, work);
      else pass(radix, n / radix, s, x, work);
      n /= radix;
      s *= radix;
      std::swap(x, work);
    }
    if (x.re == result.re) return;
    std::copy_n(x.re, n_, result.re);
    std::copy_n(x.im, n_, result.im);
  }
  std::int64_t work_size() const { return inner_ ? 2 * inner_->n_ : n_; }

 private:
  std::complex<T> root(std::int64_t k) const { return {roots_.re[k], roots_.im[k]}; }

  // Stockham's passes: y[q + s (radix p + k)] = w^(p k) Σ_j x[q + s (p + m j)] e^(-2πi j k / radix), w = e^(-2πi s / n).
  // Each sorts as it goes, and its inner loop over q is contiguous.
  void pass_of_four(std::int64_t m, std::int64_t s, PartsView<T> x, PartsView<T> y) const {
    for (std::int64_t p = 0; p < m; ++p) {
      const std::complex<T> w1 = root(p * s), w2 = root(2 * p * s), w3 = root(3 * p * s);
      const T c1 = w1.real(), s1 = w1.imag(), c2 = w2.real(), s2 = w2.imag(), c3 = w3.real(), s3 = w3.imag();
      const T *const xr = x.re + s * p, *const xi = x.im + s * p;
      T *const yr = y.re + 4 * s * p, *const yi = y.im + 4 * s * p;
      const std::int64_t step = s * m;
      for (std::int64_t q = 0; q < s; ++q) {
        const T ar = xr[q], br = xr[q + step], cr = xr[q + 2 * step], dr = xr[q + 3 * step];
        const T ai = xi[q], bi = xi[q + step], ci = xi[q + 2 * step], di = xi[q + 3 * step];
        const T sum_r = ar + cr, sum_i = ai + ci, other_r = br + dr, other_i = bi + di;
        const T apart_r = ar - cr, apart_i = ai - ci, turned_r = bi - di, turned_i = dr - br;  // -i (b - d)
        const T one_r = apart_r + turned_r, one_i = apart_i + turned_i;
        const T two_r = sum_r - other_r, two_i = sum_i - other_i;
        const T three_r = apart_r - turned_r, three_i = apart_i - turned_i;
        yr[q] = sum_r + other_r;
        yi[q] = sum_i + other_i;
        yr[q + s] = one_r * c1 - one_i * s1;
        yi[q + s] = one_r * s1 + one_i * c1;
        yr[q + 2 * s] = two_r * c2 - two_i * s2;
        yi[q + 2 * s] = two_r * s2 + two_i * c2;
        yr[q + 3 * s] = three_r * c3 - three_i * s3;
        yi[q + 3 * s] = three_r * s3 + three_i * c3;
      }
    }
  }
  void pass(std::int64_t radix, std::int64_t m, std::int64_t s, PartsView<T> x, PartsView<T> y) const {
    for (std::int64_t p = 0; p < m; ++p)
      for (std::int64_t k = 0; k < radix; ++k) {
        T *const yr = y.re + s * (radix * p + k), *const yi = y.im + s * (radix * p + k);
        for (std::int64_t j = 0; j < radix; ++j) {
          const std::complex<T> w = root((p * k * s + j * k % radix * (n_ / radix)) % n_);
          const T c = w.real(), sine = w.imag();
          const T *const xr = x.re + s * (p + m * j), *const xi = x.im + s * (p + m * j);
          for (std::int64_t q = 0; q < s; ++q) {
            yr[q] = (j == 0 ? 0 : yr[q]) + (xr[q] * c - xi[q] * sine);
            yi[q] = (j == 0 ? 0 : yi[q]) + (xr[q] * sine + xi[q] * c);
          }
        }
      }
  }

  // Bluestein 1970: k t = (k² + t² - (k - t)²) / 2 makes the sum a convolution with a chirp e^(πi t² / n), which
  // transforms of a power of 2 compute.
  void prepare_chirp() {
    const Parts<T> roots = roots_of_one<T>(2 * n_);
    std::int64_t length = 1;
    while (length < 2 * n_ - 1) length *= 2;
    inner_ = std::make_unique<Transform>(length);
    chirp_ = Parts<T>(n_);
    filter_ = Parts<T>(length);
    std::fill_n(filter_.re, length, T(0));
    std::fill_n(filter_.im, length, T(0));
    std::int64_t square = 0;  // k² mod 2 n
    for (std::int64_t k = 0; k < n_; ++k) {
      chirp_.re[k] = roots.re[square];
      chirp_.im[k] = roots.im[square];
      for (const std::int64_t to : {k, (length - k) % length}) {
        filter_.re[to] = chirp_.re[k] / static_cast<T>(length);
        filter_.im[to] = -chirp_.im[k] / static_cast<T>(length);
      }
      square = (square + 2 * k + 1) % (2 * n_);
    }
    Parts<T> work(inner_->work_size());
    inner_->run(filter_, PartsView<T>(work));
  }
  void run_chirp(PartsView<T> x, PartsView<T> work) const {
    const std::int64_t length = inner_->n_;
    const PartsView<T> rest{work.re + length, work.im + length};
    const auto times = [](const PartsView<T>& a, const T* re, const T* im, const PartsView<T>& to, std::int64_t n) {
      for (std::int64_t k = 0; k < n; ++k) {
        const T r = a.re[k] * re[k] - a.im[k] * im[k], i = a.re[k] * im[k] + a.im[k] * re[k];
        to.re[k] = r;
        to.im[k] = i;
      }
    };
    times(x, chirp_.re, chirp_.im, work, n_);
    std::fill(work.re + n_, work.re + length, T(0));
    std::fill(work.im + n_, work.im + length, T(0));
    inner_->run(work, rest);
    times(work, filter_.re, filter_.im, work, length);
    inner_->run({work.im, work.re}, {rest.im, rest.re});
    times(work, chirp_.re, chirp_.im, x, n_);
  }

  std::int64_t n_;
  Parts<T> roots_;
  std::vector<std::int64_t> radices_;
  std::unique_ptr<Transform> inner_;  // for lengths with a large prime factor
  Parts<T> chirp_{0}, filter_{0};
};

}  // namespace hourglass::fft
