// SPDX-License-Identifier: MIT
// Module::summary(): the table of a model's modules, parameters and buffers.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cxxabi.h>

#include "nn/module.h"

namespace hourglass::nn {
namespace {

// "Linear" for hourglass::nn::Linear.
std::string type_of(const Module& module) {
  const char* const mangled = typeid(module).name();
  const std::unique_ptr<char, void (*)(void*)> demangled(abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr),
                                                         std::free);
  std::string name = demangled ? demangled.get() : mangled;
  const std::size_t colon = name.substr(0, name.find('<')).rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

// 1234567 as 1,234,567.
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

using Row = std::array<std::string, 4>;

// Columns as wide as their longest cell; the last one is aligned to the right.
std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 4> width{};
  for (const Row& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) width[k] = std::max(width[k], row[k].size());
  std::string text;
  for (const Row& row : rows) {
    const auto spaces = [&](std::size_t k) { return std::string(width[k] - row[k].size(), ' '); };
    for (std::size_t k = 0; k < 3; ++k) text += row[k] + spaces(k) + "  ";
    text += spaces(3) + row[3] + '\n';
  }
  return text;
}

}  // namespace

std::string Module::summary() const {
  const std::string unknown = "not known yet";
  std::vector<Row> rows{{"path", "type", "shape", "parameters"}};
  std::unordered_map<const void*, std::string> seen;
  std::int64_t bytes = 0, in_buffers = 0;
  visit([&](const std::string& path, const Module& module) {
    const std::int64_t below = module.num_parameters();
    rows.push_back({path.empty() ? "(model)" : path, type_of(module), "", below == 0 ? "" : grouped(below)});
    for (const Parameter& p : module.parameters_) {
      const std::string name = dotted(path, p.name());
      const auto [same, first] = seen.emplace(p.identity(), name);
      if (!first) {
        rows.push_back({name, "parameter", "= " + same->second, ""});
        continue;
      }
      const bool known = p.is_initialized();
      if (known) bytes += p.numel() * static_cast<std::int64_t>(size_of(p.dtype()));
      rows.push_back({name, "parameter", known ? join(describe(p.value())) : unknown, known ? grouped(p.numel()) : ""});
    }
    for (const Buffer& b : module.buffers_) {
      const bool known = b.is_initialized();
      if (known) in_buffers += b.value().numel();
      rows.push_back({dotted(path, b.name()), "buffer", known ? join(describe(b.value())) : unknown, ""});
    }
  });
  std::string text = table(rows) + grouped(num_parameters()) + " parameters (" + grouped(bytes) + " bytes)";
  if (in_buffers > 0) text += ", " + grouped(in_buffers) + " numbers in buffers";
  return text + '\n';
}

}  // namespace hourglass::nn
