// SPDX-License-Identifier: MIT
#include "examples/support/series.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) {
  if (bytes.empty()) return;
  const auto parse =
      (bytes[0] & 1) != 0 ? hourglass::examples::parse_series_arff : hourglass::examples::parse_series_tsv;
  parse(bytes.substr(1), "fuzz");
}
