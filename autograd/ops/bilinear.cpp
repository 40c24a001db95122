// SPDX-License-Identifier: MIT
// The third kind of primitive: the op is linear in each of two operands. The number T(x, w, g) = ⟨g, x ∗ w⟩ is linear
// in all three. The rule of an operand is T's derivative by it: a product of the other two, which is the same kind of
// op again.
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/ops/rules.h"
#include "autograd/ops/shield.h"

namespace hourglass {

// For Y = A B, T = tr(Gᵀ A B): the rules are G Bᵀ and Aᵀ G. Transposes are views, which cost nothing. The engine sums
// over batch axes that were broadcast.
Var matmul(const Var& a, const Var& b) {
  if (a.dim() == 0 || b.dim() == 0) matmul(a.value(), b.value());  // throws
  if (a.dim() == 1) return squeeze(matmul(unsqueeze(a, 0), b), b.dim() == 1 ? 0 : -2);
  if (b.dim() == 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.dim() > 2 && b.dim() == 2 && a.size(-1) == b.size(0)) {  // one tall product, and one for b's gradient
    Shape shape = a.shape();
    shape.back() = b.size(1);
    return reshape(matmul(flatten(a, 0, -2), b), shape);
  }
  static constexpr Op op = Op::with_leading_axes("matmul", "A B", {"dy/dA = B: g Bᵀ", "dy/dB = A: Aᵀ g"});
  return record(op, matmul(a.value(), b.value()), wrt(a, ProductRule{b, true}), wrt(b, [a](const Var& g) {
                  const int rows = g.dim() - 1;  // a may be a gradient itself, so either may be 0 where the other is ∞
                  return matmul(transpose(shielded(a, g, rows)), shielded(g, a, rows));
                }));
}
Var ProductRule::weight() const { return is_transposed ? transpose(matrix) : matrix; }
Var ProductRule::operator()(const Var& g) const { return matmul(g, shielded(weight(), g, 0)); }

// y = x Wᵀ + b, with the bias added while y is still in registers. x [..., in] is treated as one matrix.
namespace {

constexpr Op kLinear = Op::with_leading_axes("linear", "x Wᵀ + b",
                                             {"dy/dx = W: g W", "dy/dW = x: gᵀ x", "dy/db = 1: g, summed over rows"});

Var weight_gradient(const Var& g, const Var& x) {
  if (x.dim() == 2) return matmul(transpose(g), shielded(x, g, g.dim() - 1));
  const std::int64_t in = x.size(-1), out = g.size(-1);
  const std::int64_t rows = in == 0 ? 0 : x.numel() / in;
  const Var matrix = reshape(g, behind(g, x.dim(), {rows, out}));
  return matmul(transpose(matrix), shielded(reshape(x, {rows, in}), matrix, matrix.dim() - 1));
}

}  // namespace
Var linear(const Var& x, const Var& weight) {
  return record(kLinear, linear(x.value(), weight.value()), wrt(x, ProductRule{weight, false}),
                wrt(weight, [x](const Var& g) { return weight_gradient(g, x); }));
}
Var linear(const Var& x, const Var& weight, const Var& bias) {
  return record(kLinear, linear(x.value(), weight.value(), &bias.value()), wrt(x, ProductRule{weight, false}),
                wrt(weight, [x](const Var& g) { return weight_gradient(g, x); }),
                wrt(bias, [](const Var& g) { return g; }));
}

// Convolutions, along N axes. T(x, w, g) = Σ g[n, o, p] w[o, c, k] x[n, c, stride p + dilation k - padding] is linear
// in all three. Its derivatives by g, x and w are conv, conv_transpose and conv_weight. So the rules of each op are the
// other two, and derivatives of every order follow.
namespace {

// The rule of x takes a batch of any size, so many gradients can be joined to one larger batch. This needs a batch
// axis: one image alone has none.
constexpr Op of_images(std::string_view name, std::string_view formula, const Op::Words& derivatives, bool batch) {
  Op op{name, formula, derivatives};
  if (batch) op.accepts[0] = Accepts::joined_batch;
  return op;
}

template <int N>
struct Convolution;  // the three ops: names, and what they do to Tensors
template <>
struct Convolution<1> {
  static constexpr Op op(bool batch) {
    return of_images("conv1d", "x ∗ w + b",
                     {"dy/dx = w: conv_transpose1d(g, w)", "dy/dw = x: conv1d_weight(x, g)",
                      "dy/db = 1: g, summed over all but channels"},
                     batch);
  }
  static constexpr Op transpose_op(bool batch) {
    return of_images(
        "conv_transpose1d", "x ∗ᵀ w + b",
        {"dy/dx = w: conv1d(g, w)", "dy/dw = x: conv1d_weight(g, x)", "dy/db = 1: g, summed over all but channels"},
        batch);
  }
  static constexpr Op weight_op{
      "conv1d_weight", "⟨x, g₁⟩ at each offset", {"dy/dx = g₁: conv_transpose1d(g₁, g)", "dy/dg₁ = x: conv1d(x, g)"}};
  static Tensor conv(const auto&... arguments) { return conv1d(arguments...); }
  static Tensor transpose(const auto&... arguments) { return conv_transpose1d(arguments...); }
  static Tensor weight(const auto&... arguments) { return conv1d_weight(arguments...); }
};
template <>
struct Convolution<2> {
  static constexpr Op op(bool batch) {
    return of_images("conv2d", "x ∗ w + b",
                     {"dy/dx = w: conv_transpose2d(g, w)", "dy/dw = x: conv2d_weight(x, g)",
                      "dy/db = 1: g, summed over all but channels"},
                     batch);
  }
  static constexpr Op transpose_op(bool batch) {
    return of_images(
        "conv_transpose2d", "x ∗ᵀ w + b",
        {"dy/dx = w: conv2d(g, w)", "dy/dw = x: conv2d_weight(g, x)", "dy/db = 1: g, summed over all but channels"},
        batch);
  }
  static constexpr Op weight_op{
      "conv2d_weight", "⟨x, g₁⟩ at each offset", {"dy/dx = g₁: conv_transpose2d(g₁, g)", "dy/dg₁ = x: conv2d(x, g)"}};
  static Tensor conv(const auto&... arguments) { return conv2d(arguments...); }
  static Tensor transpose(const auto&... arguments) { return conv_transpose2d(arguments...); }
  static Tensor weight(const auto&... arguments) { return conv2d_weight(arguments...); }
};

template <int N>
PerAxis<N> last_extents(const Var& x) {
  PerAxis<N> extents = 0;
  for (int axis = 0; axis < N; ++axis) extents[axis] = x.size(axis - N);
  return extents;
}
// The gradient of a bias is the sum over all axes except the channels.
template <int N>
Var sum_of_channels(const Var& g) {
  return sum(g, axes_but(g.dim(), g.dim() - N - 1));
}

// x, shielded image by image; one image alone has no axis for that.
template <int N>
Var by_image(const Var& x, const Var& g) {
  return shielded(x, g, x.dim() == N + 2 ? 1 : 0);
}

// The options of the transposed convolution that takes g back to x's extents. Several extents of x may give the same
// extents of g; output_padding says which of them x has.
template <int N>
ConvTransposeOptions<N> back_to(const Var& x, const PerAxis<N>& kernel, const ConvOptions<N>& options) {
  const PerAxis<N> extents = last_extents<N>(x), &padding = options.padding.amount;
  ConvTransposeOptions<N> back{options.stride, padding, 0, options.groups, options.dilation};
  for (int axis = 0; axis < N; ++axis)
    back.output_padding[axis] =
        (extents[axis] + 2 * padding[axis] - options.dilation[axis] * (kernel[axis] - 1) - 1) % options.stride[axis];
  return back;
}
template <int N>
ConvOptions<N> forth(const ConvTransposeOptions<N>& options) {
  return {options.stride, options.padding, options.dilation, options.groups};
}

template <int N>
Var conv_transpose(const Var& x, const Var& weight, const Var* bias, const ConvTransposeOptions<N>& options);
template <int N>
Var conv_weight(const Var& x, const Var& g, const PerAxis<N>& kernel, const ConvOptions<N>& options);

template <int N>
Var conv(const Var& x, const Var& weight, const Var* bias, const ConvOptions<N>& options) {
  using Ops = Convolution<N>;
  if (options.padding.same && weight.dim() == N + 2) {
    const SamePadding<N> padding = same_padding<N>(Ops::op(true).name, weight.shape(), options);
    ConvOptions<N> numbers = options;
    numbers.padding = padding.both;
    return conv<N>(padding.after.empty() ? x : pad(x, padding.after), weight, bias, numbers);
  }
  Tensor y = bias ? Ops::conv(x.value(), weight.value(), bias->value(), options)
                  : Ops::conv(x.value(), weight.value(), options);
  const PerAxis<N> kernel = last_extents<N>(weight);
  static constexpr Op of_batch = Ops::op(true), of_image = Ops::op(false);
  return record(
      x.dim() == N + 2 ? of_batch : of_image, std::move(y),
      wrt(x, [weight, back = back_to<N>(x, kernel, options)](
                 const Var& g) { return conv_transpose<N>(g, shielded(weight, g, 0), nullptr, back); }),
      wrt(weight, [x, kernel, options](const Var& g) { return conv_weight<N>(by_image<N>(x, g), g, kernel, options); }),
      wrt(bias ? *bias : Var(), [](const Var& g) { return sum_of_channels<N>(g); }));
}

template <int N>
Var conv_transpose(const Var& x, const Var& weight, const Var* bias, const ConvTransposeOptions<N>& options) {
  using Ops = Convolution<N>;
  // An output_padding of a whole stride has the same effect as one more zero at the end of x.
  bool whole = false;
  std::vector<Padding> zeros(N);
  ConvTransposeOptions<N> rest = options;
  for (int axis = 0; axis < N; ++axis) {
    const std::int64_t more = options.output_padding[axis], stride = options.stride[axis];
    if (stride < 1 || more < stride || more >= options.dilation[axis]) continue;  // more than that is an error
    zeros[static_cast<std::size_t>(axis)].after = more / stride;
    rest.output_padding[axis] = more % stride;
    whole = true;
  }
  if (whole) return conv_transpose<N>(pad(x, zeros), weight, bias, rest);
  Tensor y = bias ? Ops::transpose(x.value(), weight.value(), bias->value(), options)
                  : Ops::transpose(x.value(), weight.value(), options);
  static constexpr Op of_batch = Ops::transpose_op(true), of_image = Ops::transpose_op(false);
  return record(
      x.dim() == N + 2 ? of_batch : of_image, std::move(y),
      wrt(x,
          [weight, options](const Var& g) { return conv<N>(g, shielded(weight, g, 0), nullptr, forth<N>(options)); }),
      wrt(weight, [x, kernel = last_extents<N>(weight),
                   options](const Var& g) { return conv_weight<N>(g, by_image<N>(x, g), kernel, forth<N>(options)); }),
      wrt(bias ? *bias : Var(), [](const Var& g) { return sum_of_channels<N>(g); }));
}

template <int N>
Var conv_weight(const Var& x, const Var& g, const PerAxis<N>& kernel, const ConvOptions<N>& options) {
  using Ops = Convolution<N>;
  Tensor value = Ops::weight(x.value(), g.value(), kernel, options);
  return record(Ops::weight_op, std::move(value),
                wrt(x, [g, back = back_to<N>(x, kernel, options)](
                           const Var& w) { return conv_transpose<N>(shielded(g, w, 0), w, nullptr, back); }),
                wrt(g, [x, options](const Var& w) { return conv<N>(shielded(x, w, 0), w, nullptr, options); }));
}

}  // namespace

Var conv1d(const Var& x, const Var& weight, const Conv1dOptions& options) { return conv(x, weight, nullptr, options); }
Var conv1d(const Var& x, const Var& weight, const Var& bias, const Conv1dOptions& options) {
  return conv(x, weight, &bias, options);
}
Var conv2d(const Var& x, const Var& weight, const Conv2dOptions& options) { return conv(x, weight, nullptr, options); }
Var conv2d(const Var& x, const Var& weight, const Var& bias, const Conv2dOptions& options) {
  return conv(x, weight, &bias, options);
}
Var conv_transpose1d(const Var& x, const Var& weight, const ConvTranspose1dOptions& options) {
  return conv_transpose(x, weight, nullptr, options);
}
Var conv_transpose1d(const Var& x, const Var& weight, const Var& bias, const ConvTranspose1dOptions& options) {
  return conv_transpose(x, weight, &bias, options);
}
Var conv_transpose2d(const Var& x, const Var& weight, const ConvTranspose2dOptions& options) {
  return conv_transpose(x, weight, nullptr, options);
}
Var conv_transpose2d(const Var& x, const Var& weight, const Var& bias, const ConvTranspose2dOptions& options) {
  return conv_transpose(x, weight, &bias, options);
}
Var conv1d_weight(const Var& x, const Var& g, PerAxis<1> kernel, const Conv1dOptions& options) {
  return conv_weight(x, g, kernel, options);
}
Var conv2d_weight(const Var& x, const Var& g, PerAxis<2> kernel, const Conv2dOptions& options) {
  return conv_weight(x, g, kernel, options);
}

}  // namespace hourglass
