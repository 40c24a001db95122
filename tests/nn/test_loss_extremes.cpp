// SPDX-License-Identifier: MIT
// Losses and norms of infinite, huge, tiny and meaningless numbers.
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/parametrize.h"
#include "optim/clip.h"
#include "tests/error_of.h"
#include "tests/nn/check_close.h"
#include "tests/numbers.h"

using namespace hourglass;
using test::check_close;
using test::kInfinity;
using test::kNan;

namespace {

bool is_refused(const std::string& error, const std::string& op) { return error.find(op + ": ") == 0; }

}  // namespace

TEST_CASE("a class of probability 0 adds nothing to a loss, even if its logit is -∞") {
  const Var x = variable(Tensor::from({-kInfinity, 0.0, 1.0}, {1, 3}));
  const Var target = constant(Tensor::from({0.0, 0.5, 0.5}, {1, 3}));
  const Var loss = nn::cross_entropy(x, target);
  CHECK(loss.item() == doctest::Approx(std::log1p(std::exp(1.0)) - 0.5));
  const double p = 1 / (1 + std::exp(-1.0));
  check_close(grad(loss, x).value(), Tensor::from({0.0, 0.5 - p, p - 0.5}, {1, 3}));
  // A class may be left out by its weight, too.
  const Tensor weight = Tensor::from({0.0, 1.0, 1.0});
  CHECK(nn::cross_entropy(x, constant(Tensor::from({0.5, 0.25, 0.25}, {1, 3})), {.weight = weight}).item() ==
        doctest::Approx(loss.item() / 2));
  CHECK(nn::cross_entropy(x, Tensor::from<std::int64_t>({0}), {.weight = weight, .reduction = nn::Reduction::sum})
            .item() == 0);
}

TEST_CASE("kl_div of log-probabilities of -∞ is that of probabilities of 0, with its gradients") {
  const Tensor t = Tensor::from({0.0, 0.25, 0.75}), input = Tensor::from({-kInfinity, std::log(0.5), std::log(0.5)});
  const double wanted = 0.25 * std::log(0.5) + 0.75 * std::log(1.5);
  const nn::KlDivOptions sum{.reduction = nn::Reduction::sum},
      of_logs{.reduction = nn::Reduction::sum, .log_target = true};
  const Var x = variable(input), log_t = variable(log(t));
  const Var loss = nn::kl_div(x, log_t, of_logs);
  CHECK(nn::kl_div(x, constant(t), sum).item() == doctest::Approx(wanted));
  CHECK(loss.item() == doctest::Approx(wanted));
  const std::vector<Var> g = grad(loss, {x, log_t});
  check_close(g[0].value(), -t);
  check_close(g[1].value(), Tensor::from({0.0, 0.25 * (1 + std::log(0.5)), 0.75 * (1 + std::log(1.5))}));
  CHECK(nn::kl_div(constant(Tensor::from({-kInfinity, 0.0})), constant(Tensor::from({0.5, 0.5})), sum).item() ==
        kInfinity);
  CHECK(nn::kl_div(constant(Tensor::from({-kInfinity, 0.0})), constant(Tensor::from({-kInfinity, 1.0})), of_logs)
            .item() == doctest::Approx(std::exp(1.0)));
}

TEST_CASE("losses refuse targets that mean nothing") {
  const Var half = constant(Tensor::from({0.5, 0.5})), nan = constant(Tensor::from({0.5, kNan}));
  for (const double bad : {-0.1, 1.5, kNan}) {
    const Var wrong = constant(Tensor::from({0.5, bad}));
    CHECK(is_refused(error_of([&] { nn::binary_cross_entropy(half, wrong); }), "binary_cross_entropy"));
    CHECK(is_refused(error_of([&] { nn::binary_cross_entropy(wrong, half); }), "binary_cross_entropy"));
    CHECK(is_refused(error_of([&] { nn::binary_cross_entropy_with_logits(half, wrong); }), "bce_with_logits_sum"));
    CHECK(is_refused(error_of([&] { nn::binary_cross_entropy_with_logits(half, wrong, nn::Reduction::none); }),
                     "binary_cross_entropy_with_logits"));
  }
  CHECK(is_refused(error_of([&] { nn::kl_div(half, nan); }), "kl_div"));
  CHECK(is_refused(error_of([&] { nn::kl_div(nan, half); }), "kl_div"));
  CHECK(is_refused(error_of([&] { nn::kl_div(half, nan, {.log_target = true}); }), "kl_div"));
  CHECK(error_of([&] {
          nn::kl_div(half, constant(Tensor::from({0.5, -0.5})));
        }) == "kl_div: target has -0.5, which is no probability");
  CHECK(error_of([&] { softshrink(half, -0.5); }) == "softshrink: lambda must be at least 0, got -0.5");
}

TEST_CASE("cosine_similarity broadcasts before it measures") {
  const Var one = variable(Tensor::from({3.0})), two = variable(Tensor::from({4.0, 4.0}));
  const Var cosine = nn::cosine_similarity(one, two, 0);
  CHECK(cosine.shape() == Shape{});
  CHECK(cosine.item() == doctest::Approx(1));
  // A vector of equal numbers keeps its direction while it grows.
  CHECK(std::abs(grad(cosine, one).item()) < 1e-12);
  Rng rng(1);
  const Var a = variable(rng.normal({3, 1}, 0, 1, Dtype::f64)), b = variable(rng.normal({1, 4}, 0, 1, Dtype::f64));
  const Var wide_a = variable(contiguous(expand(a.value(), {3, 4}))),
            wide_b = variable(contiguous(expand(b.value(), {3, 4})));
  for (const std::int64_t axis : {0, 1, -1}) {
    const Var narrow = nn::cosine_similarity(a, b, axis), wide = nn::cosine_similarity(wide_a, wide_b, axis);
    check_close(narrow.value(), wide.value());
    const std::vector<Var> g = grad(sum(square(narrow)), {a, b}), wanted = grad(sum(square(wide)), {wide_a, wide_b});
    check_close(g[0].value(), sum_to(wanted[0].value(), {3, 1}), 1e-12);
    check_close(g[1].value(), sum_to(wanted[1].value(), {1, 4}), 1e-12);
  }
}

TEST_CASE("cosine_similarity is that of the directions, however long the vectors are") {
  for (const float size : {1e-7F, 1.0F, 1e25F, 1e37F}) {
    const Var a = variable(Tensor::from({3 * size, 0.0F})), b = variable(Tensor::from({3 * size, 3 * size}));
    const Var cosine = nn::cosine_similarity(a, b, 0);
    CHECK(cosine.item() == doctest::Approx(std::sqrt(0.5)));
    CHECK(all(isfinite(grad(cosine, a).value())).item() == 1);
  }
  const Var zero = variable(zeros({1, 2})), one = variable(ones({1, 2}));
  const Var cosine = nn::cosine_similarity(zero, one);
  CHECK(cosine.item() == 0);
  for (const Var& g : grad(sum(cosine), {zero, one})) CHECK(all(isfinite(g.value())).item() == 1);
}

TEST_CASE("norms neither overflow nor vanish, and clipping by them keeps the gradients") {
  for (const float size : {1e-30F, 1e-20F, 1.0F, 1e25F}) {
    const Tensor x = Tensor::from({3 * size, -4 * size});
    CHECK(norm(x).item() == doctest::Approx(5.0 * size));
    CHECK(norm(x, {}, false, 3).item() == doctest::Approx(std::cbrt(91.0) * size));
    const Var v = variable(x);
    check_close(grad(norm(v), v).value(), Tensor::from({0.6F, -0.8F}), 1e-6);
    check_close(grad(norm(v, {}, false, 3), v).value(),
                to(Tensor::from({9 / std::pow(91.0, 2.0 / 3), -16 / std::pow(91.0, 2.0 / 3)}), Dtype::f32), 1e-6);
  }
  CHECK(norm(zeros({2})).item() == 0);
  CHECK(norm(Tensor::from({kInfinity, 1.0})).item() == kInfinity);
  CHECK(std::isnan(norm(Tensor::from({kNan, 1.0})).item()));
  const auto clipped = optim::clip_grad_norm({constant(Tensor::from({3e25F, 4e25F}))}, 1);
  CHECK(clipped.norm == doctest::Approx(5e25));
  check_close(clipped.gradients[0].value(), Tensor::from({0.6F, 0.8F}), 1e-6);
  const auto f64 = optim::clip_grad_norm({constant(Tensor::from({3e200})), constant(Tensor::from({4e200}))}, 1);
  CHECK(f64.norm == doctest::Approx(5e200));
}

TEST_CASE("a zero vector has no direction: weights normed by it stay 0, and their gradients finite") {
  Rng rng(2);
  nn::Linear layer(3, 2, rng);
  layer.weight().set_value(where(Tensor::from<std::uint8_t>({1, 0}, {2, 1}), 0, layer.weight().value()));
  nn::weight_norm(layer, "weight", 0);
  const Var y = layer(constant(ones({1, 3})));
  CHECK(all(isfinite(y.value())).item() == 1);
  for (const Var& g : grad(sum(square(y)), layer.parameters())) CHECK(all(isfinite(g.value())).item() == 1);
}

TEST_CASE("variances survive an offset of ten million standard deviations") {
  for (const double offset : {8e6, -8e6}) {
    const Tensor x = Tensor::from({0.0F, 1.0F, 2.0F, 3.0F}) + offset;
    CHECK(var(x, {}, false, 0).item() == 1.25);
    CHECK(var(x).item() == doctest::Approx(5.0 / 3));
    CHECK(stddev(x, {}, false, 0).item() == doctest::Approx(std::sqrt(1.25)));
    // Many numbers, along both axes.
    Rng rng(3);
    const Tensor noise = to(rng.randint({1000, 40}, 0, 4), Dtype::f32), far = noise + offset;
    for (const std::int64_t axis : {0, 1}) {
      const Var u = variable(noise), v = variable(far);
      check_close(var(v, {axis}).value(), to(var(to(noise, Dtype::f64), {axis}), Dtype::f32), 2e-5);
      check_close(grad(sum(square(stddev(v, {axis}))), v).value(), grad(sum(square(stddev(u, {axis}))), u).value(),
                  1e-5);
      check_close(grad(sum(square(var(v, {axis}))), v).value(), grad(sum(square(var(u, {axis}))), u).value(), 1e-5);
      check_close(standardize(far, {axis}), standardize(noise, {axis}), 1e-4);
    }
  }
  const Tensor image = Rng(4).uniform({1, 1, 16, 16}), other = Rng(5).uniform({1, 1, 16, 16});
  const Tensor bright = image + 1000.0, also_bright = other + 1000.0;
  CHECK(nn::ssim(constant(bright), constant(also_bright)).item() ==
        doctest::Approx(nn::ssim(constant(to(bright, Dtype::f64)), constant(to(also_bright, Dtype::f64))).item())
            .epsilon(1e-3));
}
