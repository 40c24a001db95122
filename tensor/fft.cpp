#include "tensor/fft.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "tensor/checked.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// ---- complex transforms: real and imaginary parts are in arrays of their own, so that loops are contiguous -----------

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

constexpr std::int64_t kLargestRadix = 31;  // a prime factor beyond it is slower than Bluestein's way

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

// ---- real transforms: an even length is a complex one of half the length --------------------------------------------

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

// x with `count` numbers along the axis, cut or filled up with zeros.
Tensor resized(const Tensor& x, int axis, std::int64_t count) {
  const std::int64_t missing = count - x.size(axis);
  if (missing <= 0) return missing == 0 ? x : slice(x, axis, 0, count);
  std::vector<Padding> paddings(static_cast<std::size_t>(-axis));
  paddings[0].after = missing;
  return pad(x, paddings);
}

}  // namespace

Tensor rfft(const Tensor& x, const FftOptions& options) {
  check_floating("rfft", x);
  check(x.dim() >= 1 && options.n >= 0, "rfft", "needs [..., n] and a length n >= 0, got ", describe(x),
        " and n = ", options.n);
  const std::int64_t n = options.n == 0 ? x.size(-1) : options.n, m = n / 2 + 1;
  check(n >= 1, "rfft", "needs at least one number along the last axis, got ", describe(x));
  const Work work("rfft", 2.5 * static_cast<double>(x.numel()) * std::log2(static_cast<double>(n)), x);
  const Tensor from = contiguous(resized(x, -1, n));
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
  const Tensor from = contiguous(resized(y, -2, m));
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

// ---- cosine transforms (Makhoul 1980: of a sequence with its even places first, then its odd ones backwards) ---------

namespace {

Tensor even_then_odd(std::int64_t n) {
  return concat({arange(0, n, 2), flip(arange(1, std::max<std::int64_t>(n, 1), 2), {0})}, 0);
}
// cos(π k / 2n) and sin(π k / 2n) for k = 0 ... n / 2
std::pair<Tensor, Tensor> quarter_turns(std::int64_t n, Dtype dtype) {
  const Tensor angle = arange(0, n / 2 + 1, 1, Dtype::f64) * (std::numbers::pi / 2 / static_cast<double>(n));
  return {to(cos(angle), dtype), to(sin(angle), dtype)};
}
// The numbers that make type 2 orthogonal: √(1/4n) for k = 0, otherwise √(1/2n).
Tensor ortho_factors(std::int64_t n, Dtype dtype) {
  const double factor = std::sqrt(0.5 / static_cast<double>(n));
  return to(concat({full({1}, factor * std::numbers::sqrt2 / 2, Dtype::f64), full({n - 1}, factor, Dtype::f64)}, 0),
            dtype);
}

Tensor dct_of_type_2(const Tensor& x, std::int64_t n) {
  const Tensor spectrum = rfft(index_select(x, -1, even_then_odd(n)));
  const Tensor re = select(spectrum, -1, 0), im = select(spectrum, -1, 1);
  const auto [c, s] = quarter_turns(n, x.dtype());
  const Tensor first = (re * c + im * s) * 2, second = (re * s - im * c) * 2;
  return concat({first, flip(slice(second, -1, 1, n - n / 2), {-1})}, -1);
}
Tensor dct_of_type_3(const Tensor& y, std::int64_t n) {
  const Tensor first = slice(y, -1, 0, n / 2 + 1);
  // y_(n - k), with y_n = 0
  const Tensor second = slice(concat({zeros_like(slice(y, -1, 0, 1)), flip(y, {-1})}, -1), -1, 0, n / 2 + 1);
  const auto [c, s] = quarter_turns(n, y.dtype());
  const Tensor spectrum = stack({first * c + second * s, first * s - second * c}, -1);
  const Tensor mixed = irfft(spectrum, {.n = n, .norm = FftNorm::forward});
  return index_select(mixed, -1, argsort(even_then_odd(n)));
}

}  // namespace

Tensor dct(const Tensor& x, const DctOptions& options) {
  check_floating("dct", x);
  check(x.dim() >= 1 && x.size(-1) >= 1, "dct", "needs [..., n] with n >= 1, got ", describe(x));
  check(options.type == 2 || options.type == 3, "dct", "has the types 2 and 3, got ", options.type);
  const std::int64_t n = x.size(-1);
  if (x.numel() == 0) return x;
  if (options.type == 2) return options.ortho ? dct_of_type_2(x, n) * ortho_factors(n, x.dtype()) : dct_of_type_2(x, n);
  if (!options.ortho) return dct_of_type_3(x, n);
  // The transpose of type 2: type 3 counts x_0 once and all others twice.
  const Tensor once = concat({full({1}, 2, x.dtype()), ones({n - 1}, x.dtype())}, 0);
  return dct_of_type_3(x * (ortho_factors(n, x.dtype()) * once), n);
}

Tensor idct(const Tensor& y, const DctOptions& options) {
  const Tensor x = dct(y, {.type = options.type == 2   ? 3
                                   : options.type == 3 ? 2
                                                       : options.type,
                           .ortho = options.ortho});
  return options.ortho ? x : x / static_cast<double>(2 * y.size(-1));
}

}  // namespace hourglass
