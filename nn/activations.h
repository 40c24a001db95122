// The elementwise functions of autograd/ops.h, and a few more without parameters, as layers for Sequential.
#pragma once
#include <cstdint>

#include "autograd/ops.h"
#include "nn/layer.h"

namespace hourglass::nn {

// A table, one layer a line: its name and what it computes. The second form has an option, named with its default.
#define HOURGLASS_LAYER(Name, formula)                           \
  class Name : public Layer {                                    \
   public:                                                       \
    Var forward(const Var& x) const override { return formula; } \
  };
#define HOURGLASS_LAYER_WITH(Name, Type, option, standard, formula) \
  class Name : public Layer {                                       \
   public:                                                          \
    explicit Name(Type option = standard) : option##_(option) {}    \
    Var forward(const Var& x) const override { return formula; }    \
                                                                    \
   private:                                                         \
    Type option##_;                                                 \
  };

HOURGLASS_LAYER(Identity, x)
HOURGLASS_LAYER(ReLU, relu(x))
HOURGLASS_LAYER(GELU, gelu(x))
HOURGLASS_LAYER(SiLU, silu(x))
HOURGLASS_LAYER(Sigmoid, sigmoid(x))
HOURGLASS_LAYER(LogSigmoid, log_sigmoid(x))
HOURGLASS_LAYER(Tanh, tanh(x))
HOURGLASS_LAYER(Softplus, softplus(x))
HOURGLASS_LAYER(Softsign, softsign(x))
HOURGLASS_LAYER_WITH(LeakyReLU, double, slope, 0.01, leaky_relu(x, slope_))
HOURGLASS_LAYER_WITH(ELU, double, alpha, 1, elu(x, alpha_))
HOURGLASS_LAYER_WITH(Softmax, std::int64_t, axis, -1, softmax(x, axis_))
HOURGLASS_LAYER_WITH(LogSoftmax, std::int64_t, axis, -1, log_softmax(x, axis_))
/// Joins all axes from `first` on: a batch of images [n, 1, 28, 28] becomes [n, 784].
HOURGLASS_LAYER_WITH(Flatten, std::int64_t, first, 1, flatten(x, first_, -1))

#undef HOURGLASS_LAYER
#undef HOURGLASS_LAYER_WITH

}  // namespace hourglass::nn
