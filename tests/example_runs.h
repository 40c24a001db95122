// The example programs, run to the end, and what they left.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "examples/support/table.h"
#include "nn/file.h"
#include "tests/process.h"
#include "tests/test_support_common.h"

namespace hourglass::examples {

/// Runs a program, on generated data unless flags say otherwise, and gives its summary.json; the other files are in
/// `out`, which is new.
inline nlohmann::json summary_of(const std::string& program, const std::vector<std::string>& flags,
                                 const TemporaryFolder& out = {}) {
  std::vector<std::string> all{"--quiet", "--threads", "1", "--out", out / "out"};
  if (std::find(flags.begin(), flags.end(), "--data") == flags.end()) all.insert(all.end(), {"--data", "generated"});
  all.insert(all.end(), flags.begin(), flags.end());
  const int code = Process(program, all, out / "log").wait();
  INFO(program, " said: ", nn::read_file(out / "log"));
  REQUIRE(code == 0);
  return nlohmann::json::parse(nn::read_file(out / "out" / "summary.json"));
}
inline double figure(const nlohmann::json& summary, const std::string& name) { return summary.at(name).get<double>(); }

inline std::vector<std::string> operator+(std::vector<std::string> flags, const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

/// The cells of a table that a run in `out` left, without the heading, as numbers; what is none is 0.
inline std::vector<std::vector<double>> table_in(const TemporaryFolder& out, const std::string& name) {
  const std::string text = nn::read_file(out / "out" / (name + ".csv"));
  std::vector<std::vector<double>> rows;
  for (const std::string_view line : lines_of(text)) {
    std::istringstream cells{std::string(line)};
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(std::strtod(cell.c_str(), nullptr));
  }
  rows.erase(rows.begin());
  return rows;
}

}  // namespace hourglass::examples
