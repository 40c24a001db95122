#include "nn/module.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iomanip>
#include <limits>
#include <sstream>
#include <typeinfo>
#include <unordered_map>

#include <cxxabi.h>

#include "tensor/ops.h"

namespace hourglass::nn {
namespace {

std::string dotted(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

// "Linear" for hourglass::nn::Linear.
std::string type_of(const Module& module) {
  const char* const mangled = typeid(module).name();
  const std::unique_ptr<char, void (*)(void*)> demangled(abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr),
                                                         std::free);
  std::string name = demangled ? demangled.get() : mangled;
  const std::size_t colon = name.substr(0, name.find('<')).rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

std::string list(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

// 1234567 as 1,234,567.
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
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
  const auto taken = [&](const auto& things, const auto& name_of) {
    return std::any_of(things.begin(), things.end(), [&](const auto& thing) { return name_of(thing) == name; });
  };
  const auto own = [](const auto& thing) { return thing.name(); };
  check(!name.empty(), "module", "a parameter, buffer or child needs a name");
  check(name.find('.') == std::string::npos, "module", "'", name,
        "' has a dot, which is what separates names in a path");
  check(!taken(parameters_, own) && !taken(buffers_, own) && !taken(streams_, own) &&
            !taken(children_, [](const auto& m) { return m->name(); }),
        "module", "'", name, "' is registered already");
}

Parameter Module::parameter(std::string name, const Tensor& initial) {
  check_name(name);
  return parameters_.emplace_back(std::move(name), initial);
}

Parameter Module::parameter(std::string name, const Parameter& shared) {
  check_name(name);
  return parameters_.emplace_back(shared.renamed(std::move(name)));
}

Parameter Module::parameter(std::string name, Dtype dtype) {
  check_name(name);
  return parameters_.emplace_back(std::move(name), dtype);
}

Buffer Module::buffer(std::string name, const Tensor& initial) {
  check_name(name);
  return buffers_.emplace_back(std::move(name), initial);
}
Buffer Module::buffer(std::string name, Dtype dtype) {
  check_name(name);
  return buffers_.emplace_back(std::move(name), dtype);
}

Stream Module::stream(std::string name, Rng& rng) {
  check_name(name);
  const auto number = static_cast<std::uint64_t>(rng.below(std::numeric_limits<std::int64_t>::max()));
  return streams_.emplace_back(std::move(name), rng.split(number));
}

void Module::reparametrize(const std::string& name, const StateDict& parameters, const StateDict& buffers,
                           std::function<Var(const Originals&)> compute) {
  const auto at = std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& p) { return p.name() == name; });
  check(at != parameters_.end(), "reparametrize", "there is no parameter '", name, "'");
  for (const auto& [key, value] : parameters) check_name(key);
  for (const auto& [key, value] : buffers) check_name(key);
  Derived derived{*at, {}};
  parameters_.erase(at);
  Originals originals{{}, {}, training_};
  for (const auto& [key, value] : parameters) {
    originals.parameters.push_back(parameter(key, value));
    derived.originals.push_back(key);
  }
  for (const auto& [key, value] : buffers) {
    originals.buffers.push_back(buffer(key, value));
    derived.originals.push_back(key);
  }
  derived.parameter.derive([originals, compute = std::move(compute)] { return compute(originals); });
  derived_.push_back(std::move(derived));
}

void Module::restore_parameter(const std::string& name) {
  const auto at =
      std::find_if(derived_.begin(), derived_.end(), [&](const Derived& d) { return d.parameter.name() == name; });
  check(at != derived_.end(), "restore_parameter", "'", name, "' is not computed from other parameters");
  const auto is_original = [&](const auto& thing) {
    return std::find(at->originals.begin(), at->originals.end(), thing.name()) != at->originals.end();
  };
  const Tensor value = at->parameter.value();
  std::erase_if(parameters_, is_original);
  std::erase_if(buffers_, is_original);
  at->parameter.restore(value);
  parameters_.push_back(at->parameter);
  derived_.erase(at);
}

void Module::adopt(std::string name, std::unique_ptr<Module> module) {
  module->name_ = std::move(name);
  children_.push_back(std::move(module));
}

template <class Visit>
void Module::walk(const std::string& path, const Visit& visit) const {
  visit(path, *this);
  for (const auto& child : children_) child->walk(dotted(path, child->name_), visit);
}

std::vector<Module::Entry> Module::entries() const {
  std::vector<Entry> all;
  walk("", [&](const std::string& path, const Module& module) {
    for (const Parameter& p : module.parameters_) all.push_back({dotted(path, p.name()), &p, nullptr});
    for (const Buffer& b : module.buffers_) all.push_back({dotted(path, b.name()), nullptr, &b});
  });
  return all;
}

std::vector<Parameter> Module::parameters() const {
  std::vector<Parameter> all;
  walk("", [&](const std::string& path, const Module& module) {
    for (const Parameter& p : module.parameters_)
      if (std::find(all.begin(), all.end(), p) == all.end()) all.push_back(p.renamed(dotted(path, p.name())));
  });
  return all;
}

std::vector<Buffer> Module::buffers() const {
  std::vector<Buffer> all;
  walk("", [&](const std::string& path, const Module& module) {
    for (const Buffer& b : module.buffers_) all.push_back(b.renamed(dotted(path, b.name())));
  });
  return all;
}

std::vector<Stream> Module::streams() const {
  std::vector<Stream> all;
  walk("", [&](const std::string& path, const Module& module) {
    for (const Stream& s : module.streams_) all.push_back(s.renamed(dotted(path, s.name())));
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
    check(given.emplace(path, &value).second, "load_state_dict", "'", path, "' is given twice");

  // First everything that can fail, then everything that changes something.
  LoadResult result;
  std::string misfits;
  std::vector<std::pair<Entry, Tensor>> fitting;
  for (Entry& entry : entries()) {
    const auto found = given.find(entry.path);
    if (found == given.end()) {
      result.missing.push_back(entry.path);
      continue;
    }
    const Tensor& value = *found->second;
    given.erase(found);
    if (!entry.is_initialized()) {  // takes whatever shape comes
      fitting.emplace_back(std::move(entry), value);
      continue;
    }
    const Tensor& mine = entry.value();
    const bool convertible = mine.dtype() == value.dtype() || (is_floating(mine.dtype()) && is_floating(value.dtype()));
    if (value.shape() == mine.shape() && convertible)
      fitting.emplace_back(std::move(entry), hourglass::to(value, mine.dtype()));
    else misfits += join("; ", entry.path, " is ", describe(mine), " here and ", describe(value), " there");
  }
  for (const auto& [path, value] : state)
    if (given.contains(path)) result.unexpected.push_back(path);

  std::string wrong;
  if (options.strict && !result.missing.empty()) wrong += "; missing: " + list(result.missing);
  if (options.strict && !result.unexpected.empty()) wrong += "; unexpected: " + list(result.unexpected);
  wrong += misfits;
  check(wrong.empty(), "load_state_dict", wrong.substr(std::min<std::size_t>(2, wrong.size())));

  for (const auto& [entry, value] : fitting) {
    if (entry.parameter) entry.parameter->set_value(value);
    else entry.buffer->set_value(value);
  }
  return result;
}

std::string Module::summary() const {
  struct Row {
    std::string path, type, shape, count;
  };
  const std::string unknown = "not known yet";
  std::vector<Row> rows{{"path", "type", "shape", "parameters"}};
  std::vector<std::pair<Parameter, std::string>> seen;
  std::int64_t bytes = 0, in_buffers = 0;
  walk("", [&](const std::string& path, const Module& module) {
    const std::int64_t below = module.num_parameters();
    rows.push_back({path.empty() ? "(model)" : path, type_of(module), "", below == 0 ? "" : grouped(below)});
    for (const Parameter& p : module.parameters_) {
      const std::string name = dotted(path, p.name());
      const auto same = std::find_if(seen.begin(), seen.end(), [&](const auto& known) { return known.first == p; });
      if (same != seen.end()) {
        rows.push_back({name, "parameter", "= " + same->second, ""});
        continue;
      }
      seen.emplace_back(p, name);
      if (!p.is_initialized()) {
        rows.push_back({name, "parameter", unknown, ""});
        continue;
      }
      bytes += p.numel() * static_cast<std::int64_t>(size_of(p.dtype()));
      rows.push_back({name, "parameter", join(describe(p.value())), grouped(p.numel())});
    }
    for (const Buffer& b : module.buffers_) {
      in_buffers += b.is_initialized() ? b.value().numel() : 0;
      rows.push_back({dotted(path, b.name()), "buffer", b.is_initialized() ? join(describe(b.value())) : unknown, ""});
    }
  });

  std::array<std::size_t, 4> width{};
  for (const Row& row : rows) {
    const std::array lengths{row.path.size(), row.type.size(), row.shape.size(), row.count.size()};
    for (std::size_t k = 0; k < 4; ++k) width[k] = std::max(width[k], lengths[k]);
  }
  std::ostringstream out;
  const auto column = [&](std::size_t k) { return std::setw(static_cast<int>(width[k])); };
  for (const Row& row : rows)
    out << std::left << column(0) << row.path << "  " << column(1) << row.type << "  " << column(2) << row.shape << "  "
        << std::right << column(3) << row.count << '\n';
  out << grouped(num_parameters()) << " parameters (" << grouped(bytes) << " bytes)";
  if (in_buffers > 0) out << ", " << grouped(in_buffers) << " numbers in buffers";
  out << '\n';
  return out.str();
}

}  // namespace hourglass::nn
