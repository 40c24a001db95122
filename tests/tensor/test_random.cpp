// SPDX-License-Identifier: MIT
// Random numbers: known answers, moments, ranges, and the same bits wherever and however they are made.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/numbers.h"

using namespace hourglass;
using test::kNan;

namespace {

constexpr std::int64_t kMany = 1'000'000;
using Block = std::array<std::uint32_t, 4>;

// The mean of (x - center)^power.
double moment(const Tensor& x, int power, double center = 0) {
  const Tensor wide = to(x, Dtype::f64) - center;
  Tensor product = wide;
  for (int i = 1; i < power; ++i) product = product * wide;
  return mean(product).item();
}

}  // namespace

TEST_CASE("Philox gives its known answers") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform numbers come from the words of the counter (block, draw)") {
  Rng rng(7);
  (void)rng.uniform();
  const std::vector<float> got = rng.uniform({6}).to_vector<float>();
  for (std::uint32_t i = 0; i < 6; ++i)
    CHECK(got[i] == static_cast<float>(philox({i / 4, 0, 1, 0}, {7, 0})[i % 4] >> 8) * 0x1p-24F);
}

TEST_CASE("random tensors have the same bits on any number of threads and any instruction set") {
  const auto draw = [] {
    Rng rng(11);
    return std::vector<Tensor>{rng.normal({100'001}),
                               rng.normal({50'001}, 1, 2, Dtype::f64),
                               rng.uniform({333, 301}, -1, 3),
                               rng.uniform({70'001}, 0, 1, Dtype::f64),
                               rng.bernoulli({100'003}, 0.3),
                               rng.bernoulli(full({40'001}, 0.6, Dtype::f64)),
                               rng.randint({90'001}, -5, 1'000'000'007),
                               rng.permutation(1000)};
  };
  const int threads = num_threads();
  set_num_threads(1);
  const std::vector<Tensor> first = draw();
  for (const char* set : {"sse2", "avx2", "avx512bw", "neon64"}) {
    if (kernels_named(set) == nullptr) continue;
    use_kernels(kernels_named(set));
    for (const int count : {1, 2, 4}) {
      set_num_threads(count);
      const std::vector<Tensor> again = draw();
      for (std::size_t i = 0; i < first.size(); ++i) {
        CAPTURE(set);
        CAPTURE(count);
        CAPTURE(i);
        CHECK(equal(again[i], first[i]));
      }
    }
  }
  set_num_threads(threads);
  use_kernels(nullptr);
}

TEST_CASE("an element depends on its position, not on the size of the tensor") {
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    const Tensor all = Rng(3).normal({1001}, 0, 1, dtype);
    for (const std::int64_t count : {1, 2, 3, 255, 256, 257, 1000})
      CHECK(equal(Rng(3).normal({count}, 0, 1, dtype), slice(all, 0, 0, count)));
  }
}

TEST_CASE("normal and uniform numbers have the moments of their distributions") {
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    Rng rng(13);
    const Tensor n = rng.normal({kMany}, 0, 1, dtype), u = rng.uniform({kMany}, 0, 1, dtype);
    CHECK(std::abs(moment(n, 1)) < 0.004);  // 4 standard errors
    CHECK(std::abs(moment(n, 2) - 1) < 0.006);
    CHECK(std::abs(moment(n, 3)) < 0.016);
    CHECK(std::abs(moment(n, 4) - 3) < 0.04);
    CHECK(std::abs(moment(u, 1) - 0.5) < 0.0012);
    CHECK(std::abs(moment(u, 2, 0.5) - 1.0 / 12) < 0.0003);
    CHECK(max(abs(n)).item() > 4.5);
    CHECK(max(abs(n)).item() < 6);
    // Pairs of neighbours share a radius. Neither they nor their squares are correlated.
    const Tensor a = to(slice(n, 0, 0, kMany, 2), Dtype::f64), b = to(slice(n, 0, 1, kMany, 2), Dtype::f64);
    CHECK(std::abs(mean(a * b).item()) < 0.006);
    CHECK(std::abs(mean((a * a - 1) * (b * b - 1)).item()) < 0.012);
    // All directions are equally likely: a quarter in each quadrant, half nearer to the first axis.
    CHECK(std::abs(mean(to(a > 0, Dtype::f64) * to(b > 0, Dtype::f64)).item() - 0.25) < 0.003);
    CHECK(std::abs(mean(to(abs(a) > abs(b), Dtype::f64)).item() - 0.5) < 0.003);
  }
  const Tensor scaled = Rng(1).normal({kMany}, 5, 0.1);
  CHECK(std::abs(moment(scaled, 1) - 5) < 0.0004);
  CHECK(std::abs(moment(scaled, 2, 5) - 0.01) < 0.00006);
}

TEST_CASE("uniform numbers stay below the upper end, even where rounding would reach it") {
  const Tensor tight = Rng(1).uniform({100'000}, 1, 1 + 0x1p-23);
  CHECK(max(tight).item() == 1);
  const Tensor far = Rng(2).uniform({kMany}, 1e6, 1e6 + 1);
  CHECK(min(far).item() >= 1e6);
  CHECK(max(far).item() < 1e6 + 1);
  CHECK(max(Rng(3).uniform({10}, 2, 2)).item() == 2);
}

TEST_CASE("bernoulli is certain at 0 and 1 and fair in between") {
  Rng rng(17);
  CHECK(sum(rng.bernoulli({kMany}, 0)).item() == 0);
  CHECK(sum(rng.bernoulli({kMany}, 1), {}).item() == kMany);
  CHECK(std::abs(mean(rng.bernoulli({kMany}, 0.3)).item() - 0.3) < 0.002);
  CHECK(rng.bernoulli({5}, 0.5, Dtype::u8).dtype() == Dtype::u8);
  const Tensor each = rng.bernoulli(Tensor::from<float>({0, 1, 0, 1}, {2, 2}));
  CHECK(each.to_vector<float>() == std::vector<float>{0, 1, 0, 1});
  CHECK(std::abs(mean(rng.bernoulli(full({kMany}, 0.7))).item() - 0.7) < 0.002);
  CHECK(rng.bernoulli(zeros({0})).shape() == Shape{0});
}

TEST_CASE("integers are spread evenly over their range, however large it is") {
  Rng rng(19);
  const std::vector<std::int64_t> dice = rng.randint({600'000}, 1, 7).to_vector<std::int64_t>();
  std::array<int, 8> counts{};
  for (const std::int64_t number : dice) ++counts.at(static_cast<std::size_t>(number));
  for (std::size_t face = 1; face <= 6; ++face) CHECK(std::abs(counts[face] - 100'000) < 1200);
  CHECK(min(rng.randint({100}, -3, -2)).item() == -3);
  // A range of 3/4 of all integers: without rejection, some would come twice as often.
  const Tensor wide = rng.randint({100'000}, INT64_MIN, INT64_MAX / 2);
  CHECK(std::abs(mean(to(wide < INT64_MIN / 4, Dtype::f64)).item() - 0.5) < 0.01);
  CHECK(std::abs(mean(to(rng.randint({100'000}, INT64_MIN, INT64_MAX) < 0, Dtype::f64)).item() - 0.5) < 0.01);
  for (int i = 0; i < 100; ++i) CHECK(rng.below(3) < 3);
}

TEST_CASE("a permutation holds every number once, and all orders are equally likely") {
  Rng rng(23);
  const std::vector<std::int64_t> first = rng.permutation(1000).to_vector<std::int64_t>();
  CHECK(first != rng.permutation(1000).to_vector<std::int64_t>());
  std::vector<std::int64_t> sorted = first, all(1000);
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), 0);
  CHECK(sorted == all);
  CHECK(rng.permutation(0).shape() == Shape{0});
  std::array<int, 6> orders{};
  for (int i = 0; i < 6000; ++i) {
    const std::vector<std::int64_t> p = rng.permutation(3).to_vector<std::int64_t>();
    ++orders.at(static_cast<std::size_t>(2 * p[0] + (p[1] > p[2])));
  }
  for (const int count : orders) CHECK(std::abs(count - 1000) < 130);
}

TEST_CASE("different names, numbers and seeds give different streams") {
  const Rng root(5);
  std::vector<std::uint64_t> keys{root.state().key, Rng(6).state().key};
  for (const char* name : {"noise", "noisf", "data", "", "a", "b"}) {
    keys.push_back(root.split(name).state().key);
    keys.push_back(Rng(6).split(name).state().key);
  }
  for (const std::uint64_t number : {0, 1, 2, 5, 6}) keys.push_back(root.split(number).state().key);
  keys.push_back(root.split("a").split("b").state().key);
  keys.push_back(root.split("b").split("a").state().key);
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());

  Rng a = root.split("noise"), b = root.split("noise"), c = root.split("data");
  const Tensor x = a.normal({1000}), y = c.normal({1000});
  CHECK(equal(b.normal({1000}), x));
  CHECK(std::abs(mean(x * y).item()) < 0.13);
  CHECK(root.state() == Rng(5).state());
}

TEST_CASE("a seed and a number are not interchangeable: (k, n), (n, k), (k + 1, n - 1) are different streams") {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    const Rng root(seed);
    for (std::uint64_t number = 0; number < 32; ++number) {
      keys.push_back(root.split(number).state().key);
      keys.push_back(root.split(number).split(seed).state().key);
    }
  }
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
}

TEST_CASE("keys of split streams stay the same from version to version") {
  // A file that was saved by an older version must mean the same. Computed by the formulas of random.cpp in Python.
  const auto key = [](const Rng& rng) { return rng.state().key; };
  CHECK(key(Rng(0).split("noise")) == 0x9fdaece55f1c9e92);
  CHECK(key(Rng(5).split("data")) == 0x74e42930ae0e7c02);
  CHECK(key(Rng(0).split(0)) == 0xa706dd2f4d197e6f);
  CHECK(key(Rng(5).split(7)) == 0x9dbc62f2a125fa9d);
  CHECK(key(Rng(5).split("a").split("b")) == 0x9a00d9e97bf6d082);
}

TEST_CASE("a saved state repeats the draws that came after it") {
  Rng rng(29);
  (void)rng.normal({3});
  const Rng::State state = rng.state();
  const Tensor x = rng.uniform({9});
  Rng other;
  other.restore(state);
  CHECK(equal(other.uniform({9}), x));
  CHECK(other.state() == rng.state());
}

TEST_CASE("arguments out of range are errors that say so") {
  Rng rng;
  CHECK(error_of([&] { rng.uniform({2}, 1, 0); }) == "uniform: needs low <= high, got 1 and 0");
  CHECK(error_of([&] { rng.uniform({2}, kNan, 0); }) == "uniform: needs low <= high, got nan and 0");
  CHECK(error_of([&] { rng.uniform({2}, -3e38, 3e38); }) == "uniform: from -3e+38 to 3e+38 is too far for f32");
  CHECK(error_of([&] { rng.normal({2}, 0, -1); }) == "normal: needs a standard deviation of at least 0, got -1");
  CHECK(error_of([&] { rng.normal({2}, 0, 1, Dtype::i64); }) ==
        "normal: needs f32 or f64, got i64; convert with to(x, Dtype::f32)");
  CHECK(error_of([&] { rng.bernoulli({2}, 1.5); }) == "bernoulli: needs a probability in [0, 1], got 1.5");
  CHECK(error_of([&] { rng.bernoulli({2}, kNan); }) == "bernoulli: needs a probability in [0, 1], got nan");
  CHECK(error_of([&] {
          rng.bernoulli(Tensor::from<float>({0.5, -1}));
        }) == "bernoulli: needs probabilities in [0, 1], got -1 to 0.5 in f32[2]");
  CHECK(error_of([&] { rng.randint({2}, 3, 3); }) == "randint: needs low < high, got 3 and 3");
  CHECK(error_of([&] { rng.below(0); }) == "below: needs at least 1, got 0");
  CHECK(error_of([&] { rng.permutation(-1); }) == "permutation: needs a length of at least 0, got -1");
  CHECK(rng.state() == Rng().state());  // and nothing is drawn
}

TEST_CASE("events rarer than 2^-32 come as often as their probability says") {
  // The first word of this stream is w: a coin of probability p is 1 if w < p 2^32, and a second draw decides if p 2^32
  // lies between w and w + 1.
  constexpr int streams = 400;
  int ones_of_number = 0, ones_of_tensor = 0;
  for (std::uint64_t seed = 0; seed < streams; ++seed) {
    const double word = philox({0, 0, 0, 0}, {static_cast<std::uint32_t>(seed), 0})[0];
    const double p = (word + 0.25) * 0x1p-32;
    ones_of_number += Rng(seed).bernoulli({1}, p).item() == 1;
    ones_of_tensor += Rng(seed).bernoulli(full({1}, p, Dtype::f64)).item() == 1;
    CHECK(Rng(seed).bernoulli({1}, word * 0x1p-32).item() == 0);
    CHECK(Rng(seed).bernoulli({1}, (word + 1) * 0x1p-32).item() == 1);
  }
  CHECK(ones_of_number == ones_of_tensor);
  CHECK(std::abs(ones_of_number - streams / 4) < 35);  // 4 standard deviations
}
