// The project's own files, as its tests of itself read them.
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
  /// A source or header of C++, tables of macros among them.
  bool is_code() const;
  std::vector<std::string> lines() const;
};

/// All text files of the project; what a build or a run left behind is not of it.
const std::vector<File>& files();

}  // namespace hourglass::test
