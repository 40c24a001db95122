// SPDX-License-Identifier: MIT
// Where the sources and the example programs are. One source file has the paths, so that only this
// file is compiled again when a build is moved.
#pragma once
#include <string>

namespace hourglass::test {

/// A file of the source tree, by its path from the root.
std::string source_path(const std::string& path = "");
/// An example's executable, by its name.
std::string example_program(const std::string& name);

}  // namespace hourglass::test
