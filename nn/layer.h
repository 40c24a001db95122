// SPDX-License-Identifier: MIT
// Layer: a module with one input and one output.
#pragma once
#include "autograd/var.h"
#include "nn/module.h"

namespace hourglass::nn {

class Layer : public Module {
 public:
  virtual Var forward(const Var& x) const = 0;
  /// Calls forward(x). Errors start with the layer's name:
  /// `encoder: hidden: linear: inner axes differ: ...`.
  Var operator()(const Var& x) const {
    return in_context(name(), [&] { return forward(x); });
  }
};

}  // namespace hourglass::nn
