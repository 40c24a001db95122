// SPDX-License-Identifier: MIT
// Repeating, rolling, slicing backwards, diagonals, grids and einsum, on Tensors.
#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/layouts.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {
Tensor integers(std::initializer_list<std::int64_t> values, const Shape& shape) {
  return Tensor::from<std::int64_t>(values, shape);
}
Tensor integers(std::initializer_list<std::int64_t> values) { return Tensor::from<std::int64_t>(values); }
}  // namespace

TEST_CASE("a slice with a negative step is Python's") {
  const Tensor x = integers({0, 1, 2, 3, 4, 5});
  CHECK(difference(slice(x, 0, 5, -7, -1), integers({5, 4, 3, 2, 1, 0})) == "");
  CHECK(difference(slice(x, 0, -2, 1, -2), integers({4, 2})) == "");
  CHECK(difference(slice(x, 0, 100, 0, -3), integers({5, 2})) == "");
  CHECK(difference(slice(x, 0, 3, -1000, -100), integers({3})) == "");
  CHECK(slice(x, 0, 2, 4, -1).numel() == 0);
  CHECK(slice(x, 0, 5, -1, -1).numel() == 0);  // -1 is the last index
  CHECK(slice(zeros({0}), 0, 5, -7, -1).numel() == 0);
  CHECK(slice(x, 0, 5, -7, -1).storage().data() == x.storage().data());  // a view
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(difference(slice(x, 0, 4, least, least + 1), integers({4})) == "");
  CHECK(error_of([&] { slice(x, 0, 4, 0, least); }).starts_with("slice: cannot step by"));
}

TEST_CASE("repeat, tile and repeat_interleave, also of views, of nothing and of no times") {
  for (const Tensor& x : layouts(integers({1, 2, 3, 4}, {2, 2}))) {
    CHECK(difference(repeat(x, {1, 2}), integers({1, 2, 1, 2, 3, 4, 3, 4}, {2, 4})) == "");
    CHECK(difference(tile(x, {2}), repeat(x, {1, 2})) == "");
    CHECK(difference(repeat_interleave(x, 2, 0), integers({1, 2, 1, 2, 3, 4, 3, 4}, {4, 2})) == "");
    CHECK(difference(repeat_interleave(x, integers({0, 3}), 1), integers({2, 2, 2, 4, 4, 4}, {2, 3})) == "");
  }
  CHECK(repeat(ones({2}), {0}).shape() == Shape{0});
  CHECK(repeat(ones({0, 2}), {3, 1, 1}).shape() == Shape{3, 0, 2});
  CHECK(error_of([] { repeat(ones({2, 2}), {3}); }) == "repeat: needs a count for each axis of f32[2, 2], got [3]");
  CHECK(error_of([] { repeat(ones({2}), {-1}); }) == "repeat: a count is negative: [-1]");
  CHECK(error_of([] { repeat(ones({2}), {std::int64_t{1} << 62}); }) != "no error");
  CHECK(error_of([] {
          repeat_interleave(ones({2}), integers({1, -1}), 0);
        }) == "repeat_interleave: a count is negative: -1");
  CHECK(error_of([] { repeat_interleave(ones({2}), integers({1}), 0); }) ==
        "repeat_interleave: needs i64 counts of [2], got i64[1]");
}

TEST_CASE("roll, movedim, squeeze, chunk, unbind and meshgrid") {
  const Tensor x = integers({0, 1, 2, 3, 4});
  CHECK(difference(roll(x, {2}, {0}), integers({3, 4, 0, 1, 2})) == "");
  CHECK(difference(roll(x, {-11}, {-1}), integers({1, 2, 3, 4, 0})) == "");
  CHECK(movedim(ones({2, 3, 4, 5}), {0, -1}, {-2, 0}).shape() == Shape{5, 3, 2, 4});
  CHECK(error_of([] {
          movedim(ones({2, 3}), {0, 1}, {1, 1});
        }) == "movedim: two axes cannot become one: [0, 1] to [1, 1]");
  CHECK(error_of([] { movedim(ones({2, 3}), {0, 0}, {0, 1}); }) != "no error");
  CHECK(squeeze(ones({1, 2, 1, 1}), {0, -1}).shape() == Shape{2, 1});
  CHECK(error_of([] { squeeze(ones({1, 2}), {0, 1}); }) == "squeeze: axis 1 of f32[1, 2] is not 1");
  CHECK(chunk(x, 3).size() == 3);
  CHECK(chunk(x, 3)[2].numel() == 1);
  CHECK(chunk(x, 100).size() == 5);
  CHECK(error_of([&] { chunk(x, 0); }) == "chunk: needs a count of at least 1, got 0");
  CHECK(unbind(ones({3, 2}), 1).size() == 2);
  const std::vector<Tensor> grid = meshgrid({x, integers({7, 8})}, Indexing::xy);
  CHECK(grid[0].shape() == Shape{2, 5});
  CHECK(difference(select(grid[0], 0, 1), x) == "");
  CHECK(meshgrid({}).empty());
}

TEST_CASE("a diagonal is a view, and empty beyond the corners") {
  const Tensor x = counted({3, 4}, Dtype::i64);
  for (const Tensor& view : layouts(x)) {
    CHECK(difference(diagonal(view), integers({0, 5, 10})) == "");
    CHECK(difference(diagonal(view, 2), integers({2, 7})) == "");
    CHECK(difference(diagonal(view, -2), integers({8})) == "");
    CHECK(diagonal(view).storage().data() == view.storage().data());
    for (const std::int64_t offset : {std::int64_t{4}, std::int64_t{-3}, std::numeric_limits<std::int64_t>::min(),
                                      std::numeric_limits<std::int64_t>::max()})
      CHECK(diagonal(view, offset).shape() == Shape{0});
  }
  CHECK(difference(diag(diag(integers({1, 2}), -3), -3), integers({1, 2})) == "");
  CHECK(diag(integers({1, 2}), -3).shape() == Shape{5, 5});
  CHECK(trace(x).item<std::int64_t>() == 15);
  CHECK(error_of([&] { diagonal(x, 0, 1, -1); }) == "diagonal: needs two axes, got 1 and -1 of i64[3, 4]");
  CHECK(error_of([&] { diag(ones({1, 1, 1})); }) == "diag: needs a vector or a matrix, got f32[1, 1, 1]");
  CHECK(error_of([&] { diag_embed(ones({2}), std::numeric_limits<std::int64_t>::min()); }).starts_with("diag_embed:"));
}

TEST_CASE("einsum is the sum of products that its letters say") {
  const Tensor a = counted({2, 3}, Dtype::i64), b = counted({3, 4}, Dtype::i64);
  CHECK(difference(einsum("ij,jk->ik", {a, b}), matmul(a, b)) == "");
  CHECK(difference(einsum("ij,jk", {a, b}), matmul(a, b)) == "");
  CHECK(difference(einsum("ba", {a}), transpose(a)) == "");  // the result's letters are in order
  CHECK(difference(einsum("ij->", {a}), sum(a)) == "");
  CHECK(difference(einsum("ij,kl->ikl", {a, b}), reshape(sum(a, {1}), {2, 1, 1}) * b) == "");
  CHECK(difference(einsum("ij,ij->ij", {a, slice(a, 0, 0, 1)}), a * slice(a, 0, 0, 1)) == "");  // 1 broadcasts
  CHECK(difference(einsum("ij,kj->i", {a, ones({5, 1}, Dtype::i64)}), sum(a, {1}) * 5) == "");
  CHECK(difference(einsum(",ij", {Tensor::from<std::int64_t>({2}, {}), a}), a * 2) == "");
  CHECK(difference(einsum("i,i->i", {ones({0}), ones({0})}), ones({0})) == "");
  CHECK(einsum("ij,jk->ik", {ones({2, 0}), ones({0, 3})}).to_vector<float>() == std::vector<float>(6, 0));
  CHECK(einsum("abcdefgh,abcdefgh->abcdefgh", {ones(Shape::filled(8, 2)), ones(Shape::filled(8, 2))}).dim() == 8);
  CHECK(einsum("abcdefgi,abcdefgi->abcdefg", {ones(Shape::filled(8, 1)), ones(Shape::filled(8, 1))}).dim() == 7);
  CHECK(error_of([&] { einsum("ij,jk", {a}); }) == "einsum: \"ij,jk\" has 2 terms for 1 operands");
  CHECK(error_of([&] { einsum("ijk", {a}); }) == "einsum: \"ijk\" in \"ijk\" has 3 letters for an operand [2, 3]");
  CHECK(error_of([&] { einsum("ii", {a}); }) == "einsum: \"i\" of \"ii\" has two extents in [2, 3]");
  CHECK(error_of([&] {
          einsum("ij,jk->ik", {a, a});
        }) == "einsum: \"j\" in \"ij,jk->ik\" is 3 in one operand and 2 in [2, 3]");
  CHECK(error_of([&] { einsum("ij->ik", {a}); }) == "einsum: \"k\" of the result is in no operand of \"ij->ik\"");
  CHECK(error_of([&] { einsum("ij->ii", {a}); }) == "einsum: \"i\" is twice in the result of \"ij->ii\"");
  CHECK(error_of([&] { einsum("i1", {a}); }) != "no error");
  CHECK(error_of([&] { einsum("i..j", {a}); }) != "no error");
  CHECK(error_of([&] { einsum("ij->i-", {a}); }) != "no error");
  CHECK(error_of([&] { einsum("", {}); }) == "einsum: needs at least one operand");
}

TEST_CASE("tensordot, outer and kron") {
  const Tensor a = counted({2, 3}, Dtype::i64), b = counted({3, 4}, Dtype::i64);
  CHECK(difference(tensordot(a, b, 1), matmul(a, b)) == "");
  CHECK(tensordot(a, b, 0).shape() == Shape{2, 3, 3, 4});
  CHECK(difference(tensordot(a, b, {-1}, {0}), matmul(a, b)) == "");
  CHECK(error_of([&] { tensordot(a, b, {0}, {0}); }) ==
        "tensordot: axis 0 of i64[2, 3] is not as long as axis 0 of i64[3, 4] (2 against 3)");
  CHECK(difference(kron(integers({1, 2}), integers({1, 10})), integers({1, 10, 2, 20})) == "");
  CHECK(error_of([] { outer(ones({2, 1}), ones({2})); }) == "outer: needs two vectors, got f32[2, 1] and f32[2]");
  CHECK(error_of([] { kron(ones({1, 1, 1, 1, 1}), ones({2})); }).starts_with("kron: needs at most 4 axes"));
}

TEST_CASE("a 0-d tensor has an axis 0 wherever that has a meaning") {
  const Tensor x = full({}, 3);
  for (const std::int64_t axis : {0, -1}) {
    for (const Tensor& y : {sum(x, {axis}), mean(x, {axis}), max(x, {axis}), logsumexp(x, {axis}), cumsum(x, axis),
                            cumprod(x, axis), logcumsumexp(x, axis), cummax(x, axis).values, sort(x, axis).values,
                            median(x, axis).values, quantile(x, 0.5, axis), squeeze(x, axis), flip(x, {axis}),
                            transpose(x, axis, 0), nansum(x, {axis}), top_k(x, 1, axis).values})
      CHECK(difference(y, x) == "");
    CHECK(softmax(x, axis).item() == 1);
    CHECK(log_softmax(x, axis).item() == 0);
    CHECK(argmax(x, axis).item() == 0);
    CHECK(unsqueeze(x, axis).shape() == Shape{1});
  }
}
