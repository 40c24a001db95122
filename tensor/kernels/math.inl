// SPDX-License-Identifier: MIT
// Powers, angles and the functions composed of exponentials and logarithms.
#pragma once
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "tensor/kernels/exp_log.inl"
#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// ---- x^y

// f(x...) of f32 computed in f64, where rounding errors do not matter.
template <class F, class... X>
[[gnu::always_inline]] inline Batch<float> widened(F f, const X&... x) {
  using Wide = Batch<double>;
  constexpr std::size_t lanes = Batch<float>::size;
  alignas(64) float narrow[lanes];
  alignas(64) double wide[sizeof...(X)][lanes];
  const auto widen = [&](const Batch<float>& from, double* to) {
    from.store_aligned(narrow);
    for (std::size_t i = 0; i < lanes; ++i) to[i] = narrow[i];
  };
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    (widen(x, wide[K]), ...);
    for (std::size_t i = 0; i < lanes; i += Wide::size)
      f(Wide::load_aligned(wide[K] + i)...).store_aligned(wide[0] + i);
  }
  (std::index_sequence_for<X...>{});
  for (std::size_t i = 0; i < lanes; ++i) narrow[i] = static_cast<float>(wide[0][i]);
  return Batch<float>::load_aligned(narrow);
}

// In f32, e^(y log x) would lose one digit for each digit that y log x has before the point. f64 has digits to spare.
[[gnu::always_inline]] inline Batch<float> power(const Batch<float>& base, const Batch<float>& exponent) {
  using V = Batch<double>;
  const auto wide_power = [](const V& x, const V& y) {
    const V a = abs(x), half = y * V(0.5);
    const auto whole = floor(y) == y, odd = whole && !(floor(half) == half);
    const V size = select((y == V(0)) || (a == V(1)), V(1), exp(y * log(a)));
    const auto impossible = (x < V(0)) && (a < V(std::numeric_limits<double>::infinity())) && !whole;
    return select(impossible, V(std::numeric_limits<double>::quiet_NaN()), select(odd, copy_sign(size, x), size));
  };
  return widened(wide_power, base, exponent);
}
// f64 goes through the C library, one number at a time.
[[gnu::always_inline]] inline Batch<double> power(const Batch<double>& base, const Batch<double>& exponent) {
  return each(base, exponent, [](double a, double b) { return std::pow(a, b); });
}

// ---- angles: by xsimd. In f32 its functions are up to 2.6 units off, so they are computed in f64.

#define HOURGLASS_WIDENED(name)                                                     \
  [[gnu::always_inline]] inline Batch<float> name(const Batch<float>& x) {          \
    return widened([](const Batch<double>& wide) { return xsimd::name(wide); }, x); \
  }                                                                                 \
  [[gnu::always_inline]] inline Batch<double> name(const Batch<double>& x) { return xsimd::name(x); }
HOURGLASS_WIDENED(tan)
HOURGLASS_WIDENED(asin)
HOURGLASS_WIDENED(atan)
#undef HOURGLASS_WIDENED
// xsimd's gives NaN at (0, 0), where the angle is 0 or π by convention.
template <class V>
[[gnu::always_inline]] inline V angle(const V& y, const V& x) {
  return each(y, x, [](auto a, auto b) { return std::atan2(a, b); });
}

// ---- composed of the above

// Φ(x) and φ(x), the standard normal's distribution function and density.
template <class V>
[[gnu::always_inline]] inline V normal_cdf(const V& x) {
  using T = typename V::value_type;
  return V(T(0.5)) * (V(1) + erf(x * V(T(0.70710678118654752440))));
}
template <class V>
[[gnu::always_inline]] inline V normal_pdf(const V& x) {
  using T = typename V::value_type;
  return V(T(0.39894228040143267794)) * exp(V(T(-0.5)) * x * x);
}

// log(e^a + e^b) = max + log(1 + e^-|a - b|). The difference of equal infinities counts as 0.
template <class V>
[[gnu::always_inline]] inline V logaddexp(const V& a, const V& b) {
  const V gap = select(a == b, V(0), abs(a - b));
  return maximum(a, b) + log1p_within(decay(gap));
}

// -(t log p + (1 - t) log(1 - p)), each logarithm at least -100, as in PyTorch: 0 log 0 is 0.
template <class V>
[[gnu::always_inline]] inline V bce(const V& p, const V& t) {
  const V floor(-100);
  return (t - V(1)) * maximum(log1p(-p), floor) - t * maximum(log(p), floor);
}

}  // namespace
}  // namespace hourglass
