// SPDX-License-Identifier: MIT
// Sizes that are computed from arguments: arithmetic without overflow, and room for what has that size.
#pragma once
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/error.h"
#include "tensor/storage.h"

namespace hourglass {

/// A 64-bit number for an op. Sums, differences and products with it are exact, or an Error that names the op and both
/// operands: Checked("conv2d", dilation) * (kernel - 1) + 1.
class Checked {
 public:
  constexpr Checked(std::string_view op, std::int64_t value) : op_(op), value_(value) {}
  constexpr operator std::int64_t() const { return value_; }  // NOLINT(google-explicit-constructor): it is a number

#define HOURGLASS_CHECKED(symbol, overflows)                                                                         \
  template <std::integral T>                                                                                         \
  friend constexpr Checked operator symbol(Checked a, T b) {                                                         \
    std::int64_t result = 0;                                                                                         \
    check(!overflows(a.value_, b, &result), a.op_, "out of range: ", a.value_, " " #symbol " ", b, " is too large"); \
    return {a.op_, result};                                                                                          \
  }                                                                                                                  \
  template <std::integral T>                                                                                         \
  friend constexpr Checked operator symbol(T a, Checked b) {                                                         \
    return Checked(b.op_, a) symbol b.value_;                                                                        \
  }                                                                                                                  \
  friend constexpr Checked operator symbol(Checked a, Checked b) { return a symbol b.value_; }                       \
  template <class T>                                                                                                 \
  constexpr Checked& operator symbol##=(T b) {                                                                       \
    return *this = *this symbol b;                                                                                   \
  }
  HOURGLASS_CHECKED(+, __builtin_add_overflow)
  HOURGLASS_CHECKED(-, __builtin_sub_overflow)
  HOURGLASS_CHECKED(*, __builtin_mul_overflow)
#undef HOURGLASS_CHECKED

 private:
  std::string_view op_;
  std::int64_t value_;
};

/// Calls f, which uses containers of the standard library. If memory ends in it, throws `op: out of memory: parts...`;
/// the parts say the size.
template <class F, class... Parts>
decltype(auto) within_memory(std::string_view op, F&& f, const Parts&... parts) {
  try {
    return std::forward<F>(f)();
  } catch (const std::bad_alloc&) {
    fail(op, "out of memory: ", parts...);
  } catch (const std::length_error&) {
    fail(op, "out of memory: ", parts...);
  }
}

/// Makes room for `count` elements in a list, or throws an Error that names op and the size.
template <class T>
void reserve(std::string_view op, std::vector<T>& list, std::int64_t count) {
  memory::check_room(op, Checked(op, count) * sizeof(T));
  within_memory(
      op, [&] { list.reserve(static_cast<std::size_t>(count)); }, "asked for ", count, " elements");
}

}  // namespace hourglass
