// SPDX-License-Identifier: MIT
#include "nn/linear.h"

#include <cmath>

#include "autograd/ops.h"

namespace hourglass::nn {
namespace {

// Uniform in ±1/√in: PyTorch's initial values of weights and biases.
Tensor initial(const Shape& shape, std::int64_t in, Rng& rng, Dtype dtype) {
  check(in > 0 && shape[0] > 0, "linear", "needs at least 1 input and 1 output, got ", in, " and ", shape[0]);
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  return rng.uniform(shape, -bound, bound, dtype);
}

Var linear(const Var& x, const Var& weight, const std::optional<Parameter>& bias) {
  return bias ? hourglass::linear(x, weight, *bias) : hourglass::linear(x, weight);
}

}  // namespace

Linear::Linear(std::int64_t in, std::int64_t out, Rng& rng, LinearOptions options)
    : weight_(parameter("weight", options.dtype)),
      bias_(options.bias ? std::optional(parameter("bias", options.dtype)) : std::nullopt),
      initialize_(in, rng, [out, weight = weight_, bias = bias_, options](std::int64_t inputs, Rng& draws) {
        weight.set_value(initial({out, inputs}, inputs, draws, options.dtype));
        if (bias) bias->set_value(initial({out}, inputs, draws, options.dtype));
      }) {}

Var Linear::forward(const Var& x) const {
  if (!weight_.is_initialized()) initialize_(x.size(-1));
  return linear(x, weight_, bias_);
}

MaskedLinear::MaskedLinear(const Tensor& mask, Rng& rng, LinearOptions options)
    : weight_(parameter("weight", options.dtype)), mask_(buffer("mask", mask != 0)) {
  check(mask.dim() == 2, "masked_linear", "the mask must be [out, in], got ", describe(mask));
  weight_.set_value(initial(mask.shape(), mask.size(1), rng, options.dtype));
  if (options.bias) bias_ = parameter("bias", initial({mask.size(0)}, mask.size(1), rng, options.dtype));
}

Var MaskedLinear::forward(const Var& x) const { return linear(x, where(mask_.value(), weight_, 0), bias_); }

Bilinear::Bilinear(std::int64_t in1, std::int64_t in2, std::int64_t out, Rng& rng, LinearOptions options)
    : weight_(parameter("weight", initial({out, in1, in2}, in1, rng, options.dtype))) {
  if (options.bias) bias_ = parameter("bias", initial({out}, in1, rng, options.dtype));
}

Var Bilinear::forward(const Var& a, const Var& b) const {
  const Shape& w = weight_.shape();
  Shape leading = a.shape(), leading_b = b.shape();
  check(a.dim() > 0 && b.dim() > 0 && a.size(-1) == w[1] && b.size(-1) == w[2], "bilinear", "expects [..., ", w[1],
        "] and [..., ", w[2], "], got ", describe(a), " and ", describe(b));
  leading.erase(leading.size() - 1);
  leading_b.erase(leading_b.size() - 1);
  check(leading == leading_b, "bilinear", "leading axes differ: ", describe(a), " and ", describe(b));
  // All products of an element of a and an element of b, then one matrix product.
  const Var pairs = flatten(unsqueeze(a, -1) * unsqueeze(b, -2), -2, -1);
  return linear(pairs, reshape(weight_, {w[0], w[1] * w[2]}), bias_);
}

}  // namespace hourglass::nn
