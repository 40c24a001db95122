// SPDX-License-Identifier: MIT
// Convolution and pooling of volumes [batch, channels, depth, height, width] in terms of images, for Tensor and Var.
//
// A window of a volume is a stack of windows of images. So a 3-d convolution is the 2-d one of images that have a
// channel for each pair of a channel and a place in the depth of the window:
//
//   y[n, o, i] = Σ over c and k of w[o, c, k] ∗ x[n, c, i stride + k dilation - padding]
//
// The batch holds the pairs (n, i). The copy of x is as many times larger as the window is deep, and the weight is only
// looked at in another shape. A transposed convolution is the same the other way round. Pooling is separable.
#pragma once
#include <optional>
#include <string_view>

#include "tensor/composed/value_of.h"
#include "tensor/conv/geometry.h"
#include "tensor/ops.h"

namespace hourglass::composed {

/// [n, c, d, ...] as images [n d, c, ...], and back.
template <class X>
X images_of(const X& x) {
  const X by_depth = permute(x, {0, 2, 1, 3, 4});
  return reshape(by_depth, {Checked("volume", x.size(0)) * x.size(2), x.size(1), x.size(3), x.size(4)});
}
template <class X>
X volumes_of(const X& images, std::int64_t batch, std::int64_t depth) {
  return permute(reshape(images, {batch, depth, images.size(1), images.size(2), images.size(3)}), {0, 2, 1, 3, 4});
}

/// [a, b, depth, height, width] as [a, b depth, height, width].
template <class X>
X flat_weight(const X& w) {
  return reshape(w, {w.size(0), Checked("volume", w.size(1)) * w.size(2), w.size(3), w.size(4)});
}

template <class X>
X conv3d(const X& x, const X& weight, const X* bias, const Conv3dOptions& options) {
  constexpr std::string_view op = "conv3d";
  conv::check_operands<3>(op, value_of(x), value_of(weight), "out, in / groups");
  if (options.padding.same) {
    const SamePadding<3> padding = same_padding<3>(op, weight.shape(), options);
    Conv3dOptions numbers = options;
    numbers.padding = padding.both;
    return conv3d(padding.after.empty() ? x : pad(x, padding.after), weight, bias, numbers);
  }
  const conv::Geometry geometry =
      conv::geometry_of<3>(op, value_of(x), value_of(weight), bias ? &value_of(*bias) : nullptr, options);
  if (x.dim() == 4) return squeeze(conv3d(unsqueeze(x, 0), weight, bias, options), 0);

  const conv::Axis& depth = geometry.depth;
  const std::int64_t span = Checked(op, depth.dilation) * (depth.kernel - 1) + 1;
  const X padded = depth.padding == 0 ? x : pad(x, {{depth.padding, depth.padding}, {0, 0}, {0, 0}});
  const X windows = slice(unfold(padded, 2, span, depth.stride), 5, 0, span, depth.dilation);  // [n, c, i, h, w, k]
  const X images = reshape(
      permute(windows, {0, 2, 1, 5, 3, 4}),
      {Checked(op, geometry.batch) * depth.outputs, Checked(op, geometry.in) * depth.kernel, x.size(3), x.size(4)});
  const Conv2dOptions flat{{options.stride[1], options.stride[2]},
                           {options.padding.amount[1], options.padding.amount[2]},
                           {options.dilation[1], options.dilation[2]},
                           options.groups};
  const X y = bias ? conv2d(images, flat_weight(weight), *bias, flat) : conv2d(images, flat_weight(weight), flat);
  return volumes_of(y, geometry.batch, depth.outputs);
}

template <class X>
X conv_transpose3d(const X& x, const X& weight, const X* bias, const ConvTranspose3dOptions& options) {
  constexpr std::string_view op = "conv_transpose3d";
  conv::check_operands<3>(op, value_of(x), value_of(weight), "in, out / groups");
  const conv::Geometry geometry = conv::transposed_geometry_of<3>(op, value_of(x), value_of(weight), options);
  conv::check_bias(op, value_of(weight), bias ? &value_of(*bias) : nullptr, geometry.in);
  if (x.dim() == 4) return squeeze(conv_transpose3d(unsqueeze(x, 0), weight, bias, options), 0);

  const ConvTranspose2dOptions flat{{options.stride[1], options.stride[2]},
                                    {options.padding[1], options.padding[2]},
                                    {options.output_padding[1], options.output_padding[2]},
                                    options.groups,
                                    {options.dilation[1], options.dilation[2]}};
  const X images = conv_transpose2d(images_of(x), flat_weight(weight), flat);  // [n i, out k, height, width]
  const conv::Axis& depth = geometry.depth;
  const std::int64_t height = images.size(2), width = images.size(3);
  const X windows = permute(reshape(images, {geometry.batch, depth.outputs, geometry.in, depth.kernel, height, width}),
                            {0, 2, 1, 4, 5, 3});
  // The windows, with the gaps of their dilation, are added up where they lie. Then the padding goes.
  const std::int64_t span = Checked(op, depth.dilation) * (depth.kernel - 1) + 1;
  const std::int64_t all = Checked(op, depth.outputs - 1) * depth.stride + span, more = options.output_padding[0];
  Shape spread = windows.shape();
  spread.back() = span;
  const X sum = fold(embed_slice(windows, spread, 5, 0, depth.dilation),
                     {geometry.batch, geometry.in, all, height, width}, 2, span, depth.stride);
  const X longer = more == 0 ? sum : pad(sum, {{0, more}, {0, 0}, {0, 0}});
  const X y = slice(longer, 2, depth.padding, depth.padding + depth.extent);
  return bias ? y + reshape(*bias, {geometry.in, 1, 1, 1}) : y;
}

/// pool(images, taps) along height and width, and then along the depth.
template <class X, class Pool>
X pooled_volume(const X& x, const VolumeTaps& taps, const Pool& pool) {
  const X series = movedim(pool(x, taps.images), {-3}, {-1});
  return movedim(pool(series, ImageTaps{std::nullopt, taps.depth}), {-1}, {-3});
}
template <class X>
X max_of_volume(const X& x, const VolumeTaps& taps) {
  return pooled_volume(x, taps, [](const X& images, const ImageTaps& t) { return max_over_taps(images, t).values; });
}
template <class X>
X mean_of_volume(const X& x, const VolumeTaps& taps) {
  return pooled_volume(x, taps, [](const X& images, const ImageTaps& t) { return resample(images, t); });
}

}  // namespace hourglass::composed
