// SPDX-License-Identifier: MIT
// Convolution, its transpose and its weight gradient, for tensors. conv/ has the products.
//
// All three are products with the matrix of all windows of an image. That matrix is never made. Its element (k, p),
// number k of the window at p, is
//
//   frame[offset[k] + position[p]]
//
// where the *frame* (conv/frame.h) is the image with zeros around it, so that each window lies
// inside. The frame is cut in one of several ways, so that neighbouring windows are neighbours in
// memory. Without padding and stride, the image itself may be the frame.
#include <algorithm>

#include "tensor/checked.h"
#include "tensor/conv/geometry.h"
#include "tensor/conv/products.h"
#include "tensor/ops.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

using namespace conv;

// Operations of each of the three: every number of g is multiplied with every number of a window.
double flops_of(std::int64_t outputs, const Geometry& geometry) {
  return 2.0 * static_cast<double>(outputs) * static_cast<double>(geometry.group_in() * geometry.kernels());
}

// A tensor of `shape` that run(x, weight, bias, result) fills. It gets the numbers of contiguous operands; bias may be
// null.
template <class Run>
Tensor computed(std::string_view op, const Shape& shape, const Tensor& x, const Tensor& weight, const Tensor* bias,
                Run&& run) {
  Tensor y(shape, x.dtype());
  if (y.numel() == 0) return y;
  const Tensor image = contiguous(x), kernel = contiguous(weight), shift = bias ? contiguous(*bias) : Tensor();
  dispatch_floating(op, x.dtype(), [&]<class T>() {
    const T* const shifts = bias ? shift.data<T>() : nullptr;
    within_memory(
        op, [&] { run(image.data<T>(), kernel.data<T>(), shifts, y.mutable_data<T>()); }, "x is ", describe(x),
        ", weight is ", describe(weight));
  });
  return y;
}

template <int N>
Tensor convolve(std::string_view op, const Tensor& x, const Tensor& weight, const Tensor* bias,
                const ConvOptions<N>& options) {
  check_operands<N>(op, x, weight, "out, in / groups");
  if (options.padding.same) {
    const SamePadding<N> padding = same_padding<N>(op, weight.shape(), options);
    ConvOptions<N> numbers = options;
    numbers.padding = padding.both;
    return convolve<N>(op, padding.after.empty() ? x : pad(x, padding.after), weight, bias, numbers);
  }
  const Geometry geometry = geometry_of<N>(op, x, weight, bias, options);

  const Shape shape = shape_like<N>(x, geometry.out, geometry, &Axis::outputs);
  const Work work(op, flops_of(numel(shape), geometry), x, weight, bias);
  if (geometry.is_product())
    return reshape(linear(reshape(x, {geometry.batch, geometry.window()}),
                          reshape(weight, {geometry.out, geometry.window()}), bias),
                   shape);
  return computed(op, shape, x, weight, bias, [&]<class T>(const T* image, const T* kernel, const T* shift, T* y) {
    forward<T>(geometry, image, kernel, shift, y);
  });
}

template <int N>
Tensor convolve_transposed(std::string_view op, const Tensor& x, const Tensor& weight, const Tensor* bias,
                           const ConvTransposeOptions<N>& options) {
  check_operands<N>(op, x, weight, "in, out / groups");
  const Geometry geometry = transposed_geometry_of<N>(op, x, weight, options);
  check_bias(op, weight, bias, geometry.in);

  const Shape shape = shape_like<N>(x, geometry.in, geometry, &Axis::extent);
  const Work work(op, flops_of(x.numel(), geometry), x, weight, bias);
  if (geometry.is_product()) {
    Tensor each;  // a bias for each number of the window
    if (bias) each = reshape(expand(unsqueeze(*bias, 1), {geometry.in, geometry.kernels()}), {geometry.window()});
    return reshape(linear(reshape(x, {geometry.batch, geometry.out}),
                          transpose(reshape(weight, {geometry.out, geometry.window()})), bias ? &each : nullptr),
                   shape);
  }
  return computed(op, shape, x, weight, bias, [&]<class T>(const T* image, const T* kernel, const T* shift, T* y) {
    input_gradient<T>(geometry, image, kernel, shift, y);
  });
}

template <int N>
Tensor convolve_weight(std::string_view op, const Tensor& x, const Tensor& g, const PerAxis<N>& kernel,
                       const ConvOptions<N>& options) {
  check_same_dtype(op, x, g);
  check_image<N>(op, "x", x);
  check_image<N>(op, "g", g);
  check(!options.padding.same, op, "needs the padding in numbers");
  const Geometry geometry = geometry_of<N>(op, x, channels_of<N>(g), kernel, options);
  check(geometry.in % options.groups == 0 && geometry.out % options.groups == 0, op, "cannot divide into ",
        options.groups, " groups: x is ", describe(x), ", g is ", describe(g));
  const Shape expected = shape_like<N>(x, geometry.out, geometry, &Axis::outputs);
  check(g.shape() == expected, op, "x is ", describe(x), ", which gives ", expected, ", but g is ", describe(g));

  Shape shape{geometry.out, geometry.group_in()};
  for (int axis = 0; axis < N; ++axis) shape.push_back(kernel[axis]);
  const Work work(op, flops_of(g.numel(), geometry), x, g);
  if (geometry.is_product())
    return reshape(
        matmul(transpose(reshape(g, {geometry.batch, geometry.out})), reshape(x, {geometry.batch, geometry.window()})),
        shape);
  if (x.numel() == 0 || g.numel() == 0) return zeros(shape, x.dtype());
  Tensor w(shape, x.dtype());
  const Tensor image = contiguous(x), gradient = contiguous(g);
  dispatch_floating(op, x.dtype(), [&]<class T>() {
    within_memory(
        op, [&] { weight_gradient<T>(geometry, image.data<T>(), gradient.data<T>(), w.mutable_data<T>()); }, "x is ",
        describe(x), ", g is ", describe(g));
  });
  return w;
}

}  // namespace

template <int N>
SamePadding<N> same_padding(std::string_view op, const Shape& weight, const ConvOptions<N>& options) {
  SamePadding<N> result{0, std::vector<Padding>(N)};
  bool odd = false;
  for (int axis = 0; axis < N; ++axis) {
    check(options.stride[axis] == 1, op, "kSame needs stride 1, got ", options.stride[axis]);
    const std::int64_t total = Checked(op, options.dilation[axis]) * (weight[weight.size() - N + axis] - 1);
    result.both[axis] = std::max<std::int64_t>(total / 2, 0);
    result.after[static_cast<std::size_t>(axis)].after = total % 2;
    odd |= total % 2 != 0;
  }
  if (!odd) result.after.clear();
  return result;
}
template SamePadding<1> same_padding(std::string_view, const Shape&, const ConvOptions<1>&);
template SamePadding<2> same_padding(std::string_view, const Shape&, const ConvOptions<2>&);
template SamePadding<3> same_padding(std::string_view, const Shape&, const ConvOptions<3>&);

Tensor conv1d(const Tensor& x, const Tensor& weight, const Conv1dOptions& options) {
  return convolve<1>("conv1d", x, weight, nullptr, options);
}
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  return convolve<1>("conv1d", x, weight, &bias, options);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dOptions& options) {
  return convolve<2>("conv2d", x, weight, nullptr, options);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  return convolve<2>("conv2d", x, weight, &bias, options);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const ConvTranspose1dOptions& options) {
  return convolve_transposed<1>("conv_transpose1d", x, weight, nullptr, options);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose1dOptions& options) {
  return convolve_transposed<1>("conv_transpose1d", x, weight, &bias, options);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const ConvTranspose2dOptions& options) {
  return convolve_transposed<2>("conv_transpose2d", x, weight, nullptr, options);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  return convolve_transposed<2>("conv_transpose2d", x, weight, &bias, options);
}
Tensor conv1d_weight(const Tensor& x, const Tensor& g, PerAxis<1> kernel, const Conv1dOptions& options) {
  return convolve_weight<1>("conv1d_weight", x, g, kernel, options);
}
Tensor conv2d_weight(const Tensor& x, const Tensor& g, PerAxis<2> kernel, const Conv2dOptions& options) {
  return convolve_weight<2>("conv2d_weight", x, g, kernel, options);
}

}  // namespace hourglass
