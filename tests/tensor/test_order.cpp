// SPDX-License-Identifier: MIT
// Scans, order statistics, distances and arithmetic without kernels, on Tensors.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/layouts.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::test;

TEST_CASE("scans run along every axis of every layout") {
  const Tensor x = make({3, 4, 700}, Dtype::f64, [](const Axes& i) { return std::sin(i[0] + 3 * i[1] + 7 * i[2]); });
  for (int axis = 0; axis < 3; ++axis) {
    const std::vector<Tensor> slices = unbind(x, axis);
    Tensor product = ones_like(slices[0]), largest = slices[0], state = zeros_like(slices[0]);
    std::vector<Tensor> products, extremes, states;
    for (const Tensor& one : slices) {
      product = product * one;
      largest = maximum(largest, one);
      state = one + state * 0.5;
      products.push_back(product);
      extremes.push_back(largest);
      states.push_back(state);
    }
    for (const Tensor& view : layouts(x)) {
      CHECK(difference(cumprod(view, axis), stack(products, axis)) == "");
      CHECK(difference(cummax(view, axis).values, stack(extremes, axis)) == "");
      CHECK(difference(-cummin(-view, axis).values, stack(extremes, axis)) == "");
      CHECK(difference(gather(x, axis, cummax(view, axis).indices), stack(extremes, axis)) == "");
      CHECK(allclose(linear_scan(view, full({}, 0.5, Dtype::f64), axis), stack(states, axis), 1e-14));
      CHECK(allclose(linear_scan(flip(view, {axis}), full({}, 0.5, Dtype::f64), axis, true),
                     flip(stack(states, axis), {axis}), 1e-14));
      CHECK(allclose(logcumsumexp(view, axis), log(cumsum(exp(x), axis)), 1e-13));
    }
  }
  CHECK(cumprod(ones({2, 0}), 1).shape() == Shape{2, 0});
  CHECK(difference(cumprod(Tensor::from<std::int64_t>({2, 3, 4}), 0), Tensor::from<std::int64_t>({2, 6, 24})) == "");
}

TEST_CASE("scans keep infinities and NaN in their places") {
  const double inf = kInfinity;
  const Tensor x = Tensor::from<double>({-inf, -inf, 1, -inf, inf, 0, kNan, 2});
  CHECK(difference(logcumsumexp(x, 0), Tensor::from<double>({-inf, -inf, 1, 1, inf, inf, kNan, kNan})) == "");
  CHECK(difference(cummax(x, 0).values, Tensor::from<double>({-inf, -inf, 1, 1, inf, inf, kNan, kNan})) == "");
  CHECK(difference(cummax(x, 0).indices, Tensor::from<std::int64_t>({0, 1, 2, 2, 4, 4, 6, 6})) == "");
  CHECK(std::isnan(cumprod(Tensor::from<double>({0, inf}), 0).to_vector<double>()[1]));
  CHECK(logcumsumexp(full({2}, -800, Dtype::f64), 0).to_vector<double>()[1] == doctest::Approx(-800 + std::log(2)));
  CHECK(error_of([] { linear_scan(ones({2}), ones({3}), 0); }) != "no error");
  CHECK(error_of([] { linear_scan(ones({3}), ones({2, 3}), 0); }).starts_with("linear_scan: a must broadcast to b"));
}

TEST_CASE("medians and quantiles are those of sorted numbers") {
  const Tensor x = make({5, 6, 7}, Dtype::f64, [](const Axes& i) { return std::sin(i[0] + 3 * i[1] + 7 * i[2]); });
  for (int axis = 0; axis < 3; ++axis) {
    const Tensor sorted = sort(x, axis).values;
    const std::int64_t n = x.size(axis);
    for (const Tensor& view : layouts(x)) {
      const Sorted middle = median(view, axis, true);
      CHECK(difference(middle.values, slice(sorted, axis, (n - 1) / 2, (n - 1) / 2 + 1)) == "");
      CHECK(difference(gather(x, axis, middle.indices), middle.values) == "");
      CHECK(difference(median(view, axis).values, squeeze(middle.values, axis)) == "");
      CHECK(difference(quantile(view, 0.0, axis), select(sorted, axis, 0)) == "");
      CHECK(difference(quantile(view, 1.0, axis), select(sorted, axis, -1)) == "");
    }
  }
  CHECK(median(Tensor::from<std::int64_t>({4, 1, 3, 2})).item() == 2);
  CHECK(std::isnan(median(Tensor::from<float>({1, NAN, 2})).item()));
  CHECK(median(Tensor::from<float>({1, NAN, 2}), 0).indices.item() == 1);
  CHECK(median(Tensor::from<float>({5, 2, 2, 2}), 0).indices.item() == 1);  // the first of equal ones
  CHECK(quantile(Tensor::from<double>({1, kInfinity, kInfinity}), 0.75, 0).item() == kInfinity);
  CHECK(std::isnan(quantile(Tensor::from<double>({1, kNan, 3}), 0, 0).item()));
  CHECK(quantile(ones({2, 3}), std::vector<double>{}, 0).shape() == Shape{0, 3});
  CHECK(error_of([] { median(ones({2, 0}), 1); }) == "median: there is nothing along axis 1 of f32[2, 0]");
  CHECK(error_of([] { median(ones({0})); }) != "no error");
  CHECK(error_of([] { quantile(ones({2}), 1.5, 0); }) == "quantile: q must lie in [0, 1], got 1.5");
  CHECK(error_of([] { quantile(ones({2}), kNan, 0); }).starts_with("quantile: q must lie in [0, 1]"));
}

TEST_CASE("sums in another dtype, without NaN, and differences") {
  CHECK(mean(Tensor::from<std::uint8_t>({1, 0, 1, 1}), {}, false, Dtype::f32).item() == 0.75);
  CHECK(sum(full({1 << 25}, 1), {}, false, Dtype::f64).item() == 1 << 25);
  const Tensor x = Tensor::from<float>({1, NAN, 3, NAN}, {2, 2});
  CHECK(nansum(x).item() == 4);
  CHECK(difference(nanmean(x, {0}), Tensor::from<float>({2, NAN})) == "");
  CHECK(difference(count_nonzero(Tensor::from<float>({0, NAN, 3, -0.F}, {2, 2}), {1}),
                   Tensor::from<std::int64_t>({1, 1})) == "");
  CHECK(diff(ones({3}), 5).shape() == Shape{0});
  CHECK(diff(ones({0, 3}), 1, 0).shape() == Shape{0, 3});
}

TEST_CASE("distances by a product are as exact as those by differences") {
  Rng rng(1);
  const Tensor a = rng.normal({2, 40, 16}, 1000, 1, Dtype::f64);
  // Far ones, near ones, and the points themselves.
  const Tensor b =
      concat({rng.normal({2, 20, 16}, 1000, 1, Dtype::f64), slice(a, 1, 0, 10) + 1e-9, slice(a, 1, 0, 5)}, 1);
  const Tensor exact = norm(unsqueeze(a, -2) - unsqueeze(b, -3), {-1});
  CHECK(allclose(cdist(a, b), exact, 1e-13, 0));
  CHECK(allclose(cdist(to(a - 1000, Dtype::f32), to(b - 1000, Dtype::f32)),
                 norm(unsqueeze(to(a - 1000, Dtype::f32), -2) - unsqueeze(to(b - 1000, Dtype::f32), -3), {-1}), 4e-6,
                 0));
  CHECK(sum(cdist(select(a, 0, 0), select(a, 0, 0)) == 0).item() == 40);
  CHECK(cdist(select(a, 0, 0), b).shape() == Shape{2, 40, 35});
  CHECK(cdist(ones({0, 3}), ones({2, 3})).shape() == Shape{0, 2});
  CHECK(sum(cdist(ones({2, 0}), ones({3, 0}), kInfinity)).item() == 0);
  CHECK(error_of([] { cdist(ones({2, 3}), ones({2, 4})); }).starts_with("cdist: needs [..., n, d] and [..., m, d]"));
  CHECK(error_of([] { cdist(ones({2, 3}), ones({2, 3}), -1); }) == "cdist: p must be at least 0, got -1");
}

TEST_CASE("division of integers rounds down or to 0, and refuses 0") {
  for (const std::int64_t a : {-7, -6, -1, 0, 1, 6, 7})
    for (const std::int64_t b : {-3, -1, 1, 2}) {
      const Tensor x = full({}, a, Dtype::i64);
      const auto quotient = static_cast<std::int64_t>(std::floor(static_cast<double>(a) / static_cast<double>(b)));
      CHECK(floor_divide(x, b).item<std::int64_t>() == quotient);
      CHECK(remainder(x, b).item<std::int64_t>() == a - b * quotient);
      CHECK(div(x, b, Rounding::trunc).item<std::int64_t>() == a / b);
      CHECK(fmod(x, b).item<std::int64_t>() == a % b);
      CHECK(floor_divide(to(x, Dtype::f32), b).item() == static_cast<double>(quotient));
    }
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(floor_divide(full({}, least, Dtype::i64), -1).item<std::int64_t>() == least);  // wraps around
  CHECK(remainder(full({}, least, Dtype::i64), -1).item<std::int64_t>() == 0);
  CHECK(remainder(full({}, 200, Dtype::u8), 7).item() == 4);
  CHECK(floor_divide(full({}, 0.3, Dtype::f64), 0.1).item() == 2);  // 0.3 is a little less than three times 0.1
  CHECK(floor_divide(full({}, 1), 0).item() == kInfinity);
  CHECK(error_of([] {
          remainder(Tensor::from<std::int64_t>({1, 2}), 0);
        }) == "remainder: integers cannot be divided by 0, got i64[2] and i64[]");
}

TEST_CASE("clamp with one bound, isclose, nan_to_num, xlogy at 0") {
  CHECK(difference(xlogy(zeros({4}), Tensor::from<float>({0, INFINITY, -1, NAN})),
                   Tensor::from<float>({0, 0, 0, NAN})) == "");
  const Tensor x = Tensor::from<float>({-1, 0, NAN, 3});
  CHECK(difference(clamp_min(x, 0.5), Tensor::from<float>({0.5F, 0.5F, NAN, 3})) == "");
  CHECK(difference(clamp_max(x, Tensor::from<float>({-2, 1, 1, 1})), Tensor::from<float>({-2, 0, NAN, 1})) == "");
  const Tensor odd = Tensor::from<double>({kNan, kInfinity, -kInfinity, 1});
  CHECK(difference(isclose(odd, odd), Tensor::from<std::uint8_t>({0, 1, 1, 1})) == "");
  CHECK(difference(isclose(odd, odd, 0, 0, true), Tensor::from<std::uint8_t>({1, 1, 1, 1})) == "");
  const double most = std::numeric_limits<double>::max();
  CHECK(difference(nan_to_num(odd), Tensor::from<double>({0, most, -most, 1})) == "");
}
