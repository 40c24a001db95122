// SPDX-License-Identifier: MIT
// The architecture, read from the sources: which folder includes which, and rules for all headers.
#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/paths.h"
#include "tests/project/source_tree.h"

using hourglass::test::File;
using hourglass::test::files;
using hourglass::test::Include;
namespace fs = std::filesystem;

namespace {

const fs::path root = hourglass::test::source_path();

// Whether the path lies in the folder.
bool lies_in(const std::string& path, const std::string& folder) { return path.starts_with(folder + "/"); }

}  // namespace

TEST_CASE("the source tree is found") {
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
      const bool beside = fs::exists((root / file.path).parent_path() / include.what);  // as in an example
      if (!known && !beside)
        FAIL_CHECK(file.path, ":", include.line, " includes \"", include.what, "\", which ", file.folder(),
                   " must not know");
    }
  }
}

TEST_CASE("in autograd, the engine includes no subfolder; subfolders include only engine and ops") {
  // The rooms are the subfolders. A header in autograd/ that forwards to a room is a door of that
  // room. ops.h is no door: the engine itself uses its ops, for example to sum gradients, and so
  // does every room.
  const std::map<std::string, std::string> doors{{"autograd/check.h", "derivatives"},
                                                 {"autograd/derivatives.h", "derivatives"},
                                                 {"autograd/distributions.h", "distributions"},
                                                 {"autograd/flow.h", "ops"},
                                                 {"autograd/inspect.h", "inspect"},
                                                 {"autograd/kl.h", "distributions"},
                                                 {"autograd/stochastic.h", "distributions"}};
  const auto room_of = [&](const std::string& path) -> std::string {
    if (const auto door = doors.find(path); door != doors.end()) return door->second;
    const std::size_t begin = std::string("autograd/").size(), end = path.find('/', begin);
    return end == std::string::npos ? "" : path.substr(begin, end - begin);
  };
  for (const File& file : files()) {
    if (file.folder() != "autograd" || doors.contains(file.path)) continue;
    const std::string room = room_of(file.path);
    for (const Include& include : file.includes) {
      if (!include.quoted || !lies_in(include.what, "autograd")) continue;
      const std::string other = room_of(include.what);
      if (other != "" && other != room && (room == "" || other != "ops"))
        FAIL_CHECK(file.path, ":", include.line, " includes \"", include.what, "\", which is of the room ", other);
    }
  }
}

TEST_CASE("libraries include by paths from the root, and the files exist") {
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

TEST_CASE("only simd.inl includes xsimd, and only parallel.cpp includes oneTBB") {
  const std::regex xsimd("^xsimd/"), tbb("^(tbb|oneapi/tbb)/");
  for (const File& file : files())
    for (const Include& include : file.includes) {
      const bool simd = std::regex_search(include.what, xsimd), threads = std::regex_search(include.what, tbb);
      if ((simd && file.path != "tensor/kernels/simd.inl") || (threads && file.path != "tensor/parallel.cpp"))
        FAIL_CHECK(file.path, ":", include.line, " includes <", include.what, ">");
    }
}

TEST_CASE("every header has #pragma once") {
  for (const File& file : files())
    if (file.is_header() && file.text.find("#pragma once") == std::string::npos)
      FAIL_CHECK(file.path, " has no #pragma once");
}

TEST_CASE("no file contains a path of a user's machine") {
  std::vector<std::string> paths{root.string()};
  // In two pieces, so that this file does not contain them.
  for (const char* folder : {"home", "Users", "root"}) paths.push_back(std::string("/") + folder + "/");
  for (const File& file : files())
    for (const std::string& path : paths)
      if (const std::size_t at = file.text.find(path); at != std::string::npos)
        FAIL_CHECK(file.path, ":",
                   1 + std::count(file.text.begin(), file.text.begin() + static_cast<std::ptrdiff_t>(at), '\n'),
                   " names ", path);
}
