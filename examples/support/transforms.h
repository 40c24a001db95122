// SPDX-License-Identifier: MIT
// Transforms of data: scaling, random shifts, flips and crops, windows of a series.
#pragma once
#include <cstdint>
#include <functional>

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// (x - shift) / scale for each column (each number, from axis 1 on). Both are computed from the training set and then
/// applied to the test set, so that nothing of the test set leaks into training.
class Scaling {
 public:
  /// Mean 0 and variance 1. A constant column becomes 0.
  static Scaling to_unit_variance(const Tensor& training);
  /// From 0 to 1.
  static Scaling to_unit_interval(const Tensor& training);
  Tensor apply(const Tensor& x) const;
  /// The inverse: back to the units of the data.
  Tensor invert(const Tensor& x) const;

  /// One that was computed before, from a file for example.
  Scaling(Tensor shift, Tensor scale) : shift_(std::move(shift)), scale_(std::move(scale)) {}
  const Tensor& shift() const { return shift_; }
  const Tensor& scale() const { return scale_; }

 private:
  Tensor shift_, scale_;
};

/// A function of a batch and of random numbers, for LoaderOptions::transform.
using Transform = std::function<Tensor(const Tensor& batch, Rng& rng)>;

/// All of them, one after the other.
Transform compose(std::vector<Transform> transforms);
/// Moves each image of [n, channels, height, width] by up to `pixels` in each direction and fills with 0.
Transform random_shift(std::int64_t pixels);
/// Mirrors each image left to right with probability 1/2.
Transform random_flip();
/// Cuts each image to height x width at a random place.
Transform random_crop(std::int64_t height, std::int64_t width);
/// Makes each image of a batch [n, ...], with pixels in [0, 1], darker or brighter: x^γ with log γ uniform in ±log(most).
Transform random_relight(double most);
/// Applies a transform of images to rows [n, height * width].
Transform on_rows(std::int64_t height, std::int64_t width, Transform transform);

/// Windows of `length` steps of a series [time, ...], one every `stride` steps: [windows, length, ...]. Steps at the
/// end that fill no window are dropped. The result is a view, which takes no memory.
Tensor windows(const Tensor& series, std::int64_t length, std::int64_t stride = 1);

}  // namespace hourglass::examples
