// SPDX-License-Identifier: MIT
// The documents: every link leads to a file and a heading that exist.
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/paths.h"
#include "tests/project/source_tree.h"

using hourglass::test::File;
using hourglass::test::files;
namespace fs = std::filesystem;

namespace {

// The document without its blocks of code, and each line without its `code`.
std::vector<std::string> prose_of(const File& file) {
  static const std::regex code("`[^`]*`");
  std::vector<std::string> prose;
  bool in_code = false;
  for (const std::string& line : file.lines()) {
    const bool fence = line.find("```") != std::string::npos;
    if (fence) in_code = !in_code;
    prose.push_back(fence || in_code ? "" : std::regex_replace(line, code, "`"));
  }
  return prose;
}

// A heading's name in a link: "An op" is #an-op.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading.substr(heading.find_first_not_of("# "))) {
    const auto letter = static_cast<unsigned char>(c);
    if (letter >= 0x80 || std::isalnum(letter) || c == '-' || c == '_')
      anchor += static_cast<char>(std::tolower(letter));
    else if (c == ' ') anchor += '-';
  }
  return anchor;
}

std::set<std::string> anchors_of(const std::string& path) {
  std::set<std::string> anchors;
  for (const File& file : files())
    if (file.path == path)
      for (const std::string& line : file.lines())
        if (line.starts_with("#")) anchors.insert(anchor_of(line));
  return anchors;
}

}  // namespace

TEST_CASE("every link in a document leads to a file and a heading that exist") {
  const std::regex link(R"re(\]\(([^)\s]+)\))re");
  const fs::path root = hourglass::test::source_path();
  int count = 0;
  for (const File& file : files()) {
    if (!file.path.ends_with(".md")) continue;
    int number = 0;
    for (const std::string& line : prose_of(file)) {
      ++number;
      for (auto match = std::sregex_iterator(line.begin(), line.end(), link); match != std::sregex_iterator();
           ++match) {
        const std::string target = (*match)[1];
        if (target.starts_with("http") || target.starts_with("mailto:")) continue;
        ++count;
        const std::size_t hash = target.find('#');
        const fs::path here = fs::path(file.path).parent_path();
        const std::string path =
            hash == 0 ? file.path : (here / target.substr(0, hash)).lexically_normal().generic_string();
        if (!fs::exists(root / path)) FAIL_CHECK(file.path, ":", number, " links to ", target, ", which is not there");
        else if (hash != std::string::npos && path.ends_with(".md") &&
                 !anchors_of(path).contains(target.substr(hash + 1)))
          FAIL_CHECK(file.path, ":", number, " links to ", target, ", but no heading is called so");
      }
    }
  }
  CHECK(count > 100);
}
