// SPDX-License-Identifier: MIT
// The sizes of a convolution: images, kernels, and where the windows begin; read from tensors and checked.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "tensor/checked.h"
#include "tensor/error.h"
#include "tensor/tensor.h"
#include "tensor/windows.h"

namespace hourglass::conv {

/// One spatial axis: `outputs` windows of `kernel` numbers, `dilation` apart. The first window begins `padding` before
/// the image, each of the others `stride` after the one before it.
struct Axis {
  std::int64_t extent, kernel, outputs, stride, padding, dilation;
};
inline constexpr Axis kOne{1, 1, 1, 1, 0, 1};

/// The sizes of the form T(x, w, g) with x [batch, in, extents], w [out, in / groups, kernels] and
/// g [batch, out, outputs]. Convolution, its transpose and its weight gradient are T's three derivatives.
struct Geometry {
  std::int64_t batch, in, out, groups;
  std::array<Axis, 2> axes{kOne, kOne};  // height and width; a series has height 1
  Axis depth = kOne;                     // of volumes, which are convolved as images (composed/volumes.h)

  /// Depth, height or width.
  Axis& axis(int i) { return i == 0 ? depth : axes[static_cast<std::size_t>(i - 1)]; }
  const Axis& axis(int i) const { return i == 0 ? depth : axes[static_cast<std::size_t>(i - 1)]; }
  std::int64_t group_in() const { return in / groups; }
  std::int64_t group_out() const { return out / groups; }
  std::int64_t extents() const { return axes[0].extent * axes[1].extent; }
  std::int64_t kernels() const { return axes[0].kernel * axes[1].kernel; }
  std::int64_t outputs() const { return axes[0].outputs * axes[1].outputs; }
  /// Numbers in a window.
  std::int64_t window() const { return group_in() * kernels(); }
  double multiply_adds() const { return static_cast<double>(batch * out) * static_cast<double>(outputs() * window()); }
  /// Whether there is one window, which is the whole image. Then each image is one row of a matrix product.
  bool is_product() const {
    return groups == 1 && std::all_of(axes.begin(), axes.end(), [](const Axis& a) {
             return a.outputs == 1 && a.padding == 0 && a.kernel == a.extent && a.dilation == 1;
           });
  }
};

// ---- from tensors, for N spatial axes -----------------------------------------------------------------------------

template <int N>
constexpr std::string_view kAxisNames = N == 1   ? "length"
                                        : N == 2 ? "height, width"
                                                 : "depth, height, width";

/// An error that begins with `what`, unless x is [batch, channels, N extents] or has no batch axis.
template <int N>
void check_image(std::string_view op, std::string_view what, const Tensor& x) {
  check(is_floating(x.dtype()), op, "needs f32 or f64, got ", describe(x), "; convert with to(x, Dtype::f32)");
  check(x.dim() == N + 1 || x.dim() == N + 2, op, what, " is [batch, channels, ", kAxisNames<N>, "] or [channels, ",
        kAxisNames<N>, "], got ", describe(x));
}
/// An error unless x is an image, and the weight, whose first axes are `channels`, has as many extents.
template <int N>
void check_operands(std::string_view op, const Tensor& x, const Tensor& weight, std::string_view channels) {
  check_same_dtype(op, x, weight);
  check_image<N>(op, "x", x);
  check(weight.dim() == N + 2, op, "weight is [", channels, ", ", kAxisNames<N>, "], got ", describe(weight));
}
template <int N>
std::int64_t batch_of(const Tensor& x) {
  return x.dim() == N + 2 ? x.shape()[0] : 1;
}
template <int N>
std::int64_t channels_of(const Tensor& x) {
  return x.size(-N - 1);
}
/// [batch, channels, extents], without the batch if x has none.
template <int N>
Shape shape_like(const Tensor& x, std::int64_t channels, const Geometry& geometry, std::int64_t Axis::*extent) {
  Shape shape;
  if (x.dim() == N + 2) shape.push_back(x.shape()[0]);
  shape.push_back(channels);
  for (int axis = 3 - N; axis < 3; ++axis) shape.push_back(geometry.axis(axis).*extent);
  return shape;
}

template <int N>
void check_options(std::string_view op, const PerAxis<N>& stride, const PerAxis<N>& padding, const PerAxis<N>& dilation,
                   std::int64_t groups) {
  for (int axis = 0; axis < N; ++axis) {
    check(stride[axis] >= 1 && dilation[axis] >= 1 && padding[axis] >= 0, op,
          "stride and dilation are at least 1 and padding at least 0, got stride ", stride[axis], ", dilation ",
          dilation[axis], ", padding ", padding[axis]);
  }
  check(groups >= 1, op, "groups is at least 1, got ", groups);
}
inline void check_bias(std::string_view op, const Tensor& weight, const Tensor* bias, std::int64_t out) {
  if (!bias) return;
  check_same_dtype(op, weight, *bias);
  check(bias->dim() == 1 && bias->shape()[0] == out, op, "bias is [out]: weight is ", describe(weight),
        ", which gives ", out, " channels, bias is ", describe(*bias));
}

/// An error unless 64 bits hold the sizes of all three operands, and there is memory for an image with its padding.
inline void check_sizes(std::string_view op, const Geometry& geometry, Dtype dtype) {
  const auto product = [&](std::int64_t channels, std::int64_t Axis::*extent) {
    return Checked(op, channels) * (geometry.depth.*extent) * (geometry.axes[0].*extent) * (geometry.axes[1].*extent);
  };
  (void)(product(geometry.in, &Axis::extent) * geometry.batch);
  (void)(product(geometry.in, &Axis::kernel) * geometry.out);
  (void)(product(geometry.out, &Axis::outputs) * geometry.batch);
  Checked padded(op, geometry.in);
  for (int axis = 0; axis < 3; ++axis)
    padded *= Checked(op, geometry.axis(axis).padding) * 2 + geometry.axis(axis).extent;
  memory::check_room(op, padded * size_of(dtype));
}

/// The geometry of a convolution of x with `out` kernels of these extents.
template <int N>
Geometry geometry_of(std::string_view op, const Tensor& x, std::int64_t out, const PerAxis<N>& kernel,
                     const ConvOptions<N>& options) {
  const PerAxis<N>& padding = options.padding.amount;
  check_options<N>(op, options.stride, padding, options.dilation, options.groups);
  Geometry result{batch_of<N>(x), channels_of<N>(x), out, options.groups};
  for (int axis = 0; axis < N; ++axis) {
    const std::int64_t extent = x.size(axis - N), room = Checked(op, padding[axis]) * 2 + extent;
    const std::int64_t span = Checked(op, options.dilation[axis]) * (Checked(op, kernel[axis]) - 1) + 1;
    const std::int64_t stride = std::min(options.stride[axis], room);  // a longer one has no second window, either
    check(kernel[axis] >= 1 && span <= room, op, "the kernel does not fit into the image: x is ", describe(x),
          ", a window spans ", span, ", the image with its padding ", room);
    result.axis(axis + 3 - N) = {extent, kernel[axis],  (room - span) / stride + 1,
                                 stride, padding[axis], options.dilation[axis]};
  }
  check_sizes(op, result, x.dtype());
  return result;
}

/// The same with a weight and a bias, which may be null; all three are checked.
template <int N>
Geometry geometry_of(std::string_view op, const Tensor& x, const Tensor& weight, const Tensor* bias,
                     const ConvOptions<N>& options) {
  PerAxis<N> kernel = 1;
  for (int axis = 0; axis < N; ++axis) kernel[axis] = weight.size(axis - N);
  const Geometry result = geometry_of<N>(op, x, weight.shape()[0], kernel, options);
  const std::int64_t inputs = Checked(op, weight.shape()[1]) * options.groups;
  check(result.in == inputs, op, "channels differ: x is ", describe(x), ", weight is ", describe(weight), " in ",
        options.groups, " groups (", result.in, " against ", inputs, ")");
  check(result.out % options.groups == 0, op, "cannot divide ", result.out, " outputs into ", options.groups,
        " groups: weight is ", describe(weight));
  check_bias(op, weight, bias, result.out);
  return result;
}

/// The geometry of a transposed convolution of x with this weight: x is the form's g, and the
/// result is the form's x.
template <int N>
Geometry transposed_geometry_of(std::string_view op, const Tensor& x, const Tensor& weight,
                                const ConvTransposeOptions<N>& options) {
  check_options<N>(op, options.stride, options.padding, options.dilation, options.groups);
  Geometry result{batch_of<N>(x), Checked(op, weight.shape()[1]) * options.groups, channels_of<N>(x), options.groups};
  check(result.out == weight.shape()[0], op, "channels differ: x is ", describe(x), ", weight is ", describe(weight),
        " (", result.out, " against ", weight.shape()[0], ")");
  check(result.out % options.groups == 0, op, "cannot divide ", result.out, " inputs into ", options.groups,
        " groups: weight is ", describe(weight));
  for (int axis = 0; axis < N; ++axis) {
    const std::int64_t outputs = x.size(axis - N), kernel = weight.size(axis - N), stride = options.stride[axis];
    const std::int64_t padding = options.padding[axis], dilation = options.dilation[axis];
    const std::int64_t more = options.output_padding[axis];
    check(more >= 0 && more < std::max(stride, dilation), op,
          "output_padding is at least 0 and less than stride or dilation, got ", more, " with stride ", stride,
          " and dilation ", dilation);
    const std::int64_t extent = (Checked(op, outputs) - 1) * stride - Checked(op, padding) * 2 +
                                Checked(op, dilation) * (kernel - 1) + more + 1;
    check(outputs >= 1 && kernel >= 1 && extent >= 1, op, "nothing is left of the result: x is ", describe(x),
          ", weight is ", describe(weight), ", the extent would be ", extent);
    result.axis(axis + 3 - N) = {extent, kernel, outputs, stride, padding, dilation};
  }
  check_sizes(op, result, x.dtype());
  return result;
}

}  // namespace hourglass::conv
