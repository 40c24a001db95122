// SPDX-License-Identifier: MIT
#include "optim/ema.h"

#include <algorithm>

#include "tensor/ops.h"
#include "tensor/update.h"

namespace hourglass::optim {

Ema::Ema(std::vector<Parameter> parameters, EmaOptions options) : options_(options) {
  check(options.decay >= 0 && options.decay <= 1, "ema", "decay must lie in [0, 1], got ", options.decay);
  for (const Parameter& p : parameters) follow(p);
}

void Ema::update() {
  ++updates_;
  const auto t = static_cast<double>(updates_);
  const double decay = options_.warmup ? std::min(options_.decay, (1 + t) / (10 + t)) : options_.decay;
  std::vector<Tensor> values;  // items refer to them
  for (const Followed& one : followed_) values.push_back(one.value());
  std::vector<UpdateItem> items;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (is_floating(values[i].dtype())) items.push_back({averages_[i], values[i], {}});
    else averages_[i] = values[i];
  hourglass::update(AverageUpdate{.one_minus_decay = 1 - decay}, items);
}

Ema::Applied::Applied(const Ema& ema) : ema_(ema) {
  for (std::size_t i = 0; i < ema.followed_.size(); ++i) {
    trained_.push_back(ema.followed_[i].value());
    ema.followed_[i].set_value(ema.averages_[i]);
  }
}

Ema::Applied::~Applied() {
  for (std::size_t i = 0; i < trained_.size(); ++i) ema_.followed_[i].set_value(trained_[i]);
}

StateDict Ema::state_dict() const {
  StateDict state{{"step", scalar(updates_, Dtype::i64)}};
  for (std::size_t i = 0; i < averages_.size(); ++i) state.emplace_back(std::to_string(i), averages_[i]);
  return state;
}

void Ema::load_state_dict(const StateDict& state) {
  std::vector<std::string> names{"step"};
  for (const Followed& one : followed_) names.push_back(one.name);
  const std::vector<Tensor> there = take_like("ema", state, state_dict(), names);
  check(state.size() == there.size(), "ema", "load_state_dict: ", state.size(), " entries, but only ", there.size(),
        " are known: there are ", followed_.size(), " parameters and buffers");
  updates_ = static_cast<std::int64_t>(there[0].item());
  averages_.assign(there.begin() + 1, there.end());
}

}  // namespace hourglass::optim
