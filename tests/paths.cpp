// SPDX-License-Identifier: MIT
// Where the sources and the example programs are. CMake gives this file alone the two folders.
#include "tests/paths.h"

namespace hourglass::test {

std::string source_path(const std::string& path) {
  return path.empty() ? HOURGLASS_SOURCE_DIR : std::string(HOURGLASS_SOURCE_DIR) + "/" + path;
}

std::string example_program(const std::string& name) { return std::string(HOURGLASS_EXAMPLES_DIR) + "/" + name; }

}  // namespace hourglass::test
