// The architecture, read from the sources: who includes whom, what no header shows, and what all show.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/paths.h"

namespace fs = std::filesystem;

namespace {

const fs::path root = hourglass::test::source_path();

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
};

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

// All text files of the project; what a build or a run left behind is not of it.
std::vector<File> read_tree() {
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

const std::vector<File>& files() {
  static const std::vector<File> all = read_tree();
  return all;
}

// Whether the path lies in the folder.
bool lies_in(const std::string& path, const std::string& folder) { return path.starts_with(folder + "/"); }

}  // namespace

TEST_CASE("the source tree is where it is looked for") {
  CHECK(std::any_of(files().begin(), files().end(), [](const File& file) { return file.path == "tensor/tensor.h"; }));
  CHECK(files().size() > 50);
}

TEST_CASE("includes point from examples to nn and optim, to autograd, to tensor, and never back") {
  const std::map<std::string, std::vector<std::string>> may_include{
      {"tensor", {"tensor"}},
      {"autograd", {"tensor", "autograd"}},
      {"nn", {"tensor", "autograd", "nn"}},
      {"optim", {"tensor", "autograd", "optim"}},
      {"examples", {"tensor", "autograd", "nn", "optim", "examples"}},
  };
  for (const File& file : files()) {
    const auto allowed = may_include.find(file.folder());
    if (allowed == may_include.end()) continue;
    for (const Include& include : file.includes) {
      if (!include.quoted) continue;
      const bool known = std::any_of(allowed->second.begin(), allowed->second.end(),
                                     [&](const std::string& folder) { return lies_in(include.what, folder); });
      const bool beside = fs::exists((root / file.path).parent_path() / include.what);  // within one example, say
      if (!known && !beside)
        FAIL_CHECK(file.path, ":", include.line, " includes \"", include.what, "\", which ", file.folder(),
                   " must not know");
    }
  }
}

TEST_CASE("libraries include by paths from the root, and the files are there") {
  for (const File& file : files())
    for (const Include& include : file.includes) {
      if (!include.quoted) continue;
      if (include.what.find("..") != std::string::npos)
        FAIL_CHECK(file.path, ":", include.line, " climbs to \"", include.what, "\"; write the path from the root");
      const std::string folder = file.folder();
      const bool library = folder == "tensor" || folder == "autograd" || folder == "nn" || folder == "optim";
      if (library && !fs::exists(root / include.what))
        FAIL_CHECK(file.path, ":", include.line, " includes \"", include.what, "\", which is not there");
    }
}

TEST_CASE("no header shows xsimd or oneTBB, and only the files made for them use them") {
  const std::regex xsimd("^xsimd/"), tbb("^(tbb|oneapi/tbb)/");
  for (const File& file : files())
    for (const Include& include : file.includes) {
      const bool simd = std::regex_search(include.what, xsimd), threads = std::regex_search(include.what, tbb);
      if ((simd && file.path != "tensor/kernels/simd.inl") || (threads && file.path != "tensor/parallel.cpp"))
        FAIL_CHECK(file.path, ":", include.line, " includes <", include.what, ">");
    }
}

TEST_CASE("no header is without its guard") {
  for (const File& file : files())
    if (file.is_header() && file.text.find("#pragma once") == std::string::npos)
      FAIL_CHECK(file.path, " has no #pragma once");
}

TEST_CASE("no path of somebody's machine stands in a file") {
  std::vector<std::string> paths{root.string()};
  // In two pieces, so as not to find themselves.
  for (const char* folder : {"home", "Users", "root"}) paths.push_back(std::string("/") + folder + "/");
  for (const File& file : files())
    for (const std::string& path : paths)
      if (const std::size_t at = file.text.find(path); at != std::string::npos)
        FAIL_CHECK(file.path, ":",
                   1 + std::count(file.text.begin(), file.text.begin() + static_cast<std::ptrdiff_t>(at), '\n'),
                   " names ", path);
}
