// SPDX-License-Identifier: MIT
// A running average of the weights during training, often better than the final weights.
#pragma once
#include <cstdint>
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
class Ema {
 public:
  explicit Ema(std::vector<Parameter> parameters, EmaOptions options = {});
  void update();
  /// In the order of the parameters.
  const std::vector<Tensor>& averages() const { return averages_; }

  /// During its lifetime the averages are the parameters' values.
  class [[nodiscard]] Applied {
   public:
    explicit Applied(const Ema& ema);
    ~Applied();
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    const std::vector<Parameter>& parameters_;
    std::vector<Tensor> trained_;
  };
  Applied apply() const { return Applied(*this); }

  /// "step", and each average under the place of its parameter: "0", "1", ...
  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  std::vector<Parameter> parameters_;
  std::vector<Tensor> averages_;
  EmaOptions options_;
  std::int64_t updates_ = 0;
};

}  // namespace hourglass::optim
