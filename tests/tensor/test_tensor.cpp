// SPDX-License-Identifier: MIT
// Scalars, shapes, memory, and tensors from nothing.
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/layouts.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Integers = std::vector<std::int64_t>;

}  // namespace

// ---- scalars and shapes

TEST_CASE("a scalar converts to a dtype that has its value, and to no other") {
  CHECK(Scalar(3).to<float>("op") == 3.0F);
  CHECK(Scalar(2.5).to<double>("op") == 2.5);
  CHECK(Scalar(255.0).to<std::uint8_t>("op") == 255);
  CHECK(Scalar(true).to<std::uint8_t>("op") == 1);
  CHECK(Scalar((std::int64_t{1} << 53) + 1).to<std::int64_t>("op") ==
        (std::int64_t{1} << 53) + 1);  // no double holds it
  CHECK(Scalar(INT64_MIN).to<std::int64_t>("op") == INT64_MIN);
  CHECK(error_of([] { (void)Scalar(0.5).to<std::int64_t>("add"); }) == "add: 0.5 is not a value of dtype i64");
  CHECK(error_of([] { (void)Scalar(256).to<std::uint8_t>("add"); }) == "add: 256 is not a value of dtype u8");
  CHECK(error_of([] { (void)Scalar(-1).to<std::uint8_t>("add"); }) == "add: -1 is not a value of dtype u8");
  CHECK(error_of([] { (void)Scalar(-1.0).to<std::uint8_t>("add"); }) == "add: -1 is not a value of dtype u8");
  CHECK(error_of([] { (void)Scalar(kNan).to<std::int64_t>("add"); }) == "add: nan is not a value of dtype i64");
  CHECK(error_of([] { (void)Scalar(kInfinity).to<std::uint8_t>("add"); }) == "add: inf is not a value of dtype u8");
  CHECK(error_of([] { (void)Scalar(1e30).to<std::int64_t>("add"); }) == "add: 1e+30 is not a value of dtype i64");
}

TEST_CASE("shapes broadcast by NumPy's rule") {
  CHECK(broadcast_shapes("op", Shape{2, 1, 4}, Shape{3, 1}) == Shape{2, 3, 4});
  CHECK(broadcast_shapes("op", Shape{}, Shape{2, 0}) == Shape{2, 0});
  CHECK(broadcast_shapes("op", Shape{1}, Shape{0}) == Shape{0});
  CHECK_THROWS_AS(broadcast_shapes("op", Shape{2, 3}, Shape{2, 4}), Error);
  CHECK_THROWS_AS(broadcast_shapes("op", Shape{2}, Shape{0}), Error);
}

TEST_CASE("a shape with too many elements is an error, for every way to overflow") {
  CHECK(numel({}) == 1);
  CHECK(numel({std::int64_t{1} << 40, 0, std::int64_t{1} << 40}) == 0);
  CHECK(numel({INT64_MAX}) == INT64_MAX);
  CHECK(error_of([] {
          (void)numel({std::int64_t{1} << 32, std::int64_t{1} << 31});
        }) == "shape: [4294967296, 2147483648] has more than 2^63 - 1 elements");
  CHECK(error_of([] {
          (void)numel({std::int64_t{1} << 32, std::int64_t{1} << 32, 2});
        }) == "shape: [4294967296, 4294967296, 2] has more than 2^63 - 1 elements");
  CHECK(error_of([] { (void)numel({2, -3}); }) == "shape: negative extent in [2, -3]");
  CHECK_THROWS_AS(zeros({std::int64_t{1} << 60}), Error);
  CHECK_THROWS_AS(expand(scalar(1), {INT64_MAX, 2}), Error);
}

TEST_CASE("axes count from both ends") {
  CHECK(normalize_axis("op", -1, 3) == 2);
  CHECK(normalize_axis("op", 0, 3) == 0);
  CHECK(error_of([] { normalize_axis("op", 3, 3); }) == "op: axis 3 is out of range for 3 axes");
  CHECK(error_of([] { normalize_axis("op", -2, 1); }) == "op: axis -2 is out of range for 1 axis");
  CHECK(normalize_axes("op", {2, -3}, 3) == Axes{0, 2});
  CHECK(normalize_axes("op", {}, 3) == Axes{0, 1, 2});
  CHECK(normalize_axes("op", {-1}, 0) == Axes{});
  CHECK(error_of([] { (void)normalize_axes("op", {1, -1}, 2); }) == "op: axis 1 is given twice in [1, -1]");
}

TEST_CASE("a TensorIterator joins axes that are contiguous together") {
  const auto iterator_of = [](const Tensor& x) { return TensorIterator<1>(x.shape(), {x.strides()}); };
  const Tensor x = counted({2, 3, 4});
  CHECK(iterator_of(x).shape() == Shape{24});
  CHECK(iterator_of(slice(x, 2, 0, 2)).shape() == Shape{6, 2});
  CHECK(iterator_of(transpose(x)).shape() == Shape{2, 4, 3});
  CHECK(iterator_of(permute(x, {2, 0, 1})).shape() == Shape{4, 6});
  CHECK(iterator_of(expand(scalar(1), {2, 3})).shape() == Shape{6});
  CHECK(iterator_of(scalar(1)).shape() == Shape{1});
}

TEST_CASE("a TensorIterator used in pieces visits every element once, in order") {
  for (const Tensor& x : layouts(counted({3, 4, 5})))
    for (const std::int64_t piece : {1, 7, 60}) {
      const TensorIterator<1> iterator(x.shape(), {x.strides()});
      std::vector<float> seen;
      for (std::int64_t begin = 0; begin < 60; begin += piece)
        iterator.for_each_run(
            begin, std::min<std::int64_t>(60, begin + piece),
            [&](std::int64_t position, const std::array<std::int64_t, 1>& offset, std::int64_t count) {
              CHECK(position == static_cast<std::int64_t>(seen.size()));
              for (std::int64_t i = 0; i < count; ++i)
                seen.push_back(x.data<float>()[offset[0] + i * iterator.steps()[0]]);
            });
      CHECK(seen == counted({60}).to_vector<float>());
    }
}

// ---- tensors

TEST_CASE("a tensor holds what it was made from") {
  const Tensor x = Tensor::from<std::int64_t>({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(x.dtype() == Dtype::i64);
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.strides() == Strides{3, 1});
  CHECK(x.size(-1) == 3);
  CHECK(x.numel() == 6);
  CHECK(x.span<std::int64_t>()[4] == 5);
  CHECK(Tensor().shape() == Shape{0});
  CHECK(Tensor().to_vector<float>().empty());
  CHECK(scalar(2.5).item() == 2.5);
  CHECK(error_of([] {
          Tensor::from<float>({1, 2, 3}, {2, 2});
        }) == "from: 3 values cannot fill shape [2, 2] (4 elements)");
  CHECK(error_of([&] { (void)x.data<float>(); }) == "data: asked for f32, but the tensor is i64[2, 3]");
  CHECK(error_of([&] { (void)x.to_vector<float>(); }) == "data: asked for f32, but the tensor is i64[2, 3]");
  CHECK(error_of([&] { (void)x.item(); }) == "item: needs exactly one element, got i64[2, 3]");
  CHECK(error_of([&] { (void)transpose(x).span<std::int64_t>(); }) ==
        "span: needs contiguous memory, got i64[3, 2] with strides [1, 3]; call contiguous() first");
}

TEST_CASE("a copy shares memory until one of the two is written to") {
  Tensor a = Tensor::from<float>({1, 2, 3}), b = a;
  CHECK(a.storage().same_as(b.storage()));
  b.mutable_data<float>()[0] = 9;
  CHECK_FALSE(a.storage().same_as(b.storage()));
  CHECK(a.to_vector<float>() == std::vector<float>{1, 2, 3});
  CHECK(b.to_vector<float>() == std::vector<float>{9, 2, 3});
  const float* const memory = a.data<float>();
  a.mutable_data<float>()[0] = 7;  // no one shares it now, so nothing is copied
  CHECK(a.data<float>() == memory);
}

TEST_CASE("empty and size-1 tensors are always contiguous") {
  CHECK(transpose(counted({3, 0})).is_contiguous());
  CHECK(flip(counted({1}), {0}).is_contiguous());
  CHECK(transpose(counted({1, 5})).is_contiguous());
  CHECK_FALSE(flip(counted({2}), {0}).is_contiguous());
  CHECK_FALSE(expand(scalar(1), {2}).is_contiguous());
}

// ---- making tensors

TEST_CASE("constant tensors") {
  for (const Dtype dtype : all_dtypes) {
    CHECK(difference(zeros({2, 3}, dtype), make({2, 3}, dtype, [](const Axes&) { return 0; })) == "");
    CHECK(difference(ones({}, dtype), make({}, dtype, [](const Axes&) { return 1; })) == "");
    CHECK(difference(full({200, 1000}, 7, dtype), make({200, 1000}, dtype, [](const Axes&) { return 7; })) == "");
    const Tensor x = transpose(counted({2, 3}, dtype));
    CHECK(difference(full_like(x, 3), full({3, 2}, 3, dtype)) == "");
    CHECK(difference(zeros_like(x), zeros({3, 2}, dtype)) == "");
    CHECK(difference(ones_like(x), ones({3, 2}, dtype)) == "");
  }
  CHECK(full({0}, 1).numel() == 0);
  CHECK(error_of([] { full({2}, 0.5, Dtype::i64); }) == "full: 0.5 is not a value of dtype i64");
}

TEST_CASE("arange counts up and down") {
  CHECK(arange(4).to_vector<std::int64_t>() == Integers{0, 1, 2, 3});
  CHECK(arange(2, 9, 3).to_vector<std::int64_t>() == Integers{2, 5, 8});
  CHECK(arange(5, 0, -2).to_vector<std::int64_t>() == Integers{5, 3, 1});
  CHECK(arange(0).numel() == 0);
  CHECK(arange(0, 1, 0.25, Dtype::f32).to_vector<float>() == std::vector<float>{0, 0.25, 0.5, 0.75});
  CHECK(arange(250, 256, 1, Dtype::u8).to_vector<std::uint8_t>() == Bytes{250, 251, 252, 253, 254, 255});
  CHECK(arange(3, 0, -1, Dtype::u8).to_vector<std::uint8_t>() == Bytes{3, 2, 1});
  CHECK(error_of([] { arange(250, 257, 1, Dtype::u8); }) == "arange: 256 is not a value of dtype u8");
  CHECK(error_of([] { arange(0, 1, 0.25); }) == "arange: 0.25 is not a value of dtype i64");
  CHECK(error_of([] { arange(0, 4, 0); }) == "arange: cannot go from 0 to 4 in steps of 0");
  CHECK(error_of([] { arange(4, 0); }) == "arange: cannot go from 4 to 0 in steps of 1");
  CHECK(error_of([] { arange(0, kInfinity, 1, Dtype::f32); }) == "arange: cannot go from 0 to inf in steps of 1");
}

TEST_CASE("linspace hits both ends exactly and is symmetric") {
  CHECK(linspace(0, 1, 5).to_vector<float>() == std::vector<float>{0, 0.25, 0.5, 0.75, 1});
  const std::vector<double> x = linspace(-0.1, 0.1, 101, Dtype::f64).to_vector<double>();
  CHECK(x.front() == -0.1);
  CHECK(x.back() == 0.1);
  for (std::size_t i = 0; i < 50; ++i) CHECK(x[i] == -x[100 - i]);
  CHECK(linspace(3, 9, 1).to_vector<float>() == std::vector<float>{3});
  CHECK(linspace(3, 9, 0).numel() == 0);
  CHECK(error_of([] { linspace(0, 1, -1); }) == "linspace: needs a count of at least 0, got -1");
}

TEST_CASE("eye has ones on the diagonal") {
  for (const Dtype dtype : all_dtypes)
    for (const Shape& shape : {Shape{3, 3}, Shape{2, 4}, Shape{4, 2}, Shape{0, 3}, Shape{3, 0}})
      CHECK(difference(eye(shape[0], shape[1], dtype),
                       make(shape, dtype, [](const Axes& i) { return i[0] == i[1]; })) == "");
  CHECK(eye(3).shape() == Shape{3, 3});
}

TEST_CASE("to converts between all dtypes and layouts") {
  for (const Dtype from : all_dtypes)
    for (const Dtype into : all_dtypes)
      for (const Tensor& x : layouts(counted({3, 50}, from)))
        CHECK(difference(to(x, into), counted({3, 50}, into)) == "");
}

TEST_CASE("a number that an integer cannot hold becomes the nearest integer in range, and NaN 0") {
  const Tensor x = Tensor::from<double>({2.9, -2.9, 300, -300, 1e30, -1e30, kInfinity, -kInfinity, kNan, -0.5});
  const Integers wanted{2, -2, 300, -300, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, 0, 0};
  CHECK(to(x, Dtype::i64).to_vector<std::int64_t>() == wanted);
  CHECK(to(to(x, Dtype::f32), Dtype::i64).to_vector<std::int64_t>() == wanted);
  const Bytes bytes{2, 0, 255, 0, 255, 0, 255, 0, 0, 0};
  CHECK(to(x, Dtype::u8).to_vector<std::uint8_t>() == bytes);
  CHECK(to(to(x, Dtype::f32), Dtype::u8).to_vector<std::uint8_t>() == bytes);
  CHECK(to(to(x, Dtype::i64), Dtype::u8).to_vector<std::uint8_t>() == bytes);
  CHECK(to(Tensor::from<double>({9223372036854774784.0}), Dtype::i64).to_vector<std::int64_t>()[0] ==
        9223372036854774784);
  CHECK(std::isinf(to(Tensor::from<double>({1e300}), Dtype::f32).item()));
  CHECK(to(Tensor::from<std::int64_t>({16777217}), Dtype::f32).item() == 16777216);  // nearest, ties to even
}

// ---- memory

TEST_CASE("memory in use goes up with a tensor and down again with its last copy") {
  const std::int64_t before = memory::bytes_in_use();
  {
    const Tensor x({1000});
    const std::int64_t with_one = memory::bytes_in_use();
    CHECK(with_one >= before + 4000);
    CHECK(with_one <= before + 5120);  // a size class wastes a fifth at most
    const Tensor same = x, view = reshape(x, {10, 100});
    CHECK(memory::bytes_in_use() == with_one);
  }
  CHECK(memory::bytes_in_use() == before);
}

TEST_CASE("the peak stays until it is reset") {
  memory::reset_peak();
  const std::int64_t before = memory::bytes_in_use();
  CHECK(memory::peak_bytes() == before);
  { const Tensor x({100000}); }
  CHECK(memory::peak_bytes() >= before + 400000);
  memory::reset_peak();
  CHECK(memory::peak_bytes() == before);
}

TEST_CASE("storage is aligned to cache lines and holds what was asked for") {
  for (std::size_t bytes = 0; bytes < 70000; bytes += bytes < 1100 ? 1 : 499) {
    const Storage storage(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(storage.data()) % 64 == 0);
    CHECK(storage.bytes() >= bytes);
    CHECK(storage.bytes() <= std::max<std::size_t>(64, bytes + bytes / 4 + 64));
    if (bytes > 0) storage.data()[0] = storage.data()[bytes - 1] = std::byte{1};  // a sanitizer would object
  }
}

TEST_CASE("storage knows whether it is shared") {
  const Storage a(100);
  CHECK_FALSE(a.shared());
  {
    const Storage b = a;
    CHECK(a.shared());
    CHECK(a.same_as(b));
  }
  CHECK_FALSE(a.shared());
  CHECK_FALSE(a.same_as(Storage(100)));
  CHECK(Storage().data() == nullptr);
  CHECK(Storage().bytes() == 0);
}

TEST_CASE("a size that is too large for any memory is out of memory, too") {
  CHECK(error_of([] { const Storage storage(SIZE_MAX); }) ==
        "storage: out of memory: asked for 18446744073709551615 bytes");
  CHECK(error_of([] { const Tensor x({INT64_MAX}); }) == "tensor: out of memory: f32[9223372036854775807]");
}

#if !defined(HOURGLASS_SANITIZED)  // sanitizers watch every allocation themselves: the pool is off
TEST_CASE("an out-of-memory error says how much was asked for, and does no harm") {
  memory::reset_peak();
  const std::int64_t before = memory::bytes_in_use();
  const std::string error = error_of([] { const Storage storage(std::size_t{1} << 61); });
  CHECK(error.starts_with("storage: out of memory: asked for 2305843009213693952 bytes"));
  CHECK(memory::bytes_in_use() == before);
}

TEST_CASE("the pool gives the last block freed of a size, and trim gives all back to the system") {
  const std::byte* first = nullptr;
  {
    const Storage storage(100000);
    first = storage.data();
  }
  CHECK(memory::bytes_cached() >= 100000);
  CHECK(Storage(99000).data() == first);
  memory::trim();
  CHECK(memory::bytes_cached() == 0);
}
#endif
