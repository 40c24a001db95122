// SPDX-License-Identifier: MIT
#include "examples/support/series.h"
#include "tests/fuzz/fuzz.h"

// The first byte chooses the format, and the end at which the label stands.
FUZZ(bytes) {
  if (bytes.empty()) return;
  if ((bytes[0] & 1) != 0) hourglass::examples::parse_series_arff(bytes.substr(1), "fuzz");
  else hourglass::examples::parse_series_tsv(bytes.substr(1), "fuzz", {.label_last = (bytes[0] & 2) != 0});
}
