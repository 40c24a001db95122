// SPDX-License-Identifier: MIT
// One exception type and one way to raise it.
#pragma once
#include <concepts>
#include <exception>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hourglass {

/// What went wrong, as `where: op: what is wrong: every shape with its dtype (the numbers that clash)`.
/// The op writes its part. Layers prepend their names while the error travels up to the caller.
class Error : public std::exception {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  /// Prepends `where: `, so that the outermost layer ends up first.
  void add_context(std::string_view where);

 private:
  std::string message_;
};

namespace detail {

// Numbers and strings are written in error.cpp, so that the files that call check() do not compile
// streams.
template <class T>
concept Plain = std::is_arithmetic_v<T> || std::same_as<T, std::string> || std::same_as<T, std::string_view>;
template <Plain T>
void write(std::ostream& out, const void* value);
void write_text(std::ostream& out, const void* text);

/// A value and how to write it, without its type.
class Part {
 public:
  Part(const char* text) : value_(text), write_(write_text) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  Part(const T& value) : value_(&value), write_(writer<T>()) {}  // NOLINT(google-explicit-constructor)

  friend std::ostream& operator<<(std::ostream& out, const Part& part) {
    part.write_(out, part.value_);
    return out;
  }

 private:
  using Writer = void (*)(std::ostream& out, const void* value);
  template <class T>
  static Writer writer() {
    if constexpr (Plain<T>) return write<T>;
    else return [](std::ostream& out, const void* value) { out << *static_cast<const T*>(value); };
  }
  const void* value_;
  Writer write_;
};

std::string join(std::initializer_list<Part> parts);
[[noreturn, gnu::cold]] void fail(std::initializer_list<Part> parts);

}  // namespace detail

/// Writes all parts one after another.
template <class... Parts>
std::string join(const Parts&... parts) {
  return detail::join({detail::Part(parts)...});
}

/// Throws `op: parts...`.
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(std::string_view op, const Parts&... parts) {
  detail::fail({detail::Part(op), detail::Part(": "), detail::Part(parts)...});
}

/// Throws `op: parts...` unless ok. Text is built only on failure.
template <class... Parts>
constexpr void check(bool ok, std::string_view op, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(op, parts...);
}

}  // namespace hourglass
