// Linear: every output is a weighted sum of all inputs.
#pragma once
#include <cstdint>
#include <optional>

#include "nn/layer.h"
#include "tensor/random.h"

namespace hourglass::nn {

struct LinearOptions {
  bool bias = true;
  Dtype dtype = Dtype::f32;
};

/// y = x Wᵀ + b for x [..., in]; weight is [out, in], bias [out], as in PyTorch.
/// Both start uniform in ±1/√in, so that the outputs of inputs of size 1 are of size 1 or so.
class Linear : public Layer {
 public:
  Linear(std::int64_t in, std::int64_t out, Rng& rng, LinearOptions options = {});
  Var forward(const Var& x) const override;

  const Parameter& weight() const { return weight_; }
  const std::optional<Parameter>& bias() const { return bias_; }

 private:
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace hourglass::nn
