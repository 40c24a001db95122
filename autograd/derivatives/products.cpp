// SPDX-License-Identifier: MIT
#include "autograd/derivatives/products.h"

#include "autograd/derivatives/scope.h"
#include "autograd/derivatives/tangent.h"

namespace hourglass {

Products vjp(const FunctionOfMany& f, std::span<const Var> xs, const Var& u) {
  const DerivativeScope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  check_like("vjp", "u", u, "the function's value", y);
  Products result{scope.result(y), grad({&y, 1}, {&u, 1}, ts, scope.options())};
  return result;
}
Product vjp(const Function& f, const Var& x, const Var& u) {
  const Products result = vjp(of_many(f), std::span(&x, 1), u);
  return {result.value, result.products[0]};
}

Product jvp(const FunctionOfMany& f, std::span<const Var> xs, std::span<const Var> vs) {
  check(xs.size() == vs.size(), "jvp", xs.size(), " arguments, but ", vs.size(), " tangents");
  for (std::size_t i = 0; i < xs.size(); ++i) check_like("jvp", join("tangent ", i), vs[i], "its argument", xs[i]);
  const DerivativeScope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  const Recording as_the_caller(scope.differentiable());
  return {scope.result(y), scope.result(tangent_of(y, ts, vs, false))};
}
Product jvp(const Function& f, const Var& x, const Var& v) { return jvp(of_many(f), {&x, 1}, {&v, 1}); }

std::vector<Var> hvp(const Var& y, std::span<const Var> xs, std::span<const Var> vs) {
  check_number("hvp", y);
  check(xs.size() == vs.size(), "hvp", xs.size(), " arguments, but ", vs.size(), " directions");
  for (std::size_t i = 0; i < xs.size(); ++i) check_like("hvp", join("direction ", i), vs[i], "its argument", xs[i]);
  const bool differentiable = recording();
  const std::vector<Var> gs = grad(y, xs, {.create_graph = true, .allow_unused = true});
  return grad(gs, vs, xs, {.create_graph = differentiable, .retain_graph = true, .allow_unused = true});
}
Product hvp(const Function& f, const Var& x, const Var& v) {
  const DerivativeScope scope;
  const Var t = scope.argument(x), y = f(t);
  return {scope.result(y), scope.result(hvp(y, {&t, 1}, {&v, 1})[0])};
}

}  // namespace hourglass
