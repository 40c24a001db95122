// SPDX-License-Identifier: MIT
// Picking by index, adding at indices, sorting.
#include <cmath>
#include <random>

#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/error_of.h"
#include "tests/layouts.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using Values = std::vector<float>;
using Indices = std::vector<std::int64_t>;

const std::vector<Shape> shapes{{1}, {5}, {2, 3}, {3, 2, 4}, {4, 1, 3}, {2, 3, 1, 5}, {70, 9}, {300}};

// Whole numbers below `count` that follow no pattern, many of them repeated.
Tensor random(const Shape& shape, std::int64_t count, Dtype dtype = Dtype::i64) {
  std::mt19937 generator(5);
  return make(shape, dtype,
              [&](const Axes&) { return static_cast<std::int64_t>(generator() % static_cast<std::uint32_t>(count)); });
}

Shape with(Shape shape, int axis, std::int64_t extent) {
  shape[axis] = extent;
  return shape;
}
Axes with_index(Axes index, int axis, double i) { return with(index, axis, static_cast<std::int64_t>(i)); }

// body(x, axis) for tensors of many shapes, dtypes and layouts of memory, and each of their axes.
template <class Body>
void for_each_axis(Body body) {
  for (const Shape& shape : shapes)
    for (const Dtype dtype : all_dtypes)
      for (const Tensor& x : layouts(random(shape, 7, dtype)))
        for (int axis = 0; axis < x.dim(); ++axis) {
          CAPTURE(describe(x));
          CAPTURE(x.strides());
          CAPTURE(axis);
          body(x, axis);
        }
}

// x with source added at indices: the definition, one element after another, in double (the numbers are small).
Tensor added(const Tensor& x, int axis, const Tensor& index, const Tensor& source) {
  std::vector<double> sums;
  for_each_index(x.shape(), [&](const Axes& i) { sums.push_back(at(x, i)); });
  for_each_index(index.shape(), [&](const Axes& i) {
    const Axes to = with_index(i, axis, at(index, i));
    sums[static_cast<std::size_t>(place_of(to, contiguous_strides(x.shape())))] += at(source, i);
  });
  return make(x.shape(), x.dtype(), [&](const Axes& i) {
    return sums[static_cast<std::size_t>(place_of(i, contiguous_strides(x.shape())))];
  });
}

}  // namespace

TEST_CASE("index_select picks along an axis") {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2});
  CHECK(difference(index_select(x, 0, Tensor::from<std::int64_t>({2, 0, 2})),
                   Tensor::from<float>({5, 6, 1, 2, 5, 6}, {3, 2})) == "");
  CHECK(difference(index_select(x, -1, Tensor::from<std::int64_t>({1})), Tensor::from<float>({2, 4, 6}, {3, 1})) == "");
  for_each_axis([](const Tensor& t, int axis) {
    for (const Tensor& index : layouts(random({6}, t.shape()[axis]))) {
      const Tensor wanted = make(with(t.shape(), axis, 6), t.dtype(),
                                 [&](const Axes& i) { return at(t, with_index(i, axis, at(index, {i[axis]}))); });
      CHECK(difference(index_select(t, axis, index), wanted) == "");
    }
  });
}

TEST_CASE("index_add adds at repeated indices, too") {
  const Tensor x = zeros({3, 2}), source = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2});
  const Tensor index = Tensor::from<std::int64_t>({2, 0, 2});
  CHECK(difference(index_add(x, 0, index, source), Tensor::from<float>({3, 4, 0, 0, 6, 8}, {3, 2})) == "");
  CHECK(x.to_vector<float>() == Values(6, 0));  // it gives a new tensor
  for_each_axis([](const Tensor& t, int axis) {
    const Tensor picks = random({6}, t.shape()[axis]);
    const Shape shape = with(t.shape(), axis, 6);
    const Tensor everywhere = make(shape, Dtype::i64, [&](const Axes& i) { return at(picks, {i[axis]}); });
    for (const Tensor& addends : layouts(random(shape, 9, t.dtype())))
      CHECK(difference(index_add(t, axis, picks, addends), added(t, axis, everywhere, addends)) == "");
  });
}

TEST_CASE("gather and scatter_add follow an index for every element") {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor index = Tensor::from<std::int64_t>({2, 2, 0, 1}, {2, 2});
  CHECK(difference(gather(x, 1, index), Tensor::from<float>({3, 3, 4, 5}, {2, 2})) == "");
  CHECK(difference(scatter_add(x, 1, index, Tensor::from<float>({10, 20, 30, 40}, {2, 2})),
                   Tensor::from<float>({1, 2, 33, 34, 45, 6}, {2, 3})) == "");
  for_each_axis([](const Tensor& t, int axis) {
    Shape shape = with(t.shape(), axis, 3);
    for (int other = 0; other < t.dim(); ++other)
      if (other != axis) shape[other] = (shape[other] + 1) / 2;  // an index may be shorter
    const Tensor source = random(t.dim() == 1 ? with(shape, 0, 8) : with(shape, axis, 4), 9, t.dtype());
    for (const Tensor& picks : layouts(random(shape, t.shape()[axis]))) {
      const Tensor wanted =
          make(shape, t.dtype(), [&](const Axes& i) { return at(t, with_index(i, axis, at(picks, i))); });
      CHECK(difference(gather(t, axis, picks), wanted) == "");
      CHECK(difference(scatter_add(t, axis - t.dim(), picks, source), added(t, axis, picks, source)) == "");
    }
  });
}

TEST_CASE("equal indices add in order of position on any number of threads") {
  const int before = num_threads();
  // 1 is lost next to 1e8 in f32, so the sum shows the order.
  const Tensor source = Tensor::from<float>({1e8F, 1, -1e8F, 1});
  const Tensor zero = Tensor::from<std::int64_t>({0, 0, 0, 0});
  CHECK(index_add(zeros({1}), 0, zero, source).item() == 1);
  CHECK(scatter_add(zeros({1}), 0, zero, source).item() == 1);

  const Tensor many =
      make({3000, 70}, Dtype::f32, [](const Axes& i) { return std::sin(static_cast<double>(i[0] * 70 + i[1])); });
  const Tensor rows = random({3000}, 5), columns = random({3000, 70}, 70);
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    results.push_back(
        concat({index_add(zeros({5, 70}), 0, rows, many), scatter_add(zeros({3000, 70}), 1, columns, many),
                scatter_add(zeros({70, 70}), 0, random({3000, 70}, 70), many)},
               0));
    CHECK(difference(results.back(), results.front()) == "");
  }
  set_num_threads(before);
}

TEST_CASE("added integers wrap around") {
  const Tensor twice = Tensor::from<std::int64_t>({0, 0});
  CHECK(index_add(zeros({1}, Dtype::u8), 0, twice, full({2}, 200, Dtype::u8)).item() == 144);
  CHECK(scatter_add(zeros({1}, Dtype::i64), 0, twice, full({2}, INT64_MAX, Dtype::i64)).item() == -2);
}

TEST_CASE("a 0-d tensor has one element on axis 0") {
  const Tensor x = scalar(5), zero = Tensor::from<std::int64_t>({0}), zero_0d = scalar(0, Dtype::i64);
  CHECK(difference(index_select(x, 0, zero), x) == "");
  CHECK(difference(index_add(x, -1, zero, scalar(2)), scalar(7)) == "");
  CHECK(difference(gather(x, 0, zero_0d), x) == "");
  CHECK(difference(gather(x, 0, zero), Tensor::from<float>({5})) == "");
  CHECK(difference(scatter_add(x, 0, zero_0d, scalar(2)), scalar(7)) == "");
  CHECK(difference(sort(x).values, x) == "");
  CHECK(difference(argsort(x, 0), zero_0d) == "");
  CHECK(difference(top_k(x, 1).values, x) == "");
  CHECK(error_of([&] { sort(x, 1); }) == "sort: axis 1 is out of range for 1 axis");
}

TEST_CASE("picking works with an empty index and on empty tensors") {
  const Tensor x = counted({2, 3}), none = Tensor({0}, Dtype::i64);
  CHECK(index_select(x, 1, none).shape() == Shape{2, 0});
  CHECK(difference(index_add(x, 1, none, zeros({2, 0})), x) == "");
  CHECK(gather(x, 0, Tensor({0, 3}, Dtype::i64)).shape() == Shape{0, 3});
  CHECK(difference(scatter_add(x, 0, Tensor({0, 3}, Dtype::i64), x), x) == "");
  CHECK(index_select(counted({0, 3}), 1, Tensor::from<std::int64_t>({2, 0})).shape() == Shape{0, 2});
  CHECK(sort(counted({2, 0})).indices.shape() == Shape{2, 0});
  CHECK(sort(counted({0, 2})).values.shape() == Shape{0, 2});
  CHECK(top_k(x, 0).values.shape() == Shape{2, 0});
  CHECK(one_hot(none, 3).shape() == Shape{0, 3});
  CHECK(one_hot(none, 0).shape() == Shape{0, 0});
}

TEST_CASE("an error names a bad index, its position and the extent") {
  const Tensor x = counted({3, 2});
  const Tensor index = Tensor::from<std::int64_t>({0, 1, 3, 9}, {2, 2});
  CHECK(error_of([&] {
          index_select(x, 0, Tensor::from<std::int64_t>({2, -1}));
        }) == "index_select: index -1 at [1] is out of range for axis 0 of f32[3, 2] (extent 3)");
  CHECK(error_of([&] {
          index_add(x, 1, Tensor::from<std::int64_t>({2}), zeros({3, 1}));
        }) == "index_add: index 2 at [0] is out of range for axis 1 of f32[3, 2] (extent 2)");
  CHECK(error_of([&] { gather(x, 0, index); }) ==
        "gather: index 3 at [1, 0] is out of range for axis 0 of f32[3, 2] (extent 3)");
  CHECK(error_of([&] {
          scatter_add(x, 0, transpose(index), zeros({2, 2}));
        }) == "scatter_add: index 3 at [0, 1] is out of range for axis 0 of f32[3, 2] (extent 3)");
  CHECK(error_of([&] {
          one_hot(Tensor::from<std::int64_t>({0, 10}), 10);
        }) == "one_hot: index 10 at [1] is out of range for the classes (extent 10)");
}

TEST_CASE("an index of the wrong kind is an error") {
  const Tensor x = counted({3, 2}), index = Tensor::from<std::int64_t>({0});
  CHECK(error_of([&] { index_select(x, 0, zeros({1})); }) == "index_select: the index must be i64, got f32[1]");
  CHECK(error_of([&] {
          index_select(x, 0, zeros({1, 1}, Dtype::i64));
        }) == "index_select: the index must be 1-d, got i64[1, 1]");
  CHECK(error_of([&] {
          index_add(x, 0, index, zeros({2, 2}));
        }) == "index_add: adding to f32[3, 2] at 1 places of axis 0 needs a source of [1, 2], got f32[2, 2]");
  CHECK(error_of([&] { gather(x, 0, index); }) ==
        "gather: the index needs as many axes as the tensor: i64[1] against f32[3, 2] (1 against 2)");
  CHECK(error_of([&] {
          gather(x, 0, zeros({1, 3}, Dtype::i64));
        }) == "gather: the index is longer than the tensor in axis 1: i64[1, 3] against f32[3, 2] (3 against 2)");
  CHECK(error_of([&] {
          scatter_add(x, 0, zeros({2, 2}, Dtype::i64), zeros({1, 2}));
        }) == "scatter_add: the index is longer than the tensor in axis 0: i64[2, 2] against f32[1, 2] (2 against 1)");
  CHECK(error_of([&] { one_hot(index, -1); }) == "one_hot: needs a count of at least 0, got -1");
}

TEST_CASE("one_hot marks the class") {
  for (const Dtype dtype : all_dtypes)
    for (const Tensor& classes : layouts(random({3, 4}, 5))) {
      const Tensor wanted = make({3, 4, 5}, dtype, [&](const Axes& i) {
        return at(classes, {i[0], i[1]}) == static_cast<double>(i[2]);
      });
      CHECK(difference(one_hot(classes, 5, dtype), wanted) == "");
    }
  CHECK(one_hot(scalar(1, Dtype::i64), 3).to_vector<float>() == Values{0, 1, 0});
}

TEST_CASE("sort is stable in both directions, and NaN is the largest number") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from<float>({2, nan, -1, 2, infinity, -0.0F, 0, -infinity, nan});
  CHECK(argsort(x).to_vector<std::int64_t>() == Indices{7, 2, 5, 6, 0, 3, 4, 1, 8});
  CHECK(argsort(x, 0, true).to_vector<std::int64_t>() == Indices{1, 8, 4, 0, 3, 5, 6, 2, 7});
  CHECK(std::signbit(sort(x).values.to_vector<float>()[2]));  // values come back as they were, -0 too
  CHECK(std::isnan(sort(x).values.to_vector<float>()[8]));
  const Tensor extremes = Tensor::from<std::int64_t>({0, INT64_MAX, INT64_MIN, -1});
  CHECK(sort(extremes).values.to_vector<std::int64_t>() == Indices{INT64_MIN, -1, 0, INT64_MAX});
  CHECK(sort(extremes, -1, true).values.to_vector<std::int64_t>() == Indices{INT64_MAX, 0, -1, INT64_MIN});
}

TEST_CASE("sort and top_k along any axis agree with a stable sort of every line") {
  for_each_axis([](const Tensor& x, int axis) {
    for (const bool descending : {false, true}) {
      const Tensor wanted = make(x.shape(), Dtype::i64, [&](const Axes& i) {
        Indices order(static_cast<std::size_t>(x.shape()[axis]));
        for (std::size_t j = 0; j < order.size(); ++j) order[j] = static_cast<std::int64_t>(j);
        const auto value = [&](std::int64_t j) { return at(x, with(i, axis, j)); };
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
          return descending ? value(a) > value(b) : value(a) < value(b);
        });
        return order[static_cast<std::size_t>(i[axis])];
      });
      const Sorted sorted = sort(x, axis, descending);
      CHECK(difference(sorted.indices, wanted) == "");
      CHECK(difference(sorted.values, gather(x, axis, wanted)) == "");
      for (const std::int64_t k : {std::int64_t{1}, x.shape()[axis] / 2, x.shape()[axis]}) {
        const Sorted best = top_k(x, k, axis, descending);
        CHECK(difference(best.indices, slice(wanted, axis, 0, k)) == "");
        CHECK(difference(best.values, slice(sorted.values, axis, 0, k)) == "");
      }
    }
  });
}

TEST_CASE("long lines of real numbers are sorted, too") {
  std::mt19937 generator(1);
  std::vector<double> numbers(10000);
  for (double& number : numbers)
    number = std::ldexp(static_cast<double>(generator()) - 2e9, static_cast<int>(generator() % 40));
  std::vector<double> sorted = numbers;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sort(Tensor::from(numbers)).values.to_vector<double>() == sorted);
  const Values singles = to(Tensor::from(numbers), Dtype::f32).to_vector<float>();
  CHECK(difference(sort(Tensor::from(singles)).values, to(Tensor::from(sorted), Dtype::f32)) == "");
  std::reverse(sorted.begin(), sorted.end());
  CHECK(sort(Tensor::from(numbers), 0, true).values.to_vector<double>() == sorted);
}

TEST_CASE("top_k gives the best first, of equals the lowest index, and NaN before all") {
  const Tensor x = Tensor::from<float>({3, 1, 3, kNan, 2, 3});
  CHECK(top_k(x, 3).indices.to_vector<std::int64_t>() == Indices{3, 0, 2});
  CHECK(top_k(x, 5, 0, false).indices.to_vector<std::int64_t>() == Indices{1, 4, 0, 2, 5});
  CHECK(error_of([&] { top_k(x, 7); }) == "top_k: cannot pick 7 from axis 0 of f32[6] (extent 6)");
  CHECK(error_of([&] { top_k(x, -1); }) == "top_k: cannot pick -1 from axis 0 of f32[6] (extent 6)");
}
