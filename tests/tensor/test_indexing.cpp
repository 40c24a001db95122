// SPDX-License-Identifier: MIT
// Scattering, indexing by several tensors, searching and counting, on Tensors.
#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/layouts.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {
Tensor whole(std::initializer_list<std::int64_t> values) { return Tensor::from<std::int64_t>(values); }
Tensor whole(std::initializer_list<std::int64_t> values, const Shape& shape) {
  return Tensor::from<std::int64_t>(values, shape);
}
}  // namespace

TEST_CASE("scatter sets, and the last of several numbers stays") {
  const Tensor x = zeros({2, 3}, Dtype::i64), index = whole({2, 0, 2, 1, 1, 1}, {2, 3}),
               source = whole({1, 2, 3, 4, 5, 6}, {2, 3});
  for (const Tensor& from : layouts(source))
    for (const Tensor& picks : layouts(index))
      CHECK(difference(scatter(x, 1, picks, from), whole({2, 0, 3, 0, 6, 0}, {2, 3})) == "");
  CHECK(difference(scatter(x, 0, whole({1}, {1, 1}), 7), whole({0, 0, 0, 7, 0, 0}, {2, 3})) == "");
  CHECK(difference(scatter(full({}, 1), 0, whole({0}, {}), full({}, 2)), full({}, 2)) == "");
  CHECK(error_of([&] {
          scatter(x, 1, whole({3}, {1, 1}), 7);
        }) == "scatter: index 3 at [0, 0] is out of range for axis 1 of i64[2, 3] (extent 3)");
  CHECK(error_of([&] { scatter(x, 1, index, ones({2, 3})); }) != "no error");
}

TEST_CASE("scatter_reduce reduces with the number that is there, or without it") {
  const Tensor x = whole({10, 20, 30}), index = whole({0, 0, 2, 0}), source = whole({3, -4, 50, 5});
  using enum ScatterReduce;
  CHECK(difference(scatter_reduce(x, 0, index, source, sum), whole({14, 20, 80})) == "");
  CHECK(difference(scatter_reduce(x, 0, index, source, prod, false), whole({-60, 20, 50})) == "");
  CHECK(difference(scatter_reduce(x, 0, index, source, amax), whole({10, 20, 50})) == "");
  CHECK(difference(scatter_reduce(x, 0, index, source, amax, false), whole({5, 20, 50})) == "");
  CHECK(difference(scatter_reduce(x, 0, index, source, amin), whole({-4, 20, 30})) == "");
  const auto real = [](const Tensor& t) { return to(t, Dtype::f32); };
  CHECK(difference(scatter_reduce(real(x), 0, index, real(source), mean), Tensor::from<float>({3.5F, 20, 40})) == "");
  CHECK(difference(scatter_reduce(real(x), 0, index, real(source) * kNan, amin), Tensor::from<float>({NAN, 20, NAN})) ==
        "");
  CHECK(error_of([&] { scatter_reduce(x, 0, index, source, mean); }).starts_with("scatter_reduce: needs f32 or f64"));
}

TEST_CASE("several indices pick and set single elements") {
  const Tensor x = counted({3, 4, 2}, Dtype::i64), rows = whole({2, 0}), columns = whole({3, 1});
  for (const Tensor& view : layouts(x)) {
    CHECK(difference(index_get(view, {rows, columns}), whole({22, 23, 2, 3}, {2, 2})) == "");
    CHECK(index_get(view, {unsqueeze(rows, 1), columns}).shape() == Shape{2, 2, 2});
    CHECK(index_get(view, {rows}).shape() == Shape{2, 4, 2});
    const Tensor set = index_put(view, {rows, columns}, whole({-1}));
    CHECK(difference(index_get(set, {rows, columns}), full({2, 2}, -1, Dtype::i64)) == "");
    CHECK(sum(set != x).item() == 4);
  }
  CHECK(difference(index_put(zeros({2}, Dtype::i64), {whole({1, 1, 1})}, whole({1, 2, 3}), true), whole({0, 6})) == "");
  CHECK(difference(index_put(zeros({2}, Dtype::i64), {whole({1, 1, 1})}, whole({1, 2, 3})), whole({0, 3})) == "");
  CHECK(error_of([&] {
          index_get(x, {rows, whole({4})});
        }) == "index_get: index 4 at [0] is out of range for axis 1 of i64[3, 4, 2] (extent 4)");
  CHECK(error_of([&] { index_get(x, {}); }).starts_with("index_get: needs 1 to 3 indices"));
  CHECK(error_of([&] { index_get(x, {rows, rows, rows, rows}); }).starts_with("index_get: needs 1 to 3 indices"));
  CHECK(error_of([&] { index_get(x, {rows, whole({0, 0, 0})}); }).starts_with("index_get: cannot broadcast"));
}

TEST_CASE("masked_select and nonzero") {
  const Tensor x = Tensor::from<float>({0, 2, 3, 0}, {2, 2});
  for (const Tensor& view : layouts(x)) {
    CHECK(difference(masked_select(view, view > 1), Tensor::from<float>({2, 3})) == "");
    CHECK(difference(nonzero(view), whole({0, 1, 1, 0}, {2, 2})) == "");
  }
  CHECK(masked_select(x, zeros({2, 2}, Dtype::u8)).shape() == Shape{0});
  CHECK(nonzero(zeros({0, 3})).shape() == Shape{0, 2});
  CHECK(nonzero(ones({})).shape() == Shape{1, 0});
  CHECK(error_of([&] { masked_select(x, x); }) == "masked_select: the mask must be u8, got f32[2, 2]");
}

TEST_CASE("searchsorted finds the place of a number, bucketize its bucket") {
  const Tensor edges = Tensor::from<double>({1, 2, 2, 5}), x = Tensor::from<double>({2, 0, kNan, 9, 5});
  CHECK(difference(searchsorted(edges, x), whole({1, 0, 4, 4, 3})) == "");
  CHECK(difference(bucketize(x, edges, true), whole({3, 0, 4, 4, 4})) == "");
  CHECK(searchsorted(zeros({0}), zeros({2})).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0});
  CHECK(searchsorted(edges, full({}, 2, Dtype::f64)).item<std::int64_t>() == 1);
  CHECK(error_of([&] { searchsorted(ones({2, 3}), ones({3, 3})); }).starts_with("searchsorted: needs 1-d numbers"));
  CHECK(error_of([&] { searchsorted(ones({2, 3}), ones({})); }).starts_with("searchsorted: needs 1-d numbers"));
  CHECK(error_of([&] {
          bucketize(x, ones({2, 3}, Dtype::f64));
        }) == "bucketize: boundaries must be 1-d, got f64[2, 3]");
}

TEST_CASE("unique, bincount and one_hot count") {
  for (const Dtype dtype : all_dtypes) {
    const Unique found = unique(to(whole({3, 1, 3, 2, 1, 3}, {2, 3}), dtype));
    CHECK(difference(found.values, to(whole({1, 2, 3}), dtype)) == "");
    CHECK(difference(found.inverse, whole({2, 0, 2, 1, 0, 2}, {2, 3})) == "");
    CHECK(difference(found.counts, whole({2, 1, 3})) == "");
  }
  CHECK(unique(Tensor::from<float>({NAN, 0, -0.F, NAN})).counts.to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{2, 1, 1});
  CHECK(unique(zeros({0, 2})).values.shape() == Shape{0});
  CHECK(unique(zeros({0, 2})).counts.shape() == Shape{0});
  CHECK(difference(bincount(whole({2, 0, 2}), 4), whole({1, 0, 2, 0})) == "");
  CHECK(bincount(whole({})).shape() == Shape{0});
  CHECK(error_of([] { bincount(whole({1, -2})); }).starts_with("index_add: index -2"));
  CHECK(error_of([] { bincount(whole({std::numeric_limits<std::int64_t>::max()})); }).starts_with("bincount:"));
  CHECK(error_of([] { bincount(whole({1}), ones({2})); }).starts_with("bincount: needs i64 numbers"));
  CHECK(one_hot(whole({2, 0})).shape() == Shape{2, 3});
  CHECK(error_of([] { one_hot(whole({})); }).starts_with("one_hot: without a count"));
}

TEST_CASE("item<T> is exact, and only of T's dtype") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  CHECK(whole({large}).item<std::int64_t>() == large);
  CHECK(error_of([] { ones({1}).item<std::int64_t>(); }) != "no error");
  CHECK(error_of([] { whole({1, 2}).item<std::int64_t>(); }) == "item: needs exactly one element, got i64[2]");
}
