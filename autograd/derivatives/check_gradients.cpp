// SPDX-License-Identifier: MIT
#include "autograd/derivatives/check_gradients.h"

#include <algorithm>
#include <cmath>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

std::vector<Var> variables(const std::vector<Tensor>& values) {
  std::vector<Var> xs;
  for (const Tensor& value : values) xs.push_back(variable(value));
  return xs;
}

// A scalar function of f's output with random weights, so that an error in any derivative of f shows.
FunctionOfMany probe(const FunctionOfMany& f, Rng rng) {
  return [f, rng](const std::vector<Var>& xs) {
    Rng draw = rng;  // the same weights at every call
    const Var y = f(xs);
    const Var w = constant(draw.normal(y.shape(), 0, 1, Dtype::f64)),
              c = constant(draw.normal(y.shape(), 0, 1, Dtype::f64));
    return sum(w * y + c * square(y) * 0.5);
  };
}

double dot(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

// (s(x + h v) - s(x - h v)) / 2h at h and h/2, combined so that the errors of order h² cancel (Richardson).
double numeric_derivative(const FunctionOfMany& s, std::vector<Tensor> inputs, std::size_t i, const Tensor& v,
                          double h) {
  const Tensor x = inputs[i];
  const auto at = [&](double distance) {
    inputs[i] = x + v * distance;
    return s(variables(inputs)).item();
  };
  const double wide = (at(h) - at(-h)) / (2 * h), narrow = (at(h / 2) - at(-h / 2)) / h;
  return (4 * narrow - wide) / 3;
}

}  // namespace

double check_gradients(const FunctionOfMany& f, const std::vector<Tensor>& inputs, const CheckOptions& options) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    check(inputs[i].dtype() == Dtype::f64, options.name, "input ", i, " must be f64 to be checked, got ",
          describe(inputs[i]));
  Rng rng(options.seed);
  FunctionOfMany s = probe(f, rng.split("probe"));
  double worst = 0;
  for (int order = 1; order <= options.order; ++order) {
    std::vector<Tensor> directions;
    for (const Tensor& input : inputs) directions.push_back(rng.normal(input.shape(), 0, 1, Dtype::f64));

    const std::vector<Var> xs = variables(inputs);
    const Var value = s(xs);
    const bool flat = !value.needs_gradient();  // a derivative that is 0 everywhere stays 0
    if (order == 1) check_claims(value);
    const std::vector<Var> gradients = grad(value, xs, {.allow_unused = true});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const double analytic = flat ? 0 : dot(gradients[i].value(), directions[i]);
      const double numeric = numeric_derivative(s, inputs, i, directions[i], options.step);
      const double error = std::abs(analytic - numeric) / std::max({std::abs(analytic), std::abs(numeric), 0.01});
      check(error <= options.tolerance, options.name, "order ", order, ", input ", i, ": analytic ", analytic,
            ", numeric ", numeric, " (relative ", error, ")");
      worst = std::max(worst, error);
    }
    // The next order differentiates the derivative along these directions.
    s = [s, directions](const std::vector<Var>& points) {
      const std::vector<Var> g = grad(s(points), points, {.create_graph = true, .allow_unused = true});
      Var along = constant(0, Dtype::f64);
      for (std::size_t i = 0; i < g.size(); ++i) along = along + sum(g[i] * constant(directions[i]));
      return along;
    };
  }
  return worst;
}

// ---- claims

namespace {

Tensor some_cotangent(const Shape& shape, Dtype dtype) { return Rng(0).uniform(shape, 0.5, 1.5, dtype); }

void check_equal(const Node& node, int i, std::string_view claim, const Tensor& got, const Tensor& wanted) {
  const auto report = [&] {
    return join("input ", i, ": ", claim, ", but gives ", describe(got), " ", got, " instead of ", describe(wanted),
                " ", wanted);
  };
  if (got.shape() != wanted.shape()) fail(node.op().name, report());
  const Tensor allowed = maximum(abs(wanted), 1) * (got.dtype() == Dtype::f64 ? 1e-12 : 1e-4);
  const Tensor same = logical_or(got == wanted, logical_and(isnan(got), isnan(wanted)));
  if (!equal(logical_or(same, abs(got - wanted) <= allowed), ones_like(same))) fail(node.op().name, report());
}

// One vector-Jacobian product, independent of the next.
template <class Compute>
Tensor product(Node& node, int i, const Tensor& g, Compute share) {
  Tensor result = share(node, i, constant(g)).whole().value();
  node.finish();
  return result;
}

// A cotangent with one nonzero element must give a share that is nonzero only in the same element.
void check_diagonal(Node& node, int i) {
  const Tensor g = some_cotangent(node.shape(), node.dtype());
  const auto vjp = [](Node& of, int input, const Var& u) { return of.vjp(input, u); };
  const Tensor whole = product(node, i, g, vjp);
  const std::int64_t step = std::max<std::int64_t>(1, g.numel() / 4);
  for (std::int64_t k = 0; k < g.numel(); k += step) {
    const Tensor only = reshape(one_hot(full({1}, k, Dtype::i64), g.numel(), Dtype::u8), g.shape());
    const Tensor one = product(node, i, where(only, g, 0), vjp);
    check_equal(node, i, "the op says it is elementwise", one, where(only, whole, 0));
  }
}

void check_many_at_once(Node& node, int i) {
  for (const std::int64_t count : {1, 3}) {
    const Tensor gs = some_cotangent(in_front(count, node.shape()), node.dtype());
    const Tensor shares = product(node, i, gs, shares_of);
    for (std::int64_t k = 0; k < count; ++k)
      check_equal(node, i, "the rule accepts many gradients at once", select(shares, 0, k),
                  product(node, i, select(gs, 0, k), share_of));
  }
}

}  // namespace

int check_claims(const Var& y) {
  const NoGrad no_grad;
  int checked = 0;
  for (const NodePtr& node : ancestors("check_claims", {&y, 1}, [](const Node&) { return true; })) {
    for (int i = 0; i < node->input_count(); ++i) {
      if (!node->input(i) || node->op().accepted_by(i) == Accepts::one) continue;
      if (node->op().is_elementwise) check_diagonal(*node, i);
      check_many_at_once(*node, i);
      ++checked;
    }
  }
  return checked;
}

}  // namespace hourglass
