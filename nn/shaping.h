// SPDX-License-Identifier: MIT
// Layers that rearrange and combine: shapes, skip connections, branches.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "nn/sequential.h"

namespace hourglass::nn {

/// Joins the axes first .. last into one: a batch of images [n, 1, 28, 28] becomes [n, 784].
class Flatten : public Layer {
 public:
  explicit Flatten(std::int64_t first = 1, std::int64_t last = -1) : first_(first), last_(last) {}
  Var forward(const Var& x) const override;

 private:
  std::int64_t first_, last_;
};

/// Cuts one axis into several: Unflatten(1, {1, 28, 28}) makes images of [n, 784]. One extent may be -1.
class Unflatten : public Layer {
 public:
  Unflatten(std::int64_t axis, const Shape& sizes) : axis_(axis), sizes_(sizes) {}
  Var forward(const Var& x) const override;

 private:
  std::int64_t axis_;
  Shape sizes_;
};

/// Gives each sample another shape, and leaves the first axis as it is: Reshape({16, 7, 7}). One extent may be -1.
class Reshape : public Layer {
 public:
  explicit Reshape(const Shape& sample) : sample_(sample) {}
  Var forward(const Var& x) const override;

 private:
  Shape sample_;
};

/// [..., c r², h, w] to [..., c, h r, w r]: channels become pixels, so that a convolution can make an image larger
/// (Shi et al. 2016, "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
/// neural network").
class PixelShuffle : public Layer {
 public:
  explicit PixelShuffle(std::int64_t upscale_factor);
  Var forward(const Var& x) const override;

 private:
  std::int64_t factor_;
};

/// [..., c, h r, w r] to [..., c r², h, w]: the inverse of PixelShuffle.
class PixelUnshuffle : public Layer {
 public:
  explicit PixelUnshuffle(std::int64_t downscale_factor);
  Var forward(const Var& x) const override;

 private:
  std::int64_t factor_;
};

/// x + f(x), where f is the sequence of layers. x passes around f unchanged, and so does the
/// gradient (He et al. 2016, "Deep residual learning for image recognition").
class Residual : public Sequential {
 public:
  using Sequential::Sequential;
  Var forward(const Var& x) const override;
};

/// Applies each layer to the same x, and concatenates the results along the axis. The skip connection of a U-Net is
/// Concat{Identity(), Sequential{the way down and up}}.
class Concat : public Sequential {
 public:
  explicit Concat(std::int64_t axis = 1) : axis_(axis) {}
  Concat(std::initializer_list<Item> layers, std::int64_t axis = 1) : Sequential(layers), axis_(axis) {}
  Var forward(const Var& x) const override;

 private:
  std::int64_t axis_;
};

}  // namespace hourglass::nn
