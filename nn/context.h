// SPDX-License-Identifier: MIT
// Errors say where they happened: each module adds its name while the error travels up to the
// caller. The instruments of autograd/inspect.h show the same names.
#pragma once
#include <string_view>
#include <utility>

#include "tensor/error.h"
#include "tensor/work.h"

namespace hourglass::nn {

/// Calls f(). An error that it throws then starts with `name: `. Layer does this for layers; a
/// model can do it for its own steps:
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
