// SPDX-License-Identifier: MIT
#include "tensor/gamma.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {

Tensor log_standard_gamma(const Tensor& concentration, Rng& rng) {
  const Work work("random gamma", 0, concentration);
  const Tensor a = contiguous(to(concentration, Dtype::f64));
  Rng own = rng.split(rng.state().draw);
  rng.uniform();
  Tensor result(a.shape(), Dtype::f64);
  double* const out = result.mutable_data<double>();
  const double* const shape = a.data<double>();
  const std::int64_t n = a.numel();

  // With d = a - 1/3 and v = (1 + z / √(9d))³, z from N(0, 1), d v has the gamma distribution after 2 to 5 % of the z
  // are rejected. Every round draws for all elements, so that an element's number is independent of its neighbours.
  std::vector<char> done(static_cast<std::size_t>(n), 0);
  const double least = std::numeric_limits<double>::min();
  for (std::int64_t left = n; left > 0;) {
    const Tensor normals = own.normal(a.shape(), 0, 1, Dtype::f64), uniforms = own.uniform(a.shape(), 0, 1, Dtype::f64);
    const double *const z = normals.data<double>(), *const u = uniforms.data<double>();
    for (std::int64_t i = 0; i < n; ++i) {
      if (done[static_cast<std::size_t>(i)]) continue;
      const double d = (shape[i] < 1 ? shape[i] + 1 : shape[i]) - 1.0 / 3;
      const double root = 1 + z[i] / std::sqrt(9 * d), v = root * root * root;
      if (!(v > 0) || !(std::log(u[i]) < z[i] * z[i] / 2 + d * (1 - v + std::log(v)))) continue;
      out[i] = std::log(d) + std::log(v);
      done[static_cast<std::size_t>(i)] = 1;
      --left;
    }
  }
  // If x has the parameter a + 1, then x u^(1/a) has the parameter a.
  const Tensor boosts = own.uniform(a.shape(), least, 1, Dtype::f64);
  for (std::int64_t i = 0; i < n; ++i)
    if (shape[i] < 1) out[i] += std::log(boosts.data<double>()[i]) / shape[i];
  return to(result, concentration.dtype());
}

namespace {

constexpr int kMaxOrder = 15;

// f(a + δ) as a power series in δ up to δ^k: its coefficients are f's derivatives over their factorials.
struct Series {
  std::array<double, kMaxOrder + 1> c{};
  int k;

  Series(int order, double value, double slope = 0) : k(order) {
    c[0] = value;
    if (k > 0) c[1] = slope;
  }
  double& operator[](int i) { return c[static_cast<std::size_t>(i)]; }
  double operator[](int i) const { return c[static_cast<std::size_t>(i)]; }
};
Series operator+(Series a, const Series& b) {
  for (int i = 0; i <= a.k; ++i) a[i] += b[i];
  return a;
}
Series operator*(const Series& a, const Series& b) {
  Series y(a.k, 0);
  for (int i = 0; i <= a.k; ++i)
    for (int j = 0; j <= i; ++j) y[i] += a[j] * b[i - j];
  return y;
}
Series operator/(const Series& a, const Series& b) {
  Series y(a.k, 0);
  for (int i = 0; i <= a.k; ++i) {
    double rest = a[i];
    for (int j = 0; j < i; ++j) rest -= y[j] * b[i - j];
    y[i] = rest / b[0];
  }
  return y;
}
bool all_below(const Series& a, const Series& b, double factor) {
  for (int i = 0; i <= a.k; ++i)
    if (!(std::abs(a[i]) <= factor * std::abs(b[i]))) return false;
  return true;
}

constexpr double kEpsilon = std::numeric_limits<double>::epsilon() / 4;

// Σ_n x^n / (a (a + 1) ... (a + n)), DLMF 8.11.4.
Series lower_series(int k, double a, double x) {
  Series term = Series(k, 1) / Series(k, a, 1), sum = term;
  for (double n = 1;; ++n) {
    term = term * Series(k, x) / Series(k, a + n, 1);
    sum = sum + term;
    if ((all_below(term, sum, kEpsilon) && n > x - a) || !std::isfinite(sum[k])) return sum;
  }
}

// 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...))), DLMF 8.9.2, by Lentz's method.
Series upper_fraction(int k, double a, double x) {
  const Series one(k, 1);
  Series b(k, x + 1 - a, -1), d = one / b, product = d, c(k, 0);
  for (double n = 1;; ++n) {
    const Series numerator(k, n * (a - n), n);
    b[0] += 2;
    d = one / (b + numerator * d);
    c = n == 1 ? b : b + numerator / c;  // the first denominator has no term before it
    Series ratio = c * d;
    product = product * ratio;
    ratio[0] -= 1;
    bool converged = std::abs(ratio[0]) <= 4 * kEpsilon;
    for (int i = 1; i <= k; ++i)
      converged = converged && std::abs(ratio[i] * product[0]) <= 4 * kEpsilon * std::abs(product[i]);
    if (converged || n > 1e5) return product;
  }
}

double ratio_of(int k, double a, double y) {
  const double x = std::exp(y);
  if (!(a > 0) || !(x < std::numeric_limits<double>::infinity())) return std::numeric_limits<double>::quiet_NaN();
  return (x < a + 1 ? lower_series(k, a, x)[k] : -upper_fraction(k, a, x)[k]) * std::tgamma(k + 1.0);
}

}  // namespace

Tensor gamma_ratio(int k, const Tensor& a, const Tensor& y) {
  const Work work("gamma_ratio", 0, a, y);
  check(k >= 0 && k <= kMaxOrder, "gamma_ratio", "needs an order from 0 to ", kMaxOrder, ", got ", k);
  check_same_dtype("gamma_ratio", a, y);
  const Shape shape = broadcast_shapes("gamma_ratio", a, y);
  const Tensor as = contiguous(to(expand(a, shape), Dtype::f64)), ys = contiguous(to(expand(y, shape), Dtype::f64));
  Tensor result(shape, Dtype::f64);
  double* const out = result.mutable_data<double>();
  const double *const p = as.data<double>(), *const q = ys.data<double>();
  parallel_for(result.numel(), 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = ratio_of(k, p[i], q[i]);
  });
  return to(result, a.dtype());
}

}  // namespace hourglass
