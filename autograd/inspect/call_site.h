// Where in a program an op was called: return addresses are taken while an instrument watches, and looked up when it
// reports.
#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace hourglass {

/// The callers of whoever asked, innermost first, as addresses: about a microsecond for each.
class CallStack {
 public:
  CallStack() = default;
  static CallStack here();
  std::span<void* const> frames() const { return {frames_.data(), count_}; }

 private:
  std::array<void*, 40> frames_{};
  std::size_t count_ = 0;
};

/// Looks addresses up, each once. On Linux, in a program with debug information (-g) and with binutils' addr2line
/// installed, a line is "examples/variants/variational.cpp:71 (objective)". Without debug information, as in a Release
/// build, it is the function alone, as far as the program has names; without addr2line, or elsewhere, the program
/// (library) and an offset.
class CallSites {
 public:
  /// The innermost caller that is not of this library: the line of the user's program. Empty if unknown.
  std::string line_of(const CallStack& stack);
  /// Looks all of them up at once, which is much faster than one by one.
  void look_up(std::span<const CallStack> stacks);

 private:
  struct Place {
    std::string text;
    bool in_library;
  };
  std::map<void*, std::vector<Place>> known_;  // inlined calls, innermost first, and the function they are in
};

}  // namespace hourglass
