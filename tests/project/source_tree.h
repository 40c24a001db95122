// SPDX-License-Identifier: MIT
// The project's own text files, for the tests that check the sources.
#pragma once
#include <string>
#include <vector>

namespace hourglass::test {

struct Include {
  int line;
  std::string what;
  bool quoted;  // "..." rather than <...>
};

struct File {
  std::string path;  // from the root, with forward slashes
  std::string text;
  std::vector<Include> includes;

  std::string folder() const { return path.substr(0, path.find('/')); }
  bool is_header() const { return path.ends_with(".h"); }
  /// Whether it is a C++ source or header, or a table of macros.
  bool is_code() const;
  std::vector<std::string> lines() const;
};

/// All text files of the project, without the results of builds and runs.
const std::vector<File>& files();

}  // namespace hourglass::test
