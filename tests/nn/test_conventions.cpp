// SPDX-License-Identifier: MIT
// Corner cases in which PyTorch 1.13 has a convention of its own, with its numbers.
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/losses.h"
#include "nn/norm.h"
#include "nn/padding.h"
#include "tensor/ops.h"
#include "tests/error_of.h"

using namespace hourglass;

TEST_CASE("a circle is closed after the cut, and InstanceNorm does not count, as in PyTorch") {
  const Var row = constant(Tensor::from({1.0, 2.0, 3.0, 4.0}, {1, 4}));
  const auto circle = [&](std::int64_t before, std::int64_t after) {
    return nn::pad(row, {{before, after}}, nn::PadMode::circular).value().to_vector<double>();
  };
  using Numbers = std::vector<double>;
  CHECK(circle(-1, 1) == Numbers{2, 3, 4, 2});
  CHECK(circle(1, -1) == Numbers{3, 1, 2, 3});
  CHECK(circle(-1, -1) == Numbers{2, 3});
  CHECK(circle(4, 4) == Numbers{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4});
  CHECK(error_of([&] { circle(-3, 2); }) == "pad: (0, 2) is more than axis 1 of f64[1, 4] can give");

  nn::InstanceNorm1d layer(2, {.track_running_stats = true});
  (void)layer(Var(ones({3, 2, 4})));
  for (const auto& [name, value] : layer.state_dict())
    if (name == "num_batches_tracked") CHECK(value.item() == 0);
}

// In PyTorch 1.13: F.interpolate of arange(n), with two channels and with one.
TEST_CASE("interpolation rounds, and copies an axis that keeps its extent, where PyTorch does") {
  using enum InterpolateMode;
  const auto along = [](std::int64_t extent, double factor, InterpolateMode mode, std::int64_t channels, Dtype dtype) {
    const Tensor x = contiguous(expand(to(arange(extent), dtype), {1, channels, 2, extent}));
    const Tensor y = interpolate(x, {.scale_factor = {1, factor}, .mode = mode});
    return to(select(select(select(y, 0, 0), 0, 0), 0, 0), Dtype::f64).to_vector<double>();
  };
  using Numbers = std::vector<double>;
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    CHECK(along(5, 1.19, nearest, 2, dtype) == Numbers{0, 0, 1, 2, 3});
    CHECK(along(5, 1.19, nearest, 1, dtype) == Numbers{0, 1, 2, 3, 4});
    CHECK(along(5, 1.19, nearest_exact, 1, dtype) == Numbers{0, 1, 2, 2, 3});
    CHECK(along(5, 1.19, bilinear, 2, dtype) == Numbers{0, 1, 2, 3, 4});
    CHECK(along(5, 1.19, area, 2, dtype) == Numbers{0, 1, 2, 3, 4});
    CHECK(along(32, 2.3, nearest, 2, dtype)[23] == 10);
    CHECK(along(32, 2.3, nearest, 1, dtype)[23] == 10);
  }
  CHECK(interpolate(reshape(to(arange(4), Dtype::f64), {1, 1, 4}), {.scale_factor = {1.2}, .mode = linear})
            .to_vector<double>() == Numbers{0, 1, 2, 3});
}

// PyTorch adds the float 1e-12, which is 4e-9 smaller.
TEST_CASE("cosine_embedding_loss adds 1e-12 to both squared lengths") {
  const Var a = variable(Tensor::from({1e-7, 2e-7, 3.0, 4.0}, {2, 2}));
  const Var b = constant(Tensor::from({2e-6, 1e-7, 0.0, 0.0}, {2, 2}));
  const Var loss = nn::cosine_embedding_loss(a, b, Tensor::from({1.0, 1.0}), 0, nn::Reduction::none);
  CHECK(loss.value().to_vector<double>()[0] == doctest::Approx(0.9040800001629157).epsilon(1e-9));
  CHECK(loss.value().to_vector<double>()[1] == 1);
  const std::vector<double> g = grad(sum(loss), a).value().to_vector<double>();
  CHECK(g[0] == doctest::Approx(-862864.7604).epsilon(1e-8));
  CHECK(g[1] == doctest::Approx(-25329.5237).epsilon(1e-8));
  CHECK(g[2] == 0);
  CHECK(g[3] == 0);
}

// x_ij and x_ji are one number, so each gets half of the gradient. In PyTorch 1.13: torch.linalg.cholesky.
TEST_CASE("the gradient of a Cholesky factor is symmetric") {
  const Var x = variable(Tensor::from({4.0, 2.0, 1.0, 2.0, 5.0, 3.0, 1.0, 3.0, 6.0}, {3, 3}));
  const Tensor g = Tensor::from({1.0, 0.0, 0.0, 2.0, 3.0, 0.0, -1.0, 0.5, 2.0}, {3, 3});
  const Tensor by_x = grad(sum(cholesky(x) * constant(g)), x).value();
  CHECK(allclose(by_x,
                 Tensor::from({0.26362764756806728, 0.11372352431932733, -0.28195763891092374, 0.11372352431932731,
                               0.86276475680672693, -0.18042361089076306, -0.28195763891092368, -0.18042361089076309,
                               0.48867777742522089},
                              {3, 3}),
                 1e-13));
}

// PyTorch counts a window of ceil_mode if it begins before the padding at the end.
TEST_CASE("a pooling has as many windows as PyTorch's") {
  for (std::int64_t extent = 1; extent <= 8; ++extent)
    for (std::int64_t kernel = 1; kernel <= 4; ++kernel)
      for (std::int64_t stride = 1; stride <= 4; ++stride)
        for (std::int64_t padding = 0; padding <= kernel / 2; ++padding)
          for (const bool ceil_mode : {false, true}) {
            const std::int64_t end = extent + padding;
            if (kernel > end + padding) continue;
            std::int64_t count = 1;
            for (std::int64_t begin = stride - padding;; begin += stride, ++count)
              if (ceil_mode ? begin >= extent || begin - stride + kernel >= end : begin + kernel > end) break;
            const Tensor x = ones({1, 1, extent});
            CHECK(avg_pool1d(x, {.kernel = kernel, .stride = stride, .padding = padding, .ceil_mode = ceil_mode})
                      .size(2) == count);
            CHECK(max_pool1d(x, {.kernel = kernel, .stride = stride, .padding = padding, .ceil_mode = ceil_mode})
                      .size(2) == count);
          }
}
