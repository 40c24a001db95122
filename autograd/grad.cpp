#include "autograd/grad.h"

#include "autograd/ops.h"
#include "autograd/walk.h"

namespace hourglass {
namespace {

std::vector<Var> grad_of(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                         GradOptions options, std::span<const Parameter> parameters = {}) {
  BackwardWalk walk(ys, cotangents, xs, options, parameters);
  walk.run();
  return walk.gradients();
}

void check_scalar(const Var& y) {
  check(y.numel() == 1, "grad", "needs a value of one element to differentiate, got ", describe(y),
        "; reduce it with sum or mean, or give a cotangent");
}

}  // namespace

std::vector<Var> grad(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                      GradOptions options) {
  return grad_of(ys, cotangents, xs, options);
}

std::vector<Var> grad(const Var& y, std::span<const Var> xs, GradOptions options) {
  check_scalar(y);
  const Var one = constant(ones_like(y.value()));
  return grad_of({&y, 1}, {&one, 1}, xs, options);
}
std::vector<Var> grad(const Var& y, std::initializer_list<Var> xs, GradOptions options) {
  return grad(y, std::span<const Var>(xs.begin(), xs.size()), options);
}
Var grad(const Var& y, const Var& x, GradOptions options) { return grad(y, std::span<const Var>(&x, 1), options)[0]; }

std::vector<Var> grad(const Var& y, const std::vector<Parameter>& parameters, GradOptions options) {
  check_scalar(y);
  const Var one = constant(ones_like(y.value()));
  const std::vector<Var> xs(parameters.begin(), parameters.end());
  return grad_of({&y, 1}, {&one, 1}, xs, options, parameters);
}

}  // namespace hourglass
