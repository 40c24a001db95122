// SPDX-License-Identifier: MIT
// The differentiable ops. Each does what the Tensor op of the same name does (tensor/ops.h) and records how to
// differentiate it; each can be differentiated any number of times. Functions without a derivative (comparisons,
// argmax, ...) exist only on Tensor: call them on x.value().
#pragma once
#include <cmath>
#include <concepts>
#include <initializer_list>
#include <span>
#include <vector>

#include "autograd/var.h"
#include "tensor/ops.h"

namespace hourglass {

// ---- elementwise: the rule is calculus, g * f'(x) --- ops/elementwise.cpp, ops/arithmetic.cpp, ops/losses.cpp

Var neg(const Var& x);
Var abs(const Var& x);  ///< derivative 0 at 0
Var square(const Var& x);
Var reciprocal(const Var& x);
Var sqrt(const Var& x);
Var rsqrt(const Var& x);
Var exp(const Var& x);
Var expm1(const Var& x);
Var log(const Var& x);
Var log1p(const Var& x);
Var log2(const Var& x);
Var log10(const Var& x);
Var sin(const Var& x);
Var cos(const Var& x);
Var tan(const Var& x);
Var asin(const Var& x);
Var acos(const Var& x);
Var atan(const Var& x);
Var sinh(const Var& x);
Var cosh(const Var& x);
Var tanh(const Var& x);
Var erf(const Var& x);
/// 1 - erf(x), with all its digits where it is small
Var erfc(const Var& x);
/// log |Γ(x)|, its derivative ψ, and the nth derivative of ψ
Var lgamma(const Var& x);
Var digamma(const Var& x);
Var polygamma(std::int64_t n, const Var& x);
// Flat between their steps: the derivative is 0.
Var sign(const Var& x);
Var floor(const Var& x);
Var ceil(const Var& x);
Var round(const Var& x);
Var trunc(const Var& x);

/// max(x, 0); derivative 0 at 0.
Var relu(const Var& x);
/// 1 / (1 + e^-x)
Var sigmoid(const Var& x);
/// log sigmoid(x), without underflow
Var log_sigmoid(const Var& x);
/// log(1 + e^x), a smooth relu
Var softplus(const Var& x);
/// x / (1 + |x|): a tanh with heavier tails
Var softsign(const Var& x);
/// x sigmoid(x), also called swish
Var silu(const Var& x);
/// x Φ(x), Φ the normal distribution function (the exact form, not the tanh approximation)
Var gelu(const Var& x);
/// x, or slope * x where x is negative
Var leaky_relu(const Var& x, double slope = 0.01);
/// x, or alpha (e^x - 1) where x is negative
Var elu(const Var& x, double alpha = 1);

Var add(const Var& a, const Var& b);
Var add(const Var& a, Scalar b);
Var sub(const Var& a, const Var& b);
Var sub(const Var& a, Scalar b);
Var sub(Scalar a, const Var& b);
Var mul(const Var& a, const Var& b);
Var mul(const Var& a, Scalar b);
Var div(const Var& a, const Var& b);
Var div(const Var& a, Scalar b);
Var div(Scalar a, const Var& b);
Var pow(const Var& a, const Var& b);
Var pow(const Var& a, double exponent);
/// Where the two are equal, each gets half of the gradient.
Var maximum(const Var& a, const Var& b);
Var maximum(const Var& a, Scalar b);
Var minimum(const Var& a, const Var& b);
Var minimum(const Var& a, Scalar b);
Var clamp(const Var& x, Scalar low, Scalar high);
Var atan2(const Var& y, const Var& x);
/// log(e^a + e^b)
Var logaddexp(const Var& a, const Var& b);
/// a + weight (b - a)
Var lerp(const Var& a, const Var& b, const Var& weight);
/// a b + c, one pass
Var mul_add(const Var& a, const Var& b, const Var& c);
/// a where mask is not 0, else b
Var where(const Tensor& mask, const Var& a, const Var& b);
Var where(const Tensor& mask, const Var& a, Scalar b);
Var where(const Tensor& mask, Scalar a, const Var& b);
Var masked_fill(const Var& x, const Tensor& mask, Scalar value);

/// Binary cross entropy of a logit and a target in [0, 1], per element: softplus(x) - x t, and its gradient by x.
Var bce_with_logits(const Var& logits, const Var& targets);
/// -(t log p + (1 - t) log(1 - p)) per element; logarithms are at least -100.
Var bce(const Var& probabilities, const Var& targets);
/// (a - b)^2, one pass
Var squared_difference(const Var& a, const Var& b);
/// The sums of these losses over all elements; the operands have one shape. One pass computes the sum and, if the first
/// operand needs a gradient, its slope at each element.
Var bce_with_logits_sum(const Var& logits, const Var& targets);
Var squared_difference_sum(const Var& a, const Var& b);

// Products with a factor that may be infinite or NaN. The rules of mul, div, log, sqrt and similar ops use them. The
// branch of a `where` that was not taken gets the gradient 0, and with these it passes on 0 and not 0 * infinity.
Var strong_mul(const Var& g, const Var& d);  ///< g d, and 0 where g is 0, whatever d is
Var strong_div(const Var& g, const Var& d);  ///< g / d, and 0 where g is 0, whatever d is
/// a b, and 0 where a or b is 0: for two factors that are both gradients
Var strong_product(const Var& a, const Var& b);

// Gradients that are ops of their own, because one pass over memory is faster than several.
Var sigmoid_grad(const Var& g, const Var& y);                                   ///< g y (1 - y)
Var tanh_grad(const Var& g, const Var& y);                                      ///< g (1 - y^2)
Var softplus_grad(const Var& g, const Var& x);                                  ///< g sigmoid(x)
Var silu_grad(const Var& g, const Var& x);                                      ///< g (s + x s (1 - s)), s = sigmoid(x)
Var gelu_grad(const Var& g, const Var& x);                                      ///< g (Φ(x) + x φ(x))
Var relu_grad(const Var& g, const Tensor& y);                                   ///< g where y > 0
Var bce_with_logits_grad(const Var& logits, const Var& targets, const Var& g);  ///< g (sigmoid(x) - t)
Var squared_difference_grad(const Var& a, const Var& b, const Var& g);          ///< 2 g (a - b)

inline Var operator-(const Var& x) { return neg(x); }
inline Var operator+(const Var& a, const Var& b) { return add(a, b); }
inline Var operator+(const Var& a, Scalar b) { return add(a, b); }
inline Var operator+(Scalar a, const Var& b) { return add(b, a); }
inline Var operator-(const Var& a, const Var& b) { return sub(a, b); }
inline Var operator-(const Var& a, Scalar b) { return sub(a, b); }
inline Var operator-(Scalar a, const Var& b) { return sub(a, b); }
inline Var operator*(const Var& a, const Var& b) { return mul(a, b); }
inline Var operator*(const Var& a, Scalar b) { return mul(a, b); }
inline Var operator*(Scalar a, const Var& b) { return mul(b, a); }
inline Var operator/(const Var& a, const Var& b) { return div(a, b); }
inline Var operator/(const Var& a, Scalar b) { return div(a, b); }
inline Var operator/(Scalar a, const Var& b) { return div(a, b); }

// ---- linear: the rule is the adjoint, so ops come in pairs --- ops/linear.cpp

/// sum and broadcast_to are each other's adjoints; so are sum_to and broadcast_to.
Var sum(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var sum_to(const Var& x, const Shape& shape);
Var expand(const Var& x, const Shape& shape);
Var broadcast_to(const Var& x, const Shape& shape);
Var cumsum(const Var& x, std::int64_t axis);
// These rearrange: the adjoint puts everything back.
Var reshape(const Var& x, const Shape& shape);
Var flatten(const Var& x, std::int64_t first = 0, std::int64_t last = -1);
Var permute(const Var& x, const Axes& order);
Var transpose(const Var& x, std::int64_t a = -2, std::int64_t b = -1);
Var squeeze(const Var& x, std::int64_t axis);
Var squeeze(const Var& x);
Var unsqueeze(const Var& x, std::int64_t axis);
Var flip(const Var& x, const Axes& axes);
Var contiguous(const Var& x);
Var to(const Var& x, Dtype dtype);
// These pick: the adjoint adds what was picked into zeros.
Var slice(const Var& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1);
Var embed_slice(const Var& x, const Shape& shape, std::int64_t axis, std::int64_t start, std::int64_t step = 1);
Var select(const Var& x, std::int64_t axis, std::int64_t index);
Var unfold(const Var& x, std::int64_t axis, std::int64_t size, std::int64_t step);
Var fold(const Var& x, const Shape& shape, std::int64_t axis, std::int64_t size, std::int64_t step);
Var index_select(const Var& x, std::int64_t axis, const Tensor& index);
Var index_add(const Var& x, std::int64_t axis, const Tensor& index, const Var& source);
Var gather(const Var& x, std::int64_t axis, const Tensor& index);
Var scatter_add(const Var& x, std::int64_t axis, const Tensor& index, const Var& source);
Var triu(const Var& x, std::int64_t diagonal = 0);
Var tril(const Var& x, std::int64_t diagonal = 0);
// These join and their adjoints cut apart, or the reverse.
Var concat(std::span<const Var> parts, std::int64_t axis);
Var concat(std::initializer_list<Var> parts, std::int64_t axis);
Var stack(std::span<const Var> parts, std::int64_t axis = 0);
Var stack(std::initializer_list<Var> parts, std::int64_t axis = 0);
std::vector<Var> split(const Var& x, std::int64_t size, std::int64_t axis);
std::vector<Var> split(const Var& x, const std::vector<std::int64_t>& sizes, std::int64_t axis);
Var pad(const Var& x, const std::vector<Padding>& paddings, Scalar value = 0);
// On images [..., height, width]. resample computes weighted sums; its adjoint has the transposed weights.
// max_over_taps takes the largest numbers; its adjoint puts gradients back where those numbers were.
Var resample(const Var& x, const ImageTaps& taps);
struct PooledVar {
  Var values;
  Tensor indices;
};
PooledVar max_over_taps(const Var& x, const ImageTaps& taps);
Var max_unpool1d(const Var& x, const Tensor& indices, const MaxUnpool1dOptions& options);
Var max_unpool2d(const Var& x, const Tensor& indices, const MaxUnpool2dOptions& options);

// ---- bilinear: faces of one trilinear form, each other's rules --- ops/bilinear.cpp

Var matmul(const Var& a, const Var& b);
/// x [..., in] times weight [out, in] transposed, plus bias [out].
Var linear(const Var& x, const Var& weight);
Var linear(const Var& x, const Var& weight, const Var& bias);
// Convolution: x [batch, in, height, width], weight [out, in / groups, height, width], bias [out].
Var conv1d(const Var& x, const Var& weight, const Conv1dOptions& options = {});
Var conv1d(const Var& x, const Var& weight, const Var& bias, const Conv1dOptions& options);
Var conv2d(const Var& x, const Var& weight, const Conv2dOptions& options = {});
Var conv2d(const Var& x, const Var& weight, const Var& bias, const Conv2dOptions& options);
// The gradient of a convolution by its x, as an op: weight [in, out / groups, height, width], bias [out].
Var conv_transpose1d(const Var& x, const Var& weight, const ConvTranspose1dOptions& options = {});
Var conv_transpose1d(const Var& x, const Var& weight, const Var& bias, const ConvTranspose1dOptions& options);
Var conv_transpose2d(const Var& x, const Var& weight, const ConvTranspose2dOptions& options = {});
Var conv_transpose2d(const Var& x, const Var& weight, const Var& bias, const ConvTranspose2dOptions& options);
// With a bias and the usual options. Templates take no {}, so in conv2d(x, weight, {}) these are the options.
#define HOURGLASS_WITH_BIAS(op)                               \
  template <std::convertible_to<Var> Bias>                    \
  Var op(const Var& x, const Var& weight, const Bias& bias) { \
    return op(x, weight, bias, {});                           \
  }
HOURGLASS_WITH_BIAS(conv1d)
HOURGLASS_WITH_BIAS(conv2d)
HOURGLASS_WITH_BIAS(conv_transpose1d)
HOURGLASS_WITH_BIAS(conv_transpose2d)
#undef HOURGLASS_WITH_BIAS
// The gradient of a convolution by its weight, where g is the gradient by its result.
Var conv1d_weight(const Var& x, const Var& g, PerAxis<1> kernel, const Conv1dOptions& options = {});
Var conv2d_weight(const Var& x, const Var& g, PerAxis<2> kernel, const Conv2dOptions& options = {});

// ---- factorising: matrices in the last two axes, batches before them --- ops/linalg.cpp

/// The lower triangular L of L Lᵀ = x, for symmetric positive definite x; only x's lower triangle is read.
Var cholesky(const Var& x);
/// The X of A X = B for triangular A [..., n, n] and B [..., n, k]; leading axes broadcast.
Var solve_triangular(const Var& a, const Var& b, bool upper);

// ---- composite and reducing --- ops/composite.cpp

Var mean(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var prod(const Var& x, const Axes& axes = {}, bool keepdim = false);
/// Equal largest (smallest) elements share the gradient evenly.
Var max(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var min(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var var(const Var& x, const Axes& axes = {}, bool keepdim = false, double correction = 1);
/// Where the result is 0, all derivatives are 0, as for norm.
Var stddev(const Var& x, const Axes& axes = {}, bool keepdim = false, double correction = 1);
/// stddev by PyTorch's name, which is ambiguous after `using namespace hourglass`
inline Var std(const Var& x, const Axes& axes = {}, bool keepdim = false, double correction = 1) {
  return stddev(x, axes, keepdim, correction);
}
/// (Σ |x|^p)^(1/p). Where the result is 0, all derivatives are 0.
Var norm(const Var& x, const Axes& axes = {}, bool keepdim = false, double p = 2);
Var logsumexp(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var softmax(const Var& x, std::int64_t axis);
Var log_softmax(const Var& x, std::int64_t axis);
Var softmax_grad(const Var& g, const Var& y, std::int64_t axis);      ///< y (g - Σ g y)
Var log_softmax_grad(const Var& g, const Var& y, std::int64_t axis);  ///< g - e^y Σ g
/// (x - mean) / √(variance + eps) over the axes together, with the biased variance: what layer_norm, batch_norm,
/// instance_norm and group_norm have in common.
Var standardize(const Var& x, const Axes& axes, double eps = 1e-5);
Var standardize_grad(const Var& g, const Var& x, const Axes& axes, double eps = 1e-5);
/// standardize over the last axes, which are weight's and bias's axes; then times weight plus bias (Ba et al. 2016,
/// "Layer normalization").
Var layer_norm(const Var& x, const Var& weight, const Var& bias, double eps = 1e-5);
/// standardize over all axes except axis 1, the channels, with the statistics of the batch; then times weight plus
/// bias, both [channels] (Ioffe & Szegedy 2015, "Batch normalization").
Var batch_norm(const Var& x, const Var& weight, const Var& bias, double eps = 1e-5);
/// What a recurrent layer computes at one time step, element by element, for a batch [rows, n]: in one pass forward and
/// one back.
struct LstmState {
  Var h, c;
};
/// c' = σ(f) c + σ(i) tanh(g) and h' = σ(o) tanh(c'), where gates [rows, 4 n] holds i, f, g, o in this order: the sums
/// of the products with input and hidden state and of the biases (Hochreiter & Schmidhuber 1997; Gers et al. 2000).
LstmState lstm_cell(const Var& gates, const Var& c);
/// All steps of lstm_cell as one op. gates [time, rows, 4 n] is the sum of the parts from inputs and biases, and each
/// step adds h weightᵀ. h and c [rows, n] are the states before the first step. Returns the states after each step,
/// [time, rows, n].
LstmState lstm_sequence(const Var& gates, const Var& weight, const Var& h, const Var& c);
/// h' = (1 - z) n + z h with r = σ(rᵢ + rₕ), z = σ(zᵢ + zₕ), n = tanh(nᵢ + r nₕ), where input_gates and hidden_gates
/// [rows, 3 n] hold r, z, n in this order, each with its bias (Cho et al. 2014).
Var gru_cell(const Var& input_gates, const Var& hidden_gates, const Var& h);
struct SortedVar {
  Var values;
  Tensor indices;
};
SortedVar sort(const Var& x, std::int64_t axis = -1, bool descending = false);
SortedVar top_k(const Var& x, std::int64_t k, std::int64_t axis = -1, bool largest = true);
PooledVar max_pool1d_with_indices(const Var& x, const MaxPool1dOptions& options);
PooledVar max_pool2d_with_indices(const Var& x, const MaxPool2dOptions& options);
Var max_pool1d(const Var& x, const MaxPool1dOptions& options);
Var max_pool2d(const Var& x, const MaxPool2dOptions& options);
Var avg_pool1d(const Var& x, const AvgPool1dOptions& options);
Var avg_pool2d(const Var& x, const AvgPool2dOptions& options);
PooledVar adaptive_max_pool1d_with_indices(const Var& x, PerAxis<1> output_size);
PooledVar adaptive_max_pool2d_with_indices(const Var& x, PerAxis<2> output_size);
Var adaptive_max_pool1d(const Var& x, PerAxis<1> output_size);
Var adaptive_max_pool2d(const Var& x, PerAxis<2> output_size);
Var adaptive_avg_pool1d(const Var& x, PerAxis<1> output_size);
Var adaptive_avg_pool2d(const Var& x, PerAxis<2> output_size);
Var interpolate(const Var& x, const InterpolateOptions& options);

// Activations composed of other ops. At a kink they have PyTorch's slope.
/// clamp(x, low, high), but with slope 0 at low and high as well
Var hardtanh(const Var& x, double low = -1, double high = 1);
/// hardtanh(x, 0, 6)
Var relu6(const Var& x);
/// x / 6 + 1/2, cut off at 0 and 1: a sigmoid of three straight lines
Var hardsigmoid(const Var& x);
/// x hardsigmoid(x): a silu without exponentials
Var hardswish(const Var& x);
/// x, or 0 where |x| <= lambda
Var hardshrink(const Var& x, double lambda = 0.5);
/// x moved towards 0 by lambda >= 0, and 0 where |x| <= lambda: what minimises (y - x)² / 2 + lambda |y|
Var softshrink(const Var& x, double lambda = 0.5);
/// x - tanh(x)
Var tanhshrink(const Var& x);
/// x, or value where x <= threshold
Var threshold(const Var& x, double threshold, double value);
/// elu times 1.0507 with alpha = 1.6733: keeps mean 0 and variance 1 through many layers (Klambauer et al. 2017,
/// "Self-normalizing neural networks")
Var selu(const Var& x);
/// x, or alpha (e^(x / alpha) - 1) where x is negative: an elu whose slope is 1 at 0 for every alpha
Var celu(const Var& x, double alpha = 1);
/// x tanh(softplus(x))
Var mish(const Var& x);
/// gelu with tanh in the place of erf: x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2
Var gelu_tanh(const Var& x);
/// softplus(beta x) / beta, and x itself where beta x is above the threshold
Var softplus(const Var& x, double beta, double threshold = 20);
/// x, or weight times x where x <= 0. weight has one element, or one for each index of axis 1 (of axis 0 if x has only
/// one axis).
Var prelu(const Var& x, const Var& weight);
/// The first half of x along the axis, times the sigmoid of the second half
Var glu(const Var& x, std::int64_t axis = -1);
/// x with all but the k largest elements along the axis set to 0; of equal elements the first ones are kept
Var keep_top_k(const Var& x, std::int64_t k, std::int64_t axis = -1);

}  // namespace hourglass

// More of the same, by idea.
#include "autograd/arithmetic.h"
#include "autograd/arranging.h"
#include "autograd/fft.h"
#include "autograd/indexing.h"
#include "autograd/linalg.h"
#include "autograd/order.h"
#include "autograd/volumes.h"
