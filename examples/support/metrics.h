// SPDX-License-Identifier: MIT
// Named numbers: what a training step or an epoch reports.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hourglass::examples {

/// Numbers with names, in the order in which they are shown: {{"loss", 0.31}, {"kl", 15.2}}.
class Metrics {
 public:
  using Entry = std::pair<std::string, double>;

  Metrics() = default;
  Metrics(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// The number of this name. An Error lists the names if there is none.
  double operator[](std::string_view name) const;
  double operator[](std::size_t place) const = delete;
  /// The same numbers as "test_loss", "test_kl": metrics.prefixed("test_").
  Metrics prefixed(std::string_view prefix) const;

  void add(std::string name, double value) { entries_.emplace_back(std::move(name), value); }
  void add(const Metrics& more) { entries_.insert(entries_.end(), more.begin(), more.end()); }

  /// Adds weight * number to the number of the same name. A name that is new is appended.
  void accumulate(const Metrics& numbers, double weight);
  Metrics operator/(double divisor) const;

  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace hourglass::examples
