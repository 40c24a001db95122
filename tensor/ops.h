// SPDX-License-Identifier: MIT
// Everything that is computed from tensors, without derivatives (autograd/ops.h has the same names on Var).
//
// Binary ops broadcast by NumPy's rule and need equal dtypes: nothing is promoted silently. A C++ number takes the
// dtype of the tensor it meets. Axes count from the front, or from the back when negative. Shapes are written [rows,
// columns].
#pragma once
#include <concepts>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/tensor.h"
#include "tensor/windows.h"

namespace hourglass {

// ---- making tensors -------------------------------------------------------------------------------- ops_create.cpp

Tensor zeros(const Shape& shape, Dtype dtype = Dtype::f32);
Tensor ones(const Shape& shape, Dtype dtype = Dtype::f32);
Tensor full(const Shape& shape, Scalar value, Dtype dtype = Dtype::f32);
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);
Tensor full_like(const Tensor& x, Scalar value);
/// A 0-d tensor.
Tensor scalar(Scalar value, Dtype dtype = Dtype::f32);
/// start, start + step, ... up to but without stop.
Tensor arange(Scalar start, Scalar stop, Scalar step = 1, Dtype dtype = Dtype::i64);
Tensor arange(Scalar stop);
/// `count` evenly spaced numbers from first to last, both included.
Tensor linspace(double first, double last, std::int64_t count, Dtype dtype = Dtype::f32);
/// Ones on the main diagonal; columns = rows when negative.
Tensor eye(std::int64_t rows, std::int64_t columns = -1, Dtype dtype = Dtype::f32);
/// Converts to another dtype. Floating-point results are the nearest f32 or f64. Integer results
/// drop the fraction; a number out of range becomes the nearest integer that fits, and NaN becomes
/// 0. A tensor that has the dtype already is returned unchanged.
Tensor to(const Tensor& x, Dtype dtype);

// ---- element by element ----------------------------------------------------------------------- ops_elementwise.cpp

// The formulas are in kernels/elementwise.def; each line there is one of these functions. Those that take a Tensor&&
// write their result into its memory if no other tensor refers to it: tanh(x * 2 + 1) needs memory once.
#define UNARY(name, formula)    \
  Tensor name(const Tensor& x); \
  Tensor name(Tensor&& x);
#define UNARY_ANY UNARY
#define COMPARE(name, formula) /* gives u8: 1 where it holds */ \
  Tensor name(const Tensor& a, const Tensor& b);                \
  Tensor name(const Tensor& a, Scalar b);                       \
  Tensor name(Scalar a, const Tensor& b);
#define BINARY(name, formula)               \
  COMPARE(name, formula)                    \
  Tensor name(Tensor&& a, const Tensor& b); \
  Tensor name(const Tensor& a, Tensor&& b); \
  Tensor name(Tensor&& a, Tensor&& b);      \
  Tensor name(Tensor&& a, Scalar b);        \
  Tensor name(Scalar a, Tensor&& b);
#define BINARY_ANY BINARY
#define TERNARY(name, formula) Tensor name(const Tensor& a, const Tensor& b, const Tensor& c);
#include "tensor/kernels/elementwise.def"

inline Tensor operator-(const Tensor& x) { return neg(x); }
inline Tensor operator-(Tensor&& x) { return neg(std::move(x)); }
#define HOURGLASS_COMPARISON(symbol, name)                                               \
  inline Tensor operator symbol(const Tensor& a, const Tensor& b) { return name(a, b); } \
  inline Tensor operator symbol(const Tensor& a, Scalar b) { return name(a, b); }        \
  inline Tensor operator symbol(Scalar a, const Tensor& b) { return name(a, b); }
#define HOURGLASS_OPERATOR(symbol, name)                                                             \
  HOURGLASS_COMPARISON(symbol, name)                                                                 \
  inline Tensor operator symbol(Tensor&& a, const Tensor& b) { return name(std::move(a), b); }       \
  inline Tensor operator symbol(const Tensor& a, Tensor&& b) { return name(a, std::move(b)); }       \
  inline Tensor operator symbol(Tensor&& a, Tensor&& b) { return name(std::move(a), std::move(b)); } \
  inline Tensor operator symbol(Tensor&& a, Scalar b) { return name(std::move(a), b); }              \
  inline Tensor operator symbol(Scalar a, Tensor&& b) { return name(a, std::move(b)); }
HOURGLASS_OPERATOR(+, add)
HOURGLASS_OPERATOR(-, sub)
HOURGLASS_OPERATOR(*, mul)
HOURGLASS_OPERATOR(/, div)
HOURGLASS_COMPARISON(==, eq)
HOURGLASS_COMPARISON(!=, ne)
HOURGLASS_COMPARISON(<, lt)
HOURGLASS_COMPARISON(<=, le)
HOURGLASS_COMPARISON(>, gt)
HOURGLASS_COMPARISON(>=, ge)
#undef HOURGLASS_OPERATOR
#undef HOURGLASS_COMPARISON

/// min(max(x, low), high); NaN stays.
Tensor clamp(const Tensor& x, Scalar low, Scalar high);
/// a where mask is not 0, else b. mask is u8; the three broadcast.
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& mask, const Tensor& a, Scalar b);
Tensor where(const Tensor& mask, Scalar a, const Tensor& b);
/// value where mask is not 0, else x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
// Of u8, any value but 0 is true.
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);
/// Same shape, dtype and elements (NaN equals nothing).
bool equal(const Tensor& a, const Tensor& b);

// ---- reductions ------------------------------------------------------------------------------------ ops_reduce.cpp
// Over the given axes, or over all of them when none is given: sum(x, {0, 2}). keepdim leaves the axes in with
// extent 1. The order of summation depends on shape and strides alone, never on the number of threads.

/// Sums of i64 and u8 are i64.
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// NaN if there are no elements.
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// A NaN makes the result NaN. It is an error if there are no elements.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// Sum of (x - mean)^2 over count - correction. It keeps its digits where the mean is much larger than the deviations.
Tensor var(const Tensor& x, const Axes& axes = {}, bool keepdim = false, double correction = 1);
/// √var. PyTorch's name for it, std, is ambiguous after `using namespace hourglass`: write stddev(x).
Tensor stddev(const Tensor& x, const Axes& axes = {}, bool keepdim = false, double correction = 1);
inline Tensor std(const Tensor& x, const Axes& axes = {}, bool keepdim = false, double correction = 1) {
  return stddev(x, axes, keepdim, correction);
}
/// (sum |x|^p)^(1/p), without overflow; p may be infinity.
Tensor norm(const Tensor& x, const Axes& axes = {}, bool keepdim = false, double p = 2);
/// log(sum(exp(x))), without overflow.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// u8. If there are no elements, any is 0 and all is 1.
Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// i64 index of the largest (smallest) element along the axis. Of equal elements it is the first,
/// and a NaN counts as the largest (smallest).
Tensor argmax(const Tensor& x, std::int64_t axis, bool keepdim = false);
Tensor argmin(const Tensor& x, std::int64_t axis, bool keepdim = false);
/// Sums over the axes along which broadcasting from `shape` to x.shape() repeats: the adjoint of
/// broadcast_to.
Tensor sum_to(const Tensor& x, const Shape& shape);

// ---- whole rows -------------------------------------------------------------------------------------- ops_rows.cpp

Tensor softmax(const Tensor& x, std::int64_t axis);
Tensor log_softmax(const Tensor& x, std::int64_t axis);
/// The gradient of softmax (log_softmax) by its input, from the gradient g by its result y:
/// y (g - Σ g y) for softmax, g - e^y Σ g for log_softmax. y broadcasts to g, so g may hold many
/// gradients along extra leading axes; then count `axis` from the back.
Tensor softmax_grad(const Tensor& g, const Tensor& y, std::int64_t axis);
Tensor log_softmax_grad(const Tensor& g, const Tensor& y, std::int64_t axis);
/// A loss summed over all elements (0-d) and its derivative by each prediction, if that is asked for, in one pass.
struct SummedLoss {
  Tensor sum, slopes;
};
SummedLoss bce_with_logits_sum(const Tensor& logits, const Tensor& targets, bool with_slopes);
SummedLoss squared_difference_sum(const Tensor& a, const Tensor& b, bool with_slopes);
/// (x - mean) / √(variance + eps) over the axes together, with the biased variance (divided by the count).
Tensor standardize(const Tensor& x, const Axes& axes, double eps = 1e-5);
/// Its gradient by x, given the result's: (g - mean(g) - z mean(g z)) / √(variance + eps), where z = standardize(x).
Tensor standardize_grad(const Tensor& g, const Tensor& x, const Axes& axes, double eps = 1e-5);

// ---- views: other shapes of the same memory --------------------------------------------------------- ops_shape.cpp

/// Row-major memory without gaps: x itself if it is so already, otherwise a copy.
Tensor contiguous(const Tensor& x);
/// One extent may be -1: it follows from the others. A view where strides allow, otherwise a copy.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor flatten(const Tensor& x, std::int64_t first = 0, std::int64_t last = -1);
/// Axis i of the result is axis order[i] of x.
Tensor permute(const Tensor& x, const Axes& order);
Tensor transpose(const Tensor& x, std::int64_t a = -2, std::int64_t b = -1);
/// Elements start, start + step, ... before stop along the axis, as Python's x[start:stop:step]. A negative step goes
/// backwards; to reach index 0, stop must then be less than -extent, because -1 is the last index.
Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1);
/// One index of an axis, which disappears.
Tensor select(const Tensor& x, std::int64_t axis, std::int64_t index);
/// Repeats axes of extent 1 (and adds axes in front) without copying: stride 0. -1 keeps an extent.
Tensor expand(const Tensor& x, const Shape& shape);
inline Tensor broadcast_to(const Tensor& x, const Shape& shape) { return expand(x, shape); }
/// Removes the axis (which must have extent 1), or all such axes.
Tensor squeeze(const Tensor& x, std::int64_t axis);
Tensor squeeze(const Tensor& x);
Tensor unsqueeze(const Tensor& x, std::int64_t axis);
/// Reverses the order along the axes. An empty list reverses nothing.
Tensor flip(const Tensor& x, const Axes& axes);
/// All windows of `size` elements, `step` apart, along the axis. That axis then counts the windows,
/// and a new last axis holds the elements of each.
Tensor unfold(const Tensor& x, std::int64_t axis, std::int64_t size, std::int64_t step);

// ---- joining, cutting, filling up ------------------------------------------------------------------- ops_shape.cpp

Tensor concat(std::span<const Tensor> parts, std::int64_t axis);
Tensor concat(std::initializer_list<Tensor> parts, std::int64_t axis);
/// Joins along a new axis.
Tensor stack(std::span<const Tensor> parts, std::int64_t axis = 0);
Tensor stack(std::initializer_list<Tensor> parts, std::int64_t axis = 0);
/// Views of `size` elements each (the last may be smaller), or of the given sizes.
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t axis);
std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t axis);
/// How much to add before and after each axis.
struct Padding {
  std::int64_t before = 0, after = 0;
};
/// One Padding per axis, in order. If there are fewer paddings, they belong to the last axes.
Tensor pad(const Tensor& x, const std::vector<Padding>& paddings, Scalar value = 0);
/// Puts x into zeros of `shape`, at the places that slice(_, axis, start, stop, step) takes. This
/// is slice's adjoint.
Tensor embed_slice(const Tensor& x, const Shape& shape, std::int64_t axis, std::int64_t start, std::int64_t step = 1);
/// Adds overlapping windows at the places from which unfold took them: unfold's adjoint. `shape` is
/// the shape of unfold's input.
Tensor fold(const Tensor& x, const Shape& shape, std::int64_t axis, std::int64_t size, std::int64_t step);

// ---- products -------------------------------------------------------------------------------------- ops_matmul.cpp

/// As numpy.matmul: 2-d by 2-d, leading axes broadcast as batches, a 1-d operand is a row (left) or a column (right).
Tensor matmul(const Tensor& a, const Tensor& b);
/// x [..., in] times weight [out, in] transposed, plus bias [out] if it is given: one pass.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor* bias = nullptr);

// ---- convolution -------------------------------------------------------------------------------------- ops_conv.cpp
// The cross-correlation that deep learning calls convolution, as in PyTorch. x is [batch, in, height, width], weight
// [out, in / groups, height, width], bias [out]; 1-d has no height, and the batch axis may be
// missing. The form
// T(x, w, g) = sum of g[n, o, p] w[o, c, k] x[n, c, stride p + dilation k - padding]
// is linear in each operand. The three functions are its derivatives: conv by g, conv_transpose by
// x, and conv_weight by w.

Tensor conv1d(const Tensor& x, const Tensor& weight, const Conv1dOptions& options = {});
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options);
Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dOptions& options = {});
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options);
/// The gradient of conv by its image, also called deconvolution: every number of x adds a multiple
/// of the kernel to the result. weight is [in, out / groups, height, width]: the weight of the
/// convolution in the other direction.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const ConvTranspose1dOptions& options = {});
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose1dOptions& options);
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const ConvTranspose2dOptions& options = {});
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options);
// With a bias and the usual options. Templates take no {}, so in conv2d(x, weight, {}) these are the options.
#define HOURGLASS_WITH_BIAS(op)                                        \
  template <std::same_as<Tensor> Bias>                                 \
  Tensor op(const Tensor& x, const Tensor& weight, const Bias& bias) { \
    return op(x, weight, bias, {});                                    \
  }
HOURGLASS_WITH_BIAS(conv1d)
HOURGLASS_WITH_BIAS(conv2d)
HOURGLASS_WITH_BIAS(conv_transpose1d)
HOURGLASS_WITH_BIAS(conv_transpose2d)
#undef HOURGLASS_WITH_BIAS
/// The gradient of conv(x, weight) by its weight, where g is the gradient by its result.
Tensor conv1d_weight(const Tensor& x, const Tensor& g, PerAxis<1> kernel, const Conv1dOptions& options = {});
Tensor conv2d_weight(const Tensor& x, const Tensor& g, PerAxis<2> kernel, const Conv2dOptions& options = {});

/// The padding that kSame means: `both` for the two sides of each axis, and `after`, which pad()
/// must add first (empty if there is none).
template <int N>
struct SamePadding {
  PerAxis<N> both;
  std::vector<Padding> after;
};
template <int N>
SamePadding<N> same_padding(std::string_view op, const Shape& weight, const ConvOptions<N>& options);

// ---- pooling and interpolation ------------------------------------------------------------------------ ops_pool.cpp
// Of images [..., height, width] and series [..., length].

/// The last two axes (or the last) each multiplied by a sparse matrix: y[..., i, j] is the sum over h and w of
/// rows[i, h] columns[j, w] x[..., h, w]. Average pooling and interpolation use different
/// matrices.
Tensor resample(const Tensor& x, const ImageTaps& taps);
/// The largest number under the taps of each output (weights are ignored), and its position in the
/// image, h width + w. Of equal numbers it is the first. A NaN is larger than every number; of
/// several NaNs it is the last.
struct Pooled {
  Tensor values, indices;
};
Pooled max_over_taps(const Tensor& x, const ImageTaps& taps);

Pooled max_pool1d_with_indices(const Tensor& x, const MaxPool1dOptions& options);
Pooled max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& options);
Tensor max_pool1d(const Tensor& x, const MaxPool1dOptions& options);
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);
Tensor avg_pool1d(const Tensor& x, const AvgPool1dOptions& options);
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options);
// output_size is the number of windows, of nearly equal size; -1 keeps an extent.
Pooled adaptive_max_pool1d_with_indices(const Tensor& x, PerAxis<1> output_size);
Pooled adaptive_max_pool2d_with_indices(const Tensor& x, PerAxis<2> output_size);
Tensor adaptive_max_pool1d(const Tensor& x, PerAxis<1> output_size);
Tensor adaptive_max_pool2d(const Tensor& x, PerAxis<2> output_size);
Tensor adaptive_avg_pool1d(const Tensor& x, PerAxis<1> output_size);
Tensor adaptive_avg_pool2d(const Tensor& x, PerAxis<2> output_size);
/// Puts the numbers of x back where max_pool found them, with zeros elsewhere. If several go to one
/// place, the last one stays.
Tensor max_unpool1d(const Tensor& x, const Tensor& indices, const MaxUnpool1dOptions& options);
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, const MaxUnpool2dOptions& options);
/// max_unpool in terms of other ops: scatters the numbers that stay (all, unless there is a mask)
/// into `planes` rows of `size` zeros, and reshapes the rows to `shape`.
struct Unpooling {
  Shape shape;
  std::int64_t planes, size;
  std::optional<Tensor> stays;
};
template <int N>
Unpooling unpooling_of(std::string_view op, const Tensor& x, const Tensor& indices, const MaxUnpoolOptions<N>& options);
/// Resizes a batch of images [batch, channels, height, width] or series [batch, channels, length].
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

// ---- matrices in the last two axes ---------------------------------------------------------------- ops_linalg.cpp

/// The upper (lower) triangle of the last two axes: what lies below (above) the given diagonal becomes 0.
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
/// The lower triangular L of L Lᵀ = x for symmetric positive definite matrices x [..., n, n]; zeros above the diagonal.
/// Only x's lower triangle is read. An error names the matrix that is not positive definite, and its pivot.
Tensor cholesky(const Tensor& x);
/// The X of A X = B for triangular A [..., n, n] and B [..., n, k]; leading axes broadcast. The other triangle of A is
/// not read. A zero on A's diagonal gives infinities.
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper);

// ---- recurrent cells ----------------------------------------------------------------------------- ops_recurrent.cpp
// For a batch [rows, n] of n hidden units; a cell is one time step after its matrix products.

/// h' and c' as one tensor [2, rows, n]: c' = σ(f) c + σ(i) tanh(g) and h' = σ(o) tanh(c'), where gates [rows, 4 n]
/// holds i, f, g, o in this order (PyTorch's).
Tensor lstm_cell(const Tensor& gates, const Tensor& c);
/// The gradients by gates and by c, joined to [rows, 5 n], from the result's gradient [2, rows, n].
Tensor lstm_cell_grad(const Tensor& g, const Tensor& gates, const Tensor& c);
/// All steps of an LSTM. A core takes a few rows of the batch through all steps, so their states
/// stay in its cache.
struct LstmSequence {
  Tensor states;  // [2, time, rows, n]: h of every step, and c
  Tensor gates;   // [time, rows, 4 n]: the input of each step's lstm_cell
};
/// gates [time, rows, 4 n] holds the part of the gates that comes from inputs and biases; each step
/// adds h weightᵀ, with weight [4 n, n]. h and c [rows, n] are the states before the first step.
LstmSequence lstm_sequence(const Tensor& gates, const Tensor& weight, const Tensor& h, const Tensor& c);
/// The gradients by gates, weight, h and c, one after another in a 1-d tensor, from the gradient by
/// `states`.
Tensor lstm_sequence_grad(const Tensor& g, const LstmSequence& run, const Tensor& weight, const Tensor& h,
                          const Tensor& c);
/// h' = (1 - z) n + z h with r = σ(rᵢ + rₕ), z = σ(zᵢ + zₕ), n = tanh(nᵢ + r nₕ), where input_gates and hidden_gates
/// [rows, 3 n] hold r, z, n in this order (PyTorch's).
Tensor gru_cell(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& h);
/// The gradients by input_gates, hidden_gates and h, joined to [rows, 7 n].
Tensor gru_cell_grad(const Tensor& dh, const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& h);

// ---- printing ------------------------------------------------------------------------------------------- print.cpp

/// As NumPy prints: aligned columns, 8 digits at most, ... in the middle of more than 1000 elements.
std::ostream& operator<<(std::ostream& out, const Tensor& x);
std::string to_string(const Tensor& x);

}  // namespace hourglass

// More of the same, by idea.
#include "tensor/arithmetic.h"
#include "tensor/arranging.h"
#include "tensor/fft.h"
#include "tensor/indexing.h"
#include "tensor/linalg.h"
#include "tensor/order.h"
#include "tensor/volumes.h"
