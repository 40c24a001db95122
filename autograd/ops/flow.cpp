#include "autograd/ops/flow.h"

namespace hourglass {

Var stop_gradient(const Var& x) { return x.detach(); }

Var scale_gradient(const Var& x, double factor) {
  return record("scale_gradient", x.value(), wrt(x, [factor](const Var& g) { return g * factor; }));
}

Var straight_through(const Tensor& hard, const Var& soft) {
  check(hard.shape() == soft.shape() && hard.dtype() == soft.dtype(), "straight_through", "hard is ", describe(hard),
        ", soft ", describe(soft));
  return record("straight_through", hard, wrt(soft, [](const Var& g) { return g; }));
}

}  // namespace hourglass
