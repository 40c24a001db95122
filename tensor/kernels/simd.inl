// SPDX-License-Identifier: MIT
// The language of the kernels: registers of numbers, with what xsimd lacks, names differently, or does not do well
// enough. The only file that includes xsimd.
//
// Every kernel file is compiled once per instruction set: HOURGLASS_SET is its name (avx2), HOURGLASS_ARCH xsimd's name
// for it. Everything is private to the compilation, so that sets cannot mix. Only the table at the end of a file is
// visible, in the namespace of the set.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <xsimd/xsimd.hpp>

#include "tensor/dtype.h"

#if defined(__aarch64__)
// xsimd 8.1 divides f32, and takes roots, as on a 32-bit ARM: by approximations that are wrong in the last bits.
template <>
inline xsimd::batch<float, xsimd::neon64> xsimd::kernel::div(const batch<float, neon64>& a,
                                                             const batch<float, neon64>& b,
                                                             requires_arch<neon>) noexcept {
  return vdivq_f32(a, b);
}
template <>
inline xsimd::batch<float, xsimd::neon64> xsimd::kernel::sqrt(const batch<float, neon64>& x,
                                                              requires_arch<neon>) noexcept {
  return vsqrtq_f32(x);
}
#endif

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

// The functions of xsimd that formulas use, for single numbers: integers go through the same formulas one at a time.
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
[[gnu::always_inline]] inline auto is_nan(V x) {
  return !(x == x);
}

// The larger (smaller); NaN if either is.
template <class V>
[[gnu::always_inline]] inline V maximum(V a, V b) {
  return select((a > b) || is_nan(a), a, b);
}
template <class V>
[[gnu::always_inline]] inline V minimum(V a, V b) {
  return select((a < b) || is_nan(a), a, b);
}

// Half to even, as PyTorch and NumPy round.
template <class V>
V round_even(V x) {
  return xsimd::nearbyint(x);
}

// The larger (smaller) of x and a limit that is not NaN. A NaN in x stays, because the processor's maximum returns its
// second operand if one is NaN.
template <class T>
[[gnu::always_inline]] inline Batch<T> at_least(const Batch<T>& x, const Batch<T>& limit) {
  return xsimd::max(limit, x);
}
template <class T>
[[gnu::always_inline]] inline Batch<T> at_most(const Batch<T>& x, const Batch<T>& limit) {
  return xsimd::min(limit, x);
}

// A register as the bits of its numbers, with the compiler's own operators: +, &, |, << and >> on every lane.
template <class T>
using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <class T>
struct BitsOf {
  typedef Word<T> type __attribute__((vector_size(sizeof(Batch<T>))));
};
template <class T>
[[gnu::always_inline]] inline typename BitsOf<T>::type to_bits(const Batch<T>& x) {
  return reinterpret_cast<typename BitsOf<T>::type>(static_cast<typename Batch<T>::register_type>(x));
}
template <class T>
[[gnu::always_inline]] inline Batch<T> from_bits(typename BitsOf<T>::type bits) {
  return Batch<T>(reinterpret_cast<typename Batch<T>::register_type>(bits));
}
// |magnitude| with the sign of another number; a zero has a sign, too.
template <class T>
[[gnu::always_inline]] inline Batch<T> copy_sign(const Batch<T>& magnitude, const Batch<T>& sign) {
  constexpr Word<T> mask = Word<T>(1) << (8 * sizeof(T) - 1);
  return from_bits<T>((to_bits(magnitude) & ~mask) | (to_bits(sign) & mask));
}

// Whether the set computes x 2^n, for any integer n, in one instruction.
#if defined(__AVX512F__)
inline constexpr bool kScalesByPowers = true;
inline Batch<float> scale_by_power(const Batch<float>& x, const Batch<float>& n) { return _mm512_scalef_ps(x, n); }
inline Batch<double> scale_by_power(const Batch<double>& x, const Batch<double>& n) { return _mm512_scalef_pd(x, n); }
#else
inline constexpr bool kScalesByPowers = false;
#endif

// A store that bypasses the caches, where the set has one. `to` is aligned to a register. Call streams_done() before
// the numbers are read.
template <class T>
[[gnu::always_inline]] inline void stream(const Batch<T>& x, T* to) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) _mm512_stream_ps(to, x);
  else _mm512_stream_pd(to, x);
#elif defined(__AVX__)
  if constexpr (std::is_same_v<T, float>) _mm256_stream_ps(to, x);
  else _mm256_stream_pd(to, x);
#elif defined(__SSE2__)
  if constexpr (std::is_same_v<T, float>) _mm_stream_ps(to, x);
  else _mm_stream_pd(to, x);
#else
  x.store_aligned(to);
#endif
}
[[gnu::always_inline]] inline void streams_done() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
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

// Through the C library, one number at a time.
template <class V, class F>
V each(V x, V y, F f) {
  alignas(64) typename V::value_type a[V::size], b[V::size];
  x.store_aligned(a);
  y.store_aligned(b);
  for (std::size_t i = 0; i < V::size; ++i) a[i] = f(a[i], b[i]);
  return V::load_aligned(a);
}

}  // namespace
}  // namespace hourglass
