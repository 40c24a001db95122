// SPDX-License-Identifier: MIT
// Search, hashing and k-means: against scikit-learn and SciPy, by their definitions, and at their limits.
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/baselines/hashing.h"
#include "examples/support/baselines/kmeans.h"
#include "examples/support/baselines/search.h"
#include "examples/support/metrics/neighbours.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/examples/support_common.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::kNan;

namespace {

using Whole = std::vector<std::int64_t>;

// i = np.arange(60)
// X = np.stack([np.sin(i * 1.7) * 3 + (i % 3) * 2, np.cos(i * 2.3) * 2 - (i % 4), np.sin(i * i * 0.31)], 1)
Tensor points() {
  std::vector<double> x;
  for (int i = 0; i < 60; ++i)
    x.insert(x.end(), {std::sin(i * 1.7) * 3 + i % 3 * 2, std::cos(i * 2.3) * 2 - i % 4, std::sin(i * i * 0.31)});
  return Tensor::from(x, {60, 3});
}

// j = np.arange(4); Q = np.stack([np.cos(j * 1.1) * 2 + 1, np.sin(j * 0.7), np.cos(j ** 2 * 0.9)], 1)
Tensor questions() {
  std::vector<double> x;
  for (int j = 0; j < 4; ++j) x.insert(x.end(), {std::cos(j * 1.1) * 2 + 1, std::sin(j * 0.7), std::cos(j * j * 0.9)});
  return Tensor::from(x, {4, 3});
}

Tensor three_planes() { return Tensor::from<double>({1, -2, 0.5, 0.3, 0.3, -1, -1, 0, 2}, {3, 3}); }

double farthest_apart(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

}  // namespace

TEST_CASE("search: rows and distances are those of scikit-learn") {
  // NearestNeighbors(n_neighbors=5, algorithm="brute").fit(X).kneighbors(Q)
  const Whole rows{17, 46, 30, 13, 12, 30, 57, 44, 32, 17, 33, 25, 28, 0, 24, 33, 25, 24, 0, 28};
  const Tensor distances = Tensor::from<double>(
      {1.005444610276, 1.027985369421, 1.080369410725, 1.604065665212, 1.609875912757, 0.667845682593, 0.677192302414,
       1.249384127604, 1.397820462708, 1.400215645618, 1.151874709648, 1.157211344283, 1.266513874284, 1.365583281484,
       1.518628591404, 0.82330782107,  0.932147138613, 1.385098341843, 1.517284680993, 1.933089308724},
      {4, 5});
  const Nearest found = RowSearch(points()).nearest(questions(), 5);
  CHECK(found.rows.to_vector<std::int64_t>() == rows);
  CHECK(farthest_apart(found.distances, distances) < 1e-11);
  // Not contiguous, and in f32.
  const Tensor x = transpose(contiguous(transpose(to(points(), Dtype::f32))));
  CHECK(RowSearch(x).nearest(to(questions(), Dtype::f32), 5).rows.to_vector<std::int64_t>() == rows);
}

TEST_CASE("search: a row finds itself first, however large the numbers are, and equal rows come in their order") {
  // The product alone, in f32, has errors of 0.1 here, and the distances of neighbours are 0.01.
  Rng rng(3);
  const Tensor x = rng.normal({500, 8}) * 0.01 + 400;
  const Nearest found = RowSearch(x).nearest(x, 3);
  CHECK(equal(select(found.rows, 1, 0), arange(500)));
  CHECK(max(select(found.distances, 1, 0)).item() == 0);
  const Tensor same = ones({40, 3});
  CHECK(RowSearch(same).nearest(slice(same, 0, 0, 1), 4).rows.to_vector<std::int64_t>() == Whole{0, 1, 2, 3});
}

TEST_CASE("search: blocks and threads change nothing; one row, no query, all rows") {
  Rng rng(5);
  const Tensor rows = rng.normal({40000, 4}), queries = rng.normal({451, 4});  // blocks of 209 queries
  const RowSearch search(rows);
  set_num_threads(1);
  const Nearest one = search.nearest(queries, 10);
  set_num_threads(4);
  const Nearest four = search.nearest(queries, 10);
  set_num_threads(1);
  CHECK(equal(one.rows, four.rows));
  CHECK(equal(one.distances, four.distances));
  const Tensor last = slice(queries, 0, 450, 451);
  CHECK(equal(slice(one.rows, 0, 450, 451), search.nearest(last, 10).rows));
  const Tensor order = argsort(squared_distances(last, rows), 1);
  CHECK(equal(slice(order, 1, 0, 10), slice(one.rows, 0, 450, 451)));

  CHECK(search.nearest(slice(queries, 0, 0, 0), 2).rows.shape() == Shape{0, 2});
  CHECK(RowSearch(slice(rows, 0, 0, 1)).nearest(queries, 1).rows.shape() == Shape{451, 1});
  CHECK(RowSearch(points()).nearest(questions(), 60).rows.shape() == Shape{4, 60});
}

TEST_CASE("search: what cannot be searched is an error") {
  const RowSearch search(points());
  CHECK(error_of([&] { (void)search.nearest(questions(), 61); }) == "search: cannot find 61 of 60 rows");
  CHECK(contains(error_of([&] { (void)search.nearest(ones({2, 4}, Dtype::f64), 1); }), "got f64[2, 4]"));
  CHECK(contains(error_of([&] { (void)search.nearest(ones({2, 3}), 1); }), "like the rows f64[60, 3], got f32[2, 3]"));
  CHECK(contains(error_of([&] { (void)search.nearest(full({1, 3}, kNan, Dtype::f64), 1); }), "NaN"));
  CHECK(contains(error_of([] { RowSearch(zeros({0, 3})); }), "got f32[0, 3]"));
  CHECK(contains(error_of([] { RowSearch(full({2, 3}, kNan)); }), "NaN"));
}

TEST_CASE("precision: the share of neighbours with the query's class, of all and by class") {
  const Nearest found{Tensor::from<std::int64_t>({0, 1, 2, 3, 1, 0}, {3, 2}), zeros({3, 2})};
  const Tensor rows = Tensor::from<std::int64_t>({0, 0, 1, 0}), queries = Tensor::from<std::int64_t>({0, 1, 2});
  CHECK(precision(found, rows, queries) == 0.5);
  const Tensor by_class = precision_by_class(found, rows, queries, 4);
  CHECK(slice(by_class, 0, 0, 3).to_vector<double>() == std::vector<double>{1, 0.5, 0});
  CHECK(std::isnan(by_class.to_vector<double>()[3]));
  CHECK(contains(error_of([&] { (void)precision(found, rows, rows); }), "each of 3 queries"));
}

TEST_CASE("bits: sides of planes, packed and ranked as by SciPy") {
  // ((X - X.mean(0)) @ P.T > 0)[:6]
  const SignHash hash{mean(points(), {0}), three_planes()};
  const Tensor bits = hash(points());
  CHECK(slice(bits, 0, 0, 6).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0});
  const Tensor codes = pack_bits(bits);
  CHECK(slice(codes, 0, 0, 6).to_vector<std::int64_t>() == Whole{6, 3, 5, 4, 3, 3});
  // D = (cdist(b[:3], b, "hamming") * 3).round().astype(int); np.argsort(D, 1, kind="stable")[:, :8]; np.bincount
  const Nearest found = nearest_bits(codes, slice(codes, 0, 0, 3), 8);
  CHECK(found.rows.to_vector<std::int64_t>() ==
        Whole{0, 25, 32, 33, 48, 3, 6, 8, 1, 4, 5, 11, 19, 20, 27, 35, 2, 7, 10, 12, 15, 18, 29, 39});
  CHECK(slice(found.distances, 0, 0, 1).to_vector<std::int64_t>() == Whole{0, 0, 0, 0, 0, 1, 1, 1});
  CHECK(count_by_distance(codes, slice(codes, 0, 0, 3), 3).to_vector<std::int64_t>() ==
        Whole{5, 23, 27, 5, 13, 14, 19, 14, 14, 19, 18, 9});
  // All 64 bits, the last of which is the sign of an i64.
  const Tensor wide = pack_bits(concat({zeros({1, 64}, Dtype::u8), ones({1, 64}, Dtype::u8)}, 0));
  CHECK(wide.to_vector<std::int64_t>() == Whole{0, -1});
  CHECK(nearest_bits(wide, wide, 2).distances.to_vector<std::int64_t>() == Whole{0, 64, 0, 64});
  CHECK(select(count_by_distance(wide, wide), 1, 64).to_vector<std::int64_t>() == Whole{1, 1});
  CHECK(contains(error_of([] { (void)pack_bits(zeros({1, 65}, Dtype::u8)); }), "64 or fewer"));
  CHECK(error_of([&] { (void)nearest_bits(wide, wide, 3); }) == "nearest_bits: cannot find 3 of 2 codes");
  CHECK(contains(error_of([&] { (void)nearest_bits(points(), wide, 1); }), "got f64[60, 3]"));
}

TEST_CASE("sign-LSH: two rows differ in a part of the bits that is their angle over π") {
  Rng rng(7);
  const Tensor rows = Tensor::from<double>({1, 0, std::cos(0.6), std::sin(0.6), -1, 0, -std::cos(0.6), -std::sin(0.6)},
                                           {4, 2});  // their mean is 0
  const Tensor bits = fit_sign_lsh(rows, 20000, rng)(rows);
  const auto differing = [&](int a, int b) {
    return mean(select(bits, 0, a) != select(bits, 0, b), {}, false, Dtype::f64).item();
  };
  CHECK(differing(0, 1) == doctest::Approx(0.6 / 3.14159265).epsilon(0.04));
  CHECK(differing(0, 2) == 1);
}

TEST_CASE("ITQ: its rotation loses less than a random one, and stays a rotation") {
  // Four groups on the axes of a plane that lies askew: the axes' signs are worst, those of the diagonals perfect.
  Rng rng(2);
  const Tensor groups = Tensor::from<double>({3, 0, -3, 0, 0, 2, 0, -2}, {4, 2});
  const Tensor plane = qr(rng.normal({6, 2}, 0, 1, Dtype::f64)).q;
  const Tensor numbers = remainder(arange(400), 4);
  const Tensor rows =
      matmul(index_select(groups, 0, numbers), transpose(plane)) + rng.normal({400, 6}, 5, 0.1, Dtype::f64);
  const SignHash hash = fit_itq(rows, 2, rng);
  CHECK(farthest_apart(matmul(hash.planes, transpose(hash.planes)), eye(2, 2, Dtype::f64)) < 1e-12);
  const Tensor codes = pack_bits(hash(rows));
  // Each group has a code of its own.
  std::set<std::int64_t> firsts;
  for (int group = 0; group < 4; ++group) {
    const Tensor own = slice(codes, 0, group, 400, 4);
    CHECK(min(own).item() == max(own).item());
    firsts.insert(static_cast<std::int64_t>(min(own).item()));
  }
  CHECK(firsts.size() == 4);
  CHECK(contains(error_of([&] { (void)fit_itq(rows, 7, rng); }), "cannot make 7 bits of f64[400, 6]"));
}

TEST_CASE("hash table: the codes in a ball are those that a comparison with all finds") {
  Rng rng(4);
  const Tensor codes = pack_bits(rng.bernoulli({500, 10}, 0.5) > 0.5);
  const HashTable table(codes, 10);
  for (std::int64_t q = 0; q < 5; ++q) {
    const auto query = static_cast<std::int64_t>(select(codes, 0, q).item());
    const Tensor counts = count_by_distance(codes, slice(codes, 0, q, q + 1), 2);
    std::int64_t inside = 0;
    for (int radius = 0; radius <= 2; ++radius) {
      inside += static_cast<std::int64_t>(select(select(counts, 0, 0), 0, radius).item());
      const Tensor found = table.within(query, radius);
      REQUIRE(found.size(0) == inside);
      const Nearest nearest = nearest_bits(codes, slice(codes, 0, q, q + 1), inside);
      CHECK(equal(sort(found).values, sort(flatten(nearest.rows)).values));
    }
    CHECK(table.within(query, 0).to_vector<std::int64_t>().front() <= q);
  }
  CHECK(HashTable(Tensor::from<std::int64_t>({-1, 0}), 64).within(-2, 1).to_vector<std::int64_t>() == Whole{0});
  CHECK(table.within(1 << 20, 2).size(0) == 0);
  CHECK(contains(error_of([&] { (void)table.within(0, 3); }), "the radius is 0, 1 or 2"));
}

TEST_CASE("k-means: Lloyd's algorithm ends where scikit-learn's does") {
  // KMeans(4, init=X[[0, 7, 21, 40]], n_init=1, tol=0, algorithm="lloyd").fit(X)
  const Clusters found = lloyd(points(), index_select(points(), 0, Tensor::from<std::int64_t>({0, 7, 21, 40})));
  const Tensor centres = Tensor::from<double>(
      {5.482229251952, 0.255210681546, -0.041458270868, 3.880246446541, -3.315706684094, 0.136430762673,
       -1.387111334409, -1.94059829775, -0.168142447986, 1.680362154512, -0.550113564556, 0.104730593595},
      {4, 3});
  CHECK(farthest_apart(found.centres, centres) < 1e-11);
  CHECK(found.inertia == doctest::Approx(204.96937186886257).epsilon(1e-12));
  CHECK(found.iterations == 5);  // scikit-learn counts the assignments: 6
  CHECK(slice(found.labels, 0, 0, 12).to_vector<std::int64_t>() == Whole{3, 1, 1, 2, 1, 0, 2, 2, 0, 3, 2, 3});
  CHECK(equal(nearest_centre(points(), found.centres), found.labels));

  // The second centre has no row: KMeans(3, init=[[0, 0, 0], [50, 50, 50], [2, -1, 0]], ...).
  const Tensor far = Tensor::from<double>({0, 0, 0, 50, 50, 50, 2, -1, 0}, {3, 3});
  const Clusters moved = lloyd(points(), far);
  CHECK(moved.inertia == doctest::Approx(280.0290339863428).epsilon(1e-12));
  CHECK(select(select(moved.centres, 0, 1), 0, 0).item() == doctest::Approx(4.040488242993));
}

TEST_CASE("k-means: the best of several starts, the same on any number of threads") {
  // KMeans(5, n_init=50, random_state=0).fit(X).inertia_
  const Clusters best = k_means(points(), 5, Rng(1), {.starts = 50});
  CHECK(best.inertia == doctest::Approx(165.30958240002033).epsilon(1e-9));
  Rng rng(6);
  const Tensor many = rng.normal({20000, 12});
  set_num_threads(1);
  const Clusters one = k_means(many, 7, Rng(1), {.starts = 2, .iterations = 5});
  set_num_threads(4);
  const Clusters four = k_means(many, 7, Rng(1), {.starts = 2, .iterations = 5});
  set_num_threads(1);
  CHECK(equal(one.centres, four.centres));
  CHECK(equal(one.labels, four.labels));
  CHECK(one.inertia == four.inertia);
}

TEST_CASE("k-means: its limits") {
  CHECK(k_means(points(), 60, Rng(0), {.starts = 3}).inertia == doctest::Approx(0));
  CHECK(k_means(points(), 1, Rng(0)).labels.to_vector<std::int64_t>() == Whole(60, 0));
  CHECK(k_means(ones({5, 2}), 3, Rng(0)).inertia == 0);  // fewer different rows than centres
  // First centres are far from each other: of three distant groups, each gets one.
  Rng rng(8);
  const Tensor places = Tensor::from<double>({0, 1, 100, 101, -100, -101}, {6, 1});
  for (int i = 0; i < 20; ++i) {
    const Tensor first = k_means_plus_plus(places, 3, rng);
    CHECK(max(first).item() >= 100);
    CHECK(min(first).item() <= -100);
  }
  CHECK(contains(error_of([] { (void)k_means(points(), 61, Rng(0)); }), "cannot make 61 groups of rows f64[60, 3]"));
  CHECK(contains(error_of([] { (void)k_means(zeros({0, 3}), 1, Rng(0)); }), "[0, 3]"));
  CHECK(contains(error_of([] { (void)k_means(full({2, 2}, kNan), 1, Rng(0)); }), "NaN"));
}
