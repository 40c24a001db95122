// SPDX-License-Identifier: MIT
#include "nn/io/elements.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <ostream>
#include <type_traits>
#include <utility>

namespace hourglass::nn {
namespace {

// A float of 16 bits: a sign, an exponent, and a fraction of kFraction bits.
template <int kFraction>
struct Half {
  static constexpr int kBias = (1 << (14 - kFraction)) - 1;
  static constexpr std::uint16_t kInfinity = 0x7fff >> kFraction << kFraction;
  std::uint16_t bits = 0;

  Half() = default;
  explicit Half(double x) {
    const auto all = std::bit_cast<std::uint64_t>(x);
    const std::uint64_t sign = all >> 63 << 15, payload = (all >> (52 - kFraction) & 0x7fff) | 1 << (kFraction - 1);
    const double size = std::abs(x);
    std::uint64_t rounded = kInfinity | (std::isnan(x) ? payload : 0);
    if (size < power_of_2(kBias + 1)) {
      // Numbers of this size are `step` apart; below the smallest normal number the step no longer shrinks. In the sum
      // the last bit is worth a step: it is rounded there, ties to even, and its last bits count the steps in `size`.
      const double power = std::bit_cast<double>(all & 0x7ff0'0000'0000'0000);  // 2^(x's exponent)
      const double largest = std::max(power, power_of_2(1 - kBias)), shift = largest * power_of_2(52 - kFraction);
      const std::uint64_t steps = std::bit_cast<std::uint64_t>(size + shift) - std::bit_cast<std::uint64_t>(shift);
      const std::uint64_t exponent = (std::bit_cast<std::uint64_t>(largest) >> 52) - (1023 + 1 - kBias);
      rounded = (exponent << kFraction) + steps;  // the leading 1 of a normal number adds 1 to its exponent
    }
    bits = static_cast<std::uint16_t>(sign | rounded);
  }

  // The same fields in their places in an f32. The product corrects the bias of the exponent, also of subnormal numbers.
  explicit operator float() const {
    const std::uint32_t sign = (bits & 0x8000u) << 16, size = (bits & 0x7fffu) << (23 - kFraction);
    if ((bits & kInfinity) == kInfinity) return std::bit_cast<float>(sign | 0x7f80'0000u | size);
    return std::bit_cast<float>(sign | size) * static_cast<float>(power_of_2(127 - kBias));
  }

 private:
  static constexpr double power_of_2(int n) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(1023 + n) << 52);
  }
};
using F16 = Half<10>;
using BF16 = Half<7>;

struct Boolean {
  std::uint8_t byte = 0;
};

template <class Raw>
concept HalfFloat = std::same_as<Raw, F16> || std::same_as<Raw, BF16>;
template <class Raw>
concept FloatInFile = std::floating_point<Raw> || HalfFloat<Raw>;

// As a number of C++.
template <class Raw>
auto number_of(Raw raw) {
  if constexpr (HalfFloat<Raw>) return static_cast<float>(raw);
  else if constexpr (std::same_as<Raw, Boolean>) return static_cast<std::uint8_t>(raw.byte != 0);
  else return raw;
}

// What it becomes by default.
template <class Raw, class Number = decltype(number_of(Raw()))>
constexpr Dtype kNatural = dtype_of<std::conditional_t<Element<Number>, Number, std::int64_t>>;

template <class Raw>
Raw swapped(Raw raw) {
  auto bytes = std::bit_cast<std::array<char, sizeof(Raw)>>(raw);
  std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Raw>(bytes);
}

// Calls f<T>() with the type of x, which has floats if and only if Raw is one.
template <class Raw, class F>
void dispatch_like(const Tensor& x, F&& f) {
  dispatch(x.dtype(), [&]<class T>() {
    if constexpr (std::floating_point<T> == FloatInFile<Raw>) f.template operator()<T>();
    else fail("elements", "a type of the other kind than ", x.dtype());
  });
}

template <class Number, class Type>
[[noreturn, gnu::cold]] void refuse(std::int64_t place, Number number, Type type) {
  fail(join("element ", place), +number, " is out of the range of ", type);
}

template <class Raw>
void read_elements(const char* from, bool big_endian, Tensor& x, std::int64_t first, std::int64_t count) {
  dispatch_like<Raw>(x, [&]<class T>() {
    T* const to = x.mutable_data<T>() + first;
    for (std::int64_t i = 0; i < count; ++i) {
      Raw raw;
      std::memcpy(&raw, from + i * static_cast<std::int64_t>(sizeof(Raw)), sizeof(Raw));
      const auto number = number_of(big_endian ? swapped(raw) : raw);
      if constexpr (!FloatInFile<Raw>)
        if (!std::in_range<T>(number)) refuse(first + i, number, x.dtype());
      to[i] = static_cast<T>(number);
    }
  });
}

template <class Raw, FileDtype kDtype>
void write_elements(const Tensor& x, std::int64_t first, std::int64_t count, char* to) {
  dispatch_like<Raw>(x, [&]<class T>() {
    const T* const from = x.data<T>() + first;
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (!FloatInFile<Raw>) {
        bool fits = from[i] == 0 || from[i] == 1;
        if constexpr (!std::same_as<Raw, Boolean>) fits = std::in_range<Raw>(from[i]);
        if (!fits) refuse(first + i, from[i], kDtype);
      }
      const Raw raw = [&] {
        if constexpr (HalfFloat<Raw>) return Raw(double{from[i]});
        else if constexpr (std::same_as<Raw, Boolean>) return Raw{static_cast<std::uint8_t>(from[i])};
        else return static_cast<Raw>(from[i]);
      }();
      std::memcpy(to + i * static_cast<std::int64_t>(sizeof(Raw)), &raw, sizeof(Raw));
    }
  });
}

template <class Raw, FileDtype kDtype>
constexpr FileType row_of(std::string_view safetensors, std::string_view numpy) {
  return {kDtype, safetensors, numpy, sizeof(Raw), kNatural<Raw>, read_elements<Raw>, write_elements<Raw, kDtype>};
}

// In the order of FileDtype.
constexpr std::array kTypes{
    row_of<double, FileDtype::f64>("F64", "f8"),        row_of<float, FileDtype::f32>("F32", "f4"),
    row_of<F16, FileDtype::f16>("F16", "f2"),           row_of<BF16, FileDtype::bf16>("BF16", ""),
    row_of<std::int64_t, FileDtype::i64>("I64", "i8"),  row_of<std::int32_t, FileDtype::i32>("I32", "i4"),
    row_of<std::int16_t, FileDtype::i16>("I16", "i2"),  row_of<std::int8_t, FileDtype::i8>("I8", "i1"),
    row_of<std::uint64_t, FileDtype::u64>("U64", "u8"), row_of<std::uint32_t, FileDtype::u32>("U32", "u4"),
    row_of<std::uint16_t, FileDtype::u16>("U16", "u2"), row_of<std::uint8_t, FileDtype::u8>("U8", "u1"),
    row_of<Boolean, FileDtype::boolean>("BOOL", "b1"),
};
static_assert(kTypes.size() == static_cast<std::size_t>(FileDtype::boolean) + 1);

const FileType& entry_of(FileDtype dtype) { return kTypes[static_cast<std::size_t>(dtype)]; }

FileDtype unchanged(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return FileDtype::f32;
    case Dtype::f64: return FileDtype::f64;
    case Dtype::i64: return FileDtype::i64;
    case Dtype::u8: return FileDtype::u8;
  }
  fail("elements", "corrupt dtype ", int(dtype));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, FileDtype dtype) { return out << entry_of(dtype).safetensors; }

Dtype FileType::loaded_as(const LoadDtypes& wishes) const {
  check(!wishes.floats || hourglass::is_floating(*wishes.floats), "floats", "can become f32 or f64, not ",
        wishes.floats.value_or(natural));
  check(!wishes.integers || !hourglass::is_floating(*wishes.integers), "integers", "can become i64 or u8, not ",
        wishes.integers.value_or(natural));
  return (is_floating() ? wishes.floats : wishes.integers).value_or(natural);
}

const FileType* find_type(FormatName format, std::string_view name) {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const FileType& t) { return t.*format == name; });
  return name.empty() || found == kTypes.end() ? nullptr : found;
}

std::string all_types(FormatName format) {
  std::string all;
  for (const FileType& type : kTypes)
    if (!(type.*format).empty()) all += join(all.empty() ? "" : ", ", type.*format);
  return all;
}

const FileType& saved_as(std::string_view op, FormatName format, Dtype dtype, const SaveDtypes& wishes) {
  const auto& [floats, integers] = wishes;
  check(!floats || entry_of(*floats).is_floating(), op, "floats cannot become ", floats.value_or(FileDtype::f32));
  check(!integers || !entry_of(*integers).is_floating(), op, "integers cannot become ",
        integers.value_or(FileDtype::i64));
  const FileType& type = entry_of((is_floating(dtype) ? floats : integers).value_or(unchanged(dtype)));
  check(!(type.*format).empty(), op, "the format has no type ", type.dtype);
  return type;
}

}  // namespace hourglass::nn
