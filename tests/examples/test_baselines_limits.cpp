// SPDX-License-Identifier: MIT
// The opponents of the picture applications that need no training, at their limits: batches, views, empty sets, NaN,
// threads, and what they refuse.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/baselines/filters.h"
#include "examples/support/baselines/resize.h"
#include "examples/support/baselines/threshold.h"
#include "examples/support/baselines/wavelet.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/error_of.h"
#include "tests/examples/baseline_pictures.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::kNan;
using test::picture;

namespace {

struct Filter {
  const char* name;
  std::function<Tensor(const Tensor&)> apply;
};
const std::vector<Filter>& filters() {
  static const std::vector<Filter> all{
      {"median_filter", [](const Tensor& x) { return median_filter(x); }},
      {"gaussian_filter", [](const Tensor& x) { return gaussian_filter(x, 1); }},
      {"bilateral_filter", [](const Tensor& x) { return bilateral_filter(x, 0.2, 1); }},
      {"total_variation", [](const Tensor& x) { return total_variation(x, 0.1, 20); }},
      {"wavelet_denoise", [](const Tensor& x) { return wavelet_denoise(x, 0.1); }},
      {"wavelet_denoise_series", [](const Tensor& x) { return wavelet_denoise_series(x, 0.1); }},
      {"sauvola", [](const Tensor& x) { return sauvola(x, 5); }},
      {"resize_bicubic", [](const Tensor& x) { return resize_bicubic(x, 7, 3); }},
  };
  return all;
}

}  // namespace

TEST_CASE("filters take single precision, batches, views and empty sets") {
  const Tensor batch = stack({picture(9, 12, 0), picture(9, 12, 30), picture(9, 12, 60)});
  for (const auto& [name, apply] : filters()) {
    CAPTURE(name);
    const Tensor y = apply(batch);
    for (std::int64_t i = 0; i < 3; ++i) CHECK(equal(select(y, 0, i), apply(select(batch, 0, i))));
    const Tensor flipped = flip(batch, {0});
    CHECK(equal(flip(apply(flipped), {0}), y));
    const Tensor single = apply(to(batch, Dtype::f32));
    CHECK(single.dtype() == Dtype::f32);
    CHECK(max(abs(to(single, Dtype::f64) - y)).item() < 2e-5);
    const Tensor deep = apply(reshape(batch, {3, 1, 1, 9, 12}));
    CHECK(equal(reshape(deep, y.shape()), y));
    CHECK(apply(zeros({0, 9, 12})).numel() == 0);
    CHECK(apply(picture(1, 1)).numel() == (std::string(name) == "resize_bicubic" ? 21 : 1));
    const Tensor plain = apply(full({2, 9, 12}, 0.25, Dtype::f64));
    if (std::string(name) != "sauvola") CHECK(max(abs(plain - 0.25)).item() < 1e-12);
  }
}

TEST_CASE("a NaN stays in its picture, and shows") {
  const Tensor clean = stack({picture(9, 12, 0), picture(9, 12, 30)});
  const Tensor at =
      index_put(zeros({2, 9, 12}, Dtype::u8),
                {Tensor::from<std::int64_t>({1}), Tensor::from<std::int64_t>({4}), Tensor::from<std::int64_t>({5})},
                ones({1}, Dtype::u8));
  const Tensor broken = masked_fill(clean, at, kNan);
  for (const auto& [name, apply] : filters()) {
    CAPTURE(name);
    const Tensor y = apply(broken);
    CHECK(equal(select(y, 0, 0), select(apply(clean), 0, 0)));
    CHECK(any(isnan(select(y, 0, 1))).item() == 1);
  }
}

TEST_CASE("filters give the same on any number of threads") {
  const Tensor batch = stack({picture(90, 120, 0), picture(90, 120, 30)}), one = picture(200, 210);
  const int before = num_threads();
  for (const auto& [name, apply] : filters()) {
    CAPTURE(name);
    set_num_threads(1);
    const Tensor y = apply(batch), z = apply(one);
    set_num_threads(4);
    CHECK(equal(apply(batch), y));
    CHECK(equal(apply(one), z));
    set_num_threads(before);
  }
}

TEST_CASE("filters refuse what they cannot filter") {
  const Tensor x = zeros({4, 5});
  for (const auto& [name, apply] : filters()) {
    CAPTURE(name);
    CHECK(error_of([&] { apply(zeros({4, 5}, Dtype::i64)); }).starts_with(name));
    if (std::string(name) != "wavelet_denoise_series")
      CHECK(error_of([&] { apply(zeros({5})); }) == join(name, ": expects pictures [..., height, width], got f32[5]"));
  }
  CHECK(error_of([&] { median_filter(x, 0); }) == "median_filter: needs a window of 1 to 1000 pixels, got 0");
  CHECK(error_of([&] {
          temporal_median(zeros({0, 3}));
        }) == "temporal_median: needs frames [time, ...], at least one, got f32[0, 3]");
  CHECK(error_of([&] { gaussian_filter(x, 0); }) ==
        "gaussian_filter: needs a sigma above 0 and at most 1000 pixels, got 0");
  CHECK(error_of([&] { gaussian_filter(x, kNan); }).starts_with("gaussian_filter: needs a sigma above 0"));
  CHECK(error_of([&] { bilateral_filter(x, 0, 1); }) == "bilateral_filter: needs a sigma_color above 0, got 0");
  CHECK(error_of([&] { bilateral_filter(x, 1, 101); }) ==
        "bilateral_filter: needs a sigma_spatial above 0 and at most 100 pixels, got 101");
  CHECK(error_of([&] { total_variation(x, -1); }) == "total_variation: needs a weight above 0, got -1");
  CHECK(error_of([&] { total_variation(x, 1, -1); }) == "total_variation: needs at least 0 steps, got -1");
  CHECK(error_of([&] { wavelet_denoise(x, -1); }) == "wavelet_denoise: needs a sigma of at least 0, got -1");
  CHECK(error_of([&] { wavelet_denoise_series(x, 1, 61); }) ==
        "wavelet_denoise_series: needs 1 to 60 levels, or 0 for as many as fit, got 61");
  CHECK(error_of([&] { sauvola(x, 4); }) == "sauvola: needs an odd window of at most 9999 pixels, got 4");
  CHECK(error_of([&] { sauvola(x, 3, 0.2, 0); }) == "sauvola: needs an r above 0, got 0");
  CHECK(error_of([&] {
          clean_page(x, zeros({2, 4, 5}));
        }) == "clean_page: needs a threshold that broadcasts to the page, got f32[2, 4, 5] for f32[4, 5]");
  CHECK(error_of([&] { clean_page(x, x, -1); }) == "clean_page: needs a softness of at least 0, got -1");
  CHECK(error_of([&] { resize_bicubic(x, 0, 5); }) ==
        "resize_bicubic: needs a new size of 1 to 1000000 pixels on each side, got 0 x 5");
  CHECK(error_of([&] {
          resize_bicubic(zeros({4, 0}), 2, 2);
        }) == "resize_bicubic: needs pictures with pixels, got f32[4, 0]");
}
