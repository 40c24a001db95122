// SPDX-License-Identifier: MIT
// Text as people see it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hourglass {

/// The number of characters of UTF-8 text, for aligning columns: bytes that continue a character do not count.
inline std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace hourglass
