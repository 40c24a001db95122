// SPDX-License-Identifier: MIT
#include "nn/conv.h"

#include <cmath>

#include "autograd/ops.h"
#include "tensor/checked.h"

namespace hourglass::nn {
namespace {

template <int N>
constexpr const char* kConv = N == 1   ? "conv1d"
                              : N == 2 ? "conv2d"
                                       : "conv3d";
template <int N>
constexpr const char* kTranspose = N == 1   ? "conv_transpose1d"
                                   : N == 2 ? "conv_transpose2d"
                                            : "conv_transpose3d";

// [first, second, kernel]
template <int N>
Shape weight_shape(const char* op, std::int64_t first, std::int64_t second, const PerAxis<N>& kernel) {
  Shape shape{first, second};
  for (int axis = 0; axis < N; ++axis) shape.push_back(kernel[axis]);
  for (const std::int64_t extent : shape)
    check(extent > 0, op, "needs channels and kernels of at least 1, got a weight of ", shape);
  return shape;
}

void check_groups(const char* op, std::int64_t in, std::int64_t out, std::int64_t groups) {
  check(groups > 0 && in % groups == 0 && out % groups == 0, op, in, " inputs and ", out, " outputs cannot be put in ",
        groups, " equal groups");
}

// PyTorch's initial values: uniform in ±1/√fan_in. fan_in is the product of all extents except the
// first.
void start(const Parameter& weight, const std::optional<Parameter>& bias, const Shape& shape, std::int64_t out,
           Dtype dtype, Rng& rng) {
  const double bound = 1 / std::sqrt(static_cast<double>(numel(shape) / shape[0]));
  weight.set_value(rng.uniform(shape, -bound, bound, dtype));
  if (bias) bias->set_value(rng.uniform({out}, -bound, bound, dtype));
}

// The number of channels of [n, c, extents] or [c, extents].
template <int N>
std::int64_t channels(const char* op, const Var& x) {
  constexpr const char* expected[] = {"[n, c, l] or [c, l]", "[n, c, h, w] or [c, h, w]",
                                      "[n, c, d, h, w] or [c, d, h, w]"};
  check(x.dim() == N + 1 || x.dim() == N + 2, op, "expects ", expected[N - 1], ", got ", describe(x));
  return x.size(-N - 1);
}

}  // namespace

template <int N>
Conv<N>::Conv(std::int64_t in, std::int64_t out, const ConvOptions<N>& options, Rng& rng)
    : options_(options),
      weight_(parameter("weight", options.dtype)),
      bias_(options.bias ? std::optional(parameter("bias", options.dtype)) : std::nullopt),
      initialize_(in, rng, [out, options, weight = weight_, bias = bias_](std::int64_t inputs, Rng& draws) {
        const char* const op = kConv<N>;
        check_groups(op, inputs, out, options.groups);
        start(weight, bias, weight_shape<N>(op, out, inputs / options.groups, options.kernel), out, options.dtype,
              draws);
      }) {}

template <int N>
Var Conv<N>::forward(const Var& x) const {
  const char* const op = kConv<N>;
  const std::int64_t in = channels<N>(op, x);
  if (!weight_.is_initialized()) initialize_(in);
  const Var weight = weight_;  // read once, because it may be computed from others
  check(in == weight.size(1) * options_.groups, op, "is for ", weight.size(1) * options_.groups, " channels, got ", in,
        " in ", describe(x));
  hourglass::ConvOptions<N> options{options_.stride, options_.padding, options_.dilation, options_.groups};
  Var padded = x;
  if (options_.padding_mode != PadMode::constant) {
    std::vector<Padding> sides;
    for (int axis = 0; axis < N; ++axis) {
      const std::int64_t same = Checked(op, options_.dilation[axis]) * (options_.kernel[axis] - 1),
                         each = options_.padding.amount[axis];
      sides.push_back(options_.padding.same ? Padding{same / 2, same - same / 2} : Padding{each, each});
    }
    padded = pad(x, sides, options_.padding_mode);
    options.padding = 0;
  }
  if constexpr (N == 1) return bias_ ? conv1d(padded, weight, *bias_, options) : conv1d(padded, weight, options);
  else if constexpr (N == 2) return bias_ ? conv2d(padded, weight, *bias_, options) : conv2d(padded, weight, options);
  else return bias_ ? conv3d(padded, weight, *bias_, options) : conv3d(padded, weight, options);
}

template <int N>
ConvTranspose<N>::ConvTranspose(std::int64_t in, std::int64_t out, const ConvTransposeOptions<N>& options, Rng& rng)
    : options_(options),
      weight_(parameter("weight", options.dtype)),
      bias_(options.bias ? std::optional(parameter("bias", options.dtype)) : std::nullopt),
      initialize_(in, rng, [out, options, weight = weight_, bias = bias_](std::int64_t inputs, Rng& draws) {
        const char* const op = kTranspose<N>;
        check_groups(op, inputs, out, options.groups);
        start(weight, bias, weight_shape<N>(op, inputs, out / options.groups, options.kernel), out, options.dtype,
              draws);
      }) {}

template <int N>
Var ConvTranspose<N>::apply(const Var& x, const PerAxis<N>& output_padding) const {
  const std::int64_t in = channels<N>(kTranspose<N>, x);
  if (!weight_.is_initialized()) initialize_(in);
  const Var weight = weight_;
  check(in == weight.size(0), kTranspose<N>, "is for ", weight.size(0), " channels, got ", in, " in ", describe(x));
  const hourglass::ConvTransposeOptions<N> options{options_.stride, options_.padding, output_padding, options_.groups,
                                                   options_.dilation};
  if constexpr (N == 1)
    return bias_ ? conv_transpose1d(x, weight, *bias_, options) : conv_transpose1d(x, weight, options);
  else if constexpr (N == 2)
    return bias_ ? conv_transpose2d(x, weight, *bias_, options) : conv_transpose2d(x, weight, options);
  else return bias_ ? conv_transpose3d(x, weight, *bias_, options) : conv_transpose3d(x, weight, options);
}

template <int N>
Var ConvTranspose<N>::forward(const Var& x) const {
  return apply(x, options_.output_padding);
}

template <int N>
Var ConvTranspose<N>::forward(const Var& x, const PerAxis<N>& output_size) const {
  const char* const op = kTranspose<N>;
  channels<N>(op, x);
  PerAxis<N> more = 0;
  for (int axis = 0; axis < N; ++axis) {
    const Checked smallest = Checked(op, x.size(axis - N) - 1) * options_.stride[axis] -
                             Checked(op, options_.padding[axis]) * 2 +
                             Checked(op, options_.dilation[axis]) * (options_.kernel[axis] - 1) + 1;
    more[axis] = output_size[axis] - smallest;
    check(more[axis] >= 0 && more[axis] < options_.stride[axis], op, "an extent of ", x.size(axis - N), " can become ",
          std::int64_t{smallest}, " to ", std::int64_t{smallest + options_.stride[axis] - 1}, ", not ",
          output_size[axis], "; x is ", describe(x));
  }
  return apply(x, more);
}

template class Conv<1>;
template class Conv<2>;
template class Conv<3>;
template class ConvTranspose<1>;
template class ConvTranspose<2>;
template class ConvTranspose<3>;

}  // namespace hourglass::nn
