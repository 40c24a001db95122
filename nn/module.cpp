// SPDX-License-Identifier: MIT
#include "nn/module.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "nn/io/limits.h"
#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

// What errors show of a list: the names may come from a file.
constexpr std::size_t kMostShown = 20;

std::string join_names(const std::vector<std::string>& names) {
  std::string all;
  for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i)
    all += join(i > 0 ? ", " : "", one_line(names[i]));
  return names.size() > kMostShown ? join(all, " and ", names.size() - kMostShown, " more") : all;
}

}  // namespace

const Tensor& Buffer::value() const {
  check(state_->is_known, name_, kNoShape);
  return state_->value;
}
void Buffer::set_value(const Tensor& value) const {
  const Tensor& present = state_->value;
  if (state_->is_known)
    check(value.shape() == present.shape(), name_, "the buffer is ", describe(present), ", the new value ",
          describe(value));
  else
    check(value.dtype() == present.dtype(), name_, "the buffer is ", present.dtype(), ", the new value ",
          describe(value));
  *state_ = {value, true};
}

void Module::check_name(const std::string& name) const {
  check(!name.empty(), "module", "a parameter, buffer or child needs a name");
  check(name.find('.') == std::string::npos, "module", "'", name,
        "' has a dot, which is what separates names in a path");
  check(!names_.contains(name), "module", "'", name, "' is registered already");
}

template <class T>
T& Module::registered(std::vector<T>& all, T one) {
  names_.insert(one.name());
  return all.emplace_back(std::move(one));
}

Parameter Module::parameter(std::string name, const Tensor& initial) {
  check_name(name);
  return registered(parameters_, Parameter(std::move(name), initial));
}

Parameter Module::parameter(std::string name, const Parameter& shared) {
  check_name(name);
  return registered(parameters_, shared.renamed(std::move(name)));
}

Parameter Module::parameter(std::string name, Dtype dtype) {
  check_name(name);
  return registered(parameters_, Parameter(std::move(name), dtype));
}

Buffer Module::buffer(std::string name, const Tensor& initial) {
  check_name(name);
  return registered(buffers_, Buffer(std::move(name), initial));
}
Buffer Module::buffer(std::string name, Dtype dtype) {
  check_name(name);
  return registered(buffers_, Buffer(std::move(name), dtype));
}

RandomState Module::random_state(std::string name, Rng& rng) {
  check_name(name);
  const auto number = static_cast<std::uint64_t>(rng.below(std::numeric_limits<std::int64_t>::max()));
  return registered(random_states_, RandomState(std::move(name), rng.split(number)));
}

void Module::adopt(std::string name, std::unique_ptr<Module> module) {
  names_.insert(name);
  module->name_ = std::move(name);
  if (!is_training()) module->eval();
  children_.push_back(std::move(module));
}

std::string Module::dotted(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

void Module::visit(const std::string& path, const Visitor& visitor) const {
  visitor(path, *this);
  for (const auto& child : children_) child->visit(dotted(path, child->name_), visitor);
}

std::vector<Module::Entry> Module::entries() const {
  std::vector<Entry> all;
  visit([&](const std::string& path, const Module& module) {
    for (const Parameter& p : module.parameters_) all.push_back({dotted(path, p.name()), &p, nullptr});
    for (const Buffer& b : module.buffers_) all.push_back({dotted(path, b.name()), nullptr, &b});
  });
  return all;
}

std::vector<Parameter> Module::parameters() const {
  std::vector<Parameter> all;
  std::unordered_set<const void*> seen;
  visit([&](const std::string& path, const Module& module) {
    for (const Parameter& p : module.parameters_)
      if (seen.insert(p.identity()).second) all.push_back(p.renamed(dotted(path, p.name())));
  });
  return all;
}

std::vector<Buffer> Module::buffers() const {
  std::vector<Buffer> all;
  visit([&](const std::string& path, const Module& module) {
    for (const Buffer& b : module.buffers_) all.push_back(b.renamed(dotted(path, b.name())));
  });
  return all;
}

std::vector<RandomState> Module::random_states() const {
  std::vector<RandomState> all;
  visit([&](const std::string& path, const Module& module) {
    for (const RandomState& s : module.random_states_) all.push_back(s.renamed(dotted(path, s.name())));
  });
  return all;
}

std::int64_t Module::num_parameters() const {
  std::int64_t count = 0;
  for (const Parameter& p : parameters())
    if (p.is_initialized()) count += p.numel();
  return count;
}

void Module::train(bool training) {
  *training_ = training;
  for (const auto& child : children_) child->train(training);
}

void Module::to(Dtype dtype) {
  check(is_floating(dtype), "to", "a module can be f32 or f64, not ", dtype);
  for (const Parameter& p : parameters()) p.set_value(hourglass::to(p.value(), dtype));
  for (const Buffer& b : buffers())
    if (is_floating(b.value().dtype())) b.set_value(hourglass::to(b.value(), dtype));
}

StateDict Module::state_dict() const {
  StateDict state;
  for (const Entry& entry : entries()) state.emplace_back(entry.path, entry.value());
  return state;
}

LoadResult Module::load_state_dict(const StateDict& state, LoadOptions options) {
  std::unordered_map<std::string, const Tensor*> given;
  for (const auto& [path, value] : state)
    check(given.emplace(path, &value).second, "load_state_dict", "'", one_line(path), "' is given twice");

  // First all checks, then all changes: an error leaves the module as it was.
  LoadResult result;
  std::string misfits;
  std::size_t misfit_count = 0;
  std::vector<std::pair<Entry, Tensor>> fitting;
  for (Entry& entry : entries()) {
    const auto found = given.find(entry.path);
    if (found == given.end()) {
      result.missing.push_back(entry.path);
      continue;
    }
    const Tensor& value = *found->second;
    given.erase(found);
    if (!entry.is_initialized()) {  // accepts any shape
      fitting.emplace_back(std::move(entry), value);
      continue;
    }
    const Tensor& mine = entry.value();
    const bool convertible = mine.dtype() == value.dtype() || (is_floating(mine.dtype()) && is_floating(value.dtype()));
    if (value.shape() == mine.shape() && convertible)
      fitting.emplace_back(std::move(entry), hourglass::to(value, mine.dtype()));
    else if (++misfit_count <= kMostShown)
      misfits += join("; ", entry.path, " is ", describe(mine), " here and ", describe(value), " there");
  }
  for (const auto& [path, value] : state)
    if (given.contains(path)) result.unexpected.push_back(path);
  if (misfit_count > kMostShown) misfits += join(" and ", misfit_count - kMostShown, " more");

  std::string wrong;
  if (options.strict && !result.missing.empty()) wrong += "; missing: " + join_names(result.missing);
  if (options.strict && !result.unexpected.empty()) wrong += "; unexpected: " + join_names(result.unexpected);
  wrong += misfits;
  check(wrong.empty(), "load_state_dict", wrong.substr(std::min<std::size_t>(2, wrong.size())));

  for (const auto& [entry, value] : fitting) {
    if (entry.parameter) entry.parameter->set_value(value);
    else entry.buffer->set_value(value);
  }
  return result;
}

}  // namespace hourglass::nn
