// SPDX-License-Identifier: MIT
// Bytes: the content of a file, read from front to back. Errors name the file and the byte.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tensor/error.h"

namespace hourglass::nn {

/// Refers to `bytes` and `name`, which must outlive it.
class Bytes {
 public:
  Bytes(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  /// The next `count` bytes; an error that names `what` if there are fewer.
  std::string_view take(std::uint64_t count, std::string_view what) {
    if (count > left())
      fault(bytes_.size(), "the file ends here, but ", what, " needs ", count - left(), " bytes more");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  /// The next little-endian number.
  template <class T>
  T number(std::string_view what) {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  void seek(std::uint64_t at, std::string_view what) {
    if (at > bytes_.size()) fault(bytes_.size(), "the file ends here, but ", what, " should be at byte ", at);
    at_ = at;
  }
  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }
  std::string_view all() const { return bytes_; }
  std::string_view name() const { return name_; }

  /// An error: `name: byte at: parts...`.
  template <class... Parts>
  [[noreturn]] void fault(std::uint64_t at, const Parts&... parts) const {
    fail(name_, "byte ", at, ": ", parts...);
  }

 private:
  std::string_view bytes_, name_;
  std::uint64_t at_ = 0;
};

}  // namespace hourglass::nn
