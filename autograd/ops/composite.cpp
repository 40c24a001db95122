// SPDX-License-Identifier: MIT
// Ops composed of other ops, which need no rule. Also reductions whose rule in basic ops would be slow or would divide
// by 0.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

// The shape of a reduction of x with keepdim, which broadcasts with x.
Shape kept_shape(std::string_view op, const Var& x, const Axes& axes) {
  Shape kept = x.shape();
  for (const std::int64_t axis : normalize_axes(op, axes, x.dim())) kept[static_cast<int>(axis)] = 1;
  return kept;
}
std::int64_t reduced_count(std::string_view op, const Var& x, const Axes& axes) {
  std::int64_t count = 1;
  for (const std::int64_t axis : normalize_axes(op, axes, x.dim())) count *= x.size(axis);
  return count;
}

}  // namespace

Var mean(const Var& x, const Axes& axes, bool keepdim) {
  return sum(x, axes, keepdim) / reduced_count("mean", x, axes);
}

namespace {
// x - mean(x). The mean is rounded, and every deviation has this error. If the error is large compared with `spread`,
// the size of the deviations, it is subtracted, too. It is a constant, because exact deviations add up to 0.
Var deviations(const Var& x, const Axes& axes, const Tensor& spread) {
  const Var d = x - mean(x, axes, true);
  const Tensor error = mean(d.value(), axes, true);
  return any(abs(error) > spread * (64 * epsilon_of(x.dtype()))).item() == 0 ? d : d - constant(error);
}
// The gradient of a length or a deviation y, divided by y. It is 0 where y is 0: y has a kink there, and 0 is the
// convention, so all further derivatives are 0, too.
Var divided_by_length(const Var& g, const Var& y) {
  const Tensor zero = y.value() == 0;
  return strong_div(where(zero, 0, g), where(zero, 1, y));
}
double freedom_of(std::string_view op, const Var& x, const Axes& axes, double correction) {
  return std::max(static_cast<double>(reduced_count(op, x, axes)) - correction, 0.0);
}
}  // namespace

Var var(const Var& x, const Axes& axes, bool keepdim, double correction) {
  static constexpr Op op =
      Op::with_leading_axes("var", "Σ (x - mean)² / (n - correction)", {"dy/dx = 2 (x - mean) / (n - correction)"});
  const Shape kept = kept_shape("var", x, axes);
  const double freedom = freedom_of("var", x, axes, correction);
  return record(op, var(x.value(), axes, keepdim, correction),
                wrt(x, [x, axes, kept, freedom](const Var& g, const Var& y) {
                  const Var slope = strong_div(reshape(g, behind(g, y.dim(), kept)) * 2, constant(freedom, g.dtype()));
                  return strong_mul(slope, deviations(x, axes, sqrt(reshape(y.value(), kept))));
                }));
}

Var stddev(const Var& x, const Axes& axes, bool keepdim, double correction) {
  static constexpr Op op = Op::with_leading_axes("stddev", "√ of the variance",
                                                 {"dy/dx = (x - mean) / (y (n - correction)), 0 where y is 0"});
  const Shape kept = kept_shape("stddev", x, axes);
  const double freedom = freedom_of("stddev", x, axes, correction);
  return record(
      op, stddev(x.value(), axes, keepdim, correction), wrt(x, [x, axes, kept, freedom](const Var& g, const Var& y) {
        const Var spread = reshape(y, kept);
        const Var slope =
            strong_div(divided_by_length(reshape(g, behind(g, y.dim(), kept)), spread), constant(freedom, g.dtype()));
        return strong_mul(slope, deviations(x, axes, spread.value()));
      }));
}

Var norm(const Var& x, const Axes& axes, bool keepdim, double p) {
  static constexpr Op op =
      Op::with_leading_axes("norm", "(Σ |x|^p)^(1/p)", {"dy/dx = sign x |x / y|^(p - 1), 0 where y is 0"});
  if (p == 0) return sum(constant(to(x.value() != 0, x.dtype())), axes, keepdim);
  if (p == 1) return sum(abs(x), axes, keepdim);
  if (std::isinf(p)) return p > 0 ? max(abs(x), axes, keepdim) : min(abs(x), axes, keepdim);
  const Shape kept = kept_shape("norm", x, axes);
  return record(op, norm(x.value(), axes, keepdim, p), wrt(x, [x, kept, p](const Var& g, const Var& y) {
                  const Var length = reshape(y, kept), slope = reshape(g, behind(g, y.dim(), kept));
                  if (p == 2) return strong_mul(divided_by_length(slope, length), x);
                  const Tensor zero = length.value() == 0;
                  const Var size = abs(x) / where(zero, 1, length);
                  return strong_mul(where(zero, 0, slope), strong_product(sign(x), pow(size, p - 1)));
                }));
}

// A product is a tree of pairwise products. Zeros need no special case here; the rule g y / x would divide by them.
Var prod(const Var& x, const Axes& axes, bool keepdim) {
  const Axes reduced = normalize_axes("prod", axes, x.dim());
  Axes order;
  for (int axis = 0, r = 0; axis < x.dim(); ++axis)
    if (r < reduced.size() && reduced[r] == axis) ++r;
    else order.push_back(axis);
  Shape shape;
  for (const std::int64_t axis : order) shape.push_back(x.size(axis));
  for (const std::int64_t axis : reduced) order.push_back(axis);
  std::int64_t count = reduced_count("prod", x, axes);
  Shape rows = shape;
  rows.push_back(count);
  Var y = reshape(permute(x, order), rows);
  if (count == 0) return constant(prod(x.value(), axes, keepdim));
  for (; count > 1; count = (count + 1) / 2) {
    const Var pairs = slice(y, -1, 0, count / 2) * slice(y, -1, count / 2, count / 2 * 2);
    y = count % 2 == 0 ? pairs : concat({pairs, slice(y, -1, count - 1, count)}, -1);
  }
  return reshape(y, keepdim ? kept_shape("prod", x, axes) : shape);
}

namespace {
// Elements that are equal to the extreme share the gradient evenly.
Var record_extreme(const Op& op, Tensor value, const Var& x, const Axes& axes) {
  const Shape kept = kept_shape(op.name, x, axes);
  return record(op, std::move(value), wrt(x, [x, axes, kept](const Var& g, const Var& y) {
                  const Tensor hits = to(x.value() == reshape(y.value(), kept), x.dtype());
                  return strong_mul(reshape(g, behind(g, y.dim(), kept)), constant(hits / sum(hits, axes, true)));
                }));
}
}  // namespace
Var max(const Var& x, const Axes& axes, bool keepdim) {
  static constexpr Op op = Op::with_leading_axes("max", "the largest x", {"dy/dx = 1 at the largest; equals share"});
  return record_extreme(op, max(x.value(), axes, keepdim), x, axes);
}
Var min(const Var& x, const Axes& axes, bool keepdim) {
  static constexpr Op op = Op::with_leading_axes("min", "the smallest x", {"dy/dx = 1 at the smallest; equals share"});
  return record_extreme(op, min(x.value(), axes, keepdim), x, axes);
}

Var logsumexp(const Var& x, const Axes& axes, bool keepdim) {
  static constexpr Op op = Op::with_leading_axes("logsumexp", "log Σ e^x", {"dy/dx = e^(x - y)"});
  const Shape kept = kept_shape("logsumexp", x, axes);
  return record(op, logsumexp(x.value(), axes, keepdim), wrt(x, [x, kept](const Var& g, const Var& y) {
                  return strong_mul(reshape(g, behind(g, y.dim(), kept)), exp(x - reshape(y, kept)));
                }));
}

// dy_i/dx_j = y_i (1[i=j] - y_j)
Var softmax(const Var& x, std::int64_t axis) {
  static constexpr Op op =
      Op::with_leading_axes("softmax", "e^x / Σ e^x", {"dy/dx = y (1 - y) and -y yⱼ: y (g - Σ g y)"});
  Tensor value = softmax(x.value(), axis);
  return record(op, std::move(value), wrt(x, [axis = from_back("softmax", axis, x)](const Var& g, const Var& y) {
                  return softmax_grad(g, y, axis);
                }));
}
Var softmax_grad(const Var& g, const Var& y, std::int64_t axis) {
  static constexpr Op op{
      "softmax_grad", "p (g₁ - Σ g₁ p)", {"dy/dg₁: p (g - Σ g p)", "dy/dp: g (g₁ - Σ g₁ p) - g₁ Σ g p"}};
  return record(op, softmax_grad(g.value(), y.value(), axis),
                wrt(g, [y, axis](const Var& h) { return softmax_grad(h, y, axis); }),
                wrt(y, [g, y, axis](const Var& h) {
                  const auto total = [&](const Var& a) { return sum(strong_mul(a, y), {axis}, true); };
                  return strong_product(h, g - total(g)) - strong_product(g, total(h));
                }));
}
Var log_softmax(const Var& x, std::int64_t axis) {
  static constexpr Op op = Op::with_leading_axes("log_softmax", "x - log Σ e^x", {"dy/dx: g - e^y Σ g"});
  Tensor value = log_softmax(x.value(), axis);
  return record(op, std::move(value), wrt(x, [axis = from_back("log_softmax", axis, x)](const Var& g, const Var& y) {
                  return log_softmax_grad(g, y, axis);
                }));
}
Var log_softmax_grad(const Var& g, const Var& y, std::int64_t axis) {
  static constexpr Op op{"log_softmax_grad", "g₁ - e^l Σ g₁", {"dy/dg₁: g - Σ g e^l", "dy/dl = -e^l Σ g₁"}};
  return record(
      op, log_softmax_grad(g.value(), y.value(), axis),
      wrt(g, [y, axis](const Var& h) { return h - sum(strong_mul(h, exp(y)), {axis}, true); }),
      wrt(y, [g, y, axis](const Var& h) { return -strong_mul(strong_product(h, sum(g, {axis}, true)), exp(y)); }));
}

// ---- normalisation

Var standardize(const Var& x, const Axes& axes, double eps) {
  static constexpr Op op{"standardize", "(x - mean) / deviation", {"dy/dx: (g - mean g - y mean(g y)) / deviation"}};
  return record(op, standardize(x.value(), axes, eps),
                wrt(x, [x, axes, eps](const Var& g) { return standardize_grad(g, x, axes, eps); }));
}
// dx = s (g - mean(g) - z mean(g z)) with z = standardize(x) and s = 1 / √(var(x) + eps). As a map of g it is its own
// adjoint; x enters through z and through s, and ds/dx = -s² z / n.
Var standardize_grad(const Var& g, const Var& x, const Axes& axes, double eps) {
  static constexpr Op op{"standardize_grad",
                         "(g₁ - mean g₁ - z mean(g₁ z)) / deviation",
                         {"dy/dg₁: the same with g in place of g₁", "dy/dx: by way of z and of the deviation"}};
  return record(op, standardize_grad(g.value(), x.value(), axes, eps),
                wrt(g, [x, axes, eps](const Var& h) { return standardize_grad(h, x, axes, eps); }),
                wrt(x, [g, x, axes, eps](const Var& h) {
                  const Var z = standardize(x, axes, eps), s = rsqrt(var(x, axes, true, 0) + eps);
                  const Var gz = mean(strong_mul(g, z), axes, true), hz = mean(strong_mul(h, z), axes, true);
                  const Var both = strong_product(h, gz) + strong_product(g, hz);
                  const Var by_z = standardize_grad(strong_mul(both, s), x, axes, eps);
                  const Var inner = strong_product(h, g - mean(g, axes, true) - strong_mul(gz, z));
                  const Var by_s = strong_mul(mean(inner, axes, true), square(s) * z);
                  return -(by_z + by_s);
                }));
}

Var layer_norm(const Var& x, const Var& weight, const Var& bias, double eps) {
  Axes axes;
  bool fits = weight.dim() > 0 && weight.dim() <= x.dim() && bias.shape() == weight.shape();
  for (int axis = 0; fits && axis < weight.dim(); ++axis) {
    axes.push_back(x.dim() - weight.dim() + axis);
    fits = x.shape()[static_cast<int>(axes.back())] == weight.shape()[axis];
  }
  check(fits, "layer_norm", "weight and bias must have the last axes of x, got x ", describe(x), ", weight ",
        describe(weight), ", bias ", describe(bias));
  return mul_add(standardize(x, axes, eps), weight, bias);
}
Var batch_norm(const Var& x, const Var& weight, const Var& bias, double eps) {
  check(x.dim() >= 2 && weight.shape() == Shape{x.shape()[1]} && bias.shape() == weight.shape(), "batch_norm",
        "weight and bias must be [channels] for x [n, channels, ...], got x ", describe(x), ", weight ",
        describe(weight), ", bias ", describe(bias));
  const Shape along_channels = shape_along(x.dim(), 1, x.shape()[1]);
  return mul_add(standardize(x, axes_but(x.dim(), 1), eps), reshape(weight, along_channels),
                 reshape(bias, along_channels));
}

SortedVar sort(const Var& x, std::int64_t axis, bool descending) {
  const Tensor indices = argsort(x.value(), axis, descending);
  return {gather(x, axis, indices), indices};
}
SortedVar top_k(const Var& x, std::int64_t k, std::int64_t axis, bool largest) {
  const Tensor indices = top_k(x.value(), k, axis, largest).indices;
  return {gather(x, axis, indices), indices};
}

// ---- pooling and interpolation: taps say which numbers each output uses; resample or max_over_taps does the rest

PooledVar max_pool1d_with_indices(const Var& x, const MaxPool1dOptions& options) {
  return max_over_taps(x, taps_of("max_pool1d", x.value(), options));
}
PooledVar max_pool2d_with_indices(const Var& x, const MaxPool2dOptions& options) {
  return max_over_taps(x, taps_of("max_pool2d", x.value(), options));
}
Var max_pool1d(const Var& x, const MaxPool1dOptions& options) { return max_pool1d_with_indices(x, options).values; }
Var max_pool2d(const Var& x, const MaxPool2dOptions& options) { return max_pool2d_with_indices(x, options).values; }
Var avg_pool1d(const Var& x, const AvgPool1dOptions& options) {
  return resample(x, taps_of("avg_pool1d", x.value(), options));
}
Var avg_pool2d(const Var& x, const AvgPool2dOptions& options) {
  return resample(x, taps_of("avg_pool2d", x.value(), options));
}
PooledVar adaptive_max_pool1d_with_indices(const Var& x, PerAxis<1> output_size) {
  return max_over_taps(x, adaptive_taps("adaptive_max_pool1d", x.value(), output_size));
}
PooledVar adaptive_max_pool2d_with_indices(const Var& x, PerAxis<2> output_size) {
  return max_over_taps(x, adaptive_taps("adaptive_max_pool2d", x.value(), output_size));
}
Var adaptive_max_pool1d(const Var& x, PerAxis<1> output_size) {
  return adaptive_max_pool1d_with_indices(x, output_size).values;
}
Var adaptive_max_pool2d(const Var& x, PerAxis<2> output_size) {
  return adaptive_max_pool2d_with_indices(x, output_size).values;
}
Var adaptive_avg_pool1d(const Var& x, PerAxis<1> output_size) {
  return resample(x, adaptive_taps("adaptive_avg_pool1d", x.value(), output_size));
}
Var adaptive_avg_pool2d(const Var& x, PerAxis<2> output_size) {
  return resample(x, adaptive_taps("adaptive_avg_pool2d", x.value(), output_size));
}
Var interpolate(const Var& x, const InterpolateOptions& options) {
  return resample(x, taps_of("interpolate", x.value(), options));
}

// ---- activations

Var hardtanh(const Var& x, double low, double high) {
  const Tensor cut = clamp(x.value(), low, high);
  return where(cut == low, low, where(cut == high, high, x));
}
Var relu6(const Var& x) { return hardtanh(x, 0, 6); }
Var hardsigmoid(const Var& x) { return hardtanh(x / 6 + 0.5, 0, 1); }
Var hardswish(const Var& x) {  // three pieces, and the middle one has the slope at the joints
  const Tensor above = x.value() > 3, below = x.value() < -3;
  const Var middle = where(logical_or(above, below), 0, x);
  return where(above, x, middle * (middle + 3) / 6);
}
Var hardshrink(const Var& x, double lambda) { return masked_fill(x, abs(x.value()) <= lambda, 0); }
Var softshrink(const Var& x, double lambda) {
  check(lambda >= 0, "softshrink", "lambda must be at least 0, got ", lambda);
  return masked_fill(x - constant(sign(x.value()) * lambda), abs(x.value()) <= lambda, 0);
}
Var tanhshrink(const Var& x) { return x - tanh(x); }
Var threshold(const Var& x, double threshold, double value) { return masked_fill(x, x.value() <= threshold, value); }
Var selu(const Var& x) { return elu(x, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946; }
Var celu(const Var& x, double alpha) {
  const Tensor negative = x.value() < 0;
  return where(negative, elu(where(negative, x, 0) / alpha) * alpha, x);
}
Var mish(const Var& x) { return x * tanh(softplus(x)); }
Var gelu_tanh(const Var& x) {
  const double slope = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  return x * 0.5 * (tanh((x + x * square(x) * 0.044715) * slope) + 1);
}
Var softplus(const Var& x, double beta, double threshold) {
  const Tensor linear = x.value() * beta > threshold;
  return where(linear, x, softplus(where(linear, 0, x) * beta) / beta);
}
Var prelu(const Var& x, const Var& weight) {
  Shape shape = Shape::filled(x.dim(), 1);
  if (weight.numel() != 1) {
    const int channels = std::min(1, x.dim() - 1);
    check(x.dim() > 0 && weight.dim() == 1 && weight.size(0) == x.shape()[channels], "prelu", "x is ", describe(x),
          ", so weight must have 1 element or one for each channel, got ", describe(weight));
    shape[channels] = weight.size(0);
  }
  return where(x.value() > 0, x, x * reshape(weight, shape));
}
Var glu(const Var& x, std::int64_t axis) {
  const std::int64_t extent = x.size(axis);
  check(extent % 2 == 0, "glu", "the axis is cut in half, and so must have an even extent; axis ", axis, " of ",
        describe(x), " has not");
  return slice(x, axis, 0, extent / 2) * sigmoid(slice(x, axis, extent / 2, extent));
}
Var keep_top_k(const Var& x, std::int64_t k, std::int64_t axis) {
  const Tensor indices = top_k(x.value(), k, axis).indices;
  return scatter_add(constant(zeros_like(x.value())), axis, indices, gather(x, axis, indices));
}

}  // namespace hourglass
