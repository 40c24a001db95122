// SPDX-License-Identifier: MIT
// Numbers and bytes as text.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace hourglass::examples {

/// Up to `digits` significant digits, without trailing zeros: 247.052, 0.0117, 3e-07, nan. A number below 1e9 with more
/// digits before the point has all of these: 170, not 1.7e+02.
std::string number(double value, int digits = 6);
/// 8.1 s, 4 min 12 s, 2 h 05 min.
std::string duration(double seconds);
/// The time in Greenwich: 2026-03-01 09:30 UTC.
std::string now();
/// With small letters in place of A to Z.
std::string lower(std::string_view text);
/// Escaped for HTML and SVG, for text and for attributes.
std::string escape(std::string_view text);
std::string base64(std::string_view bytes);
/// The words of a command, quoted so that they can be pasted into a shell.
std::string command_line(int argc, const char* const* argv);
/// How many letters must be inserted, deleted or replaced (Levenshtein 1966). Texts beyond 100 letters count as all
/// different.
std::size_t edits_between(std::string_view a, std::string_view b);

}  // namespace hourglass::examples
