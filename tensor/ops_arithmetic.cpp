// SPDX-License-Identifier: MIT
// Elementwise functions without a kernel: one number at a time, in f64, or formulas of other ops.
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include "tensor/composed/arithmetic.h"
#include "tensor/iterate.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

constexpr std::int64_t kSingleGrain = 2048;  // elements a chunk, each some 10 ns

// f(a, b) of every pair of elements, for a function of two T.
template <class T, class F>
Tensor paired(const Tensor& a, const Tensor& b, const Shape& shape, F f) {
  Tensor result(shape, dtype_of<T>);
  if (result.numel() == 0) return result;
  const TensorIterator<2> iterator(shape, {broadcast_strides(a, shape), broadcast_strides(b, shape)});
  const auto [step_a, step_b] = iterator.steps();
  const T *const from_a = a.data<T>(), *const from_b = b.data<T>();
  T* const out = result.mutable_data<T>();
  parallel_for(result.numel(), kSingleGrain, [&](std::int64_t begin, std::int64_t end) {
    const auto run = [&](std::int64_t position, const std::array<std::int64_t, 2>& offsets, std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i)
        out[position + i] = f(from_a[offsets[0] + i * step_a], from_b[offsets[1] + i * step_b]);
    };
    iterator.for_each_run(begin, end, run);
  });
  return result;
}
// The same for a function of two doubles, of f32 and f64.
template <class F>
Tensor real_paired(std::string_view op, const Tensor& a, const Tensor& b, F f) {
  check_same_dtype(op, a, b);
  const Shape shape = broadcast_shapes(op, a, b);
  const Work work(op, numel(shape), a, b);
  return dispatch_floating(op, a.dtype(), [&]<class T>() {
    return paired<T>(a, b, shape, [f](T x, T y) { return static_cast<T>(f(x, y)); });
  });
}
template <class F>
Tensor real_single(std::string_view op, const Tensor& x, F f) {
  return real_paired(op, x, x, [f](double a, double) { return f(a); });
}

// Winitzki's formula is exact to 2 digits; two of Halley's steps, which triple them, give all. For large y, erf(y) - x
// has no digits: 1 - x minus erfc(y) has.
double erfinv_of(double x) {
  const double size = std::abs(x);
  if (!(size < 1)) return size == 1 ? std::copysign(std::numeric_limits<double>::infinity(), x) : std::nan("");
  constexpr double a = 0.147;
  const double l = std::log1p(-x * x), t = 2 / (std::numbers::pi * a) + l / 2;
  double y = std::sqrt(std::sqrt(t * t - l / a) - t);
  for (int step = 0; step < 3; ++step) {
    const double error = size < 0.5 ? std::erf(y) - size : (1 - size) - std::erfc(y);
    const double newton = error * std::exp(y * y) / (2 * std::numbers::inv_sqrtpi);
    y -= newton / (1 + y * newton);
  }
  return std::copysign(y, x);
}

// ---- division; integers that overflow wrap around

template <class T>
bool is_negative(T x) {
  if constexpr (std::is_signed_v<T>) return x < 0;
  else return false;
}
template <class T>
T fmod_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return std::fmod(a, b);
  else if (is_negative(b) && b + 1 == 0) return 0;
  else return static_cast<T>(a % b);
}
template <class T>
T remainder_of(T a, T b) {
  const T rest = fmod_of(a, b);
  return rest != 0 && is_negative(rest) != is_negative(b) ? static_cast<T>(rest + b) : rest;
}
template <class T>
T trunc_divide_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) return std::trunc(a / b);
  else if (is_negative(b) && b + 1 == 0) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
  else return static_cast<T>(a / b);
}
// a - remainder is a multiple of b, up to rounding, so its quotient is rounded to the nearest integer.
template <class T>
T floor_divide_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (b == 0) return a / b;
    const T quotient = std::nearbyint((a - remainder_of(a, b)) / b);
    return quotient == 0 ? std::copysign(T(0), a / b) : quotient;
  } else {
    const T quotient = trunc_divide_of(a, b);
    return is_negative(a) != is_negative(b) && fmod_of(a, b) != 0 ? static_cast<T>(quotient - 1) : quotient;
  }
}

template <class F>
Tensor divided(std::string_view op, const Tensor& a, const Tensor& b, F f) {
  check_same_dtype(op, a, b);
  check(is_floating(b.dtype()) || all(b != 0).item() != 0, op, "integers cannot be divided by 0, got ", describe(a),
        " and ", describe(b));
  const Shape shape = broadcast_shapes(op, a, b);
  const Work work(op, numel(shape), a, b);
  return dispatch(a.dtype(), [&]<class T>() { return paired<T>(a, b, shape, f); });
}

}  // namespace

#define HOURGLASS_DIVISION(name, formula)                                      \
  Tensor name(const Tensor& a, const Tensor& b) {                              \
    return divided(#name, a, b, [](auto x, auto y) { return formula(x, y); }); \
  }                                                                            \
  Tensor name(const Tensor& a, Scalar b) { return name(a, full({}, b, a.dtype())); }
HOURGLASS_DIVISION(floor_divide, floor_divide_of)
HOURGLASS_DIVISION(remainder, remainder_of)
HOURGLASS_DIVISION(fmod, fmod_of)
#undef HOURGLASS_DIVISION
Tensor div(const Tensor& a, const Tensor& b, Rounding rounding) {
  if (rounding == Rounding::floor) return floor_divide(a, b);
  return divided("div", a, b, [](auto x, auto y) { return trunc_divide_of(x, y); });
}
Tensor div(const Tensor& a, Scalar b, Rounding rounding) { return div(a, full({}, b, a.dtype()), rounding); }

// ---- one operand

Tensor exp2(const Tensor& x) { return pow(2, x); }
Tensor asinh(const Tensor& x) {
  return real_single("asinh", x, [](double a) { return std::asinh(a); });
}
Tensor acosh(const Tensor& x) {
  return real_single("acosh", x, [](double a) { return std::acosh(a); });
}
Tensor atanh(const Tensor& x) {
  return real_single("atanh", x, [](double a) { return std::atanh(a); });
}
Tensor erfinv(const Tensor& x) { return real_single("erfinv", x, erfinv_of); }
// The quotient is 1 at 1/2, where log would lose the digits of its distance from 1; log1p is given this distance. Below
// 1/4, the distance comes near -1, and the quotient itself is exact enough.
Tensor logit(const Tensor& x) {
  const Tensor rest = 1 - x;
  return where(x < 0.25, log(x / rest), log1p((x * 2 - 1) / rest));
}
Tensor nan_to_num(const Tensor& x, double nan) { return composed::nan_to_num(x, nan); }

// ---- two operands

Tensor xlogy(const Tensor& x, const Tensor& y) { return composed::xlogy(x, y); }
Tensor hypot(const Tensor& a, const Tensor& b) {
  return real_paired("hypot", a, b, [](double x, double y) { return std::hypot(x, y); });
}
Tensor copysign(const Tensor& a, const Tensor& b) {
  return real_paired("copysign", a, b, [](double x, double y) { return std::copysign(x, y); });
}
Tensor clamp_min(const Tensor& x, const Tensor& low) { return maximum(x, low); }
Tensor clamp_min(const Tensor& x, Scalar low) { return maximum(x, low); }
Tensor clamp_max(const Tensor& x, const Tensor& high) { return minimum(x, high); }
Tensor clamp_max(const Tensor& x, Scalar high) { return minimum(x, high); }

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  check_same_dtype("isclose", a, b);
  if (!is_floating(a.dtype())) return isclose(to(a, Dtype::f64), to(b, Dtype::f64), rtol, atol);
  // An infinity is close only to itself. The tolerance alone would accept every a, because rtol times infinity is
  // infinite.
  const Tensor close = logical_or(a == b, logical_and(isfinite(b), abs(a - b) <= abs(b) * rtol + atol));
  return equal_nan ? logical_or(close, logical_and(isnan(a), isnan(b))) : close;
}
bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  check_same_dtype("allclose", a, b);
  return all(isclose(a, b, rtol, atol)).item() != 0;
}

}  // namespace hourglass
