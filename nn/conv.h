// SPDX-License-Identifier: MIT
// Convolution layers: the same small weights at every place of an image, a series or a volume.
#pragma once
#include <cstdint>
#include <optional>

#include "nn/layer.h"
#include "nn/lazy.h"
#include "nn/padding.h"
#include "tensor/windows.h"

namespace hourglass::nn {

template <int N>
struct ConvOptions {
  PerAxis<N> kernel;
  PerAxis<N> stride = 1;
  /// The same on both sides of an axis, or kSame: .padding = 1, .padding = {1, 2}, .padding = kSame.
  ConvPadding<N> padding = 0;
  PerAxis<N> dilation = 1;
  /// Divides inputs and outputs into this number of equal parts. An output reads the inputs of its own part.
  std::int64_t groups = 1;
  bool bias = true;
  /// The values in the padding; constant means zeros.
  PadMode padding_mode = PadMode::constant;
  Dtype dtype = Dtype::f32;
};
using Conv1dOptions = ConvOptions<1>;
using Conv2dOptions = ConvOptions<2>;
using Conv3dOptions = ConvOptions<3>;

/// y = x ∗ W + b (conv1d, conv2d and conv3d of autograd/ops.h) for x [n, in, extents] or [in, extents],
/// with N extents. weight is [out, in / groups, kernel], bias [out]; both start uniform in
/// ±1/√(in / groups · kernel), as in PyTorch.
template <int N>
class Conv : public Layer {
 public:
  Conv(std::int64_t in, std::int64_t out, const ConvOptions<N>& options, Rng& rng);
  Var forward(const Var& x) const override;

  const Parameter& weight() const { return weight_; }
  const std::optional<Parameter>& bias() const { return bias_; }

 private:
  ConvOptions<N> options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
  Initializer initialize_;
};

class Conv1d : public Conv<1> {
 public:
  using Conv::Conv;
};
class Conv2d : public Conv<2> {
 public:
  using Conv::Conv;
};
class Conv3d : public Conv<3> {
 public:
  using Conv::Conv;
};
class LazyConv1d : public Conv1d {
 public:
  LazyConv1d(std::int64_t out, const Conv1dOptions& options, Rng& rng) : Conv1d(kLazy, out, options, rng) {}
};
class LazyConv2d : public Conv2d {
 public:
  LazyConv2d(std::int64_t out, const Conv2dOptions& options, Rng& rng) : Conv2d(kLazy, out, options, rng) {}
};
class LazyConv3d : public Conv3d {
 public:
  LazyConv3d(std::int64_t out, const Conv3dOptions& options, Rng& rng) : Conv3d(kLazy, out, options, rng) {}
};

template <int N>
struct ConvTransposeOptions {
  PerAxis<N> kernel;
  PerAxis<N> stride = 1;
  PerAxis<N> padding = 0;
  /// Several output sizes are possible with a stride above 1. This is added to the smallest.
  PerAxis<N> output_padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  PerAxis<N> dilation = 1;
  Dtype dtype = Dtype::f32;
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;
using ConvTranspose2dOptions = ConvTransposeOptions<2>;
using ConvTranspose3dOptions = ConvTransposeOptions<3>;

/// The gradient of a convolution with respect to its image, as a layer. With a stride it makes
/// images larger, as a decoder does. weight is [in, out / groups, kernel], bias [out]; both start
/// uniform in ±1/√(out / groups · kernel).
template <int N>
class ConvTranspose : public Layer {
 public:
  ConvTranspose(std::int64_t in, std::int64_t out, const ConvTransposeOptions<N>& options, Rng& rng);
  Var forward(const Var& x) const override;
  /// Chooses the output_padding so that the output has the extents `output_size`.
  Var forward(const Var& x, const PerAxis<N>& output_size) const;
  using Layer::operator();
  Var operator()(const Var& x, const PerAxis<N>& output_size) const {
    return in_context(name(), [&] { return forward(x, output_size); });
  }

  const Parameter& weight() const { return weight_; }
  const std::optional<Parameter>& bias() const { return bias_; }

 private:
  Var apply(const Var& x, const PerAxis<N>& output_padding) const;

  ConvTransposeOptions<N> options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
  Initializer initialize_;
};

class ConvTranspose1d : public ConvTranspose<1> {
 public:
  using ConvTranspose::ConvTranspose;
};
class ConvTranspose2d : public ConvTranspose<2> {
 public:
  using ConvTranspose::ConvTranspose;
};
class ConvTranspose3d : public ConvTranspose<3> {
 public:
  using ConvTranspose::ConvTranspose;
};
class LazyConvTranspose1d : public ConvTranspose1d {
 public:
  LazyConvTranspose1d(std::int64_t out, const ConvTranspose1dOptions& options, Rng& rng)
      : ConvTranspose1d(kLazy, out, options, rng) {}
};
class LazyConvTranspose2d : public ConvTranspose2d {
 public:
  LazyConvTranspose2d(std::int64_t out, const ConvTranspose2dOptions& options, Rng& rng)
      : ConvTranspose2d(kLazy, out, options, rng) {}
};
class LazyConvTranspose3d : public ConvTranspose3d {
 public:
  LazyConvTranspose3d(std::int64_t out, const ConvTranspose3dOptions& options, Rng& rng)
      : ConvTranspose3d(kLazy, out, options, rng) {}
};

}  // namespace hourglass::nn
