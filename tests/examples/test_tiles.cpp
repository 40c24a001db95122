// SPDX-License-Identifier: MIT
// The network that repairs pictures of any size, and large pictures in tiles.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/models/unet_repair.h"
#include "examples/support/tiles.h"
#include "tensor/ops.h"
#include "tests/error_of.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// Weights that are not 0, so that a network does something.
void stir(const nn::Module& model, std::uint64_t seed) {
  Rng rng(seed);
  for (const Parameter& parameter : model.parameters())
    parameter.set_value(parameter.value() + rng.normal(parameter.shape(), 0, 0.05));
}

double largest(const Tensor& x) { return max(abs(x)).item(); }

}  // namespace

TEST_CASE("tiles give the same as the whole picture") {
  Rng rng(3);
  const Tensor picture = rng.uniform({3, 61, 83});
  for (const std::int64_t shrink : {1, 2}) {
    for (const std::int64_t scale : {1, 2}) {
      CAPTURE(shrink);
      CAPTURE(scale);
      const UNetRepair net({.channels = 3, .width = 4, .levels = 2, .shrink = shrink, .scale = scale}, rng);
      stir(net, 4);
      const NoGrad no_grad;
      const auto f = [&](const Tensor& tile) { return net(constant(tile)).value(); };
      const Tensor whole = squeeze(f(unsqueeze(picture, 0)), 0);
      CHECK(whole.shape() == Shape{3, 61 * scale, 83 * scale});
      TileOptions options{.size = 16, .margin = net.reach(), .multiple = net.multiple(), .scale = scale};
      CHECK(largest(in_tiles(f, picture, options) - whole) < 1e-5);
      options.margin = 0;  // the seams that a margin avoids
      CHECK(largest(in_tiles(f, picture, options) - whole) > 1e-3);
    }
  }
  CHECK(error_of([&] {
          in_tiles([](const Tensor& x) { return slice(x, 3, 1, 5); }, picture, {});
        }).find("expected f32[1, channels, 61, 83]") != std::string::npos);
  CHECK(error_of([&] {
          in_tiles([](const Tensor& x) { return x; }, Tensor({3, 0, 5}), {});
        }).find("is empty") != std::string::npos);
}

TEST_CASE("a pixel reaches as far as the network says") {
  for (const std::int64_t shrink : {1, 2}) {
    Rng rng(5);
    const UNetRepair net({.channels = 1, .width = 3, .levels = 3, .shrink = shrink}, rng);
    stir(net, 6);
    const std::int64_t side = 3 * net.reach();
    const Tensor x = rng.uniform({1, 1, side, side});
    Tensor one = zeros(x.shape());
    std::int64_t farthest = 0;
    // Where the changed pixel lies in its square matters.
    for (std::int64_t shift = 0; shift < net.multiple(); ++shift) {
      const std::int64_t place = side / 2 + shift;
      Tensor changed = contiguous(x);
      changed.mutable_data<float>()[place * side + place] += 5;
      const Tensor difference = abs(net(constant(changed)).value() - net(constant(x)).value());
      const std::vector<float> rows = max(difference, {0, 1, 3}).to_vector<float>();
      for (std::int64_t y = 0; y < side; ++y)
        if (rows[static_cast<std::size_t>(y)] > 0) farthest = std::max(farthest, std::abs(y - place));
    }
    CHECK(farthest <= net.reach());
    CHECK(farthest > net.reach() / 2);
  }
}

TEST_CASE("the repair network takes pictures of any size and begins as the identity") {
  Rng rng(7);
  const UNetRepair net({.channels = 3, .width = 4, .levels = 3, .shrink = 2}, rng);
  for (const auto& [height, width] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {7, 13}, {16, 24}, {2, 9}}) {
    const Tensor x = rng.uniform({2, 3, height, width});
    CHECK(equal(net(constant(x)).value(), x));
    stir(net, 8);
    CHECK(net(constant(x)).value().shape() == x.shape());
    CHECK_FALSE(equal(net(constant(x)).value(), x));
    for (const Parameter& parameter : net.parameters())
      if (parameter.name().find("layers.3.") == 0) parameter.set_value(zeros(parameter.shape()));
  }
  const UNetRepair doubling({.channels = 1, .width = 4, .levels = 2, .scale = 2}, rng);
  CHECK(doubling(constant(zeros({1, 1, 5, 3}))).shape() == Shape{1, 1, 10, 6});
  CHECK(error_of([&] {
          net(constant(zeros({1, 1, 8, 8})));
        }).find("expects [n, 3, height, width], got f32[1, 1, 8, 8]") != std::string::npos);
  CHECK(error_of([&] { UNetRepair({.levels = 0}, rng); }).find("1 to 8 levels") != std::string::npos);
}
