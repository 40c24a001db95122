// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "examples/support/plot.h"
#include "examples/support/png.h"
#include "examples/support/text.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::kNan;

namespace {

int pixel(const Image& image, int x, int y, int channel = 0) {
  return image.pixels.at(static_cast<std::size_t>((y * image.width + x) * image.channels + channel));
}

}  // namespace

TEST_CASE("a grid keeps images upright and fills row by row") {
  const Tensor x =
      Tensor::from<float>({0, 1, 0.5f, 0.2f, 0.4f, 0.6f, 1, 1, 1, 0, 0, 0}, {2, 2, 3});  // two images, 3 wide, 2 high
  const Image grid = image_grid(x, {.columns = 2, .scale = 1, .gap = 1});
  CHECK(grid.channels == 1);
  CHECK(grid.width == 1 + 2 * 4);
  CHECK(grid.height == 1 + 3);
  CHECK(pixel(grid, 1, 1) == 0);
  CHECK(pixel(grid, 2, 1) == 255);
  CHECK(pixel(grid, 3, 1) == 128);
  CHECK(pixel(grid, 1, 2) == 51);
  CHECK(pixel(grid, 5, 1) == 255);
  CHECK(pixel(grid, 5, 2) == 0);

  const Image column = image_grid(x, {.columns = 1, .scale = 1, .gap = 1});
  CHECK(column.width == 1 + 4);
  CHECK(pixel(column, 1, 4) == 255);
}

TEST_CASE("a pixel is scaled to a square") {
  const Image grid = image_grid(Tensor::from<float>({1, 0, 0, 1}, {1, 4}), {.scale = 3, .gap = 0});
  CHECK(grid.width == 6);
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 6; ++x) CHECK(pixel(grid, x, y) == ((x < 3) == (y < 3) ? 255 : 0));
}

TEST_CASE("values outside of the range are clamped, infinities too, and NaN has its own colour") {
  const float infinity = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from<float>({-1, 2, -infinity, infinity}, {1, 4});
  const Image grey = image_grid(x, {.scale = 1, .gap = 0});
  CHECK(grey.pixels == std::vector<std::uint8_t>{0, 255, 0, 255});

  const Image marked = image_grid(Tensor::from<double>({0, kNan, 1, 0.2}, {1, 4}), {.scale = 1, .gap = 0});
  CHECK(marked.channels == 3);
  CHECK(marked.pixels == std::vector<std::uint8_t>{0, 0, 0, 255, 0, 255, 255, 255, 255, 51, 51, 51});
}

TEST_CASE("weights are scaled by their own range, each image separately") {
  const Tensor x = Tensor::from<float>({-3, 1, -1, -1, 5, 5, 5, 5}, {2, 4});
  const Image grid = image_grid(x, {.columns = 2, .scale = 1, .gap = 0, .normalize = true});
  CHECK(grid.pixels == std::vector<std::uint8_t>{0, 255, 128, 128, 128, 128, 128, 128});
  const Image fixed = image_grid(x, {.columns = 2, .scale = 1, .gap = 0, .low = -5, .high = 5});
  CHECK(pixel(fixed, 2, 0) == 255);
  CHECK(pixel(fixed, 0, 0) == 51);
}

TEST_CASE("three channels make colour") {
  const Image image = image_grid(Tensor::from<float>({1, 0, 0.2f}, {1, 3, 1, 1}), {.scale = 1, .gap = 0});
  CHECK(image.pixels == std::vector<std::uint8_t>{255, 0, 51});
}

TEST_CASE("labels have their own space and do not change the images") {
  const Tensor x = ones({4, 784});
  const Image bare = image_grid(x, {.columns = 2, .scale = 1});
  const Image labelled = image_grid(x, {.columns = 2,
                                        .scale = 1,
                                        .row_labels = {"input", "σ = 0.3"},
                                        .column_labels = {"a", "a label that is long"},
                                        .labels = {"1"}});
  CHECK(labelled.width > bare.width + 100);
  CHECK(labelled.height > bare.height + 3 * 9);
  CHECK(std::count(labelled.pixels.begin(), labelled.pixels.end(), 255) == 4 * 784);
  CHECK(std::count(labelled.pixels.begin(), labelled.pixels.end(), 225) > 100);
}

TEST_CASE("a tensor that is not a set of images is an error that shows its shape") {
  CHECK(contains(error_of([] {
                   image_grid(zeros({3, 10}));
                 }),
                 "rows of 10 numbers are no images of 3 x 3; give .height and .width, got f32[3, 10]"));
  CHECK(image_grid(zeros({3, 10}), {.height = 2}).width > 0);
  CHECK(contains(error_of([] { image_grid(zeros({3, 10}), {.height = 3, .width = 5}); }), "3 x 5"));
  CHECK(contains(error_of([] { image_grid(zeros({10})); }), "got f32[10]"));
  CHECK(contains(error_of([] { image_grid(zeros({2, 2, 5, 5})); }), "1 or 3 channels"));
  CHECK(contains(error_of([] { image_grid(zeros({0, 4})); }), "nothing to show"));
  CHECK(contains(error_of([] { image_grid(zeros({1, 4}), {.columns = 0}); }), "at least 1"));
}

TEST_CASE("a PNG file has the PNG signature and the image's size") {
  const std::string png =
      encode_png({.width = 300, .height = 2, .channels = 3, .pixels = std::vector<std::uint8_t>(1800, 7)});
  CHECK(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  CHECK(png.substr(12, 4) == "IHDR");
  CHECK(png.substr(16, 8) == std::string("\0\0\1\x2c\0\0\0\2", 8));
  CHECK(png.substr(png.size() - 8, 4) == "IEND");
  CHECK(contains(error_of([] {
                   encode_png({.width = 2, .height = 2, .channels = 1, .pixels = {1, 2, 3}});
                 }),
                 "3 bytes are not an image of 2 x 2"));
}

TEST_CASE("curves have title, labels, legend and ticks, and names with markup are only text") {
  const std::string svg = line_plot({{"train", {1, 2, 3}, {3, 2, 1}}, {"<b>&", {1, 2, 3}, {4, 3, 2.5}}},
                                    {.title = "loss", .x_label = "epoch", .y_label = "nats"});
  for (const std::string part : {">loss<", ">epoch<", ">nats<", ">train<", "&lt;b&gt;&amp;", ">2<", ">4<"}) {
    CAPTURE(part);
    CHECK(contains(svg, part));
  }
  CHECK_FALSE(contains(svg, "<b>"));
  CHECK_FALSE(contains(svg, "nan"));
}

TEST_CASE("NaN, infinity, constants, single points and no points at all still make a plot") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& y :
       {std::vector{kNan, kNan}, {infinity, 1.0}, {5.0, 5.0}, {0.0, 0.0}, {1e300, -1e300}, {1e-300, 2e-300}}) {
    for (const bool log : {false, true}) {
      const std::string svg = line_plot({{"a", {1, 2}, y}}, {.log_y = log});
      CHECK_FALSE(contains(svg, "nan"));
      CHECK_FALSE(contains(svg, "inf"));
    }
  }
  CHECK(contains(line_plot({{"a", {1}, {kNan}}}), "no numbers to show"));
  CHECK(contains(line_plot({}), "no numbers to show"));
  CHECK(contains(line_plot({{"a", {1}, {2}}}), "<path d='M"));
  CHECK(contains(error_of([] { line_plot({{"a", {1, 2}, {2}}}); }), "'a' has 2 x but 1 y"));
}

TEST_CASE("a logarithmic axis has ticks at powers of ten") {
  const std::string svg = line_plot({{"a", {1, 2, 3}, {1, 0.01, 100}}}, {.log_y = true});
  for (const std::string tick : {">0.01<", ">0.1<", ">1<", ">10<", ">100<"}) {
    CAPTURE(tick);
    CHECK(contains(svg, tick));
  }
}

TEST_CASE("a scatter plot names its classes, and any other label is an error") {
  const Tensor points = Tensor::from<float>({0, 0, 1, 2}, {2, 2});
  CHECK(contains(scatter_plot(points, Tensor::from<std::int64_t>({0, 1}), {"bag", "coat"}), ">coat<"));
  CHECK(contains(error_of([&] {
                   scatter_plot(points, Tensor::from<std::int64_t>({0, 2}), {"bag", "coat"});
                 }),
                 "label 1 is 2, but there are 2 classes"));
  CHECK(contains(error_of([&] { scatter_plot(zeros({2, 3}), arange(2), {"a", "b"}); }), "got f32[2, 3]"));
}

TEST_CASE("numbers, durations and bytes as text") {
  CHECK(number(247.0521234) == "247.052");
  CHECK(number(0.0117) == "0.0117");
  CHECK(number(-0.0) == "0");
  CHECK(number(170.4, 2) == "170");
  CHECK(number(-1234567.8, 3) == "-1234568");
  CHECK(number(1.5e12, 3) == "1.5e+12");
  CHECK(number(99.96, 3) == "100");
  CHECK(number(-std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(duration(8.14) == "8.1 s");
  CHECK(duration(59.99) == "1 min 00 s");
  CHECK(duration(252) == "4 min 12 s");
  CHECK(duration(7500) == "2 h 05 min");
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo\xff") == "Zm9v/w==");
}
