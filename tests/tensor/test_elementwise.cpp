// SPDX-License-Identifier: MIT
// How elementwise ops use memory, which must not change any value.
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tensor/storage.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

const void* memory_of(const Tensor& x) { return x.storage().data(); }

void check_bits(const Tensor& got, const Tensor& wanted) {
  check_same_bits("elementwise", {{"value", got}}, {{"value", wanted}});
}

}  // namespace

TEST_CASE("a result reuses the memory of an operand that has no other owner") {
  Tensor x = Rng(0).uniform({100});
  const Tensor wanted = exp(x), twice = x * 2, from_one = 1 - x, sum = x + wanted;
  const auto with_copy_of_x = [&](auto op) {
    Tensor dying = x * 1;
    const void* const memory = memory_of(dying);
    const Tensor y = op(std::move(dying));
    CHECK(memory_of(y) == memory);
    return y;
  };
  check_bits(with_copy_of_x([](Tensor&& t) { return exp(std::move(t)); }), wanted);
  check_bits(with_copy_of_x([](Tensor&& t) { return std::move(t) * 2; }), twice);
  check_bits(with_copy_of_x([](Tensor&& t) { return 1 - std::move(t); }), from_one);
  check_bits(with_copy_of_x([&](Tensor&& t) { return std::move(t) + wanted; }), sum);
  check_bits(with_copy_of_x([&](Tensor&& t) { return wanted + std::move(t); }), sum);
}

TEST_CASE("a chain of ops on temporaries needs memory once") {
  const Tensor x = Rng(0).uniform({1000});
  const std::int64_t before = memory::bytes_in_use();
  memory::reset_peak();
  const Tensor y = tanh(1 - x * 2 + 3);
  const std::int64_t one = memory::bytes_in_use() - before;
  CHECK(memory::peak_bytes() - before == one);
}

TEST_CASE("memory that has another owner is not overwritten") {
  Tensor x = Rng(0).uniform({4, 5});
  const Tensor copy = x, before = x + 0, row = select(x, 0, 1);
  const Tensor y = exp(std::move(x));
  CHECK(memory_of(y) != memory_of(copy));
  check_bits(copy, before);
  Tensor whole = before * 1, part = slice(whole, 0, 0, 2);
  whole = Tensor();  // part alone is left, of a larger block
  check_bits(exp(std::move(part)), exp(slice(before, 0, 0, 2)));
  check_bits(row, select(before, 0, 1));
}

TEST_CASE("an operand of another shape, dtype or layout is not written to") {
  const Tensor x = Rng(0).uniform({4, 5}), row = Rng(1).uniform({5});
  check_bits((row * 1) + x, x + row);
  check_bits(x + (row * 1), x + row);
  check_bits(exp(transpose(x * 1)), transpose(exp(x)));
  check_bits(exp(expand(row * 1, {3, 5})), expand(exp(row), {3, 5}));
  check_bits((x * 1) + (x * 1), x * 2);
  Tensor both = x * 1;
  check_bits(both + std::move(both), x * 2);
  check_bits((x * 1) < 0.5, x < 0.5);
}

TEST_CASE("results that bypass the caches have the same bits as those that do not") {
  // 12 MB, in one run, in rows that are whole lines, and in rows that are not.
  for (const Shape& shape : {Shape{3'000'000}, Shape{3000, 1008}, Shape{3001, 1001}}) {
    const Tensor x = Rng(0).uniform(shape), row = Rng(1).uniform({shape.back() == 3'000'000 ? 1 : shape.back()});
    const Tensor y = x * row, z = exp(x);
    const std::int64_t half = shape[0] / 2;
    for (const auto& [begin, end] : {std::pair{std::int64_t{0}, half}, {half, shape[0]}}) {
      const Tensor part = slice(x, 0, begin, end);
      check_bits(slice(y, 0, begin, end), part * row);
      check_bits(slice(z, 0, begin, end), exp(part));
    }
  }
}

TEST_CASE("operands whose rows jump through memory give the same as copies") {
  const Tensor x = Rng(0).uniform({300, 200}), y = Rng(1).uniform({200, 300}), column = Rng(2).uniform({5000, 40});
  check_bits(transpose(x) * y, contiguous(transpose(x)) * y);
  check_bits(y - transpose(x), y - contiguous(transpose(x)));
  const Tensor jumping = select(column, 1, 3), rows = Rng(3).uniform({2, 5000});
  check_bits(rows + jumping, rows + contiguous(jumping));
  check_bits(exp(jumping), exp(contiguous(jumping)));
}

TEST_CASE("a summed loss and its gradient are those of its elements, up to rounding") {
  Rng rng(0);
  for (const std::int64_t n : {1, 7, 64, 1000, 100'001}) {
    const Tensor a = rng.normal({n}, 0, 3), b = rng.uniform({n});
    const Var x = variable(a);
    const auto compare = [&](const char* name, const Var& sum, const Var& elements) {
      check_close(name, sum.value(), elements.value(), 1e-6, 1);
      check_close(name, grad(sum, x, {.retain_graph = true}).value(), grad(elements, x).value(), 1e-6, 1);
    };
    compare("bce", bce_with_logits_sum(x, constant(b)), hourglass::sum(bce_with_logits(x, constant(b))));
    compare("mse", squared_difference_sum(x, constant(b)), hourglass::sum(squared_difference(x, constant(b))));
  }
}

TEST_CASE("standardizing keeps its digits where the mean is much larger than the spread") {
  const Tensor small = Rng(0).normal({20, 1000}, 0, 1, Dtype::f64);
  const Tensor y = standardize(to(small + 1000, Dtype::f32), {1}, 0);
  const Tensor wanted = standardize(to(to(small + 1000, Dtype::f32), Dtype::f64), {1}, 0);
  CHECK_NOTHROW(check_close("standardize", y, wanted, 2e-6, 1));
}

TEST_CASE("standardizing is exact for a row whose first numbers differ from the others") {
  // A few hundred numbers near 1000, then 1000 or a million near 0. In f64 the same is
  // exact to many digits.
  for (const std::int64_t n : {1000, 1'000'000}) {
    const Tensor x = concat({Rng(0).normal({1, 256}) + 1000, Rng(1).normal({1, n})}, 1);
    const Tensor wanted = standardize(to(x, Dtype::f64), {1}, 0), mean = hourglass::mean(wanted),
                 y = standardize(x, {1}, 0);
    REQUIRE(std::abs(mean.item()) < 1e-9);
    CHECK_NOTHROW(check_close(join(n), y, wanted, 2e-6, 1));
    // and as runs of a few numbers each, a channel of a batch of images
    const Tensor images = permute(reshape(slice(x, 1, 0, n), {1, n / 100, 100}), {1, 0, 2});
    CHECK_NOTHROW(check_close(join(n, " in runs"), standardize(images, {0, 2}, 0),
                              standardize(to(images, Dtype::f64), {0, 2}, 0), 2e-6, 1));
  }
}
