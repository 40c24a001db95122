// SPDX-License-Identifier: MIT
#include "optim/monitor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "tensor/ops.h"

namespace hourglass::optim {
namespace {

constexpr std::string_view kBest = "best.";

Tensor number(double x) { return scalar(x, Dtype::f64); }
Tensor count(std::int64_t x) { return scalar(x, Dtype::i64); }

}  // namespace

Best::Best(Mode mode, double threshold, bool relative)
    : mode_(mode),
      threshold_(threshold),
      relative_(relative),
      value_(mode == Mode::min ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity()) {}

bool Best::step(double value) {
  double bar = mode_ == Mode::min ? value_ - threshold_ : value_ + threshold_;
  // Lower means nearer to 0 for a positive value, and farther from 0 for a negative one. An infinite value, before the
  // first figure, stays as it is.
  const bool towards_zero = (mode_ == Mode::min) == (value_ >= 0);
  if (relative_ && std::isfinite(value_)) bar = value_ * (towards_zero ? 1 - threshold_ : 1 + threshold_);
  const bool better = mode_ == Mode::min ? value < bar : value > bar;
  if (better) value_ = value;
  waited_ = better ? 0 : waited_ + 1;
  return better;
}

StateDict Best::state_dict() const { return {{"value", number(value_)}, {"waited", count(waited_)}}; }

void Best::load_state_dict(const StateDict& state) {
  const std::vector<Tensor> there = take_like("best", state, state_dict());
  value_ = there[0].item();
  waited_ = static_cast<std::int64_t>(there[1].item());
}

ReduceLROnPlateau::ReduceLROnPlateau(double lr, ReduceLROnPlateauOptions options)
    : options_(options), lr_(lr), best_(options.mode, options.threshold, options.relative) {
  check(lr >= 0 && std::isfinite(lr), "reduce_lr_on_plateau", "lr must not be negative, got ", lr);
  check(options.factor >= 0 && options.factor < 1, "reduce_lr_on_plateau", "factor must lie in [0, 1), got ",
        options.factor);
}

double ReduceLROnPlateau::step(double value) {
  best_.step(value);
  if (cooling_ > 0) {
    --cooling_;
    best_.reset_wait();
  }
  if (best_.waited() > options_.patience) {
    const double reduced = std::max(lr_ * options_.factor, options_.min_lr);
    if (lr_ - reduced > options_.eps) lr_ = reduced;
    cooling_ = options_.cooldown;
    best_.reset_wait();
  }
  return lr_;
}

StateDict ReduceLROnPlateau::state_dict() const {
  StateDict state = best_.state_dict();
  state.emplace_back("lr", number(lr_));
  state.emplace_back("cooling", count(cooling_));
  return state;
}

void ReduceLROnPlateau::load_state_dict(const StateDict& state) {
  const std::vector<Tensor> there = take_like("reduce_lr_on_plateau", state, state_dict());
  best_.load_state_dict(state);
  lr_ = there[2].item();
  cooling_ = static_cast<std::int64_t>(there[3].item());
}

EarlyStopping::EarlyStopping(EarlyStoppingOptions options)
    : options_(options), figure_(options.mode, options.min_delta, /*relative=*/false) {
  check(options.patience >= 1, "early_stopping", "patience must be at least 1, got ", options.patience);
  check(options.min_delta >= 0, "early_stopping", "min_delta must not be negative, got ", options.min_delta);
}

bool EarlyStopping::step(double value, StateDict weights) {
  ++epochs_;
  if (figure_.step(value)) {
    weights_ = std::move(weights);
    best_epoch_ = epochs_;
  }
  return should_stop();
}

StateDict EarlyStopping::numbers() const {
  StateDict state = figure_.state_dict();
  state.emplace_back("epochs", count(epochs_));
  state.emplace_back("best_epoch", count(best_epoch_));
  return state;
}

StateDict EarlyStopping::state_dict() const {
  StateDict state = numbers();
  for (const auto& [name, value] : weights_) state.emplace_back(std::string(kBest) + name, value);
  return state;
}

void EarlyStopping::load_state_dict(const StateDict& state) {
  const std::vector<Tensor> there = take_like("early_stopping", state, numbers());
  figure_.load_state_dict(state);
  epochs_ = static_cast<std::int64_t>(there[2].item());
  best_epoch_ = static_cast<std::int64_t>(there[3].item());
  weights_.clear();
  for (const auto& [name, value] : state)
    if (name.starts_with(kBest)) weights_.emplace_back(name.substr(kBest.size()), value);
}

}  // namespace hourglass::optim
