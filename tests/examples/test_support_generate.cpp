// SPDX-License-Identifier: MIT
// Generated data: the known truth that comes with them is right.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/generate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

double mean_of(const Tensor& x) { return mean(to(x, Dtype::f64)).item(); }
double variance_of(const Tensor& x) {
  const Tensor y = to(x, Dtype::f64);
  return mean(square(y - mean(y))).item();
}
bool within(const Tensor& x, double low, double high) { return min(x).item() >= low && max(x).item() <= high; }

}  // namespace

TEST_CASE("scenes show the shape of their factors and mask") {
  const Scenes scenes = generate_scenes(400, 1);
  CHECK(scenes.images.shape() == Shape{400, 3, 32, 32});
  CHECK(scenes.names.size() == 6);
  CHECK(within(scenes.images, 0, 1));
  CHECK(within(scenes.masks, 0, 1));
  const std::vector<float> factors = scenes.factors.to_vector<float>();
  const std::vector<float> covered = to(sum(scenes.masks, {1, 2, 3}), Dtype::f32).to_vector<float>();
  std::set<float> shapes;
  for (std::size_t i = 0; i < 400; ++i) {
    const float* f = &factors[i * 6];
    shapes.insert(f[0]);
    const double r = f[1] * 32;
    const double area = r * r * (f[0] == 0 ? std::numbers::pi : f[0] == 1 ? 2.56 : 3 * std::sqrt(3.0) / 4);
    CAPTURE(i);
    CHECK(std::abs(covered[i] - area) < 0.12 * area + 2);
    // Where the mask is full, the colour is the colour of the hue.
    const Tensor mask = select(scenes.masks, 0, static_cast<std::int64_t>(i)),
                 image = select(scenes.images, 0, static_cast<std::int64_t>(i));
    const Tensor red = slice(image, 0, 0, 1);
    if (f[5] < 1.0 / 6) CHECK(sum(mask * abs(red - 1)).item() < 0.5 * covered[i]);
    // Outside of the mask, the image is dark.
    CHECK(allclose(where(gt(mask, 0), 0.1, image), full({3, 32, 32}, 0.1), 0, 1e-6));
  }
  CHECK(shapes == std::set<float>{0, 1, 2});
  const Tensor correlation =
      matmul(transpose(scenes.factors - mean(scenes.factors, {0}), 0, 1), scenes.factors - mean(scenes.factors, {0}));
  CHECK(std::abs(select(select(correlation, 0, 3), 0, 4).item()) < 0.15 * 400 * 0.0133);
}

TEST_CASE("cells: nuclei lie in cells, and are brighter than these; dirt is background") {
  const Cells cells = generate_cells(60, 3, 48);
  CHECK(cells.images.shape() == Shape{60, 1, 48, 48});
  CHECK(cells.classes.shape() == Shape{60, 48, 48});
  CHECK(within(cells.images, 0, 1));
  CHECK(equal(generate_cells(5, 3, 48).images, slice(cells.images, 0, 0, 5)));
  const Tensor images = reshape(cells.images, {60, 48, 48});
  const auto brightness = [&](std::int64_t what) {
    const Tensor mask = to(cells.classes == what, Dtype::f32);
    return (sum(images * mask) / sum(mask)).item();
  };
  CHECK(brightness(0) < 0.25);
  CHECK(brightness(1) > brightness(0) + 0.2);
  CHECK(brightness(2) > brightness(1) + 0.2);
  // Some of the background is as bright as a cell.
  CHECK(any(logical_and(cells.classes == 0, images > 0.5)).item() == 1);
  // A pixel next to a nucleus is not background: the cell surrounds the nucleus.
  const Tensor nucleus = to(unsqueeze(cells.classes, 1) == 2, Dtype::f32);
  const Tensor near = squeeze(max_pool2d(nucleus, {.kernel = 3, .stride = 1, .padding = 1}), 1);
  CHECK(mean(to(logical_and(near > 0, cells.classes == 0), Dtype::f32)).item() < 1e-3);
  CHECK(contains(error_of([] { (void)generate_cells(1, 0, 8); }), "at least 16 pixels, got 8"));
}

TEST_CASE("curves pass through their points") {
  const Curves curves = generate_curves(50, 2);
  CHECK(within(curves.images, 0, 1));
  const std::vector<float> points = curves.points.to_vector<float>();
  for (std::int64_t i = 0; i < 50; ++i)
    for (std::int64_t k = 0; k < 3; ++k) {
      const auto x = std::lround(points[static_cast<std::size_t>(i * 6 + 2 * k)]),
                 y = std::lround(points[static_cast<std::size_t>(i * 6 + 2 * k + 1)]);
      CHECK(curves.images.data<float>()[i * 784 + y * 28 + x] > 0.5f);
    }
}

TEST_CASE("clean pages are ink on paper, and stained pages differ from them") {
  const Pages pages = generate_pages(20, 3);
  CHECK(pages.clean.shape() == Shape{20, 1, 64, 96});
  CHECK(within(pages.clean, 0, 1));
  CHECK(within(pages.stained, 0, 1));
  CHECK(mean_of(pages.clean) > 0.6);
  CHECK(mean_of(pages.clean) < 0.95);
  for (std::int64_t i = 0; i < 20; ++i)
    CHECK(mean(square(select(pages.clean, 0, i) - select(pages.stained, 0, i))).item() > 0.005);
}

TEST_CASE("sines have their frequency, phase and amplitude") {
  const Sines sines = generate_sines(30, 50, 4);
  const Tensor turn = arange(50);
  for (std::int64_t i = 0; i < 30; ++i) {
    const double f = select(sines.frequency, 0, i).item(), p = select(sines.phase, 0, i).item(),
                 a = select(sines.amplitude, 0, i).item();
    const Tensor expected = sin(to(turn, Dtype::f64) * (2 * std::numbers::pi * f / 50) + p) * a;
    CHECK(allclose(to(select(sines.values, 0, i), Dtype::f64), expected, 0, 1e-4));
  }
  CHECK(variance_of(generate_sines(100, 50, 4, {.noise = 0.5}).values - generate_sines(100, 50, 4).values) ==
        doctest::Approx(0.25).epsilon(0.05));
}

TEST_CASE("heartbeats have the anomalies of their labels, at the marked places") {
  const Heartbeats hearts = generate_heartbeats(600, 256, 5, {.anomalies = 0.5});
  const std::vector<std::int64_t> labels = hearts.labels.to_vector<std::int64_t>();
  std::vector<int> kinds(4);
  for (std::int64_t i = 0; i < 600; ++i) {
    const std::int64_t kind = labels[static_cast<std::size_t>(i)];
    ++kinds[static_cast<std::size_t>(kind)];
    CHECK((max(select(hearts.anomalous, 0, i)).item() == 1) == (kind != 0));
  }
  CHECK(kinds[0] == doctest::Approx(300).epsilon(0.15));
  for (const int kind : {kinds[1], kinds[2], kinds[3]}) CHECK(kind == doctest::Approx(100).epsilon(0.35));
  CHECK(max(generate_heartbeats(20, 256, 6, {.anomalies = 0}).labels).item() == 0);
  // R peaks of about 1.2 mV above a baseline near 0.
  CHECK(mean_of(max(generate_heartbeats(50, 256, 7, {.anomalies = 0}).values, {1})) ==
        doctest::Approx(1.2).epsilon(0.15));
}

TEST_CASE("sensors have the sound values except where they are marked as faulty") {
  const Sensors sensors = generate_sensors(4000, 6, 0.02, 8);
  const Tensor sound = eq(sensors.faulty, scalar(0, Dtype::u8));
  CHECK(equal(where(gt(sound, scalar(0, Dtype::u8)), sensors.values, sensors.sound), sensors.sound));
  const double part = 1 - mean_of(sound);
  CHECK(part > 0.01);
  CHECK(part < 0.06);
  for (const double kind : {1.0, 2.0, 3.0}) CHECK(mean_of(eq(sensors.faulty, scalar(kind, Dtype::u8))) > 0);
  // Four causes are behind six sensors: five of six directions' variance is not noise alone, one and more is.
  const Tensor x = to(sensors.sound - mean(sensors.sound, {0}), Dtype::f64);
  CHECK(variance_of(x) > 1);
}

TEST_CASE("sparse data are codes times atoms, with the given number of active codes") {
  const SparseData data = generate_sparse(200, 9, {.dimensions = 16, .atoms = 40, .active = 3});
  CHECK(allclose(data.x, matmul(data.codes, data.atoms), 1e-5, 1e-5));
  CHECK(allclose(norm(data.atoms, {1}), ones({40}), 1e-5, 1e-5));
  const Tensor active = gt(data.codes, 0.4);
  CHECK(equal(sum(to(active, Dtype::i64), {1}), full({200}, 3, Dtype::i64)));
  CHECK(max(data.codes).item() <= 1.5);
}

TEST_CASE("frauds have the given rate, and unusual amounts") {
  const Transactions payments = generate_transactions(20000, 0.02, 10);
  CHECK(payments.values.size(1) == static_cast<std::int64_t>(payments.names.size()));
  CHECK(mean_of(payments.fraud) == doctest::Approx(0.02).epsilon(0.25));
  // A thief does not know what is usual: amount less usual amount.
  const Tensor surprise = select(payments.values, 1, 0) - select(payments.values, 1, 7);
  const Tensor fraud = to(payments.fraud, Dtype::f32);
  const double odd = (sum(surprise * fraud) / sum(fraud)).item(),
               usual = (sum(surprise * (1 - fraud)) / sum(1 - fraud)).item();
  CHECK(odd > usual + 0.5);
}

TEST_CASE("each pair has at most one rating, and the noise has the given size") {
  const RatingOptions options{.users = 100, .items = 80, .observed = 0.5};
  const Ratings ratings = generate_ratings(11, options);
  CHECK(ratings.values.numel() == 4000);
  std::set<std::pair<std::int64_t, std::int64_t>> pairs;
  const auto users = ratings.users.to_vector<std::int64_t>(), items = ratings.items.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < users.size(); ++i) pairs.emplace(users[i], items[i]);
  CHECK(pairs.size() == 4000);
  CHECK(within(ratings.users, 0, 99));
  CHECK(within(ratings.items, 0, 79));
  RatingOptions silent = options;
  silent.noise = 0;
  const Tensor noise = ratings.values - generate_ratings(11, silent).values;
  CHECK(std::sqrt(variance_of(noise)) == doctest::Approx(0.4).epsilon(0.05));
  CHECK(variance_of(generate_ratings(11, silent).values) == doctest::Approx(0.09 + 0.16 + 0.36).epsilon(0.3));
}

TEST_CASE("generated data depend on the seed, not on threads; a smaller set begins a larger one") {
  const int before = num_threads();
  const auto all = [](std::int64_t n, std::uint64_t seed) {
    return std::vector<Tensor>{generate_scenes(n, seed).images,
                               generate_curves(n, seed).images,
                               generate_pages(n, seed).stained,
                               generate_sines(n, 20, seed).values,
                               generate_heartbeats(n, 160, seed).values,
                               generate_sensors(n, 3, 0.1, seed).values,
                               generate_sparse(n, seed).x,
                               generate_transactions(n, 0.1, seed).values};
  };
  set_num_threads(1);
  const std::vector<Tensor> one = all(40, 7), fewer = all(15, 7), other = all(40, 8);
  set_num_threads(3);
  const std::vector<Tensor> three = all(40, 7);
  set_num_threads(before);
  for (std::size_t k = 0; k < one.size(); ++k) {
    CAPTURE(k);
    CHECK(equal(one[k], three[k]));
    CHECK_FALSE(equal(one[k], other[k]));
    if (k != 5 && k != 6) CHECK(equal(slice(one[k], 0, 0, 15), fewer[k]));  // matrix products round by size
  }
  CHECK(generate_scenes(0).images.shape() == Shape{0, 3, 32, 32});
  CHECK(generate_transactions(0).values.shape() == Shape{0, 8});
}
