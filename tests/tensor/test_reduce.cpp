// SPDX-License-Identifier: MIT
// Reductions: against plain loops in double, at the edges, in all layouts of memory, on any number of threads.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include <doctest/doctest.h>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/layouts.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

Tensor vector(const Doubles& values) { return Tensor::from(values); }

// ---- what each reduction means, one number after another

double sum_of(const Doubles& v) { return std::accumulate(v.begin(), v.end(), 0.0); }
double mean_of(const Doubles& v) { return sum_of(v) / static_cast<double>(v.size()); }
double squares_of(const Doubles& v, double center) {
  return std::accumulate(v.begin(), v.end(), 0.0, [&](double a, double x) { return a + (x - center) * (x - center); });
}

using Reduction = Tensor (*)(const Tensor& x, const Axes& axes, bool keepdim);

struct ReduceCase {
  const char* name;
  std::function<Tensor(const Tensor&, const Axes&, bool)> op;
  std::function<double(const Doubles&)> meaning;
};
const std::vector<ReduceCase> reduce_cases{
    {"sum", [](auto& x, auto& axes, bool keep) { return sum(x, axes, keep); }, sum_of},
    {"mean", [](auto& x, auto& axes, bool keep) { return mean(x, axes, keep); }, mean_of},
    {"prod", [](auto& x, auto& axes, bool keep) { return prod(x, axes, keep); },
     [](auto& v) { return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<>()); }},
    {"max", [](auto& x, auto& axes, bool keep) { return max(x, axes, keep); },
     [](auto& v) { return *std::max_element(v.begin(), v.end()); }},
    {"min", [](auto& x, auto& axes, bool keep) { return min(x, axes, keep); },
     [](auto& v) { return *std::min_element(v.begin(), v.end()); }},
    {"var", [](auto& x, auto& axes, bool keep) { return var(x, axes, keep, 0); },
     [](auto& v) { return squares_of(v, mean_of(v)) / static_cast<double>(v.size()); }},
    {"norm", [](auto& x, auto& axes, bool keep) { return norm(x, axes, keep); },
     [](auto& v) { return std::sqrt(squares_of(v, 0)); }},
    {"norm 1", [](auto& x, auto& axes, bool keep) { return norm(x, axes, keep, 1); },
     [](auto& v) {
       return std::accumulate(v.begin(), v.end(), 0.0, [](double a, double x) { return a + std::abs(x); });
     }},
    {"norm 3", [](auto& x, auto& axes, bool keep) { return norm(x, axes, keep, 3); },
     [](auto& v) {
       return std::cbrt(
           std::accumulate(v.begin(), v.end(), 0.0, [](double a, double x) { return a + std::pow(std::abs(x), 3); }));
     }},
    {"logsumexp", [](auto& x, auto& axes, bool keep) { return logsumexp(x, axes, keep); },
     [](auto& v) {
       return std::log(std::accumulate(v.begin(), v.end(), 0.0, [](double a, double x) { return a + std::exp(x); }));
     }},
};

// Each element of the result from the elements of x that fold into it.
Tensor reference(const ReduceCase& c, const Tensor& x, const Axes& axes, bool keepdim) {
  const Axes over = normalize_axes(c.name, axes, x.dim());
  const auto folded = [&](int axis) { return std::find(over.begin(), over.end(), axis) != over.end(); };
  Shape kept, shape;
  for (int axis = 0; axis < x.dim(); ++axis) {
    kept.push_back(folded(axis) ? 1 : x.shape()[axis]);
    if (keepdim || !folded(axis)) shape.push_back(kept.back());
  }
  std::vector<Doubles> groups(static_cast<std::size_t>(numel(kept)));
  for_each_index(x.shape(), [&](const Axes& index) {
    Axes place = index;
    for (const std::int64_t axis : over) place[static_cast<int>(axis)] = 0;
    groups[static_cast<std::size_t>(place_of(place, contiguous_strides(kept)))].push_back(at(x, index));
  });
  Doubles results;
  for (const Doubles& group : groups) results.push_back(c.meaning(group));
  return Tensor::from(results, shape);
}

// body() with the kernels of every instruction set that this CPU has.
template <class Body>
void for_each_set(Body body) {
  for (const char* name : {"sse2", "avx2", "avx512bw", "neon64"}) {
    const Kernels* const table = kernels_named(name);
    if (table == nullptr) continue;
    CAPTURE(name);
    use_kernels(table);
    body();
  }
  use_kernels(nullptr);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  const Tensor x = contiguous(a), y = contiguous(b);
  const auto bytes = [](const Tensor& t) { return t.storage().data() + t.offset() * size_of(t.dtype()); };
  return x.shape() == y.shape() &&
         std::memcmp(bytes(x), bytes(y), static_cast<std::size_t>(x.numel()) * size_of(x.dtype())) == 0;
}

}  // namespace

TEST_CASE("reductions over any axes agree with plain loops, in every layout and instruction set") {
  const std::vector<std::pair<Shape, std::vector<Axes>>> shapes{
      {{}, {{}}},
      {{1}, {{}, {0}}},
      {{5}, {{0}}},
      {{1000}, {{-1}}},
      {{7, 3}, {{}, {0}, {1}}},
      {{3, 70}, {{0}, {1}}},
      {{300, 2}, {{0}, {-1}}},
      {{150, 37}, {{}, {0}, {1}}},
      {{2, 1, 9}, {{0}, {1}, {2}, {0, 2}}},
      {{4, 5, 6}, {{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {2, 0, 1}}},
      {{2, 3, 4, 5}, {{0, 2, 3}, {1}, {1, 3}, {0, 2}, {-1, -4}}},
  };
  for_each_set([&] {
    Rng rng(1);
    for (const auto& [shape, lists] : shapes)
      for (const Tensor& x : layouts(rng.uniform(shape, -1, 2, Dtype::f64)))
        for (const Axes& axes : lists)
          for (const ReduceCase& c : reduce_cases)
            for (const bool keepdim : {false, true}) {
              CAPTURE(c.name);
              CAPTURE(shape);
              CAPTURE(x.strides());
              CAPTURE(axes);
              const Tensor wanted = reference(c, x, axes, keepdim);
              const Tensor got = c.op(x, axes, keepdim), got32 = c.op(to(x, Dtype::f32), axes, keepdim);
              REQUIRE(got.shape() == wanted.shape());
              CHECK(got.is_contiguous());
              CHECK(allclose(got, wanted, 1e-12, 1e-13));
              CHECK(allclose(to(got32, Dtype::f64), wanted, 2e-5, 2e-5));
            }
  });
}

TEST_CASE("the sum of millions of f32 is as accurate as f32 allows") {
  Rng rng(2);
  for (const Shape& shape : {Shape{5'000'003}, Shape{1'000'001, 5}, Shape{5, 1'000'001}}) {
    CAPTURE(shape);
    const Tensor x = rng.uniform(shape);
    CHECK(allclose(to(sum(x), Dtype::f64), sum(to(x, Dtype::f64)), 2e-7));
    for (const std::int64_t axis : {0, -1})
      CHECK(allclose(to(sum(x, {axis}), Dtype::f64), sum(to(x, Dtype::f64), {axis}), 4e-7));
  }
}

TEST_CASE("a variance keeps its digits where the mean is much larger") {
  Rng rng(3);
  const Tensor x = rng.normal({1000, 20}, 0, 1, Dtype::f64);
  CHECK(allclose(var(x + 1e6, {0}), var(x, {0}), 1e-6));
}

TEST_CASE("reductions have the same bits on any number of threads") {
  Rng rng(4);
  const int threads = num_threads();
  for (const Shape& shape :
       {Shape{1'000'001}, Shape{3001, 403}, Shape{403, 3001}, Shape{7, 150'001}, Shape{64, 33, 300}}) {
    const Tensor x = rng.normal(shape);
    std::vector<Axes> lists{{}, {0}, {-1}};
    if (x.dim() == 3) lists.insert(lists.end(), {{1}, {0, 2}});
    for (const Axes& axes : lists) {
      const auto all_of_them = [&] {
        std::vector<Tensor> results{softmax(x, -1), log_softmax(x, 0), cumsum(x, 0), argmax(x, -1), sum(x > 0, axes)};
        for (const ReduceCase& c : reduce_cases) results.push_back(c.op(x, axes, false));
        return results;
      };
      set_num_threads(1);
      const std::vector<Tensor> one = all_of_them();
      for (const int count : {2, 3, 4}) {
        set_num_threads(count);
        const std::vector<Tensor> many = all_of_them();
        for (std::size_t i = 0; i < one.size(); ++i) {
          CAPTURE(shape);
          CAPTURE(axes);
          CAPTURE(count);
          CAPTURE(i);
          CHECK(same_bits(many[i], one[i]));
        }
      }
    }
  }
  set_num_threads(threads);
}

TEST_CASE("over no elements, sums are 0, products 1, means NaN, and there is no maximum") {
  const Tensor x = zeros({0, 3}, Dtype::f64);
  CHECK(difference(sum(x, {0}), zeros({3}, Dtype::f64)) == "");
  CHECK(difference(prod(x, {0}), ones({3}, Dtype::f64)) == "");
  CHECK(difference(mean(x, {0}, true), full({1, 3}, kNan, Dtype::f64)) == "");
  CHECK(difference(var(x, {0}), full({3}, kNan, Dtype::f64)) == "");
  CHECK(difference(norm(x, {0}), zeros({3}, Dtype::f64)) == "");
  CHECK(difference(logsumexp(x, {0}), full({3}, -kInfinity, Dtype::f64)) == "");
  CHECK(difference(any(x, {0}), zeros({3}, Dtype::u8)) == "");
  CHECK(difference(all(x, {0}), ones({3}, Dtype::u8)) == "");
  CHECK(max(x, {1}).shape() == Shape{0});
  CHECK(argmax(x, 1).shape() == Shape{0});
  CHECK(cumsum(x, 0).shape() == x.shape());
  CHECK(softmax(x, 0).shape() == x.shape());
  CHECK(error_of([&] { (void)max(x); }) == "max: there is nothing along axis 0 of f64[0, 3] to choose from");
  CHECK(error_of([&] { (void)argmin(x, 0); }) == "argmin: there is nothing along axis 0 of f64[0, 3] to choose from");
}

TEST_CASE("NaN and infinities give the same as in PyTorch") {
  for_each_set([] {
    for (const int length : {3, 5, 40, 400}) {
      CAPTURE(length);
      for (const int place : {0, 1, length / 2, length - 1}) {
        CAPTURE(place);
        Doubles numbers(static_cast<std::size_t>(length), 1.0);
        numbers[static_cast<std::size_t>(place)] = kNan;
        for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
          const Tensor x = to(vector(numbers), dtype), column = expand(unsqueeze(x, 1), {length, 9});
          for (const Reduction op : std::initializer_list<Reduction>{max, min, sum, prod, logsumexp}) {
            CHECK(std::isnan(op(x, {}, false).item()));
            CHECK(all(isnan(op(contiguous(column), {0}, false))).item() == 1);
          }
          CHECK(argmax(x, 0).item() == place);
          CHECK(argmin(x, 0).item() == place);
        }
      }
    }
  });
  CHECK(logsumexp(vector({-kInfinity, -kInfinity})).item() == -kInfinity);
  CHECK(logsumexp(vector({kInfinity, 1})).item() == kInfinity);
  CHECK(logsumexp(vector({1000, 1000})).item() == doctest::Approx(1000 + std::log(2.0)));
  CHECK(max(vector({-kInfinity, -kInfinity})).item() == -kInfinity);
  CHECK(std::isnan(var(vector({5})).item()));
  CHECK(var(vector({1, 3})).item() == 2);
  CHECK(stddev(vector({1, 3}), {}, false, 0).item() == 1);
}

TEST_CASE("norms of every order") {
  const Tensor x = vector({3, -4, 0});
  CHECK(norm(x).item() == 5);
  CHECK(norm(x, {}, false, 1).item() == 7);
  CHECK(norm(x, {}, false, 0).item() == 2);
  CHECK(norm(x, {}, false, kInfinity).item() == 4);
  CHECK(norm(x, {}, false, -kInfinity).item() == 0);
  CHECK(norm(x, {}, false, 3).item() == doctest::Approx(std::cbrt(91.0)));
  CHECK(error_of([&] { (void)norm(x, {}, false, kNan); }) == "norm: p is NaN");
}

TEST_CASE("sums and products of integers are i64, extremes keep the dtype, averages are errors") {
  const Tensor bytes = Tensor::from<std::uint8_t>({200, 100, 3, 255, 0, 1}, {2, 3});
  CHECK(difference(sum(bytes, {1}), Tensor::from<std::int64_t>({303, 256})) == "");
  CHECK(difference(prod(bytes, {0}), Tensor::from<std::int64_t>({51000, 0, 3})) == "");
  CHECK(difference(max(bytes, {1}), Tensor::from<std::uint8_t>({200, 255})) == "");
  CHECK(difference(min(bytes), full({}, 0, Dtype::u8)) == "");
  CHECK(difference(cumsum(bytes, 1), Tensor::from<std::int64_t>({200, 300, 303, 255, 255, 256}, {2, 3})) == "");
  CHECK(sum(full({100'000}, 255, Dtype::u8)).item() == 25'500'000);
  CHECK(sum(arange(100'001)).item() == 5'000'050'000);
  CHECK(max(-arange(1000)).item() == 0);
  CHECK(error_of([&] { (void)mean(bytes); }) == "mean: needs f32 or f64, got u8[2, 3]; convert with to(x, Dtype::f32)");
  CHECK(error_of([&] { (void)stddev(bytes); }) ==
        "stddev: needs f32 or f64, got u8[2, 3]; convert with to(x, Dtype::f32)");
  CHECK(error_of([&] { (void)sum(bytes, {2}); }) == "sum: axis 2 is out of range for 2 axes");
}

TEST_CASE("any and all ask whether elements differ from 0") {
  const Tensor x = Tensor::from<double>({0, kNan, 0, 0, -2, 1}, {3, 2});
  CHECK(difference(any(x, {1}), Tensor::from<std::uint8_t>({1, 0, 1})) == "");
  CHECK(difference(all(x, {1}), Tensor::from<std::uint8_t>({0, 0, 1})) == "");
  CHECK(difference(all(x, {0}, true), Tensor::from<std::uint8_t>({0, 0}, {1, 2})) == "");
}

TEST_CASE("argmax and argmin give the first of equal elements") {
  const Tensor x = Tensor::from<double>({1, 3, 3, 0, 0, 3}, {2, 3});
  CHECK(argmax(x, 1).to_vector<std::int64_t>() == Integers{1, 2});
  CHECK(argmax(x, 0).to_vector<std::int64_t>() == Integers{0, 0, 0});
  CHECK(argmin(x, -1).to_vector<std::int64_t>() == Integers{0, 0});
  CHECK(argmin(x, 0, true).shape() == Shape{1, 3});
  CHECK(argmin(transpose(x), 0).to_vector<std::int64_t>() == Integers{0, 0});
  CHECK(argmax(scalar(2), 0).item() == 0);
}

TEST_CASE("a running sum stays accurate, along any axis") {
  const Tensor ramp = cumsum(ones({3'000'000}) * 0.1, 0);
  CHECK(ramp.span<float>().back() == doctest::Approx(300'000).epsilon(1e-7));
  for (const Tensor& x : layouts(counted({3, 4, 5})))
    for (const std::int64_t axis : {0, 1, 2}) {
      const Tensor running = cumsum(x, axis), last = select(running, axis, -1);
      CHECK(difference(last, sum(x, {axis})) == "");
      CHECK(difference(slice(running, axis, 1, 9) - slice(running, axis, 0, x.size(axis) - 1), slice(x, axis, 1, 9)) ==
            "");
    }
}

TEST_CASE("sum_to undoes broadcasting") {
  const Tensor x = counted({2, 3, 4});
  CHECK(difference(sum_to(x, {2, 3, 4}), x) == "");
  CHECK(difference(sum_to(x, {4}), sum(x, {0, 1})) == "");
  CHECK(difference(sum_to(x, {3, 1}),
                   sum(x, {0, 2}, true).shape() == Shape{1, 3, 1} ? reshape(sum(x, {0, 2}), {3, 1}) : Tensor()) == "");
  CHECK(difference(sum_to(x, {}), sum(x)) == "");
  CHECK(difference(sum_to(x, {1, 1, 4}), sum(x, {0, 1}, true)) == "");
  CHECK(difference(sum_to(expand(scalar(1), {5, 7}), {1, 7}), full({1, 7}, 5)) == "");
  CHECK(error_of([&] { (void)sum_to(x, {2, 4}); }) == "sum_to: [2, 4] does not broadcast to f32[2, 3, 4]");
  CHECK_THROWS_AS(sum_to(x, {1, 2, 3, 4}), Error);
}

TEST_CASE("softmax sums to 1 and its logarithm is log_softmax, at any size and along any axis") {
  for_each_set([] {
    Rng rng(5);
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{3}, Shape{2, 10}, Shape{5, 17}, Shape{4, 300}, Shape{3, 20, 4}})
      for (const Tensor& x : layouts(rng.normal(shape, 0, 20, Dtype::f64)))
        for (const std::int64_t axis : {0, -1}) {
          CAPTURE(shape);
          CAPTURE(axis);
          const Tensor p = softmax(x, axis), log_p = log_softmax(x, axis);
          CHECK(allclose(p, exp(log_p), 1e-12));
          if (x.dim() > 0) {
            CHECK(allclose(sum(p, {axis}), ones(sum(p, {axis}).shape(), Dtype::f64), 1e-13));
            CHECK(allclose(log_p, x - logsumexp(x, {axis}, true), 1e-12, 1e-13));
          }
          CHECK(allclose(softmax(to(x, Dtype::f32), axis), to(p, Dtype::f32), 2e-5));
          CHECK(allclose(softmax(x + 1e4, axis), p, 1e-9));
        }
  });
}
