// SPDX-License-Identifier: MIT
#include "optim/cg.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tensor/ops.h"

namespace hourglass::optim {

NonlinearCG::NonlinearCG(std::vector<Parameter> parameters, MinimizerOptions options)
    : Minimizer("nonlinear_cg", std::move(parameters), options, WolfeOptions{.c1 = 1e-4, .c2 = 0.4}) {
  forget();
}

void NonlinearCG::forget() {
  direction_ = gradient_ = zeros({numel()}, Dtype::f64);
  fallen_ = 0;
}

Tensor NonlinearCG::direction(const Tensor& gradient) {
  const double before = dot(gradient_, gradient_), now = dot(gradient, gradient);
  const double beta = before == 0 ? 0 : std::max(0.0, (now - dot(gradient, gradient_)) / before);
  Tensor d = direction_ * beta - gradient;
  if (!(dot(d, gradient) <= -0.01 * now)) d = -gradient;  // hardly a descent direction
  direction_ = d;
  gradient_ = gradient;
  return d;
}

double NonlinearCG::first_step(const Tensor& gradient, double slope) const {
  // The minimum of a parabola with this slope along which the loss falls as much as last time.
  if (fallen_ > 0) return std::min(1.0, 1.01 * 2 * fallen_ / -slope);
  return std::min(1.0, 1.01 / std::sqrt(dot(gradient, gradient)));
}

void NonlinearCG::learn(const Tensor&, const Tensor&, const Tensor&, const LinePoint& taken, double value_before) {
  fallen_ = value_before - taken.value;
}

StateDict NonlinearCG::state_dict() const {
  return {{"direction", direction_}, {"gradient", gradient_}, {"fallen", scalar(fallen_, Dtype::f64)}};
}

void NonlinearCG::load_state_dict(const StateDict& state) {
  const std::vector<Tensor> there = take_like(name(), state, state_dict());
  direction_ = there[0];
  gradient_ = there[1];
  fallen_ = there[2].item();
}

}  // namespace hourglass::optim
