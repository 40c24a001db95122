#include "log_cosh.h"

#include <numbers>

#include "autograd/node.h"
#include "autograd/ops.h"

using namespace hourglass;

Var log_cosh(const Var& x) {
  const Tensor size = abs(x.value());
  return record("log_cosh", size + log1p(exp(size * -2)) - std::numbers::ln2,
                wrt(x, [x](const Var& g) { return g * tanh(x); }));
}
