// How weights start. Each function returns a tensor; a parameter takes it over with set_value:
//
//   const Parameter& w = layer.weight();
//   w.set_value(init::kaiming_normal(w.shape(), rng));
//
//   for (const Parameter& p : model.parameters())  // every matrix of a model
//     if (p.shape().size() == 2) p.set_value(init::orthogonal(p.shape(), rng));
//
// Weights are [out, in, ...]: each output has fan_in = in * (the extents behind) inputs, and each input fan_out
// outputs.
#pragma once
#include <cstdint>

#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::nn::init {

using hourglass::eye;
using hourglass::ones;
using hourglass::zeros;

Tensor constant(const Shape& shape, double value, Dtype dtype = Dtype::f32);
/// In [low, high).
Tensor uniform(const Shape& shape, Rng& rng, double low = 0, double high = 1, Dtype dtype = Dtype::f32);
Tensor normal(const Shape& shape, Rng& rng, double mean = 0, double std = 1, Dtype dtype = Dtype::f32);

/// Normal, but never outside of [low, high]: numbers out there are drawn again, as it were.
struct TruncNormalOptions {
  double mean = 0, std = 1, low = -2, high = 2;
  Dtype dtype = Dtype::f32;
};
Tensor trunc_normal(const Shape& shape, Rng& rng, TruncNormalOptions options = {});

/// What follows a layer.
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };
/// What the weights are multiplied with to make up for what the nonlinearity takes away; slope is leaky_relu's.
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

struct XavierOptions {
  double gain = 1;
  Dtype dtype = Dtype::f32;
};
/// Standard deviation gain √(2 / (fan_in + fan_out)): signals keep their size forwards and backwards, as far as both go
/// (Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks").
Tensor xavier_uniform(const Shape& shape, Rng& rng, XavierOptions options = {});
Tensor xavier_normal(const Shape& shape, Rng& rng, XavierOptions options = {});

enum class FanMode { fan_in, fan_out };
struct KaimingOptions {
  /// The slope of the leaky_relu.
  double a = 0;
  /// fan_in keeps the size of what goes forwards, fan_out that of the gradients.
  FanMode mode = FanMode::fan_in;
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
  Dtype dtype = Dtype::f32;
};
/// Standard deviation gain / √fan (He et al. 2015, "Delving deep into rectifiers").
Tensor kaiming_uniform(const Shape& shape, Rng& rng, KaimingOptions options = {});
Tensor kaiming_normal(const Shape& shape, Rng& rng, KaimingOptions options = {});

/// Orthonormal rows, or columns if there are more rows; the axes behind the first count as one
/// (Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks").
Tensor orthogonal(const Shape& shape, Rng& rng, double gain = 1, Dtype dtype = Dtype::f32);

/// A convolution that hands its channels on as they are, [out, in / groups, ...]: each output has a single 1, in the
/// middle of the kernel of the input of its own number within its group (0 where there are fewer inputs than outputs).
Tensor dirac(const Shape& shape, std::int64_t groups = 1, Dtype dtype = Dtype::f32);

/// [out, in] from N(0, std²), where in each column a share `sparsity` of the elements (rounded up) is 0 (Martens 2010,
/// "Deep learning via Hessian-free optimization").
Tensor sparse(const Shape& shape, Rng& rng, double sparsity, double std = 0.01, Dtype dtype = Dtype::f32);

}  // namespace hourglass::nn::init
