// SPDX-License-Identifier: MIT
#include "examples/support/transforms.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// 1 where nothing varies, to avoid a division by 0.
Tensor or_one(const Tensor& scale) { return where(eq(scale, 0), ones_like(scale), scale); }

void check_images(std::string_view op, const Tensor& x) {
  check(x.dim() == 4, op, "needs images [n, channels, height, width], got ", describe(x));
}

// A window of each image, which begins at a row and column of its own.
Tensor cut(const Tensor& x, std::int64_t height, std::int64_t width, const Tensor& rows, const Tensor& columns) {
  const std::int64_t n = x.size(0), channels = x.size(1);
  Tensor out({n, channels, height, width}, x.dtype());
  const Tensor packed = contiguous(x);
  const auto *top = rows.data<std::int64_t>(), *left = columns.data<std::int64_t>();
  dispatch(x.dtype(), [&]<class T>() {
    const T* const from = packed.data<T>();
    T* to = out.mutable_data<T>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t y = 0; y < height; ++y, to += width)
          std::copy_n(from + ((i * channels + c) * x.size(2) + top[i] + y) * x.size(3) + left[i], width, to);
  });
  return out;
}

}  // namespace

Scaling Scaling::to_unit_variance(const Tensor& training) {
  const Tensor centre = mean(training, {0});
  return {centre, or_one(sqrt(mean(square(training - centre), {0})))};
}

Scaling Scaling::to_unit_interval(const Tensor& training) {
  const Tensor low = min(training, {0});
  return {low, or_one(max(training, {0}) - low)};
}

Tensor Scaling::apply(const Tensor& x) const { return (x - shift_) / scale_; }
Tensor Scaling::invert(const Tensor& x) const { return x * scale_ + shift_; }

Transform compose(std::vector<Transform> transforms) {
  return [transforms = std::move(transforms)](const Tensor& batch, Rng& rng) {
    Tensor x = batch;
    for (const Transform& one : transforms) x = one(x, rng);
    return x;
  };
}

Transform random_crop(std::int64_t height, std::int64_t width) {
  return [=](const Tensor& x, Rng& rng) {
    check_images("random_crop", x);
    check(height >= 1 && height <= x.size(2) && width >= 1 && width <= x.size(3), "random_crop", height, " x ", width,
          " does not fit into ", describe(x));
    const Tensor rows = rng.randint({x.size(0)}, 0, x.size(2) - height + 1);
    return cut(x, height, width, rows, rng.randint({x.size(0)}, 0, x.size(3) - width + 1));
  };
}

Transform random_shift(std::int64_t pixels) {
  check(pixels >= 0, "random_shift", "cannot move by ", pixels, " pixels");
  return [=](const Tensor& x, Rng& rng) {
    check_images("random_shift", x);
    return random_crop(x.size(2), x.size(3))(pad(x, {{0, 0}, {0, 0}, {pixels, pixels}, {pixels, pixels}}), rng);
  };
}

Transform random_flip() {
  return [](const Tensor& x, Rng& rng) {
    check_images("random_flip", x);
    const Tensor mirrored = rng.bernoulli({x.size(0), 1, 1, 1}, 0.5);
    return where(gt(mirrored, 0), flip(x, {3}), x);
  };
}

Transform random_relight(double most) {
  check(most >= 1, "random_relight", "the largest power is 1 or more, got ", most);
  return [=](const Tensor& x, Rng& rng) {
    Shape each{x.size(0)};
    while (each.size() < x.shape().size()) each.push_back(1);
    return pow(x, exp(rng.uniform(each, -std::log(most), std::log(most))));
  };
}

Transform on_rows(std::int64_t height, std::int64_t width, Transform transform) {
  return [=, transform = std::move(transform)](const Tensor& x, Rng& rng) {
    const Tensor y = transform(reshape(x, {x.size(0), 1, height, width}), rng);
    return reshape(y, {y.size(0), y.numel() / std::max<std::int64_t>(y.size(0), 1)});
  };
}

Tensor windows(const Tensor& series, std::int64_t length, std::int64_t stride) {
  check(series.dim() >= 1 && length >= 1 && stride >= 1, "windows",
        "needs a series [time, ...] and positive numbers, got ", describe(series), ", length ", length, ", stride ",
        stride);
  const std::int64_t pieces = series.size(0) < length ? 0 : (series.size(0) - length) / stride + 1;
  Shape shape{pieces, length};
  Strides strides{series.strides()[0] * stride, series.strides()[0]};
  for (int axis = 1; axis < series.dim(); ++axis) {
    shape.push_back(series.shape()[axis]);
    strides.push_back(series.strides()[axis]);
  }
  return Tensor::view_of(series, shape, strides, series.offset());
}

}  // namespace hourglass::examples
