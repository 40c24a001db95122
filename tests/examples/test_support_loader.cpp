// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/loader.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

/// Row i is [10 i, 10 i + 1], its label i.
Tensor rows(std::int64_t n) { return reshape(arange(n), {n, 1}) * 10 + arange(2); }

std::vector<std::int64_t> order(const Loader& loader, std::int64_t epoch) {
  std::vector<std::int64_t> all;
  for (const Batch& batch : loader.epoch(epoch)) {
    const auto indices = batch.indices.to_vector<std::int64_t>();
    all.insert(all.end(), indices.begin(), indices.end());
  }
  return all;
}

}  // namespace

TEST_CASE("an epoch visits every row once, with its label") {
  const Loader loader(rows(10), arange(10), {.batch_size = 4});
  CHECK(loader.batches() == 3);
  std::vector<std::int64_t> sizes, seen;
  for (const Batch& batch : loader.epoch(1)) {
    sizes.push_back(batch.size());
    CHECK(equal(batch.images, index_select(rows(10), 0, batch.indices)));
    CHECK(equal(batch.labels, batch.indices));
    for (const std::int64_t index : batch.indices.to_vector<std::int64_t>()) seen.push_back(index);
  }
  CHECK(sizes == std::vector<std::int64_t>{4, 4, 2});
  std::sort(seen.begin(), seen.end());
  CHECK(seen == arange(10).to_vector<std::int64_t>());
}

TEST_CASE("the order depends on seed and epoch alone") {
  const Loader one(rows(100), {}, {.batch_size = 7, .seed = 3}), other(rows(100), {}, {.batch_size = 50, .seed = 3});
  const auto third = order(one, 3);
  order(one, 8);
  CHECK(order(one, 3) == third);
  CHECK(order(other, 3) == third);
  CHECK(order(one, 4) != third);
  CHECK(order(Loader(rows(100), {}, {.seed = 4}), 3) != third);
  CHECK(order(Loader(rows(100), {}, {.shuffle = false}), 3) == arange(100).to_vector<std::int64_t>());
}

TEST_CASE("a transform draws other numbers for each epoch and batch, and the same ones again") {
  const Transform noise = [](const Tensor& x, Rng& rng) { return x + rng.normal(x.shape()); };
  const Loader loader(zeros({8, 3}), {}, {.batch_size = 4, .seed = 3, .shuffle = false, .transform = noise});
  const auto numbers = [&](std::int64_t epoch) {
    std::vector<Tensor> batches;
    for (const Batch& batch : loader.epoch(epoch)) batches.push_back(batch.images);
    return batches;
  };
  const std::vector<Tensor> first = numbers(1), second = numbers(2);
  REQUIRE(first.size() == 2);
  CHECK_FALSE(equal(first[0], first[1]));
  CHECK_FALSE(equal(first[0], second[0]));
  CHECK_FALSE(equal(first[1], second[0]));
  CHECK(equal(numbers(1)[0], first[0]));
  CHECK(equal(numbers(1)[1], first[1]));
}

TEST_CASE("sizes at the edge: a batch larger than the data, an exact fit, no data, the last batch dropped") {
  CHECK(order(Loader(rows(5), {}, {.batch_size = INT64_MAX}), 0).size() == 5);
  CHECK(Loader(rows(8), {}, {.batch_size = 4}).batches() == 2);
  CHECK(order(Loader(rows(0), {}), 0).empty());
  const Loader dropping(rows(10), {}, {.batch_size = 4, .drop_last = true});
  CHECK(dropping.batches() == 2);
  CHECK(order(dropping, 0).size() == 8);
  CHECK(order(Loader(rows(3), {}, {.batch_size = 4, .drop_last = true}), 0).empty());
}

TEST_CASE("rows of any dtype, shape and strides are copied unchanged") {
  const Tensor images = flip(permute(reshape(to(arange(24), Dtype::f64), {2, 3, 4}), {2, 1, 0}), {0});  // [4, 3, 2]
  for (const Tensor& x : {images, expand(slice(images, 0, 1, 2), {6, 3, 2}), slice(contiguous(images), 0, 0, 4, 2)}) {
    const Loader loader(x, to(arange(x.size(0)), Dtype::u8), {.batch_size = 3});
    for (const Batch& batch : loader.epoch(5)) CHECK(equal(batch.images, index_select(x, 0, batch.indices)));
  }
}

TEST_CASE("an epoch may be left early, or never be used") {
  const Loader loader(rows(1000), arange(1000), {.batch_size = 1});
  for (int repeat = 0; repeat < 50; ++repeat) {
    int count = 0;
    for (const Batch& batch : loader.epoch(repeat)) {
      CHECK(batch.size() == 1);
      if (++count == repeat % 5 + 1) break;
    }
    const Epoch unused = loader.epoch(repeat);
  }
}

TEST_CASE("a batch outlives its loader and keeps its values when it is written to") {
  const Tensor data = rows(4);
  Tensor kept;
  for (const Batch& batch : Loader(data, {}, {.batch_size = 4, .shuffle = false}).epoch(0)) kept = batch.images;
  kept.mutable_data<std::int64_t>()[0] = -1;
  CHECK(equal(data, rows(4)));
}

TEST_CASE("an error in the background thread reaches the loop") {
  // A shuffled order of 2^60 rows is more than a tensor can hold.
  const Loader loader(expand(rows(1), {std::int64_t{1} << 60, 2}), {});
  int batches = 0;
  const auto loop = [&] {
    for (const Batch& batch : loader.epoch(0)) batches += batch.size() > 0;
  };
  CHECK(contains(error_of(loop), "out of memory"));
  CHECK(batches == 0);
}

TEST_CASE("at most two batches wait ahead") {
  memory::reset_peak();
  const std::int64_t before = memory::bytes_in_use();
  const std::int64_t batch_bytes = 64 * 1024 * 4;
  {
    const Loader loader(expand(zeros({1, 1024}), {6400, 1024}), {}, {.batch_size = 64, .shuffle = false});
    for (const Batch& batch : loader.epoch(0)) {
      std::this_thread::yield();
      CHECK(batch.size() == 64);
    }
  }
  CHECK(memory::peak_bytes() - before < 4 * batch_bytes);  // three batches, and the order
}

TEST_CASE("invalid arguments of a loader are errors at once") {
  CHECK(contains(error_of([] { Loader(rows(3), {}, {.batch_size = 0}); }), "batch size is 0"));
  CHECK(contains(error_of([] { Loader(rows(3), arange(2)); }), "images are i64[3, 2], labels are i64[2]"));
}
