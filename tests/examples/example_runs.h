// SPDX-License-Identifier: MIT
// Runs the example programs to the end, and reads their results.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/fields.h"
#include "nn/file.h"
#include "tests/examples/support_common.h"
#include "tests/json.h"
#include "tests/process.h"

namespace hourglass::examples {

/// Runs a program, on generated data unless the flags choose other data, and returns its
/// summary.json. The other files are in `out`, which is new.
inline test::Json summary_of(const std::string& program, const std::vector<std::string>& flags,
                             const TemporaryFolder& out = {}) {
  std::vector<std::string> all{"--quiet", "--overwrite", "--threads", "1", "--out", out / "out"};
  if (std::find(flags.begin(), flags.end(), "--data") == flags.end()) all.insert(all.end(), {"--data", "generated"});
  all.insert(all.end(), flags.begin(), flags.end());
  const int code = Process(program, all, out / "log").wait();
  INFO(program, " said: ", nn::read_file(out / "log"));
  REQUIRE(code == 0);
  return test::Json::parse(nn::read_file(out / "out" / "summary.json"));
}
inline double figure(const test::Json& summary, const std::string& name) { return summary[name].number(); }

inline std::vector<std::string> operator+(std::vector<std::string> flags, const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

/// A column, by its heading, of a table that a run wrote to `out`, as numbers.
inline std::vector<double> column_in(const TemporaryFolder& out, const std::string& table, const std::string& heading) {
  const std::string text = nn::read_file(out / "out" / (table + ".csv"));
  Lines lines(text, table);
  const std::vector<std::string> headings = fields_of(lines.next().value(), ',', lines.place());
  const auto place = std::find(headings.begin(), headings.end(), heading);
  REQUIRE_MESSAGE(place != headings.end(), table, " has no column '", heading, "'");
  std::vector<double> values;
  while (const auto line = lines.next())
    values.push_back(std::strtod(fields_of(*line, ',', lines.place()).at(place - headings.begin()).c_str(), nullptr));
  return values;
}

}  // namespace hourglass::examples
