// SPDX-License-Identifier: MIT
// Linear: every output is a weighted sum of all inputs. Also MaskedLinear, which lacks some of the
// connections, and Bilinear, a product of two inputs.
#pragma once
#include <cstdint>
#include <optional>

#include "nn/layer.h"
#include "nn/lazy.h"

namespace hourglass::nn {

struct LinearOptions {
  bool bias = true;
  Dtype dtype = Dtype::f32;
};

/// y = x Wᵀ + b for x [..., in]; weight is [out, in], bias [out], as in PyTorch. Both start uniform in ±1/√in, so that
/// inputs of size 1 give outputs of about size 1.
class Linear : public Layer {
 public:
  Linear(std::int64_t in, std::int64_t out, Rng& rng, LinearOptions options = {});
  Var forward(const Var& x) const override;

  const Parameter& weight() const { return weight_; }
  const std::optional<Parameter>& bias() const { return bias_; }

 private:
  Parameter weight_;
  std::optional<Parameter> bias_;
  Initializer initialize_;
};

class LazyLinear : public Linear {
 public:
  LazyLinear(std::int64_t out, Rng& rng, LinearOptions options = {}) : Linear(kLazy, out, rng, options) {}
};

/// Linear without some of the connections: y = x (W ∘ mask)ᵀ + b. mask is [out, in]: 0 removes a
/// connection, any other number keeps it. The mask is kept as the buffer "mask" (u8). Weights of
/// removed connections get no gradient and keep their initial values.
class MaskedLinear : public Layer {
 public:
  MaskedLinear(const Tensor& mask, Rng& rng, LinearOptions options = {});
  Var forward(const Var& x) const override;

  const Parameter& weight() const { return weight_; }
  const std::optional<Parameter>& bias() const { return bias_; }

 private:
  Parameter weight_;
  std::optional<Parameter> bias_;
  Buffer mask_;
};

/// y_k = aᵀ W_k b + c_k for a [..., in1] and b [..., in2] with the same leading axes. weight is
/// [out, in1, in2], bias (c) is [out]; both start uniform in ±1/√in1.
class Bilinear : public Module {
 public:
  Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, Rng& rng, LinearOptions options = {});
  Var forward(const Var& a, const Var& b) const;
  Var operator()(const Var& a, const Var& b) const {
    return in_context(name(), [&] { return forward(a, b); });
  }

 private:
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace hourglass::nn
