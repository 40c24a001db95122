// The sources' form: ops are not told apart by their names, and no file is longer than a reader takes in.
#include <map>
#include <regex>
#include <string>

#include <doctest/doctest.h>

#include "tests/project/source_tree.h"

using hourglass::test::File;
using hourglass::test::files;

TEST_CASE("nothing in autograd compares an op's name to decide what to do") {
  // What is known of an op is in its Op. Pictures and messages may ask for names.
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
