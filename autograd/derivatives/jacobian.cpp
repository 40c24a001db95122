// SPDX-License-Identifier: MIT
#include "autograd/derivatives/jacobian.h"

#include "autograd/derivatives/scope.h"

namespace hourglass {
namespace {

Shape jacobian_shape(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (const std::int64_t extent : b) shape.push_back(extent);
  return shape;
}

// dy/dx for each x, where y is recorded. The graph is kept.
std::vector<Var> jacobian_of(const Var& y, std::span<const Var> xs, std::int64_t chunk, const DerivativeScope& scope) {
  GradOptions options = scope.options(true);
  options.batched = true;
  std::vector<std::vector<Var>> parts(xs.size());
  for (std::int64_t start = 0; start < y.numel(); start += chunk) {
    const std::int64_t stop = std::min(start + chunk, y.numel());
    const Tensor units = unit_rows(start, stop, y.numel(), y.dtype());
    const Var u = constant(reshape(units, in_front(stop - start, y.shape())));
    const std::vector<Var> rows = grad({&y, 1}, {&u, 1}, xs, options);
    for (std::size_t i = 0; i < xs.size(); ++i) parts[i].push_back(rows[i]);
  }
  std::vector<Var> result;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Shape shape = jacobian_shape(y.shape(), xs[i].shape());
    result.push_back(parts[i].empty() ? constant(zeros(shape, y.dtype()))
                                      : scope.result(reshape(concat(parts[i], 0), shape)));
  }
  return result;
}

}  // namespace

std::vector<Var> jacobian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options) {
  const DerivativeScope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  return jacobian_of(y, ts, chunk_of("jacobian", options.chunk, y.numel(), largest_value(y, ts)), scope);
}
Var jacobian(const Function& f, const Var& x, JacobianOptions options) {
  return jacobian(of_many(f), std::span(&x, 1), options)[0];
}

std::vector<std::vector<Var>> hessian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options) {
  const DerivativeScope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  check_number("hessian", y);
  const std::vector<Var> gradients = grad(y, ts, {.create_graph = true, .allow_unused = true});
  std::vector<std::vector<Var>> rows;
  for (const Var& g : gradients)
    rows.push_back(jacobian_of(g, ts, chunk_of("hessian", options.chunk, g.numel(), largest_value(g, ts)), scope));
  return rows;
}
Var hessian(const Function& f, const Var& x, JacobianOptions options) {
  return hessian(of_many(f), std::span(&x, 1), options)[0][0];
}

Var batch_jacobian(const Function& f, const Var& x, JacobianOptions options) {
  const DerivativeScope scope;
  const Var t = scope.argument(x), y = f(t);
  check_batches("batch_jacobian", y, x);
  GradOptions with = scope.options(true);
  with.batched = true;
  Shape shape = y.shape();
  for (int axis = 1; axis < x.dim(); ++axis) shape.push_back(x.size(axis));
  const std::int64_t units = units_of(y);
  if (units == 0) return constant(zeros(shape, y.dtype()));
  const Var rows = in_chunks(units, chunk_of("batch_jacobian", options.chunk, units, largest_value(y, {&t, 1})),
                             [&](std::int64_t start, std::int64_t stop) {
                               const Var u = sample_units(start, stop, y);
                               return grad({&y, 1}, {&u, 1}, {&t, 1}, with)[0];
                             });
  return scope.result(reshape(transpose(rows, 0, 1), shape));
}

}  // namespace hourglass
