// SPDX-License-Identifier: MIT
// Exponentials, hyperbolic functions, erf and logarithms of a register full of numbers, without branches: all lanes
// take the same path, and a select picks the right result for each.
//
// Each function reduces x to a short interval by an identity that costs no accuracy, evaluates a polynomial there, and
// undoes the first step. The polynomials are minimax fits (their largest error is least, by Remez's algorithm) to a few
// bits more than the type holds. Results are within 2 units in the last place of the exact value for every f32 and f64,
// and right for NaN, infinities and subnormal numbers: tests/tensor/test_math.cpp checks them. xsimd's own functions
// have errors up to 68 units (erf of f64), overflow early (exp of f32, at 88.38 instead of 88.72) and treat subnormal
// numbers as 0.
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// c0 + c1 x + c2 x² + ...
template <class T, std::size_t N>
[[gnu::always_inline]] inline Batch<T> polynomial(const Batch<T>& x, const T (&c)[N]) {
  Batch<T> sum(c[N - 1]);
  [&]<std::size_t... K>(std::index_sequence<K...>) { ((sum = multiply_add(sum, x, Batch<T>(c[N - 2 - K]))), ...); }
  (std::make_index_sequence<N - 1>{});
  return sum;
}

// The comment above a polynomial says which function it approximates, and where.
template <class T>
struct MathConstants;
template <>
struct MathConstants<float> {
  // ln 2 = high + low, and so is log10 2. The high part ends in zeros, so its product with any exponent is exact.
  static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
  static constexpr float log10_2_high = 0.30078125F, log10_2_low = 2.48745664e-4F;
  static constexpr float exp_min = -105, exp_max = 90;         // beyond these e^x is 0, or infinite even when halved
  static constexpr float expm1_min = -18, expm1_max = 88.75F;  // beyond these e^x - 1 is -1, or infinite
  static constexpr float erf_max = 3.95F;                      // beyond it erf(x) is 1
  // (e^x - 1 - x) / x² for |x| <= ln 2 / 2
  static constexpr float exp[] = {0.4999999809F, 0.1666654268F, 0.04166721647F, 0.008366649917F, 0.001388177164F};
  // (2 atanh(s) / s - 2) / s² in powers of s², for (1 + s) / (1 - s) between √½ and √2
  static constexpr float log[] = {0.6666666583F, 0.40000303F, 0.2853899854F, 0.2355462064F};
  // -log(1 - erf(x)) / x - 1 for 0 <= x <= erf_max
  static constexpr float erf[] = {0.1283791716F,      0.63661938213F,     0.10277782924F,
                                  -0.019153061527F,   -0.00016039536856F, 0.0016670211535F,
                                  -0.00063283015113F, 0.00011763845061F,  -9.2558452458e-6F};
  // (sinh(x) / x - 1) / x² in powers of x², for |x| <= 1
  static constexpr float sinh[] = {0.1666666649F, 0.008333350545F, 0.0001983607445F, 2.817400498e-6F};
  // (tanh(x) / x - 1) / x² in powers of x², for |x| <= tanh_small
  static constexpr float tanh_small = 0.55F;
  static constexpr float tanh[] = {-0.3333331581F, 0.1333251288F, -0.05384348119F, 0.02103142336F, -0.006212595328F};
};
template <>
struct MathConstants<double> {
  static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  static constexpr double log10_2_high = 0.301029995663952832809, log10_2_low = 2.8363394551044964e-14;
  static constexpr double exp_min = -746, exp_max = 711, expm1_min = -38, expm1_max = 709.79, erf_max = 5.93;
  static constexpr double exp[] = {0.5,
                                   0.166666666666666767,
                                   0.0416666666666665058,
                                   0.00833333333332151318,
                                   0.00138888888889634752,
                                   0.000198412698864785082,
                                   0.0000248015871710777319,
                                   2.75572438029365782e-6,
                                   2.75574032734620411e-7,
                                   2.51091955601516406e-8,
                                   2.08753245581103427e-9};
  static constexpr double log[] = {0.666666666666669918,  0.3999999999960939092, 0.2857142870457087824,
                                   0.2222220205424013672, 0.181833991876344686,  0.1531795454488667698,
                                   0.1475952843206736644};
  static constexpr double erf[] = {
      0.128379167095512573,      0.6366197723675816244,      0.1027726033019235624,     -0.01912844700867235705,
      -0.0002091946442544587103, 0.001696205953314121581,    -0.0005901230954703283384, 0.00002586876227777763535,
      0.00006452080065972801764, -0.00002978840962847489308, 3.517956819128957105e-6,   2.685482746373205977e-6,
      -1.580513773430539834e-6,  1.972462291917395474e-7,    2.342381338459868795e-7,   -1.966102291493389695e-7,
      9.085061793798174416e-8,   -3.026015329498643605e-8,   7.76368395550238431e-9,    -1.563073026132198551e-9,
      2.463412242074435373e-10,  -2.986824762486818362e-11,  2.6935942411527721e-12,    -1.702258546000015633e-13,
      6.725865447773748967e-15,  -1.249798016834714875e-16};
  static constexpr double sinh[] = {0.1666666666666666667,    0.008333333333333333556, 0.0001984126984126959308,
                                    2.755731922411925432e-6,  2.505210834584077563e-8, 1.605905068341577666e-10,
                                    7.646477686530706357e-13, 2.848366343141382251e-15};
  static constexpr double tanh_small = 0.55;
  static constexpr double tanh[] = {-0.3333333333333329173,    0.1333333333332510813,     -0.05396825396274425021,
                                    0.02186948835396685874,    -0.008863232043826207627,  0.003592086111875715998,
                                    -0.001455503200125263325,  0.0005882759788556404663,  -0.0002329409107426318349,
                                    0.00008266989858950663045, -0.00001908737019166793726};
};

// What an f32 or f64 is made of: a sign, an exponent plus a bias, and a fraction.
template <class T>
inline constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
template <class T>
inline constexpr T bias = T(std::numeric_limits<T>::max_exponent - 1);
// Adding it to a number rounds the number to an integer, which is then in the last bits.
template <class T>
inline constexpr T shifter = T(3) * T(Word<T>(1) << (fraction_bits<T> - 1));
template <class T>
inline constexpr T log2_e = T(1.4426950408889634074);

// 2^n for an integer n that is the exponent of a normal number.
template <class T>
[[gnu::always_inline]] inline Batch<T> power_of_two(const Batch<T>& n) {
  return from_bits<T>(to_bits(n + Batch<T>(shifter<T> + bias<T>)) << fraction_bits<T>);
}

// ---- exponentials

// e^(x + low) = (1 + p) 2^n with n = x / ln 2, rounded. p = e^r - 1 for the remainder r of x, |r| <= ln 2 / 2. The
// rounding error of r is added to the small terms, so that p is rounded only once.
template <class T>
struct Growth {
  Batch<T> p, n;
  typename BitsOf<T>::type exponent;  // its last bits are n + 2 bias
};
template <class T, class... Low>
[[gnu::always_inline]] inline Growth<T> growth(const Batch<T>& x, const Low&... low) {
  using V = Batch<T>;
  using C = MathConstants<T>;
  const V offset(shifter<T> + 2 * bias<T>);
  const V shifted = multiply_add(x, V(log2_e<T>), offset), n = shifted - offset;
  const V most = multiply_add(n, V(-C::ln2_high), x), rest = n * V(C::ln2_low), r = most - rest;
  const V lost = (((most - r) - rest) + ... + low);
  return {r + multiply_add(r * r, polynomial(r, C::exp), lost), n, to_bits(shifted)};
}
// x 2^n, multiplied by two halves of the power: 2^n itself may not be a normal number, but both halves are. The product
// overflows or becomes subnormal exactly where it should.
template <class T>
[[gnu::always_inline]] inline Batch<T> times_power(const Batch<T>& x, const Growth<T>& e) {
  if constexpr (kScalesByPowers) {
    return scale_by_power(x, e.n);
  } else {
    const auto half = e.exponent >> 1;
    return x * from_bits<T>(half << fraction_bits<T>) * from_bits<T>((e.exponent - half) << fraction_bits<T>);
  }
}

// scale * e^x for exp_min <= x <= exp_max; the scale is a power of two.
template <class T>
[[gnu::always_inline]] inline Batch<T> scaled_exp(const Batch<T>& x, T scale = 1) {
  const Growth<T> e = growth(x);
  return times_power(multiply_add(e.p, Batch<T>(scale), Batch<T>(scale)), e);
}
template <class T>
[[gnu::always_inline]] inline Batch<T> exp(const Batch<T>& x) {
  using V = Batch<T>;
  using C = MathConstants<T>;
  return scaled_exp<T>(at_most(at_least(x, V(C::exp_min)), V(C::exp_max)));
}
// e^-x for x >= 0, which cannot overflow.
template <class T>
[[gnu::always_inline]] inline Batch<T> decay(const Batch<T>& x) {
  return scaled_exp<T>(at_least(-x, Batch<T>(MathConstants<T>::exp_min)));
}

// e^(x + low) - 1 = 2^n p + (2^n - 1) for expm1_min <= x <= expm1_max: small results keep all digits. Half of it is
// computed, and doubled at the end, because 2^128 is not an f32.
template <class T, class... Low>
[[gnu::always_inline]] inline Batch<T> expm1_within(const Batch<T>& x, const Low&... low) {
  using V = Batch<T>;
  const Growth<T> e = growth(x, low...);
  const V half_power = from_bits<T>((e.exponent - (static_cast<Word<T>>(bias<T>) + 1)) << fraction_bits<T>);
  return V(2) * multiply_add(half_power, e.p, half_power - V(T(0.5)));
}
// x where it is subnormal, y elsewhere. A subnormal x equals f(x) in all digits, and x / 2 may not
// be representable.
template <class T>
[[gnu::always_inline]] inline Batch<T> unless_tiny(const Batch<T>& x, const Batch<T>& y) {
  return select(abs(x) < Batch<T>(std::numeric_limits<T>::min()), x, y);
}
template <class T>
[[gnu::always_inline]] inline Batch<T> expm1(const Batch<T>& x) {
  using V = Batch<T>;
  using C = MathConstants<T>;
  return unless_tiny(x, expm1_within(at_most(at_least(x, V(C::expm1_min)), V(C::expm1_max))));
}

// f(x) = x + x³ c(x²) for small x
template <class T, std::size_t N>
[[gnu::always_inline]] inline Batch<T> odd_polynomial(const Batch<T>& x, const T (&c)[N]) {
  const Batch<T> z = x * x;
  return multiply_add(x * z, polynomial(z, c), x);
}

// 1 - 2 / (e^(2 |x|) + 1), and a polynomial near 0, where the difference would lose digits.
template <class T>
[[gnu::always_inline]] inline Batch<T> tanh(const Batch<T>& x) {
  using V = Batch<T>;
  using C = MathConstants<T>;
  const V a = abs(x), e = scaled_exp<T>(at_most(a + a, V(C::exp_max)));
  const V large = V(1) - V(2) / (e + V(1));
  return copy_sign(select(a < V(C::tanh_small), odd_polynomial(a, C::tanh), large), x);
}

// 1 / (1 + e), or e / (1 + e) where x < 0, for e = e^-|x|: it never overflows, and small results keep their digits.
// With e = s (1 + p), the quotient 1 / d of d = 1 + e is corrected by p and by the rounding error of d, and only then
// multiplied by s.
template <class T>
[[gnu::always_inline]] inline Batch<T> sigmoid(const Batch<T>& x) {
  using V = Batch<T>;
  const Growth<T> e = growth(at_least(-abs(x), V(MathConstants<T>::exp_min)));
  const V s = times_power(V(1), e), sum = V(1) + s;
  const V d = multiply_add(s, e.p, sum), lost = multiply_add(s, e.p, sum - d);
  const V inverse = multiply_add(s, V(T(-0.5)), V(1));  // 1 / d, accurate enough for a correction
  const auto negative = x < V(0);
  const V more = multiply_add(-lost, inverse, select(negative, e.p, V(0)));
  const V q = V(1) / d, y = multiply_add(q, more, q);
  return select(negative, times_power(y, e), y);
}

// e^|x| / 2 for all x. Both hyperbolic functions are computed from it, and it overflows where they do.
template <class T>
[[gnu::always_inline]] inline Batch<T> half_growth(const Batch<T>& x) {
  return scaled_exp<T>(at_most(abs(x), Batch<T>(MathConstants<T>::exp_max)), T(0.5));
}
template <class T>
[[gnu::always_inline]] inline Batch<T> cosh(const Batch<T>& x) {
  const Batch<T> e = half_growth(x);
  return e + Batch<T>(T(0.25)) / e;
}
template <class T>
[[gnu::always_inline]] inline Batch<T> sinh(const Batch<T>& x) {
  using V = Batch<T>;
  const V a = abs(x), e = half_growth(x), large = e - V(T(0.25)) / e;
  return copy_sign(select(a < V(1), odd_polynomial(a, MathConstants<T>::sinh), large), x);
}

// -log(1 - erf(x)) = x + x q(x) is so smooth that one polynomial serves for all x > 0.
template <class T>
[[gnu::always_inline]] inline Batch<T> erf(const Batch<T>& x) {
  using V = Batch<T>;
  const V a = at_most(abs(x), V(MathConstants<T>::erf_max));
  const V more = a * polynomial(a, MathConstants<T>::erf), sum = a + more, lost = more - (sum - a);
  return copy_sign(expm1_within(-sum, -lost), x);
}

// ---- logarithms

// x = m 2^exponent with m between √½ and √2.
template <class T>
struct Split {
  Batch<T> m, exponent;
};
// For normal x > 0. The bits of x are shifted so that √½ takes the place of 1, and then cut into exponent and fraction.
// The exponent, placed in the last bits of a large power of two, becomes a number.
template <class T>
[[gnu::always_inline]] inline Split<T> split(const Batch<T>& x) {
  constexpr Word<T> one = std::bit_cast<Word<T>>(T(1)), root_half = std::bit_cast<Word<T>>(T(0.70710678118654752440));
  constexpr T power = T(Word<T>(1) << fraction_bits<T>);
  const auto bits = to_bits(x) + (one - root_half);
  const auto exponent = (bits >> fraction_bits<T>) | std::bit_cast<Word<T>>(power);
  const auto fraction = bits & ((Word<T>(1) << fraction_bits<T>)-1);
  return {from_bits<T>(fraction + root_half), from_bits<T>(exponent) - Batch<T>(power + bias<T>)};
}
// For any x > 0. Subnormal numbers are multiplied by a power of two first.
template <class T>
[[gnu::always_inline]] inline Split<T> split_any(const Batch<T>& x) {
  using V = Batch<T>;
  const auto subnormal = x < V(std::numeric_limits<T>::min());
  Split<T> parts = split<T>(select(subnormal, x * V(T(Word<T>(1) << fraction_bits<T>)), x));
  parts.exponent -= select(subnormal, V(T(fraction_bits<T>)), V(0));
  return parts;
}

// log(1 + f) + n ln 2 for 1 + f between √½ and √2. With s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - f²/2 + s (f²/2 +
// s³...): what is added to f is small, and so are its rounding errors. (The idea is that of Sun's fdlibm.)
template <class T>
[[gnu::always_inline]] inline Batch<T> log_near_one(const Batch<T>& f, const Batch<T>& n) {
  using V = Batch<T>;
  using C = MathConstants<T>;
  const V s = f / (V(2) + f), z = s * s, half_square = V(T(0.5)) * f * f;
  const V tail = multiply_add(s, multiply_add(z, polynomial(z, C::log), half_square), n * V(C::ln2_low));
  return multiply_add(n, V(C::ln2_high), f - (half_square - tail));
}

// y = log x, with infinity and NaN where they belong.
template <class T>
[[gnu::always_inline]] inline Batch<T> log_edges(const Batch<T>& x, Batch<T> y) {
  using V = Batch<T>;
  const V infinity(std::numeric_limits<T>::infinity());
  y = select(x < infinity, y, x);
  return select(x < V(0), V(std::numeric_limits<T>::quiet_NaN()), select(x == V(0), -infinity, y));
}

template <class T>
[[gnu::always_inline]] inline Batch<T> log(const Batch<T>& x) {
  const Split<T> parts = split_any<T>(x);
  return log_edges(x, log_near_one<T>(parts.m - Batch<T>(1), parts.exponent));
}
template <class T>
[[gnu::always_inline]] inline Batch<T> log2(const Batch<T>& x) {
  using V = Batch<T>;
  const Split<T> parts = split_any<T>(x);
  return log_edges(x, multiply_add(log_near_one<T>(parts.m - V(1), V(0)), V(log2_e<T>), parts.exponent));
}
template <class T>
[[gnu::always_inline]] inline Batch<T> log10(const Batch<T>& x) {
  using V = Batch<T>;
  using C = MathConstants<T>;
  const Split<T> parts = split_any<T>(x);
  const V small = multiply_add(log_near_one<T>(parts.m - V(1), V(0)), V(T(0.43429448190325182765)),
                               parts.exponent * V(C::log10_2_low));
  return log_edges(x, multiply_add(parts.exponent, V(C::log10_2_high), small));
}

// log(1 + x) for x > -1. 1 + x = u + rest without error, and u = m 2^n.
template <class T>
[[gnu::always_inline]] inline Batch<T> log1p_within(const Batch<T>& x) {
  using V = Batch<T>;
  const V u = V(1) + x, most = u - V(1), rest = (V(1) - (u - most)) + (x - most);
  const Split<T> parts = split<T>(u);
  const V scale = power_of_two(at_least(-parts.exponent, V(-100)));  // beyond it the rest is 0
  return log_near_one<T>(multiply_add(rest, scale, parts.m - V(1)), parts.exponent);
}
template <class T>
[[gnu::always_inline]] inline Batch<T> log1p(const Batch<T>& x) {
  return unless_tiny(x, log_edges(Batch<T>(1) + x, log1p_within(x)));
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which cannot overflow.
template <class T>
[[gnu::always_inline]] inline Batch<T> softplus(const Batch<T>& x) {
  return at_least(x, Batch<T>(0)) + log1p_within(decay(abs(x)));
}

}  // namespace
}  // namespace hourglass
