// SPDX-License-Identifier: MIT
#include "autograd/inspect/call_site.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <cxxabi.h>

#include "tensor/error.h"

#if __has_include(<execinfo.h>) && __has_include(<dlfcn.h>)
#include <dlfcn.h>
#include <execinfo.h>
#define HOURGLASS_HAS_BACKTRACE 1
#endif
#if __has_include(<elf.h>)
#include <elf.h>
#endif

namespace hourglass {
namespace {

// The path from the project's root, for a file of this project. Other paths stay as they are.
std::string_view strip_root(std::string_view file) {
  constexpr std::string_view root = HOURGLASS_SOURCE_ROOT;
  if (file.starts_with(root)) file.remove_prefix(root.size());
  return file;
}

// Whether a file belongs to tensor/, autograd/, nn/, optim/ or the standard library.
bool is_library_file(std::string_view file) {
  const std::string_view inside = strip_root(file);
  for (const std::string_view folder : {"tensor/", "autograd/", "nn/", "optim/"})
    if (inside.starts_with(folder)) return true;
  return file.starts_with("/usr/include/") || file.find("/include/c++/") != std::string_view::npos;
}

// The same for a function of which only the short name is known.
bool is_library_function(std::string_view function) {
  return (function.starts_with("hourglass::") && !function.starts_with("hourglass::examples::")) ||
         function.starts_with("std::") || function.starts_with("operator");
}

// "objective" for "(anonymous namespace)::objective(Vae const&, hourglass::Var const&, hourglass::Rng&)".
std::string short_name(std::string function) {
  for (const std::string_view hidden : {"(anonymous namespace)::", "decltype(auto) ", " [clone"})
    for (std::size_t at; (at = function.find(hidden)) != std::string::npos;)
      function.erase(at, hidden == " [clone" ? std::string::npos : hidden.size());
  const std::size_t lambda = function.find("::{lambda");
  const bool in_lambda = lambda != std::string::npos;
  if (in_lambda) function.resize(lambda);
  int depth = 0;  // of template arguments
  std::size_t start = 0, end = function.size();
  for (std::size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    if (c == '<' && function.compare(i - (i >= 8 ? 8 : i), 8, "operator") != 0) ++depth;
    else if (c == '>' && depth > 0) --depth;
    else if (c == ' ' && depth == 0 && function.compare(0, i, "operator") != 0) start = i + 1;
    else if (c == '(' && depth == 0 && i > start && !(function.compare(i, 3, "()(") == 0)) {
      end = i;
      break;
    }
  }
  return function.substr(start, end - start) + (in_lambda ? ", in a lambda" : "");
}

#ifdef HOURGLASS_HAS_BACKTRACE

// The program or library that holds a call, and the call's address in that file.
struct Loaded {
  std::string file, symbol;
  std::uintptr_t address = 0;
};
Loaded loaded_from(void* frame) {
  Dl_info info{};
  if (dladdr(frame, &info) == 0 || info.dli_fname == nullptr) return {};
  Loaded result{info.dli_fname, info.dli_sname == nullptr ? "" : info.dli_sname};
  result.address = reinterpret_cast<std::uintptr_t>(frame) - 1;  // of the call, not of what follows it
  bool moved = true;
#if __has_include(<elf.h>)
  Elf64_Ehdr header;
  std::memcpy(&header, info.dli_fbase, sizeof(header));
  moved = header.e_type != ET_EXEC;
#endif
  if (moved) result.address -= reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  // The program's own path may be relative to another folder.
  std::error_code error;
  if (!std::filesystem::exists(result.file, error)) {
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) result.file = self.string();
  }
  return result;
}

std::string demangled(const std::string& symbol) {
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, nullptr),
                                                    std::free);
  return name ? name.get() : symbol;
}

std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) c == '\'' ? result += "'\\''" : result += c;
  return result + "'";
}

// The lines that addr2line prints for these addresses. None if addr2line is not installed.
std::vector<std::string> ask_addr2line(const std::string& file, std::span<const std::uintptr_t> addresses) {
  std::ostringstream command;
  command << "addr2line -aifCe " << shell_quoted(file) << std::hex;
  for (const std::uintptr_t address : addresses) command << " 0x" << address;
  command << " 2>/dev/null";
  std::vector<std::string> lines;
  std::FILE* const pipe = popen(command.str().c_str(), "r");
  if (pipe == nullptr) return lines;
  std::string line;
  for (int c; (c = std::fgetc(pipe)) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    lines.push_back(std::move(line));
    line.clear();
  }
  pclose(pipe);
  return lines;
}

#endif

}  // namespace

#ifdef HOURGLASS_HAS_BACKTRACE

CallStack CallStack::here() {
  CallStack stack;
  stack.count_ =
      static_cast<std::size_t>(std::max(0, backtrace(stack.frames_.data(), static_cast<int>(stack.frames_.size()))));
  return stack;
}

void CallSites::look_up(std::span<const CallStack> stacks) {
  std::map<std::string, std::vector<std::pair<void*, Loaded>>> wanted;  // by file
  for (const CallStack& stack : stacks)
    for (void* const frame : stack.frames()) {
      if (!known_.emplace(frame, std::vector<Place>{}).second) continue;
      Loaded loaded = loaded_from(frame);
      if (!loaded.file.empty()) wanted[loaded.file].emplace_back(frame, std::move(loaded));
    }
  for (auto& [file, frames] : wanted) {
    constexpr std::size_t kAtOnce = 2000;  // addresses that fit on a command line
    for (std::size_t start = 0; start < frames.size(); start += kAtOnce) {
      const std::size_t stop = std::min(start + kAtOnce, frames.size());
      std::vector<std::uintptr_t> addresses;
      for (std::size_t i = start; i < stop; ++i) addresses.push_back(frames[i].second.address);
      // For each address: the address itself, and then function and file:line of each inlined call.
      std::size_t next = start;
      std::vector<Place>* places = nullptr;
      std::string function;
      for (const std::string& line : ask_addr2line(file, addresses)) {
        if (line.starts_with("0x")) {
          if (next == stop) break;
          places = &known_[frames[next++].first];
          function.clear();
        } else if (places == nullptr) {
          continue;
        } else if (function.empty()) {
          function = line;
        } else {
          const bool has_line = !line.starts_with("?") && !line.ends_with(":?") && !line.ends_with(":0");
          const std::string at =
              std::filesystem::path(line.substr(0, line.find(" (discriminator"))).lexically_normal().string();
          if (has_line) places->push_back({join(strip_root(at), " (", short_name(function), ")"), is_library_file(at)});
          else if (!function.starts_with("?"))
            places->push_back({short_name(function), is_library_function(short_name(function))});
          function.clear();
        }
      }
    }
    const std::string name = std::filesystem::path(file).filename().string();
    for (const auto& [frame, loaded] : frames) {
      std::vector<Place>& places = known_[frame];
      if (!places.empty()) continue;
      const std::string function = short_name(demangled(loaded.symbol));
      std::ostringstream offset;
      offset << name << "+0x" << std::hex << loaded.address;
      places.push_back({function.empty() ? offset.str() : join(function, " (", offset.str(), ")"),
                        is_library_function(function) || name.starts_with("libhourglass")});
    }
  }
}

#else

CallStack CallStack::here() { return {}; }
void CallSites::look_up(std::span<const CallStack>) {}

#endif

std::string CallSites::line_of(const CallStack& stack) {
  look_up({&stack, 1});
  for (void* const frame : stack.frames())
    for (const Place& place : known_[frame])
      if (!place.in_library) return place.text;
  return {};
}

}  // namespace hourglass
