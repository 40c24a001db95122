// What is done to data before a model sees them.
#pragma once
#include <cstdint>
#include <functional>

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// (x - shift) / scale, per column (or number, from axis 1 on), with what was found on the training set: on a test set
/// the same numbers serve, and nothing of it leaks into them.
class Scaling {
 public:
  /// Mean 0 and variance 1. A column that never changes becomes 0.
  static Scaling to_unit_variance(const Tensor& training);
  /// From 0 to 1.
  static Scaling to_unit_interval(const Tensor& training);
  Tensor apply(const Tensor& x) const;
  /// Back to the units of the data.
  Tensor invert(const Tensor& x) const;

 private:
  Scaling(Tensor shift, Tensor scale) : shift_(std::move(shift)), scale_(std::move(scale)) {}
  Tensor shift_, scale_;
};

/// A function of a batch and of random numbers, for LoaderOptions::transform.
using Transform = std::function<Tensor(const Tensor& batch, Rng& rng)>;

/// One after another.
Transform compose(std::vector<Transform> transforms);
/// Each image [n, channels, height, width] moved by up to so many pixels each way; what comes in is 0.
Transform random_shift(std::int64_t pixels);
/// Each image mirrored left to right, or not, with probability 1/2.
Transform random_flip();
/// Each image cut to height x width at a random place.
Transform random_crop(std::int64_t height, std::int64_t width);
/// A transform of images for data that come as rows [n, height * width].
Transform on_rows(std::int64_t height, std::int64_t width, Transform transform);

/// All pieces of `length` of a series [time, ...], each `stride` further: [pieces, length, ...]. What is left over at
/// the end is left out. A view: it costs no memory.
Tensor windows(const Tensor& series, std::int64_t length, std::int64_t stride = 1);

}  // namespace hourglass::examples
