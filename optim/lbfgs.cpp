// SPDX-License-Identifier: MIT
#include "optim/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tensor/ops.h"

namespace hourglass::optim {

LBFGS::LBFGS(std::vector<Parameter> parameters, MinimizerOptions options, LBFGSOptions own)
    : Minimizer("lbfgs", std::move(parameters), options,
                own.line_search ? std::optional(WolfeOptions{.c1 = 1e-4, .c2 = 0.9}) : std::nullopt),
      history_size_(static_cast<std::size_t>(own.history_size)),
      lr_(own.line_search ? std::nullopt : std::optional(own.lr)) {
  check(own.history_size >= 1, name(), "history_size must be at least 1, got ", own.history_size);
  check(own.lr > 0 && std::isfinite(own.lr), name(), "lr must be positive, got ", own.lr);
}

Tensor LBFGS::direction(const Tensor& gradient) {
  Tensor q = -gradient;
  if (pairs_.empty()) return q;
  std::vector<double> alpha(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    alpha[i] = dot(pairs_[i].s, q) / pairs_[i].sy;
    q = q - pairs_[i].y * alpha[i];
  }
  const Pair& newest = pairs_.back();
  q = q * (newest.sy / dot(newest.y, newest.y));
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double beta = dot(pairs_[i].y, q) / pairs_[i].sy;
    q = q + pairs_[i].s * (alpha[i] - beta);
  }
  return q;
}

double LBFGS::first_step(const Tensor& gradient, double) const {
  if (!pairs_.empty()) return lr_.value_or(1);
  return lr_ ? *lr_ * std::min(1.0, 1 / sum(abs(gradient)).item())
             : std::min(1.0, 1 / std::sqrt(dot(gradient, gradient)));
}

void LBFGS::learn(const Tensor& moved, const Tensor& before, const Tensor& after, const LinePoint&, double) {
  const Tensor y = after - before;
  const double sy = dot(moved, y);
  if (!(sy > 1e-14 * dot(y, y))) return;  // no positive curvature to learn from
  pairs_.push_back({moved, y, sy});
  if (pairs_.size() > history_size_) pairs_.pop_front();
}

StateDict LBFGS::state_dict() const {
  std::vector<Tensor> s{zeros({0, numel()}, Dtype::f64)}, y = s;
  for (const Pair& pair : pairs_) {
    s.push_back(unsqueeze(pair.s, 0));
    y.push_back(unsqueeze(pair.y, 0));
  }
  return {{"s", concat(s, 0)}, {"y", concat(y, 0)}};
}

void LBFGS::load_state_dict(const StateDict& state) {
  check(state.size() == 2 && state[0].first == "s" && state[1].first == "y", name(),
        "load_state_dict: needs s and y, nothing else");
  const auto &s = state[0].second, &y = state[1].second;
  check(s.dim() == 2 && s.size(1) == numel() && s.dtype() == Dtype::f64 && y.shape() == s.shape() &&
            y.dtype() == Dtype::f64,
        name(), "load_state_dict: needs s and y f64[steps, ", numel(), "], got ", describe(s), " and ", describe(y));
  pairs_.clear();
  for (std::int64_t i = 0; i < s.size(0); ++i) {
    const Tensor si = select(s, 0, i), yi = select(y, 0, i);
    pairs_.push_back({si, yi, dot(si, yi)});
  }
}

}  // namespace hourglass::optim
