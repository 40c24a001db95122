// SPDX-License-Identifier: MIT
// Where in a program an op was called: an instrument takes return addresses while it watches, and looks them up when it
// reports.
#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace hourglass {

/// The addresses of the calls that led here, innermost first. Takes about a microsecond per call.
class CallStack {
 public:
  CallStack() = default;
  static CallStack here();
  std::span<void* const> frames() const { return {frames_.data(), count_}; }

 private:
  std::array<void*, 40> frames_{};
  std::size_t count_ = 0;
};

/// Looks up addresses, each of them once. What a line says depends on the program:
///   Linux, with debug information (-g) and binutils' addr2line   "examples/variants/variational.cpp:71 (objective)"
///   Linux, without debug information (a Release build)           the function's name, if the program has it
///   without addr2line, or elsewhere                              the program or library, and an offset
class CallSites {
 public:
  /// The innermost call outside of this library: the line of the user's program. Empty if unknown.
  std::string line_of(const CallStack& stack);
  /// Looks up all stacks at once, which is much faster than one by one.
  void look_up(std::span<const CallStack> stacks);

 private:
  struct Place {
    std::string text;
    bool in_library;
  };
  std::map<void*, std::vector<Place>> known_;  // inlined calls, innermost first, then the function around them
};

}  // namespace hourglass
