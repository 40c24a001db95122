// SPDX-License-Identifier: MIT
// The opponents of the picture applications that learn from data, against scikit-learn and NumPy. Reference values come
// from the code above them, on picture(), with NumPy as np.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/baselines/fill.h"
#include "examples/support/baselines/least_squares.h"
#include "examples/support/baselines/patch_filter.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/examples/baseline_pictures.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::close_to;
using test::kNan;
using test::picture;

namespace {

struct Pair {
  Tensor damaged, clean;
};
Pair pair_of(std::int64_t height, std::int64_t width, std::int64_t seed) {
  const Tensor clean = picture(height, width);
  return {clean + 0.2 * (picture(height, width, seed) - 0.4), clean};
}

double error_between(const Tensor& a, const Tensor& b) { return mean(square(a - b)).item(); }

Tensor mask_of(const std::vector<std::uint8_t>& values, const Shape& shape) { return Tensor::from(values, shape); }

}  // namespace

TEST_CASE("least squares are scikit-learn's, whatever the portions in which rows come") {
  // x, y = picture(30, 3), np.stack([2 * x[:, 0] - x[:, 1] + .5 + picture(30, 1, 7)[:, 0], picture(30, 1, 40)[:, 0]], 1)
  const Tensor x = picture(30, 3);
  const Tensor y =
      concat({2.0 * slice(x, 1, 0, 1) - slice(x, 1, 1, 2) + 0.5 + picture(30, 1, 7), picture(30, 1, 40)}, 1);
  for (const std::int64_t portion : {30, 7, 1}) {
    CAPTURE(portion);
    LeastSquares fit;
    for (std::int64_t i = 0; i < 30; i += portion)
      fit.add(slice(x, 0, i, std::min<std::int64_t>(30, i + portion)),
              slice(y, 0, i, std::min<std::int64_t>(30, i + portion)));
    CHECK(fit.rows() == 30);
    const AffineMap plain = fit.solve(0), ridge = fit.solve(0.1);
    // m = LinearRegression().fit(x, y); m.coef_.T, m.intercept_
    CHECK(close_to(plain.weight,
                   {2.808282139, 0.19662817362, -0.80449243917, 0.783436691, 0.040047868085, 0.02939175989}, 1e-9));
    CHECK(close_to(plain.bias, {0.47630424622, -0.018863484894}, 1e-9));
    // m = Ridge(alpha=.1 * ((x - x.mean(0)) ** 2).sum(0).mean()).fit(x, y)
    CHECK(close_to(
        ridge.weight,
        {1.484324942591, 0.2571541456785, -0.008695988042975, 0.5348998448362, 0.4759051996634, 0.1796980643831},
        1e-11));
    CHECK(close_to(ridge.bias, {0.4911965884987, 0.004552620219257}, 1e-11));
  }
}

TEST_CASE("least squares keep small variances around a large mean") {
  const Tensor x = picture(50, 2) * 1e-4 + 1000.0, y = matmul(x, Tensor::from({3.0, -2.0}, {2, 1})) + 7.0;
  LeastSquares fit;
  for (std::int64_t i = 0; i < 50; i += 10) fit.add(slice(x, 0, i, i + 10), slice(y, 0, i, i + 10));
  CHECK(close_to(fit.solve(0).weight, {3, -2}, 1e-6));
  LeastSquares constant;  // inputs that say nothing: the mean of the outputs
  constant.add(full({4, 3}, 0.5), Tensor::from({1.0f, 2.0f, 3.0f, 6.0f}, {4, 1}));
  const AffineMap map = constant.solve();
  CHECK((matmul(full({1, 3}, 0.5, Dtype::f64), map.weight) + map.bias).item() == doctest::Approx(3));
}

TEST_CASE("least squares refuse what they cannot fit") {
  LeastSquares fit;
  CHECK(error_of([&] { fit.solve(); }) == "LeastSquares: has no rows to fit");
  CHECK(error_of([&] {
          fit.add(zeros({3, 2}), zeros({4, 1}));
        }) == "LeastSquares: needs inputs [n, in] and outputs [n, out], got f32[3, 2] and f32[4, 1]");
  CHECK(error_of([&] {
          fit.add(full({3, 2}, kNan), zeros({3, 1}));
        }) == "LeastSquares: NaN or infinities in f32[3, 2]");
  fit.add(zeros({0, 5}), zeros({0, 1}));
  CHECK(fit.rows() == 0);
  fit.add(picture(3, 2), picture(3, 1));
  CHECK(error_of([&] {
          fit.add(zeros({3, 3}), zeros({3, 1}));
        }) == "LeastSquares: has rows with 2 inputs and 1 outputs, got f32[3, 3] and f32[3, 1]");
  CHECK(error_of([&] { fit.solve(-1); }) == "LeastSquares: needs a ridge of at least 0, got -1");
}

TEST_CASE("the patch filter is the ridge regression of patches and the average of what they give") {
  // pair = lambda h, w, s: (picture(h, w) + .2 * (picture(h, w, s) - .4), picture(h, w))
  // p, q = (np.concatenate([extract_patches_2d(pair(*a)[k], (3, 3)) for a in ((12, 13, 5), (9, 16, 77))]).reshape(-1, 9)
  //         for k in (0, 1))
  // m = Ridge(alpha=1e-3 * ((p - p.mean(0)) ** 2).sum(0).mean(), solver="cholesky").fit(p, q)
  // a = np.pad(pair(5, 6, 33)[0], 2, "symmetric")
  // y = m.predict(extract_patches_2d(a, (3, 3)).reshape(-1, 9)).reshape(-1, 3, 3)
  // reconstruct_from_patches_2d(y, a.shape)[2:-2, 2:-2]
  PatchFilter filter({.size = 3, .ridge = 1e-3});
  for (const Pair& pair : {pair_of(12, 13, 5), pair_of(9, 16, 77)}) filter.learn(pair.damaged, pair.clean);
  CHECK(close_to(filter(pair_of(5, 6, 33).damaged),
                 {0.0181006398365, 0.238672147708, 0.208143081902, 0.179623712409,  0.200675479728,  0.769589548554,
                  0.128682574977,  0.135711023264, 0.146091701984, 0.155548013591,  0.164535182027,  0.772692738802,
                  0.187587601773,  0.2364293145,   0.032708512987, 0.0816463713481, 0.128773681324,  0.773759137947,
                  0.0495158262179, 0.134201493753, 0.17147685887,  0.25970632142,   0.0892340541432, 0.776998402175,
                  0.758637684643,  0.834277939468, 0.708287824824, 0.782402697,     0.660210419291,  0.180041217445},
                 1e-10));
}

TEST_CASE("the patch filter removes noise, the better the larger the patches") {
  Rng rng(5);
  const auto blocks = [](std::int64_t n) {  // flat blocks: what noise is can be told from the surroundings
    return repeat_interleave(repeat_interleave(Rng(static_cast<std::uint64_t>(n)).uniform({n, 8, 8}), 6, 1), 6, 2);
  };
  const Tensor clean = blocks(20), test = blocks(3);
  const Tensor damaged = clean + rng.normal(clean.shape(), 0, 0.2f), noisy = test + rng.normal(test.shape(), 0, 0.2f);
  double before = error_between(noisy, test);
  for (const std::int64_t size : {1, 2, 5}) {
    CAPTURE(size);
    PatchFilter filter({.size = size});
    filter.learn(damaged, clean);
    const double error = error_between(filter(noisy), test);
    CHECK(error < 0.8 * before);
    before = error;
  }
}

TEST_CASE("the patch filter knows channels, which may differ before and after") {
  // The clean picture is half of the second channel minus the first one.
  const Tensor x =
      stack({stack({picture(9, 12, 0), picture(9, 12, 31)}), stack({picture(9, 12, 5), picture(9, 12, 80)})});
  const Tensor y = 0.5 * slice(x, 1, 1, 2) - slice(x, 1, 0, 1);
  PatchFilter filter({.size = 2, .ridge = 1e-12});
  filter.learn(x, y);
  CHECK(filter(x).shape() == y.shape());
  CHECK(max(abs(filter(x) - y)).item() < 1e-6);
  PatchFilter back({.size = 2});
  back.learn(y, x);
  CHECK(back(y).shape() == x.shape());
  CHECK(error_of([&] { back(select(y, 1, 0)); }) ==
        "PatchFilter: gives pictures of 2 channels and so needs [n, channels, height, width], got f64[2, 9, 12]");
  CHECK(error_of([&] { filter(y); }) == "PatchFilter: has learnt from pictures of 2 channels, got f64[2, 1, 9, 12]");
}

TEST_CASE("the patch filter takes single precision, batches, views, empty sets and pictures of one pixel") {
  PatchFilter filter({.size = 3});
  const Pair pair = pair_of(12, 13, 5);
  filter.learn(pair.damaged, pair.clean);
  PatchFilter same({.size = 3});
  same.learn(to(transpose(transpose(reshape(pair.damaged, {1, 1, 12, 13}))), Dtype::f64),
             unsqueeze(unsqueeze(pair.clean, 0), 0));
  const Tensor batch = stack({picture(7, 9, 3), picture(7, 9, 4)}), y = filter(batch);
  CHECK(equal(reshape(same(unsqueeze(batch, 1)), y.shape()), y));
  CHECK(max(abs(select(y, 0, 1) - filter(picture(7, 9, 4)))).item() < 1e-14);
  CHECK(max(abs(filter(transpose(contiguous(transpose(batch)))) - y)).item() < 1e-14);
  CHECK(filter(to(batch, Dtype::f32)).dtype() == Dtype::f32);
  CHECK(max(abs(to(filter(to(batch, Dtype::f32)), Dtype::f64) - y)).item() < 1e-5);
  CHECK(filter(zeros({0, 7, 9})).shape() == Shape{0, 7, 9});
  CHECK(filter(zeros({1, 1})).shape() == Shape{1, 1});
  CHECK(any(isnan(filter(full({1, 1}, kNan)))).item() == 1);

  CHECK(error_of([] { PatchFilter({.size = 0}); }) == "PatchFilter: needs patches of at least 1 pixel, got size 0");
  CHECK(error_of([] { PatchFilter()(zeros({9, 9})); }) == "PatchFilter: has learnt from no pictures");
  CHECK(error_of([&] {
          filter.learn(zeros({9, 2}), zeros({9, 2}));
        }) == "PatchFilter: needs pictures of at least 3 x 3 pixels, got f32[9, 2]");
  CHECK(error_of([&] {
          filter.learn(zeros({9, 5}), zeros({9, 4}));
        }) == "PatchFilter: needs pairs of pictures of the same extents, got f32[9, 5] and f32[9, 4]");
  CHECK(error_of([&] {
          filter.learn(zeros({1, 2, 9, 5}), zeros({1, 1, 9, 5}));
        }) == "PatchFilter: has learnt from pictures of 1 channels to give 1, got f32[1, 2, 9, 5] and f32[1, 1, 9, 5]");
  CHECK(error_of([&] {
          filter.learn(full({9, 5}, kNan), zeros({9, 5}));
        }) == "PatchFilter: NaN or infinities in f32[9, 5]");
  CHECK(error_of([&] { filter(zeros({9})); }) == "PatchFilter: expects pictures [..., height, width], got f32[9]");
}

TEST_CASE("a Gaussian fills in the conditional mean") {
  // r = picture(40, 5); c = np.cov(r.T, bias=True); c += 1e-3 * np.trace(c) / 5 * np.eye(5); m = r.mean(0)
  // x[h] = m[h] + c[np.ix_(h, ~h)] @ np.linalg.solve(c[np.ix_(~h, ~h)], x[~h] - m[~h]) for each row x of
  // picture(3, 5, 13) and its mask h. The second row hides more than it shows.
  const GaussianFill gaussian(moments_of(picture(40, 5)), 1e-3);
  const Tensor x = picture(3, 5, 13), hidden = mask_of({1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1}, {3, 5});
  const Tensor filled = gaussian.fill(masked_fill(x, hidden, kNan), hidden);
  CHECK(close_to(filled,
                 {0.1692160312988, 0.008910891089109, 0.2792079207921, 0.1462227676707, 0.219801980198, 0.1485148514851,
                  0.1928360682369, 0.1580760526496, 0.1752475247525, 0.1895865326415, 0.2584158415842,
                  0.005940594059406, 0.05346534653465, 0.1009900990099, 0.05792346243255},
                 1e-10));
  CHECK(equal(masked_fill(filled, hidden, 0), masked_fill(x, hidden, 0)));  // what is seen stays as it is

  // One mask for all rows, pictures in place of rows, single precision
  const Tensor second = slice(hidden, 0, 1, 2);
  CHECK(equal(gaussian.fill(x, second), gaussian.fill(x, contiguous(expand(second, {3, 5})))));
  CHECK(equal(gaussian.fill(reshape(x, {3, 1, 5, 1}), reshape(second, {1, 5, 1})),
              reshape(gaussian.fill(x, second), {3, 1, 5, 1})));
  const Tensor single = gaussian.fill(to(x, Dtype::f32), hidden);
  CHECK(single.dtype() == Dtype::f32);
  CHECK(max(abs(to(single, Dtype::f64) - filled)).item() < 1e-6);
}

TEST_CASE("a Gaussian fills in the mean where nothing is seen, and nothing where all is seen") {
  const Moments moments = moments_of(picture(40, 5));
  const GaussianFill gaussian(moments);
  const Tensor x = picture(2, 5, 13);
  CHECK(equal(gaussian.fill(x, zeros({5}, Dtype::u8)), x));
  CHECK(max(abs(gaussian.fill(x, ones({5}, Dtype::u8)) - moments.mean)).item() < 1e-15);
  CHECK(gaussian.fill(zeros({0, 5}), zeros({5}, Dtype::u8)).shape() == Shape{0, 5});
}

TEST_CASE("a Gaussian restores what follows from the rest, also with columns that are constant") {
  const Tensor free = picture(60, 3);  // then their sum, a copy and a constant
  const auto rows_of = [](const Tensor& f) {
    return concat({f, sum(f, {1}, true), slice(f, 1, 0, 1), full({f.size(0), 1}, 0.5, Dtype::f64)}, 1);
  };
  const GaussianFill gaussian(moments_of(rows_of(free)), 1e-9);
  const Tensor x = rows_of(picture(4, 3, 50));
  for (const std::vector<std::uint8_t>& mask :
       {std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 1, 1}, {0, 0, 0, 1, 1, 1}, {1, 0, 1, 0, 0, 1}}) {
    const Tensor hidden = mask_of(mask, {6});
    CHECK(max(abs(gaussian.fill(masked_fill(x, hidden, kNan), hidden) - x)).item() < 1e-5);
  }
}

TEST_CASE("fitted opponents give the same on any number of threads") {
  Rng rng(3);
  const Tensor clean = rng.uniform({4, 60, 70}), damaged = clean + rng.normal(clean.shape(), 0, 0.1f);
  const GaussianFill gaussian(moments_of(rng.normal({300, 80})));
  const Tensor x = rng.normal({30, 80}), hidden = rng.uniform({30, 80}) < 0.4;
  const auto all_of = [&] {
    PatchFilter filter;
    filter.learn(damaged, clean);
    return concat({flatten(filter(damaged)), flatten(gaussian.fill(x, hidden))}, 0);
  };
  const int before = num_threads();
  set_num_threads(1);
  const Tensor one = all_of();
  set_num_threads(4);
  CHECK(equal(all_of(), one));
  set_num_threads(before);
}

TEST_CASE("a Gaussian refuses what it cannot fill") {
  const GaussianFill gaussian(moments_of(picture(40, 5)));
  CHECK(error_of([] {
          GaussianFill({zeros({3}, Dtype::f64), zeros({2, 2}, Dtype::f64)});
        }) ==
        "GaussianFill: needs a mean f64[columns] and a covariance f64[columns, columns], got f64[3] and f64[2, 2]");
  CHECK(error_of([] { GaussianFill(moments_of(picture(40, 5)), 0); }) == "GaussianFill: needs a ridge above 0, got 0");
  CHECK(error_of([&] {
          gaussian.fill(zeros({2, 4}), zeros({4}, Dtype::u8));
        }) == "GaussianFill: expects rows of 5 numbers, got f32[2, 4]");
  CHECK(error_of([&] { gaussian.fill(zeros({2, 5}), zeros({5})); }) == "GaussianFill: needs a u8 mask, got f32[5]");
  CHECK(error_of([&] {
          gaussian.fill(full({2, 5}, kNan), zeros({5}, Dtype::u8));
        }) == "GaussianFill: NaN or infinities in f64[2, 5]");
}
