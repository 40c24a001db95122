// SPDX-License-Identifier: MIT
#include "examples/support/result.h"

#include <cmath>

#include "examples/support/text.h"

namespace hourglass::examples {

std::optional<bool> Result::holds() const {
  if (!options.reference) return std::nullopt;
  const double slack = options.within * std::abs(*options.reference), ahead = value - *options.reference;
  switch (options.better) {
    case Better::lower: return ahead <= slack;
    case Better::higher: return ahead >= -slack;
    case Better::near: return std::abs(ahead) <= slack;
  }
  return std::nullopt;
}

std::string to_beat(const Result& result) {
  const ResultOptions& options = result.options;
  const std::string percent = number(100 * options.within) + " %";
  std::string text;
  switch (options.better) {
    case Better::lower:
      text = "at most " + number(*options.reference) + (options.within > 0 ? " + " + percent : "");
      break;
    case Better::higher:
      text = "at least " + number(*options.reference) + (options.within > 0 ? " − " + percent : "");
      break;
    case Better::near: text = number(*options.reference) + " ± " + percent; break;
  }
  return text + (options.reference_name.empty() ? "" : ", " + options.reference_name);
}

std::string describe(const Result& result) {
  std::string text = result.name + " " + number(result.value);
  if (!result.options.unit.empty()) text += " " + result.options.unit;
  if (const auto holds = result.holds()) text += " (to beat: " + to_beat(result) + (*holds ? ": holds)" : ": misses)");
  return text;
}

}  // namespace hourglass::examples
