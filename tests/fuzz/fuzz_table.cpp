// SPDX-License-Identifier: MIT
#include "examples/support/table.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) {
  if (bytes.empty()) return;
  const bool missing_allowed = (bytes[0] & 1) != 0;
  hourglass::examples::parse_table(bytes.substr(1), "fuzz", {.missing_allowed = missing_allowed});
}
