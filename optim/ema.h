// SPDX-License-Identifier: MIT
// A running average of the weights, and of statistics, during training, often better than the final weights.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/parameter.h"
#include "optim/state.h"

namespace hourglass::optim {

struct EmaOptions {
  /// How much of the average is kept at each update; 0.999 averages over about a thousand steps.
  double decay = 0.999;
  /// Keeps min(decay, (1 + t) / (10 + t)) at update t. The average is then useful long before step 1 / (1 - decay).
  bool warmup = false;
};

/// average ← decay average + (1 - decay) p, starting at p (Polyak & Juditsky 1992; Tarvainen & Valpola
/// 2017, "Mean teachers are better role models"). Call update() after each step of the optimizer, and evaluate with the
/// averages as the parameters' values:
///
///   optim::Ema ema(model.parameters(), {.decay = 0.999});
///   for (...) { adam.step(...); ema.update(); }
///   { const auto averaged = ema.apply();  evaluate(model); }      // the block ends: the trained weights are back
///
/// Buffers, such as the running statistics of batch_norm, are not followed unless they are given: inside the block the
/// model has its latest ones. Those belong to the latest weights, which are near their average. Statistics of the same
/// age as the average come with
///
///   optim::Ema ema(model.parameters(), model.buffers(), {.decay = 0.999});
///
/// which averages buffers of floats as it does parameters, and copies those of integers (num_batches_tracked).
class Ema {
 public:
  explicit Ema(std::vector<Parameter> parameters, EmaOptions options = {});
  /// A buffer is a handle with name(), value() and set_value(), as nn::Buffer is.
  template <class Buffer>
  Ema(std::vector<Parameter> parameters, const std::vector<Buffer>& buffers, EmaOptions options = {})
      : Ema(std::move(parameters), options) {
    for (const Buffer& b : buffers) follow(b);
  }
  void update();
  /// In the order of the parameters; then those of the buffers.
  const std::vector<Tensor>& averages() const { return averages_; }

  /// During its lifetime the averages are the values of the parameters and buffers. At its end all have the values from
  /// before, whatever happened to them.
  class [[nodiscard]] Applied {
   public:
    explicit Applied(const Ema& ema);
    ~Applied();
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    const Ema& ema_;
    std::vector<Tensor> trained_;
  };
  Applied apply() const { return Applied(*this); }

  /// "step", and each average under its place in averages(): "0", "1", ...
  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  // A parameter or a buffer.
  struct Followed {
    std::string name;
    std::function<Tensor()> value;
    std::function<void(const Tensor&)> set_value;
  };
  template <class Handle>
  void follow(const Handle& handle) {
    averages_.push_back(handle.value());
    followed_.push_back({handle.name(), [handle] { return handle.value(); },
                         [handle](const Tensor& value) { handle.set_value(value); }});
  }

  std::vector<Followed> followed_;
  std::vector<Tensor> averages_;
  EmaOptions options_;
  std::int64_t updates_ = 0;
};

}  // namespace hourglass::optim
