// SPDX-License-Identifier: MIT
// The documents: every link leads to a file and a heading that exist, and the names in FROM_PYTORCH.md are in headers.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

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

// The `code` in a column of a table's row, counted from 0.
std::vector<std::string> code_in_column(const std::string& row, int column) {
  static const std::regex code("`([^`]*)`");
  std::vector<std::string> all;
  std::size_t begin = 1;
  for (; column > 0 && begin != 0; --column) begin = row.find('|', begin) + 1;
  if (begin == 0) return all;
  const std::string cell = row.substr(begin, row.find('|', begin) - begin);
  for (auto match = std::sregex_iterator(cell.begin(), cell.end(), code); match != std::sregex_iterator(); ++match)
    all.push_back((*match)[1]);
  return all;
}

// Every word of the headers under these folders, without their comments.
std::set<std::string> words_of_headers(const std::vector<std::string>& folders) {
  static const std::regex word(R"([A-Za-z_]\w*)");
  std::set<std::string> words;
  for (const File& file : files()) {
    const bool here = std::any_of(folders.begin(), folders.end(),
                                  [&](const std::string& folder) { return file.path.starts_with(folder + "/"); });
    if (!here || !(file.is_header() || file.path.ends_with(".def"))) continue;
    for (const std::string& line : file.lines()) {
      const std::string code = line.substr(0, line.find("//"));
      for (auto match = std::sregex_iterator(code.begin(), code.end(), word); match != std::sregex_iterator(); ++match)
        words.insert(match->str());
    }
  }
  return words;
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

TEST_CASE("every name of ours in FROM_PYTORCH.md is in a header: nn:: in nn/, optim:: in optim/, others anywhere") {
  const std::set<std::string> all = words_of_headers({"tensor", "autograd", "nn", "optim", "examples/support"}),
                              nn = words_of_headers({"nn"}), optim = words_of_headers({"optim"});
  const std::regex name(R"((nn::|optim::)?([A-Za-z_]\w*))");
  const auto file =
      std::find_if(files().begin(), files().end(), [](const File& one) { return one.path == "FROM_PYTORCH.md"; });
  REQUIRE(file != files().end());
  int count = 0, number = 0;
  for (const std::string& line : file->lines()) {
    ++number;
    if (!line.starts_with("| ")) continue;
    for (const std::string& code : code_in_column(line, 1))
      for (auto match = std::sregex_iterator(code.begin(), code.end(), name); match != std::sregex_iterator();
           ++match, ++count) {
        const std::string space = (*match)[1], word = (*match)[2];
        const std::set<std::string>& words = space == "nn::" ? nn : space == "optim::" ? optim : all;
        if (!words.contains(word)) FAIL_CHECK(file->path, ":", number, " names ", space, word, ", which no header has");
      }
  }
  CHECK(count > 250);
}
