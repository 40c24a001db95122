// SPDX-License-Identifier: MIT
#include "optim/minimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/grad.h"
#include "tensor/ops.h"

namespace hourglass::optim {
namespace {

double largest(const Tensor& x) { return max(abs(x)).item(); }

}  // namespace

double dot(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

Minimizer::Minimizer(std::string_view name, std::vector<Parameter> parameters, MinimizerOptions options,
                     std::optional<WolfeOptions> wolfe)
    : name_(name), parameters_(std::move(parameters)), options_(options), wolfe_(wolfe) {
  for (const Parameter& p : parameters_) numel_ += p.numel();
  check(numel_ > 0, name_, "there are no parameters to optimize");
  check(options.max_iter >= 1, name_, "max_iter must be at least 1, got ", options.max_iter);
}

Tensor Minimizer::gather_values() const {
  std::vector<Tensor> parts;
  for (const Parameter& p : parameters_) parts.push_back(to(reshape(p.value(), {p.numel()}), Dtype::f64));
  return concat(parts, 0);
}

void Minimizer::scatter_values(const Tensor& flat) const {
  std::int64_t at = 0;
  for (const Parameter& p : parameters_) {
    const std::int64_t end = at + p.numel();
    p.set_value(to(contiguous(reshape(slice(flat, 0, at, end), p.shape())), p.dtype()));
    at = end;
  }
}

Progress Minimizer::step(const std::function<Var()>& objective) {
  Progress progress{0, 0, 0, 0, false};
  // The loss and its gradient at x.
  const auto evaluate = [&](const Tensor& x) {
    scatter_values(x);
    ++progress.evaluations;
    const Var loss = objective();
    std::vector<Tensor> parts;
    for (const Var& g : grad(loss, parameters_)) parts.push_back(to(reshape(g.value(), {g.numel()}), Dtype::f64));
    return std::pair(loss.item(), concat(parts, 0));
  };

  Tensor x = gather_values();
  auto begin = evaluate(x);
  double value = begin.first;
  Tensor gradient = std::move(begin.second);
  check(std::isfinite(value), name_, "the loss is ", value, " before the first step");
  const auto done = [&] { return progress.converged = largest(gradient) <= options_.tolerance_grad; };
  while (!done() && progress.iterations < options_.max_iter) {
    if (options_.max_eval > 0 && progress.evaluations >= options_.max_eval) break;
    Tensor d = direction(gradient);
    double slope = dot(d, gradient);
    if (!(slope < 0)) {  // not a descent direction
      forget();
      d = -gradient;
      slope = -dot(gradient, gradient);
    }
    const auto phi = [&](double step) {
      auto [there, g] = evaluate(x + d * step);
      const double s = dot(d, g);
      return LinePoint{step, there, s, std::move(g)};
    };
    const double first = first_step(gradient, slope);
    const LinePoint taken = wolfe_ ? strong_wolfe(phi, {0, value, slope, gradient}, first, *wolfe_) : phi(first);
    check(std::isfinite(taken.value), name_, "the loss is ", taken.value, " after a step of ", first,
          " times the direction, which nothing cut short");
    ++progress.iterations;
    if (taken.step == 0) {  // no lower point was found along this line
      const bool straight_down = slope == -dot(gradient, gradient);
      forget();
      if (straight_down) break;
      continue;
    }
    const Tensor moved = d * taken.step;
    learn(moved, gradient, taken.gradient, taken, value);
    x = x + moved;
    const double fallen = value - taken.value;
    value = taken.value;
    gradient = taken.gradient;
    if (std::abs(fallen) < options_.tolerance_change && largest(moved) < options_.tolerance_change) {
      progress.converged = true;
      break;
    }
  }
  scatter_values(x);
  progress.loss = value;
  progress.gradient = largest(gradient);
  return progress;
}

}  // namespace hourglass::optim
