// SPDX-License-Identifier: MIT
#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "autograd/distributions/normal_tails.h"
#include "nn/module.h"

namespace hourglass::nn::init {
namespace {

struct Fans {
  double in, out;
};
Fans fans(std::string_view op, const Shape& shape) {
  check(shape.size() >= 2, op, "needs at least the axes [out, in], got ", shape);
  double behind = 1;
  for (int axis = 2; axis < shape.size(); ++axis) behind *= static_cast<double>(shape[axis]);
  const Fans fans{static_cast<double>(shape[1]) * behind, static_cast<double>(shape[0]) * behind};
  check(fans.in > 0 && fans.out > 0, op, "needs an extent of at least 1 in every axis, got ", shape);
  return fans;
}

double xavier_std(std::string_view op, const Shape& shape, const XavierOptions& options) {
  const Fans fan = fans(op, shape);
  return options.gain * std::sqrt(2 / (fan.in + fan.out));
}
double kaiming_std(std::string_view op, const Shape& shape, const KaimingOptions& options) {
  const Fans fan = fans(op, shape);
  const double inputs = options.mode == FanMode::fan_in ? fan.in : fan.out;
  return calculate_gain(options.nonlinearity, options.a) / std::sqrt(inputs);
}

// The uniform distribution in ±√3 std has standard deviation std.
Tensor uniform_of_std(const Shape& shape, Rng& rng, double std, Dtype dtype) {
  const double bound = std::sqrt(3.0) * std;
  return rng.uniform(shape, -bound, bound, dtype);
}

}  // namespace

Tensor constant(const Shape& shape, double value, Dtype dtype) { return full(shape, value, dtype); }
Tensor uniform(const Shape& shape, Rng& rng, double low, double high, Dtype dtype) {
  return rng.uniform(shape, low, high, dtype);
}
Tensor normal(const Shape& shape, Rng& rng, double mean, double std, Dtype dtype) {
  return rng.normal(shape, mean, std, dtype);
}

namespace {
double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
}  // namespace

Tensor trunc_normal(const Shape& shape, Rng& rng, TruncNormalOptions options) {
  check(options.std > 0 && options.low < options.high, "trunc_normal", "needs std > 0 and low < high, got ",
        options.std, ", ", options.low, " and ", options.high);
  // An interval in the upper half is mirrored: the cdf rounds the tail away near 1, but not near 0.
  double low = (options.low - options.mean) / options.std, high = (options.high - options.mean) / options.std;
  const double side = low > 0 ? -1 : 1;
  if (side < 0) std::swap(low, high);
  const double first = normal_cdf(side * low), last = normal_cdf(side * high);
  const Tensor z = ndtri(constant(rng.uniform(shape, first, last, Dtype::f64))).value();
  return to(clamp(z * (side * options.std) + options.mean, options.low, options.high), options.dtype);
}

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid: return 1;
    case Nonlinearity::tanh: return 5.0 / 3;
    case Nonlinearity::relu: return std::sqrt(2.0);
    case Nonlinearity::leaky_relu: return std::sqrt(2 / (1 + slope * slope));
    case Nonlinearity::selu: return 0.75;
  }
  fail("calculate_gain", "corrupt nonlinearity ", static_cast<int>(nonlinearity));
}

Tensor xavier_uniform(const Shape& shape, Rng& rng, XavierOptions options) {
  return uniform_of_std(shape, rng, xavier_std("xavier_uniform", shape, options), options.dtype);
}
void xavier_uniform(const Module& module, Rng& rng, XavierOptions options) {
  for (const Parameter& p : module.parameters()) {
    options.dtype = p.dtype();
    if (p.shape().size() >= 2) p.set_value(xavier_uniform(p.shape(), rng, options));
    else if (p.name().ends_with("bias")) p.set_value(zeros(p.shape(), p.dtype()));
  }
}
Tensor xavier_normal(const Shape& shape, Rng& rng, XavierOptions options) {
  return rng.normal(shape, 0, xavier_std("xavier_normal", shape, options), options.dtype);
}
Tensor kaiming_uniform(const Shape& shape, Rng& rng, KaimingOptions options) {
  return uniform_of_std(shape, rng, kaiming_std("kaiming_uniform", shape, options), options.dtype);
}
Tensor kaiming_normal(const Shape& shape, Rng& rng, KaimingOptions options) {
  return rng.normal(shape, 0, kaiming_std("kaiming_normal", shape, options), options.dtype);
}

Tensor orthogonal(const Shape& shape, Rng& rng, double gain, Dtype dtype) {
  fans("orthogonal", shape);
  const std::int64_t rows = shape[0], columns = numel(shape) / rows;
  const std::int64_t count = std::min(rows, columns), length = std::max(rows, columns);
  // Gram-Schmidt: subtracts from each random vector its components along the vectors before it. The
  // second sweep removes the rounding errors of the first.
  std::vector<double> v = rng.normal({count, length}, 0, 1, Dtype::f64).to_vector<double>();
  for (std::int64_t i = 0; i < count; ++i) {
    double* const x = v.data() + i * length;
    const auto dot = [&](const double* y) {
      double sum = 0;
      for (std::int64_t k = 0; k < length; ++k) sum += x[k] * y[k];
      return sum;
    };
    for (int sweep = 0; sweep < 2; ++sweep)
      for (const double* y = v.data(); y != x; y += length) {
        const double along = dot(y);
        for (std::int64_t k = 0; k < length; ++k) x[k] -= along * y[k];
      }
    const double scale = 1 / std::sqrt(dot(x));
    for (std::int64_t k = 0; k < length; ++k) x[k] *= scale;
  }
  Tensor q = Tensor::from(v, {count, length});
  if (rows > columns) q = transpose(q, 0, 1);
  return to(reshape(q * gain, shape), dtype);
}

Tensor dirac(const Shape& shape, std::int64_t groups, Dtype dtype) {
  check(shape.size() >= 3 && shape.size() <= 5, "dirac", "expects [out, in, k...] with 1 to 3 axes of a kernel, got ",
        shape);
  check(groups > 0 && shape[0] % groups == 0, "dirac", shape[0], " outputs cannot be put in ", groups, " equal groups");
  const std::int64_t outputs = shape[0] / groups, inputs = shape[1], kernel = numel(shape) / (shape[0] * inputs);
  std::int64_t middle = 0;
  for (int axis = 2; axis < shape.size(); ++axis) middle = middle * shape[axis] + shape[axis] / 2;
  std::vector<double> values(static_cast<std::size_t>(numel(shape)));
  for (std::int64_t group = 0; group < groups; ++group)
    for (std::int64_t i = 0; i < std::min(outputs, inputs); ++i)
      values[static_cast<std::size_t>(((group * outputs + i) * inputs + i) * kernel + middle)] = 1;
  return to(Tensor::from(values, shape), dtype);
}

Tensor sparse(const Shape& shape, Rng& rng, double sparsity, double std, Dtype dtype) {
  check(shape.size() == 2, "sparse", "expects [out, in], got ", shape);
  check(sparsity >= 0 && sparsity <= 1, "sparse", "sparsity must be 0 to 1, got ", sparsity);
  const auto zeroed = static_cast<std::int64_t>(std::ceil(sparsity * static_cast<double>(shape[0])));
  // The ranks of random numbers put the elements of each column in a random order.
  const Tensor rank = argsort(argsort(rng.uniform(shape, 0, 1, Dtype::f64), 0), 0);
  return where(rank < zeroed, 0, rng.normal(shape, 0, std, dtype));
}

}  // namespace hourglass::nn::init
