// SPDX-License-Identifier: MIT
// Checks of the values of flags, for the sources that use CLI11. Not installed, as a project of one's own need not have it.
#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>

#include "examples/support/args.h"
#include "examples/support/text.h"
#include "nn/limits.h"
#include "tensor/error.h"

namespace hourglass::examples {

inline std::string describe(const char* kind, Range range) {
  std::string text = kind;
  if (std::isfinite(range.min) && std::isfinite(range.max))
    text += " from " + number(range.min, 15) + " to " + number(range.max, 15);
  else if (std::isfinite(range.min)) text += " of at least " + number(range.min, 15);
  else if (std::isfinite(range.max)) text += " of at most " + number(range.max, 15);
  return text;
}

/// Accepts text that is one number of type T, finite and in range. (CLI11's own Range accepts NaN.)
template <class T>
CLI::Validator validator_in(const char* kind, Range range) {
  return CLI::Validator(
      [kind, range](const std::string& text) -> std::string {
        T value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc() && end == text.data() + text.size();
        const auto real = static_cast<double>(value);
        if (whole && std::isfinite(real) && real >= range.min && real <= range.max) return {};
        return "expects " + describe(kind, range) + ", got '" + join(nn::one_line(text)) + "'";
      },
      "");
}

inline CLI::Validator non_empty() {
  return CLI::Validator([](const std::string& text) { return text.empty() ? "is empty" : ""; }, "");
}

/// The name of a flag in the configuration: --batch-size becomes batch_size.
inline std::string plain(std::string name) {
  name.erase(0, name.find_first_not_of('-'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace hourglass::examples
