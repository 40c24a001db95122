// SPDX-License-Identifier: MIT
// A file may come from a stranger. What all readers share: how much a file may claim, how its text is shown, and the
// difference between a damaged file and too little memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <utility>

#include "tensor/checked.h"
#include "tensor/shape.h"

namespace hourglass::nn {

/// A packed file may unpack to this number of bytes, or to 64 times its own size if that is more. It is 256 MiB, or
/// what the environment variable HOURGLASS_UNPACK_LIMIT says, or what set_unpack_limit() said last.
std::uint64_t unpack_limit();
/// For all files that are read from now on, in all threads.
void set_unpack_limit(std::uint64_t bytes);

/// Counts what one packed file unpacks to.
class UnpackBudget {
 public:
  /// Refers to `name`, which must outlive it.
  UnpackBudget(std::string_view name, std::uint64_t file_bytes);
  /// Call it before the memory is allocated. Beyond the limit it is an error that begins with `name`.
  void take(std::uint64_t bytes);

 private:
  std::string_view name_;
  std::uint64_t file_bytes_, limit_, taken_ = 0;
};

/// The bytes of an array, or nothing if its strides or bytes cannot be counted in 63 bits. Extents of 0 count as 1 in
/// this check, because an empty array has strides, too.
std::optional<std::uint64_t> bytes_of(const Shape& shape, std::uint64_t element_bytes);

/// Text of a file as a message shows it: on one line, at most `most` bytes of it. It is written only if the message is.
struct OneLine {
  std::string_view text;
  std::size_t most;
  friend std::ostream& operator<<(std::ostream& out, const OneLine& line);
};
inline OneLine one_line(std::string_view text, std::size_t most = 60) { return {text, most}; }

/// Calls f(), which reads or writes a file of this size. If memory does not suffice, that is what the error says.
template <class F>
decltype(auto) within_memory(std::string_view name, std::uint64_t file_bytes, F&& f) {
  return hourglass::within_memory(name, std::forward<F>(f), "this is a file of ", file_bytes, " bytes");
}

}  // namespace hourglass::nn
