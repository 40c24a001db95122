// SPDX-License-Identifier: MIT
// The form of the sources: no op is compared by its name, and no file is too long.
#include <map>
#include <regex>
#include <string>

#include <doctest/doctest.h>

#include "tests/project/source_tree.h"

using hourglass::test::File;
using hourglass::test::files;

TEST_CASE("nothing in autograd compares an op's name to decide what to do") {
  // The properties of an op are in its Op constant. Pictures and messages may use names.
  const std::regex compared(R"((op\(\)(\.name)?|\bname) *[!=]= *"|"[^"]*" *[!=]= *[\w.>()-]*op\(\))"
                            R"(|\b(contains|find|count|at|starts_with|ends_with)\([^"]*\bop\(\))"
                            R"(|(op\(\)\.name|\bop\.name) *[!=]=)"
                            R"(|include "tensor/kernels/elementwise\.def")");
  for (const File& file : files()) {
    if (file.folder() != "autograd" || file.path.starts_with("autograd/inspect/") || !file.is_code()) continue;
    int number = 0;
    for (const std::string& line : file.lines()) {
      ++number;
      if (std::regex_search(line.substr(0, line.find("//")), compared)) FAIL_CHECK(file.path, ":", number, ": ", line);
    }
  }
}

TEST_CASE("every source file names its licence in the first line") {
  for (const File& file : files())
    if (file.is_code() && file.lines().at(0) != "// SPDX-License-Identifier: MIT")
      FAIL_CHECK(file.path, " begins with: ", file.lines().at(0));
}

TEST_CASE("no source file is longer than 380 lines") {
  const std::map<std::string, std::string> longer{
      {"tensor/kernels/math.inl", "functions of one plan, with their polynomials"},
  };
  for (const File& file : files()) {
    if (file.folder() == "tests" || !file.is_code() || longer.contains(file.path)) continue;
    const std::size_t count = file.lines().size();
    if (count > 380) FAIL_CHECK(file.path, " has ", count, " lines: two ideas, or an entry above with its reason");
  }
}

TEST_CASE("a function in an unnamed namespace has a name of its own in its library") {
  // A unity build joins source files. An overload from another file could then be the better match for a call.
  const std::regex function(R"re((?:inline |constexpr |static )*[A-Za-z_][\w:<>,&* ]*[ &*](\w+)\(.*)re");
  std::map<std::string, std::string> places;
  for (const File& file : files()) {
    if (!file.path.ends_with(".cpp") || file.folder() == "tests" || file.folder() == "bench") continue;
    std::string library = file.path.starts_with("tensor/kernels/") ? "kernels" : file.folder();
    if (library == "examples" && !file.path.starts_with("examples/support/")) continue;  // a program each
    bool inside = false;
    for (const std::string& line : file.lines()) {
      if (line.starts_with("namespace {")) inside = true;
      if (line.starts_with("}  // namespace")) inside = false;
      std::smatch match;
      if (!inside || line.starts_with(" ") || !std::regex_match(line, match, function)) continue;
      const auto [place, is_new] = places.emplace(library + " " + match[1].str(), file.path);
      if (!is_new && place->second != file.path)
        FAIL_CHECK(file.path, " and ", place->second, " both have a function ", match[1].str());
    }
  }
  CHECK(places.size() > 100);
}
