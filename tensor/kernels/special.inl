// SPDX-License-Identifier: MIT
// The gamma function's family, one number at a time in double precision: f32 results are rounded once.
#pragma once
#include <cmath>
#include <cstddef>
#include <limits>

#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// log |Γ(x)|, by the C library's reentrant function: std::lgamma writes to a global variable.
inline double log_gamma_of(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

// 1 - erf(x), with all digits where it is small.
inline double erfc_of(double x) { return std::erfc(x); }

// Bernoulli's numbers B_2, B_4, ..., for the two series below.
constexpr double kBernoulli[] = {1.0 / 6,       -1.0 / 30,       1.0 / 42,       -1.0 / 30,
                                 5.0 / 66,      -691.0 / 2730,   7.0 / 6,        -3617.0 / 510,
                                 43867.0 / 798, -174611.0 / 330, 854513.0 / 138, -236364091.0 / 2730};

// ψ(x) = d log Γ(x) / dx. For x < 0 by reflection, ψ(x) = ψ(1 - x) - π / tan(πx); up to 10 by ψ(x) = ψ(x + 1) - 1 / x;
// from there on log x - 1 / 2x - Σ B_2k / (2k x^2k). As in PyTorch, -inf at 0, inf at -0, and NaN at the other poles.
inline double digamma_of(double x) {
  constexpr double pi = 3.14159265358979323846;
  if (x == 0) return std::copysign(std::numeric_limits<double>::infinity(), -x);
  if (x < 0) {
    const double fraction = x - std::nearbyint(x);  // exact, however near 0
    if (fraction == 0 || std::isinf(x)) return std::numeric_limits<double>::quiet_NaN();
    return digamma_of(1 - x) - pi / std::tan(pi * fraction);
  }
  double shift = 0;
  for (; x < 10; x += 1) shift += 1 / x;
  double series = 0, power = 1;
  const double inverse_square = 1 / x / x;
  for (int k = 1; k <= 8; ++k) series += kBernoulli[k - 1] / (2 * k) * (power *= inverse_square);
  return std::log(x) - 0.5 / x - series - shift;
}

// Hurwitz's zeta function: Σ_{k >= 0} (x + k)^-s for x > 0 and s >= 2. The first terms are summed, the others follow
// from Euler and Maclaurin's formula.
inline double hurwitz_zeta(double s, double x) {
  double sum = 0;
  for (const double enough = 10 + s; x < enough; x += 1) sum += std::pow(x, -s);
  const double power = std::pow(x, -s);
  sum += std::pow(x, 1 - s) / (s - 1) + power / 2;
  double factor = s / x;  // s (s + 1) ... (s + 2k - 2) / ((2k)! x^(2k - 1)), without its first 1/2
  for (int k = 1; k <= 12; ++k) {
    sum += power * kBernoulli[k - 1] * factor / 2;
    factor *= (s + 2 * k - 1) * (s + 2 * k) / (x * x * (2 * k + 1) * (2 * k + 2));
  }
  return sum;
}

// The nth derivative of ψ: (-1)^(n+1) n! Σ_{k >= 0} (x + k)^-(n+1). For x < 0 the sum is the one over all integers k
// minus the one over the negative k. Infinite at the poles.
inline double polygamma_of(double n, double x) {
  if (n == 0) return digamma_of(x);
  const double s = n + 1, odd = std::fmod(s, 2) == 0 ? 1 : -1;  // (-1)^s
  const double scale = odd * std::exp(log_gamma_of(s));
  if (x > 0) return std::isinf(x) ? 0 : scale * hurwitz_zeta(s, x);
  if (!(x > -std::numeric_limits<double>::infinity())) return std::numeric_limits<double>::quiet_NaN();
  const double fraction = x - std::nearbyint(x), size = std::abs(fraction);
  if (fraction == 0) return scale * std::numeric_limits<double>::infinity();
  const double all = hurwitz_zeta(s, size) + odd * hurwitz_zeta(s, 1 - size);
  return scale * ((fraction > 0 ? all : odd * all) - odd * hurwitz_zeta(s, 1 - x));
}

// f of each number (or pair of numbers) of a register.
template <class V, class... More, class F>
V one_by_one(F f, V x, More... more) {
  using T = typename V::value_type;
  alignas(64) T numbers[1 + sizeof...(More)][V::size];
  std::size_t k = 0;
  x.store_aligned(numbers[k++]);
  (more.store_aligned(numbers[k++]), ...);
  for (std::size_t i = 0; i < V::size; ++i) {
    if constexpr (sizeof...(More) == 0) numbers[0][i] = static_cast<T>(f(static_cast<double>(numbers[0][i])));
    else numbers[0][i] = static_cast<T>(f(static_cast<double>(numbers[0][i]), static_cast<double>(numbers[1][i])));
  }
  return V::load_aligned(numbers[0]);
}
template <class V>
V log_gamma(V x) {
  return one_by_one(log_gamma_of, x);
}
template <class V>
V erf_complement(V x) {
  return one_by_one(erfc_of, x);
}
template <class V>
V psi(V x) {
  return one_by_one(digamma_of, x);
}
template <class V>
V psi_derivative(V n, V x) {
  return one_by_one(polygamma_of, n, x);
}

}  // namespace
}  // namespace hourglass
