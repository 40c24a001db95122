// Where the sources and the example programs are. One source file knows, so that moving a build compiles one file.
#pragma once
#include <string>

namespace hourglass::test {

/// A file of the source tree, by its path from the root.
std::string source_path(const std::string& path = "");
/// An example's executable, by its name.
std::string example_program(const std::string& name);

}  // namespace hourglass::test
