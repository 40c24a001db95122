// SPDX-License-Identifier: MIT
// The project's own text files, for the tests that check the sources.
#include "tests/project/source_tree.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "tests/paths.h"

namespace hourglass::test {
namespace {

namespace fs = std::filesystem;

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex directive(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, directive)) includes.push_back({number, match[2], match[1] == "\""});
  }
  return includes;
}

std::vector<File> read_tree() {
  const fs::path root = source_path();
  std::vector<File> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() && (name == ".git" || name == "build" || name == "runs"))
      entry.disable_recursion_pending();
    const std::string extension = entry->path().extension().string();
    const bool text = name == "CMakeLists.txt" || name == "run" ||
                      std::regex_match(extension, std::regex(R"(\.(h|cpp|inl|def|cmake|in|md|sh|py|json|yml|yaml))"));
    if (!entry->is_regular_file() || !text) continue;
    std::ifstream in(entry->path());
    std::string content{std::istreambuf_iterator<char>(in), {}};
    std::vector<Include> includes = includes_of(content);
    files.push_back({fs::relative(entry->path(), root).generic_string(), std::move(content), std::move(includes)});
  }
  return files;
}

}  // namespace

bool File::is_code() const {
  constexpr std::array endings{".h", ".cpp", ".inl", ".def"};
  return std::any_of(endings.begin(), endings.end(), [&](const char* ending) { return path.ends_with(ending); });
}

std::vector<std::string> File::lines() const {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

const std::vector<File>& files() {
  static const std::vector<File> all = read_tree();
  return all;
}

}  // namespace hourglass::test
