// SPDX-License-Identifier: MIT
// The four element types, and the bridge from a type known at run time to a type of the compiler.
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <type_traits>

#include "tensor/error.h"

namespace hourglass {

enum class Dtype : std::uint8_t { f32, f64, i64, u8 };

std::ostream& operator<<(std::ostream& out, Dtype dtype);

template <class T>
concept Element =
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint8_t>;

template <Element T>
inline constexpr Dtype dtype_of = std::same_as<T, float>          ? Dtype::f32
                                  : std::same_as<T, double>       ? Dtype::f64
                                  : std::same_as<T, std::int64_t> ? Dtype::i64
                                                                  : Dtype::u8;

/// Bytes of one element.
constexpr std::size_t size_of(Dtype dtype) { return dtype == Dtype::f32 ? 4 : dtype == Dtype::u8 ? 1 : 8; }

constexpr bool is_floating(Dtype dtype) { return dtype == Dtype::f32 || dtype == Dtype::f64; }
/// Of f32 and f64: the distance from 1 to the next larger number, the largest finite and the smallest normal number.
constexpr double epsilon_of(Dtype dtype) {
  return dtype == Dtype::f32 ? double{std::numeric_limits<float>::epsilon()} : std::numeric_limits<double>::epsilon();
}
constexpr double largest_of(Dtype dtype) {
  return dtype == Dtype::f32 ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
}
constexpr double smallest_normal_of(Dtype dtype) {
  return dtype == Dtype::f32 ? double{std::numeric_limits<float>::min()} : std::numeric_limits<double>::min();
}

/// Calls f<T>() with the C++ type of dtype: dispatch(x.dtype(), [&]<class T>() { ... x.data<T>() ... }).
template <class F>
decltype(auto) dispatch(Dtype dtype, F&& f) {
  switch (dtype) {
    case Dtype::f32: return f.template operator()<float>();
    case Dtype::f64: return f.template operator()<double>();
    case Dtype::i64: return f.template operator()<std::int64_t>();
    case Dtype::u8: return f.template operator()<std::uint8_t>();
  }
  fail("dispatch", "corrupt dtype ", int(dtype));
}

/// The same for ops that are defined on floating point only; other dtypes are an error that names op.
template <class F>
decltype(auto) dispatch_floating(std::string_view op, Dtype dtype, F&& f) {
  if (dtype == Dtype::f32) return f.template operator()<float>();
  if (dtype == Dtype::f64) return f.template operator()<double>();
  fail(op, "needs f32 or f64, got ", dtype, "; convert with to(x, Dtype::f32)");
}

/// A number in C++ code, which takes the dtype of the tensor that it is combined with. Integers stay exact.
class Scalar {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  constexpr Scalar(T value) {  // NOLINT(google-explicit-constructor): 2.0 * x should just work
    real_ = static_cast<double>(value);
    if constexpr (std::is_integral_v<T>) {
      integer_ = static_cast<std::int64_t>(value);
      integral_ = integer_ >= 0 || std::is_signed_v<T>;  // an unsigned number of 2^63 or more is kept as a real one
    }
  }

  double real() const { return real_; }
  /// Whether it was given as an integer; then to<std::int64_t>() is exact.
  bool is_integral() const { return integral_; }

  /// The value as T. If T is an integer type, a fraction or a number out of range is an error that
  /// names op.
  template <Element T>
  T to(std::string_view op) const {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(real_);
    } else {
      const bool whole = integral_ || (real_ == std::trunc(real_) && real_ >= -0x1p63 && real_ < 0x1p63);
      const std::int64_t number = integral_ ? integer_ : whole ? static_cast<std::int64_t>(real_) : 0;
      check(whole && static_cast<std::int64_t>(static_cast<T>(number)) == number, op, real_,
            " is not a value of dtype ", dtype_of<T>);
      return static_cast<T>(number);
    }
  }

 private:
  double real_ = 0;
  std::int64_t integer_ = 0;
  bool integral_ = false;
};

}  // namespace hourglass
