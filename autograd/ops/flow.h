// SPDX-License-Identifier: MIT
// Gradients changed on purpose: ops that leave a value as it is and act on its gradient alone.
#pragma once
#include <concepts>
#include <utility>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

/// x, and no gradient.
Var stop_gradient(const Var& x);
/// x as a value of its own: a derivative by the alias leaves out what x was computed from. Gradients pass on to x
/// unchanged.
Var alias(const Var& x);
/// x, and factor times the gradient. -1 reverses the gradient: the layers below learn to make the loss larger (Ganin &
/// Lempitsky 2015, "Unsupervised domain adaptation by backpropagation").
Var scale_gradient(const Var& x, double factor);

/// The value of `hard`, the gradient of `soft`: for steps, whose own derivative is 0 (Bengio et al. 2013, "Estimating
/// or propagating gradients through stochastic neurons"). straight_through(round(x.value()), x) rounds, and passes
/// gradients on as if it had not. hard and soft have the same shape.
Var straight_through(const Tensor& hard, const Var& soft);

/// x, and `hook` is called with its gradient when that is complete. A hook that returns a Var replaces the gradient;
/// one that returns nothing only looks. (Only gradients that arrive at the returned Var go through the hook, and not
/// those that arrive at x itself.)
///
///   const Var h = on_gradient(encoder(x), [](const Var& g) { std::cout << norm(g.value()).item() << "\n"; });
template <std::invocable<const Var&> Hook>
Var on_gradient(const Var& x, Hook hook) {
  static constexpr Op op{"on_gradient", "x", {"what the hook makes of g"}};
  return record(op, x.value(), wrt(x, [hook = std::move(hook)](const Var& g) -> Var {
                  if constexpr (std::is_void_v<std::invoke_result_t<const Hook&, const Var&>>) {
                    hook(g);
                    return g;
                  } else {
                    Var replaced = hook(g);
                    check(replaced.shape() == g.shape() && replaced.dtype() == g.dtype(), "on_gradient",
                          "the gradient is ", describe(g), ", the hook gave ", describe(replaced));
                    return replaced;
                  }
                }));
}

/// f(x) where mask is not 0, else g(x), for functions that are not defined for every x. Each gets only its own
/// elements, and `harmless` in place of the others, so log(-1) or 1 / 0 is never computed, forward or back. mask and x
/// have the same shape, and f and g keep it.
///
///   piecewise(x.value() > 0, x, [](const Var& v) { return log(v); }, [](const Var& v) { return v * 0; })
template <std::invocable<const Var&> F, std::invocable<const Var&> G>
Var piecewise(const Tensor& mask, const Var& x, F f, G g, double harmless = 1) {
  return where(mask, f(where(mask, x, harmless)), g(where(mask, harmless, x)));
}

}  // namespace hourglass
