// SPDX-License-Identifier: MIT
// Activation functions as layers: those of autograd/ops.h, and some with weights or random numbers.
#pragma once
#include <cstdint>

#include "autograd/ops.h"
#include "nn/layer.h"
#include "tensor/random.h"

namespace hourglass::nn {

// A table with one layer per line: its name, its options with their defaults, and its formula. The
// first form has no option, the second one, the third two.
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
#define HOURGLASS_LAYER_WITH_TWO(Name, first, standard1, second, standard2, formula)                           \
  class Name : public Layer {                                                                                  \
   public:                                                                                                     \
    explicit Name(double first = standard1, double second = standard2) : first##_(first), second##_(second) {} \
    Var forward(const Var& x) const override { return formula; }                                               \
                                                                                                               \
   private:                                                                                                    \
    double first##_, second##_;                                                                                \
  };

HOURGLASS_LAYER(Identity, x)
HOURGLASS_LAYER(ReLU, relu(x))
HOURGLASS_LAYER(ReLU6, relu6(x))
HOURGLASS_LAYER_WITH(LeakyReLU, double, negative_slope, 0.01, leaky_relu(x, negative_slope_))
HOURGLASS_LAYER_WITH(ELU, double, alpha, 1, elu(x, alpha_))
HOURGLASS_LAYER_WITH(CELU, double, alpha, 1, celu(x, alpha_))
HOURGLASS_LAYER(SELU, selu(x))
HOURGLASS_LAYER(SiLU, silu(x))
HOURGLASS_LAYER(Mish, mish(x))
HOURGLASS_LAYER_WITH_TWO(Softplus, beta, 1, threshold, 20, softplus(x, beta_, threshold_))
HOURGLASS_LAYER(Softsign, softsign(x))
HOURGLASS_LAYER(Tanh, tanh(x))
HOURGLASS_LAYER(Sigmoid, sigmoid(x))
HOURGLASS_LAYER(LogSigmoid, log_sigmoid(x))
HOURGLASS_LAYER_WITH_TWO(Hardtanh, min_val, -1, max_val, 1, hardtanh(x, min_val_, max_val_))
HOURGLASS_LAYER(Hardsigmoid, hardsigmoid(x))
HOURGLASS_LAYER(Hardswish, hardswish(x))
HOURGLASS_LAYER_WITH(Hardshrink, double, lambda, 0.5, hardshrink(x, lambda_))
HOURGLASS_LAYER_WITH(Softshrink, double, lambda, 0.5, softshrink(x, lambda_))
HOURGLASS_LAYER(Tanhshrink, tanhshrink(x))
HOURGLASS_LAYER_WITH_TWO(Threshold, threshold, 0, value, 0, hourglass::threshold(x, threshold_, value_))
HOURGLASS_LAYER_WITH(Softmax, std::int64_t, axis, -1, softmax(x, axis_))
HOURGLASS_LAYER_WITH(Softmin, std::int64_t, axis, -1, softmax(-x, axis_))
HOURGLASS_LAYER_WITH(LogSoftmax, std::int64_t, axis, -1, log_softmax(x, axis_))
HOURGLASS_LAYER_WITH(GLU, std::int64_t, axis, -1, glu(x, axis_))

/// Keeps the k largest elements along the last axis, and sets all others and negative elements to 0
/// (the TopK autoencoder of Gao et al. 2024, "Scaling and evaluating sparse autoencoders").
HOURGLASS_LAYER_WITH(TopK, std::int64_t, k, 32, relu(keep_top_k(x, k_)))

#undef HOURGLASS_LAYER
#undef HOURGLASS_LAYER_WITH
#undef HOURGLASS_LAYER_WITH_TWO

/// softmax over the channels of [n, c, h, w] or [c, h, w].
class Softmax2d : public Layer {
 public:
  Var forward(const Var& x) const override {
    check(x.dim() == 3 || x.dim() == 4, "softmax2d", "expects [n, c, h, w] or [c, h, w], got ", describe(x));
    return softmax(x, -3);
  }
};

enum class GeluApproximation { none, tanh };
class GELU : public Layer {
 public:
  explicit GELU(GeluApproximation approximate = GeluApproximation::none) : approximate_(approximate) {}
  Var forward(const Var& x) const override { return approximate_ == GeluApproximation::none ? gelu(x) : gelu_tanh(x); }

 private:
  GeluApproximation approximate_;
};

/// relu with a trained slope for negative inputs: one for all, or one for each channel (axis 1). Parameter "weight".
class PReLU : public Layer {
 public:
  explicit PReLU(std::int64_t num_parameters = 1, double init = 0.25, Dtype dtype = Dtype::f32)
      : weight_(parameter("weight", full({num_parameters}, init, dtype))) {}
  Var forward(const Var& x) const override { return prelu(x, weight_); }

 private:
  Parameter weight_;
};

/// leaky_relu with a random slope. In training, each element's slope is drawn from [lower, upper);
/// in evaluation, all slopes are (lower + upper) / 2.
class RReLU : public Layer {
 public:
  explicit RReLU(Rng& rng, double lower = 1.0 / 8, double upper = 1.0 / 3)
      : lower_(lower), upper_(upper), slopes_(random_state("slopes", rng)) {
    check(lower <= upper, "rrelu", "needs lower <= upper, got ", lower, " and ", upper);
  }
  Var forward(const Var& x) const override {
    if (!is_training()) return leaky_relu(x, (lower_ + upper_) / 2);
    const Tensor slope = slopes_.rng().uniform(x.shape(), lower_, upper_, x.dtype());
    return where(x.value() > 0, x, x * constant(slope));
  }

 private:
  double lower_, upper_;
  RandomState slopes_;
};

/// Keeps the k largest elements along the last axis in training, and the alpha k largest in
/// evaluation. There is no other nonlinearity (Makhzani & Frey 2013, "k-sparse autoencoders",
/// section 2.1).
class KSparse : public Layer {
 public:
  explicit KSparse(std::int64_t k, double alpha = 1) : k_(k), alpha_(alpha) {}
  Var forward(const Var& x) const override {
    if (is_training()) return keep_top_k(x, k_);
    return keep_top_k(x, std::min(x.size(-1), static_cast<std::int64_t>(alpha_ * static_cast<double>(k_))));
  }

 private:
  std::int64_t k_;
  double alpha_;
};

}  // namespace hourglass::nn
