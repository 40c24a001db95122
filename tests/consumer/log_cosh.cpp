// SPDX-License-Identifier: MIT
#include "log_cosh.h"

#include <numbers>

#include "autograd/node.h"
#include "autograd/ops.h"

using namespace hourglass;

Var log_cosh(const Var& x) {
  const Tensor size = abs(x.value());
  static constexpr Op op = Op::elementwise("log_cosh", "log cosh x", {"dy/dx = tanh x"});
  return record(op, size + log1p(exp(size * -2)) - std::numbers::ln2,
                wrt(x, [x](const Var& g) { return g * tanh(x); }));
}
