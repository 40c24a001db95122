// SPDX-License-Identifier: MIT
// Convolution against its defining sum, over many geometries; NaN, empty batches, threads, errors.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "tensor/conv/reference.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/layouts.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// A square stride, padding and dilation, and what the ops are given for them.
struct Case {
  std::int64_t batch, in, out, height, width, kernel_height, kernel_width, stride, padding, dilation, groups;

  Conv2dOptions options() const {
    return {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups};
  }
  conv::Geometry geometry() const {
    const auto axis = [&](std::int64_t extent, std::int64_t kernel) {
      const std::int64_t outputs = (extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
      return conv::Axis{extent, kernel, outputs, stride, padding, dilation};
    };
    return {batch, in, out, groups, {axis(height, kernel_height), axis(width, kernel_width)}};
  }
  Shape image() const { return {batch, in, height, width}; }
  Shape weight() const { return {out, in / groups, kernel_height, kernel_width}; }
  Shape result() const {
    const conv::Geometry g = geometry();
    return {batch, out, g.axes[0].outputs, g.axes[1].outputs};
  }
  bool fits() const {
    return height + 2 * padding > dilation * (kernel_height - 1) && width + 2 * padding > dilation * (kernel_width - 1);
  }
};
std::ostream& operator<<(std::ostream& stream, const Case& c) {
  return stream << "x " << c.image() << ", weight " << c.weight() << ", stride " << c.stride << ", padding "
                << c.padding << ", dilation " << c.dilation << ", groups " << c.groups;
}

// Random cases, small and large, with lines and channels on both sides of a register's width.
std::vector<Case> cases() {
  Rng rng(5);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return static_cast<std::int64_t>(rng.randint({}, low, high + 1).item());
  };
  std::vector<Case> result{{3, 1, 16, 28, 28, 3, 3, 2, 1, 1, 1}, {2, 16, 32, 14, 14, 3, 3, 2, 1, 1, 1},
                           {2, 32, 64, 7, 7, 7, 7, 1, 0, 1, 1},  {2, 3, 2, 32, 32, 3, 3, 1, 1, 1, 1},
                           {2, 16, 2, 8, 8, 1, 1, 1, 0, 1, 1},   {2, 32, 16, 16, 16, 2, 2, 2, 0, 1, 1},
                           {1, 40, 70, 5, 5, 3, 3, 1, 1, 1, 1},  {1, 2, 3, 1, 140, 1, 7, 1, 3, 1, 1},
                           {2, 1, 1, 3, 2, 5, 5, 1, 4, 1, 1},    {2, 3, 20, 9, 17, 1, 1, 3, 0, 1, 1}};
  while (result.size() < 60) {
    const std::int64_t groups = pick(1, 3);
    const Case c{pick(1, 3), groups * pick(1, 9), groups * pick(1, 20), pick(1, 20), pick(1, 40), pick(1, 4),
                 pick(1, 5), pick(1, 3),          pick(0, 3),           pick(1, 3),  groups};
    if (c.fits()) result.push_back(c);
  }
  return result;
}

}  // namespace

TEST_CASE("convolution, its transpose and its weight gradient are derivatives of one form") {
  for (const Case& s : cases()) {
    INFO(s);
    const Tensor x = ramp(s.image(), 1, Dtype::f64), w = ramp(s.weight(), 5, Dtype::f64),
                 g = ramp(s.result(), 8, Dtype::f64);
    const std::vector<double> xs = x.to_vector<double>(), ws = w.to_vector<double>(), gs = g.to_vector<double>();
    std::vector<double> by_x(xs.size()), by_w(ws.size()), by_g(gs.size());
    conv::for_each_term(s.geometry(), [&](std::size_t i, std::size_t k, std::size_t p) {
      by_g[p] += xs[i] * ws[k];
      by_x[i] += gs[p] * ws[k];
      by_w[k] += gs[p] * xs[i];
    });
    const auto more = [&](std::int64_t extent, std::int64_t kernel) {
      return (extent + 2 * s.padding - s.dilation * (kernel - 1) - 1) % s.stride;
    };
    const ConvTranspose2dOptions back{
        .stride = s.stride,
        .padding = s.padding,
        .output_padding = {more(s.height, s.kernel_height), more(s.width, s.kernel_width)},
        .groups = s.groups,
        .dilation = s.dilation};
    for (const Dtype dtype : {Dtype::f64, Dtype::f32}) {
      // The ramps are short numbers whose products and sums f32 holds without rounding.
      const Tensor a = to(x, dtype), b = to(w, dtype), c = to(g, dtype);
      CHECK_NOTHROW(check_close("conv2d", conv2d(a, b, s.options()), Tensor::from(by_g, s.result()), 0, 1));
      CHECK_NOTHROW(check_close("conv_transpose2d", conv_transpose2d(c, b, back), Tensor::from(by_x, s.image()), 0, 1));
      CHECK_NOTHROW(check_close("conv2d_weight", conv2d_weight(a, c, {s.kernel_height, s.kernel_width}, s.options()),
                                Tensor::from(by_w, s.weight()), 0, 1));
    }
    // The rules find the options of the ops that they call.
    const Var image = variable(x), kernel = variable(w), out = variable(g);
    const auto gradients = [](const Var& y, const Tensor& cotangent, const std::vector<Var>& by) {
      return grad(std::vector<Var>{y}, std::vector<Var>{constant(cotangent)}, by);
    };
    const std::vector<Var> forth = gradients(conv2d(image, kernel, s.options()), g, {image, kernel});
    CHECK_NOTHROW(check_close("conv2d by x", forth[0].value(), Tensor::from(by_x, s.image()), 0, 1));
    CHECK_NOTHROW(check_close("conv2d by w", forth[1].value(), Tensor::from(by_w, s.weight()), 0, 1));
    const std::vector<Var> there = gradients(conv_transpose2d(out, kernel, back), x, {out, kernel});
    CHECK_NOTHROW(check_close("conv_transpose2d by x", there[0].value(), Tensor::from(by_g, s.result()), 0, 1));
    CHECK_NOTHROW(check_close("conv_transpose2d by w", there[1].value(), Tensor::from(by_w, s.weight()), 0, 1));
  }
}

TEST_CASE("a NaN reaches the windows that contain it, and no others") {
  for (const std::int64_t width : {5, 14, 16, 33}) {
    Tensor x = ones({2, 3, 6, width});
    x.mutable_data<float>()[(1 * 3 + 1) * 6 * width + 2 * width + 3] = std::numeric_limits<float>::quiet_NaN();
    for (const std::int64_t out : {1, 16, 32}) {
      const Tensor y = conv2d(x, ones({out, 3, 3, 3}), {.padding = 1});
      for_each_index(y.shape(), [&](const Axes& at) {
        const bool sees = at[0] == 1 && at[2] >= 1 && at[2] <= 3 && at[3] >= 2 && at[3] <= 4;
        CHECK(std::isnan(hourglass::test::at(y, at)) == sees);
      });
    }
  }
}

TEST_CASE("a NaN reaches the gradients of the weights that multiplied it, and no others") {
  for (const std::int64_t width : {4, 5, 14, 16, 33}) {
    Tensor x = ones({3, 2, 6, width});
    x.mutable_data<float>()[(2 * 2 + 1) * 6 * width + 2 * width + width - 2] = std::numeric_limits<float>::quiet_NaN();
    for (const std::int64_t out : {1, 16, 32}) {
      const Tensor w = conv2d_weight(x, zeros({3, out, 6, width}), {1, 3}, {.padding = {0, 1}});
      for_each_index(w.shape(), [&](const Axes& at) { CHECK(std::isnan(hourglass::test::at(w, at)) == (at[1] == 1)); });
    }
  }
}

TEST_CASE("convolutions of whole batches give equal bits on 1, 2, 3 and 4 threads") {
  Rng rng(2);
  const Tensor x = rng.normal({40, 16, 14, 14}), w = rng.normal({32, 16, 3, 3}), g = rng.normal({40, 32, 7, 7});
  const Tensor image = rng.normal({40, 1, 28, 28}), few = rng.normal({16, 1, 3, 3}), h = rng.normal({40, 16, 14, 14});
  const auto all = [&](int threads) {
    const Threads use(threads);
    return std::vector<Part>{
        {"conv2d", conv2d(x, w, {.stride = 2, .padding = 1})},
        {"conv_transpose2d", conv_transpose2d(g, w, {.stride = 2, .padding = 1, .output_padding = 1})},
        {"conv2d_weight", conv2d_weight(x, g, 3, {.stride = 2, .padding = 1})},
        {"conv2d of one channel", conv2d(image, few, {.stride = 2, .padding = 1})},
        {"conv_transpose2d of one channel", conv_transpose2d(h, few, {.stride = 2, .padding = 1, .output_padding = 1})},
        {"conv2d_weight of one channel", conv2d_weight(image, h, 3, {.stride = 2, .padding = 1})}};
  };
  const std::vector<Part> wanted = all(1);
  for (const int threads : {2, 3, 4}) CHECK_NOTHROW(check_same_bits("threads", all(threads), wanted));
}

TEST_CASE("empty batches and empty weights are convolved") {
  CHECK(conv2d(zeros({0, 2, 5, 5}), zeros({3, 2, 3, 3})).shape() == Shape{0, 3, 3, 3});
  CHECK(conv2d(zeros({2, 2, 5, 5}), zeros({0, 2, 3, 3})).shape() == Shape{2, 0, 3, 3});
  CHECK(conv_transpose2d(zeros({0, 2, 5, 5}), zeros({2, 3, 3, 3})).shape() == Shape{0, 3, 7, 7});
  CHECK(equal(conv2d_weight(zeros({0, 2, 5, 5}), zeros({0, 3, 3, 3}), 3), zeros({3, 2, 3, 3})));
  CHECK(equal(conv2d(zeros({1, 0, 4, 4}), zeros({2, 0, 3, 3}), ones({2})), ones({1, 2, 2, 2})));
}

TEST_CASE("an error names the shapes and options that do not fit") {
  const Tensor x = zeros({2, 3, 8, 8}), w = zeros({4, 3, 3, 3});
  CHECK(error_of([&] {
          conv2d(x, zeros({4, 2, 3, 3}));
        }) == "conv2d: channels differ: x is f32[2, 3, 8, 8], weight is f32[4, 2, 3, 3] in 1 groups (3 against 2)");
  CHECK(error_of([&] {
          conv2d(zeros({2, 3, 2, 8}), w);
        }) ==
        "conv2d: the kernel does not fit into the image: x is f32[2, 3, 2, 8], a window spans 3, the image with its "
        "padding 2");
  CHECK(error_of([&] {
          conv2d(zeros({8, 8}), w);
        }) == "conv2d: x is [batch, channels, height, width] or [channels, height, width], got f32[8, 8]");
  CHECK(error_of([&] { conv1d(x, w); }) ==
        "conv1d: x is [batch, channels, length] or [channels, length], got f32[2, 3, 8, 8]");
  CHECK(error_of([&] { conv2d(x, w, zeros({3})); }) ==
        "conv2d: bias is [out]: weight is f32[4, 3, 3, 3], which gives 4 channels, bias is f32[3]");
  CHECK(error_of([&] { conv2d(x, w, {.stride = 2, .padding = kSame}); }) == "conv2d: kSame needs stride 1, got 2");
  CHECK(error_of([&] { conv2d(x, w, {.stride = 0}); }) ==
        "conv2d: stride and dilation are at least 1 and padding at least 0, got stride 0, dilation 1, padding 0");
  CHECK(error_of([&] { conv2d(to(x, Dtype::i64), to(w, Dtype::i64)); }) ==
        "conv2d: needs f32 or f64, got i64[2, 3, 8, 8]; convert with to(x, Dtype::f32)");
  CHECK(error_of([&] {
          conv_transpose2d(x, zeros({3, 4, 3, 3}), {.stride = 2, .output_padding = 2});
        }) ==
        "conv_transpose2d: output_padding is at least 0 and less than stride or dilation, got 2 with stride 2 and "
        "dilation 1");
  CHECK(error_of([&] {
          conv2d_weight(x, zeros({2, 4, 5, 5}), 3);
        }) == "conv2d_weight: x is f32[2, 3, 8, 8], which gives [2, 4, 6, 6], but g is f32[2, 4, 5, 5]");
  CHECK(error_of([&] { max_pool2d(x, {.kernel = 2, .padding = 2}); }) ==
        "max_pool2d: padding is at least 0 and at most half of the kernel, got 2 with kernel 2");
  CHECK(
      error_of([&] { avg_pool2d(x, {.kernel = 9}); }) ==
      "avg_pool2d: the window does not fit into the image: x is f32[2, 3, 8, 8], a window spans 9, the image with its "
      "padding 8");
  CHECK(error_of([&] { interpolate(x, {.size = {4}, .mode = InterpolateMode::linear}); }) ==
        "interpolate: mode linear is for series (bilinear for images), x is f32[2, 3, 8, 8]");
  CHECK(error_of([&] { interpolate(x, {}); }) == "interpolate: give one of size and scale_factor");
  CHECK(error_of([&] {
          max_unpool2d(x, zeros({2, 3, 8, 8}, Dtype::i64) + 256, {.kernel = 2});
        }) == "max_unpool2d: index 256 is out of range for an image of 256 numbers: x is f32[2, 3, 8, 8]");
}

TEST_CASE("of several numbers unpooled to one place, the last stays and gets the gradient") {
  const Var x = variable(Tensor::from({1.0, 2.0, 3.0}, {1, 1, 3}));
  const Tensor indices = Tensor::from(std::vector<std::int64_t>{1, 4, 1}, {1, 1, 3});
  const Var y = max_unpool1d(x, indices, {.kernel = 2});
  CHECK(equal(y.value(), Tensor::from({0.0, 3.0, 0.0, 0.0, 2.0, 0.0}, {1, 1, 6})));
  const Var loss = sum(square(y));
  CHECK(equal(grad(loss, x).value(), Tensor::from({0.0, 4.0, 6.0}, {1, 1, 3})));
}
