// Errors say where they happened: whoever has a name adds it while the error travels up to the caller. Instruments
// (autograd/inspect.h) see the same names.
#pragma once
#include <string_view>
#include <utility>

#include "tensor/error.h"
#include "tensor/work.h"

namespace hourglass::nn {

/// f(), and if it fails the error starts with `name: `. For a model's own steps, as Layer does it for layers:
///   Normal encode(const Var& x) const { return in_context("encode", [&] { ... }); }
template <class F>
decltype(auto) in_context(std::string_view name, F&& f) {
  const NamedScope scope(name);
  try {
    return std::forward<F>(f)();
  } catch (Error& error) {
    if (!name.empty()) error.add_context(name);
    throw;
  }
}

}  // namespace hourglass::nn
