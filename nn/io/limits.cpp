// SPDX-License-Identifier: MIT
#include "nn/io/limits.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <ostream>

namespace hourglass::nn {
namespace {

constexpr std::uint64_t kUsualLimit = std::uint64_t{256} << 20, kTimesItsSize = 64;
constexpr const char* kVariable = "HOURGLASS_UNPACK_LIMIT";

std::uint64_t initial_limit() {
  const char* const given = std::getenv(kVariable);
  if (given == nullptr || *given == '\0') return kUsualLimit;
  const std::string_view text = given;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  check(error == std::errc() && end == text.data() + text.size(), kVariable, "expected a number of bytes, got '",
        one_line(text), "'");
  return bytes;
}

std::atomic<std::uint64_t>& limit() {
  static std::atomic<std::uint64_t> bytes = initial_limit();
  return bytes;
}

}  // namespace

std::uint64_t unpack_limit() { return limit(); }
void set_unpack_limit(std::uint64_t bytes) { limit() = bytes; }

UnpackBudget::UnpackBudget(std::string_view name, std::uint64_t file_bytes)
    : name_(name),
      file_bytes_(file_bytes),
      limit_(std::max(unpack_limit(),
                      file_bytes > UINT64_MAX / kTimesItsSize ? file_bytes : kTimesItsSize * file_bytes)) {}

void UnpackBudget::take(std::uint64_t bytes) {
  check(!__builtin_add_overflow(taken_, bytes, &taken_) && taken_ <= limit_, name_, "its ", file_bytes_,
        " bytes unpack to ", taken_, " or more, and ", limit_, " are allowed; ", kVariable,
        " or set_unpack_limit() allows more");
}

std::optional<std::uint64_t> bytes_of(const Shape& shape, std::uint64_t element_bytes) {
  // Elements of 1 byte may become elements of 8.
  std::int64_t count = sizeof(std::int64_t);
  bool nothing = false;
  for (const std::int64_t extent : shape) {
    nothing |= extent == 0;
    if (__builtin_mul_overflow(count, std::max<std::int64_t>(extent, 1), &count)) return std::nullopt;
  }
  return nothing ? 0 : static_cast<std::uint64_t>(count) / sizeof(std::int64_t) * element_bytes;
}

std::ostream& operator<<(std::ostream& out, const OneLine& line) {
  const std::string_view text = line.text;
  std::size_t end = std::min(text.size(), line.most);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  while (end > 0 && end < text.size() && continues(end)) --end;  // characters of UTF-8 stay whole
  for (const char c : text.substr(0, end)) out << (static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c);
  return out << (end < text.size() ? "..." : "");
}

}  // namespace hourglass::nn
