// What the kernels are written in: registers of numbers, and what xsimd does not have, has under another name, or does
// less well than needed. The only file that includes xsimd.
//
// Every kernel file is compiled once per instruction set: HOURGLASS_SET is its name (avx2), HOURGLASS_ARCH what xsimd
// calls it. All is private to the compilation, so that sets cannot mix; the tables that a file ends with are in the
// namespace of the set.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <xsimd/xsimd.hpp>

#include "tensor/dtype.h"

namespace hourglass {
namespace {

using Arch = HOURGLASS_ARCH;

template <class T>
using Batch = xsimd::batch<T, Arch>;

// The type of one number, of a register full of them or of a single one.
template <class V>
struct ElementOf {
  using type = typename V::value_type;
};
template <Element V>
struct ElementOf<V> {
  using type = V;
};

// What a formula uses of xsimd, for plain numbers: integers go through the same formulas one at a time.
template <Element T>
T abs(T x) {
  return x < T(0) ? static_cast<T>(-x) : x;
}
template <Element T>
T select(bool condition, T a, T b) {
  return condition ? a : b;
}

// Not x != x, which xsimd 8.1 gets wrong for AVX.
template <class V>
auto is_nan(V x) {
  return !(x == x);
}

// The larger (smaller); NaN if either is.
template <class V>
V maximum(V a, V b) {
  return select((a > b) || is_nan(a), a, b);
}
template <class V>
V minimum(V a, V b) {
  return select((a < b) || is_nan(a), a, b);
}

// Half to even, as PyTorch and NumPy round.
template <class V>
V round_even(V x) {
  return xsimd::nearbyint(x);
}

// 1 / (1 + e^-x); for large -x, e^-x is infinite and the result 0, as it should be.
template <class V>
V sigmoid(V x) {
  return V(1) / (V(1) + xsimd::exp(-x));
}

// xsimd squares x, which overflows; from 6.5 on, erf is 1 to the last bit.
template <class V>
V error_function(V x) {
  const V limit(static_cast<typename V::value_type>(6.5));
  return xsimd::erf(select(is_nan(x), x, xsimd::min(xsimd::max(x, -limit), limit)));
}

// Φ(x) and φ(x), the standard normal's distribution function and density.
template <class V>
V normal_cdf(V x) {
  using T = typename V::value_type;
  return V(T(0.5)) * (V(1) + error_function(x * V(T(0.70710678118654752440))));
}
template <class V>
V normal_pdf(V x) {
  using T = typename V::value_type;
  return V(T(0.39894228040143267794)) * xsimd::exp(V(T(-0.5)) * x * x);
}

// log(e^a + e^b) = max + log(1 + e^-|a - b|); equal infinities have no difference.
template <class V>
V logaddexp(V a, V b) {
  const V gap = select(a == b, V(0), -xsimd::abs(a - b));
  return maximum(a, b) + xsimd::log1p(xsimd::exp(gap));
}

// -(t log p + (1 - t) log(1 - p)), each logarithm at least -100, as in PyTorch: 0 log 0 is 0.
template <class V>
V bce(V p, V t) {
  const V floor(-100);
  return (t - V(1)) * maximum(xsimd::log1p(-p), floor) - t * maximum(xsimd::log(p), floor);
}

// Through the C library, one number at a time.
template <class V, class F>
V each(V x, V y, F f) {
  alignas(64) typename V::value_type a[V::size], b[V::size];
  x.store_aligned(a);
  y.store_aligned(b);
  for (std::size_t i = 0; i < V::size; ++i) a[i] = f(a[i], b[i]);
  return V::load_aligned(a);
}
// x^y = e^(y log x) would lose as many digits of the result as y log x has before the point.
template <class V>
V power(V x, V y) {
  return each(x, y, [](auto a, auto b) { return std::pow(a, b); });
}
// xsimd's gives NaN at (0, 0), where the angle is 0 or π by convention.
template <class V>
V angle(V y, V x) {
  return each(y, x, [](auto a, auto b) { return std::atan2(a, b); });
}

// a b + c, rounded once where the set has such an instruction. xsimd up to 8.1 has none for AVX-512 and multiplies,
// then adds, at half the speed.
template <class T>
[[gnu::always_inline]] inline Batch<T> multiply_add(const Batch<T>& a, const Batch<T>& b, const Batch<T>& c) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return Batch<T>(_mm512_fmadd_ps(a, b, c));
  else return Batch<T>(_mm512_fmadd_pd(a, b, c));
#else
  return xsimd::fma(a, b, c);
#endif
}

}  // namespace
}  // namespace hourglass
