// SPDX-License-Identifier: MIT
#include "examples/support/metrics.h"

#include <algorithm>

#include "tensor/error.h"

namespace hourglass::examples {
namespace {

template <class Entries>
auto find(Entries& entries, std::string_view name) {
  return std::find_if(entries.begin(), entries.end(), [name](const auto& entry) { return entry.first == name; });
}

std::string names_of(const std::vector<Metrics::Entry>& entries) {
  std::string names;
  for (const auto& [name, value] : entries) names += (names.empty() ? "'" : ", '") + name + "'";
  return names.empty() ? "nothing" : names;
}

}  // namespace

double Metrics::operator[](std::string_view name) const {
  const auto found = find(entries_, name);
  if (found == entries_.end()) fail("metrics", "there is no '", name, "' (there is ", names_of(entries_), ")");
  return found->second;
}

Metrics Metrics::prefixed(std::string_view prefix) const {
  Metrics renamed;
  for (const auto& [name, value] : entries_) renamed.add(std::string(prefix) + name, value);
  return renamed;
}

void Metrics::accumulate(const Metrics& numbers, double weight) {
  for (const auto& [name, value] : numbers) {
    const auto known = find(entries_, name);
    if (known == entries_.end()) add(name, weight * value);
    else known->second += weight * value;
  }
}

Metrics Metrics::operator/(double divisor) const {
  Metrics quotient = *this;
  for (auto& [name, value] : quotient.entries_) value /= divisor;
  return quotient;
}

}  // namespace hourglass::examples
