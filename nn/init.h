// SPDX-License-Identifier: MIT
// Initial values of weights. Each function returns a tensor, which set_value gives to a parameter:
//
//   const Parameter& w = layer.weight();
//   w.set_value(init::kaiming_normal(w.shape(), rng));
//
//   for (const Parameter& p : model.parameters())  // every matrix of a model
//     if (p.shape().size() == 2) p.set_value(init::orthogonal(p.shape(), rng));
//
// Weights are [out, in, ...]. fan_in is the number of inputs of each output: in times the extents
// after it. fan_out is the number of outputs of each input: out times the same extents.
#pragma once
#include <cstdint>

#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::nn {
class Module;
}

namespace hourglass::nn::init {

using hourglass::eye;
using hourglass::ones;
using hourglass::zeros;

Tensor constant(const Shape& shape, double value, Dtype dtype = Dtype::f32);
/// In [low, high).
Tensor uniform(const Shape& shape, Rng& rng, double low = 0, double high = 1, Dtype dtype = Dtype::f32);
Tensor normal(const Shape& shape, Rng& rng, double mean = 0, double std = 1, Dtype dtype = Dtype::f32);

/// A normal distribution limited to [low, high], as if numbers outside were drawn again.
struct TruncNormalOptions {
  double mean = 0, std = 1, low = -2, high = 2;
  Dtype dtype = Dtype::f32;
};
Tensor trunc_normal(const Shape& shape, Rng& rng, TruncNormalOptions options = {});

/// The nonlinearity after a layer.
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };
/// The factor for the weights that compensates for the signal lost in the nonlinearity. `slope` is
/// that of leaky_relu.
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

struct XavierOptions {
  double gain = 1;
  Dtype dtype = Dtype::f32;
};
/// Standard deviation gain √(2 / (fan_in + fan_out)): a compromise between keeping the size of
/// signals in the forward pass and of gradients in the backward pass (Glorot & Bengio 2010,
/// "Understanding the difficulty of training deep feedforward neural networks").
Tensor xavier_uniform(const Shape& shape, Rng& rng, XavierOptions options = {});
Tensor xavier_normal(const Shape& shape, Rng& rng, XavierOptions options = {});

/// The same for every weight of two axes or more of the module and of those below it, and 0 for their biases. A layer's
/// own first weights are PyTorch's, whose standard deviation is 1 / √(3 fan_in). For wide inputs with many zeros that is
/// so little that some ReLU units never become active.
void xavier_uniform(const Module& module, Rng& rng, XavierOptions options = {});

enum class FanMode { fan_in, fan_out };
struct KaimingOptions {
  /// The slope of the leaky_relu.
  double a = 0;
  /// fan_in keeps the size of signals in the forward pass, fan_out that of gradients in the
  /// backward pass.
  FanMode mode = FanMode::fan_in;
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
  Dtype dtype = Dtype::f32;
};
/// Standard deviation gain / √fan (He et al. 2015, "Delving deep into rectifiers").
Tensor kaiming_uniform(const Shape& shape, Rng& rng, KaimingOptions options = {});
Tensor kaiming_normal(const Shape& shape, Rng& rng, KaimingOptions options = {});

/// Orthonormal rows, or columns if there are more rows than columns; all axes after the first count
/// as one (Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear
/// neural networks").
Tensor orthogonal(const Shape& shape, Rng& rng, double gain = 1, Dtype dtype = Dtype::f32);

/// A convolution that copies its channels, [out, in / groups, ...]. In each group, output i has a
/// single 1, in the middle of the kernel for input i. Outputs without an input i are 0.
Tensor dirac(const Shape& shape, std::int64_t groups = 1, Dtype dtype = Dtype::f32);

/// [out, in] from N(0, std²). In each column, a fraction `sparsity` of the elements (rounded up) is
/// 0 (Martens 2010, "Deep learning via Hessian-free optimization").
Tensor sparse(const Shape& shape, Rng& rng, double sparsity, double std = 0.01, Dtype dtype = Dtype::f32);

}  // namespace hourglass::nn::init
