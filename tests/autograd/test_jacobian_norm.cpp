// SPDX-License-Identifier: MIT
// The size of an encoder's Jacobian by every method, and batches of Jacobians.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/derivatives.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "tensor/storage.h"
#include "tests/error_of.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using test::check_close;
using test::normal;

namespace {

// Encoders from [batch, 5] to [batch, 3], written in different ways. All methods must agree.
struct Encoder {
  std::string name;
  Function f;
  bool affine_first, one_layer;
};
std::vector<Encoder> encoders(const Var& w1, const Var& b1, const Var& w2, const Var& b2, const Var& w) {
  const auto two = [=](auto s) { return [=](const Var& x) { return s(linear(s(linear(x, w1, b1)), w2, b2)); }; };
  return {
      {"one sigmoid layer", [=](const Var& x) { return sigmoid(linear(x, w)); }, true, true},
      {"one affine layer", [=](const Var& x) { return linear(x, w); }, true, true},
      {"one layer as a product and a sum",
       [=](const Var& x) { return tanh(matmul(x, transpose(w)) + slice(b1, 0, 0, 3)); }, true, true},
      {"a layer, scaled and gated",
       [=](const Var& x) { return square(sigmoid(linear(x, w)) * slice(b1, 0, 0, 3) + 1); }, true, true},
      {"one unit, widened behind",
       [=](const Var& x) { return sigmoid(linear(x, slice(w, 0, 0, 1)) * slice(b1, 0, 0, 3)); }, true, false},
      {"two sigmoid layers", two([](const Var& x) { return sigmoid(x); }), true, false},
      {"two tanh layers", two([](const Var& x) { return tanh(x); }), true, false},
      {"two softplus layers", two([](const Var& x) { return softplus(x); }), true, false},
      {"affine at the end", [=](const Var& x) { return linear(tanh(linear(x, w1, b1)), w2, b2); }, true, false},
      {"two affine layers", [=](const Var& x) { return linear(linear(x, w1, b1), w2); }, true, false},
      {"a residual layer",
       [=](const Var& x) {
         const Var h = tanh(linear(x, w1, b1));
         return linear(h + sigmoid(linear(h, matmul(w1, transpose(w1)))), w2);
       },
       true, false},
      {"softmax behind", [=](const Var& x) { return softmax(linear(x, w), 1); }, true, false},
      {"flattened first",
       [=](const Var& x) {
         return tanh(linear(reshape(x, {x.size(0), -1}), w));
       },
       true, false},
      {"noise in front", [=](const Var& x) { return tanh(linear(square(x), w)); }, false, false},
      {"x used twice", [=](const Var& x) { return tanh(linear(x, w)) * slice(x, 1, 0, 3); }, false, false},
      {"no layer at all", [=](const Var& x) { return sin(x); }, false, false},
  };
}
struct Weights {
  Var w1 = variable(normal({4, 5}, 1)), b1 = variable(normal({4}, 2)), w2 = variable(normal({3, 4}, 3)),
      b2 = variable(normal({3}, 4)), w = variable(normal({3, 5}, 5));
  std::vector<Var> all() const { return {w1, b1, w2, b2, w}; }
};

// ‖J‖² with J written out by finite differences of f.
std::vector<double> numeric_norms(const Function& f, const Tensor& x) {
  constexpr double h = 1e-4;
  std::vector<double> norms(static_cast<std::size_t>(x.size(0)));
  for (std::int64_t i = 0; i < x.size(1); ++i) {
    const Tensor step = one_hot(full({1}, i, Dtype::i64), x.size(1), Dtype::f64) * h;
    const auto at = [&](double k) { return f(constant(x + step * k)).value(); };
    const Tensor slope = (at(1) - at(-1)) * (4.0 / 3 / (2 * h)) - (at(2) - at(-2)) * (1.0 / 3 / (4 * h));
    const std::vector<double> squares = sum(square(slope), {1}).to_vector<double>();
    for (std::size_t b = 0; b < norms.size(); ++b) norms[b] += squares[b];
  }
  return norms;
}

}  // namespace

TEST_CASE("every method gives the same ‖J‖², and the same gradient of it") {
  const Weights v;
  const Tensor x = normal({6, 5}, 7), c = normal({6}, 8);
  for (const Encoder& encoder : encoders(v.w1, v.b1, v.w2, v.b2, v.w)) {
    CAPTURE(encoder.name);
    const Var t = variable(x);
    std::vector<Var> by = v.all();
    by.push_back(t);
    const auto both = [&](const JacobianNormOptions& options) {
      const Var norms = squared_jacobian_norm(encoder.f, t, options);
      std::vector<Tensor> parts{norms.value()};
      for (const Var& g : grad(sum(norms * constant(c)), by, {.allow_unused = true})) parts.push_back(g.value());
      return parts;
    };
    const std::vector<Tensor> exact = both({});
    CHECK_NOTHROW(check_close("finite differences", exact[0], Tensor::from(numeric_norms(encoder.f, x)), 1e-8, 1e-3));
    const auto agrees = [&](const std::string& how, const JacobianNormOptions& options) {
      CAPTURE(how);
      const std::vector<Tensor> other = both(options);
      for (std::size_t i = 0; i < exact.size(); ++i)
        CHECK_NOTHROW(check_close(join(how, " ", i), other[i], exact[i], 1e-12, 1));
    };
    agrees("chunks of 2", {.chunk = 2});
    agrees("recomputed", {.chunk = 2, .recompute = true});
    agrees("forward", {.method = JacobianNorm::forward});
    agrees("forward, recomputed", {.method = JacobianNorm::forward, .chunk = 2, .recompute = true});
    if (encoder.affine_first) agrees("gram", {.method = JacobianNorm::gram});
    if (encoder.affine_first) agrees("gram, recomputed", {.method = JacobianNorm::gram, .chunk = 1, .recompute = true});
    if (encoder.one_layer) agrees("closed form", {.method = JacobianNorm::closed_form});

    // The penalty's own derivatives, which are of second order, against finite differences.
    if (encoder.name == "two tanh layers" || encoder.name == "x used twice")
      for (const JacobianNorm method : {JacobianNorm::exact, JacobianNorm::forward, JacobianNorm::gram}) {
        if (method == JacobianNorm::gram && !encoder.affine_first) continue;
        CHECK_NOTHROW(check_gradients(
            [&](const std::vector<Var>& in) {
              for (const Encoder& again : encoders(in[0], in[1], in[2], in[3], in[4]))
                if (again.name == encoder.name) return squared_jacobian_norm(again.f, in[5], {.method = method});
              return Var();
            },
            {v.w1.value(), v.b1.value(), v.w2.value(), v.b2.value(), v.w.value(), x},
            {.order = 2, .name = encoder.name}));
      }
  }
}

TEST_CASE("a convolutional encoder's Jacobians come in batches, too") {
  const Var w = variable(normal({2, 1, 3, 3}, 1)), b = variable(normal({2}, 2)), v = variable(normal({3, 8}, 3));
  const auto f = [&](const Var& t) {
    const Var h = tanh(conv2d(pad(t, {{1, 0}, {0, 1}}), w, b, {.stride = 2}));
    return linear(flatten(h, 1), v);
  };
  const Var x = variable(normal({3, 1, 4, 4}, 4));
  const Var j = batch_jacobian(f, x);
  CHECK(j.shape() == Shape{3, 3, 1, 4, 4});
  for (const std::int64_t chunk : {1, 2})
    CHECK_NOTHROW(check_close("chunks", batch_jacobian(f, x, {.chunk = chunk}).value(), j.value(), 1e-14, 1));
  const Tensor wanted = sum(square(j.value()), {1, 2, 3, 4});
  const Tensor of_w = grad(sum(square(j)), w).value();
  for (const JacobianNorm method : {JacobianNorm::exact, JacobianNorm::forward}) {
    const Var norms = squared_jacobian_norm(f, x, {.method = method});
    CHECK_NOTHROW(check_close("norm", norms.value(), wanted, 1e-13, 1));
    CHECK_NOTHROW(check_close("gradient", grad(sum(norms), w).value(), of_w, 1e-12, 1));
  }
  // Sample by sample, one row at a time.
  for (std::int64_t sample = 0; sample < 3; ++sample) {
    const Var one = variable(slice(x.value(), 0, sample, sample + 1));
    for (std::int64_t unit = 0; unit < 3; ++unit)
      CHECK_NOTHROW(check_close("row", grad(select(select(f(one), 1, unit), 0, 0), one).value(),
                                reshape(select(select(j.value(), 0, sample), 0, unit), one.shape()), 1e-14, 1));
  }
}

TEST_CASE("errors of methods that do not fit name what the method needs") {
  const Weights v;
  const Var x = constant(normal({2, 5}, 7));
  const auto norm_of = [&](const Function& f, JacobianNormOptions options) {
    return error_of([&] { squared_jacobian_norm(f, x, options); });
  };
  CHECK(norm_of([](const Var& t) { return tanh(t); }, {.method = JacobianNorm::gram}) ==
        "squared_jacobian_norm: gram needs an f that begins with an affine layer, linear or a product with a matrix; "
        "this "
        "begins with tanh");
  CHECK(norm_of([](const Var& t) { return tanh(t) * t; }, {.method = JacobianNorm::gram}) ==
        "squared_jacobian_norm: gram needs an f that passes x to one affine layer and nowhere else; here x has 2 uses");
  CHECK(norm_of([&](const Var& t) { return linear(tanh(linear(t, v.w1)), v.w2); },
                {.method = JacobianNorm::closed_form}) ==
        "squared_jacobian_norm: closed_form needs an f of one affine layer and elementwise ops behind it; use exact or "
        "gram");
  CHECK(norm_of([](const Var& t) { return tanh(t); }, {.method = JacobianNorm::hutchinson}) ==
        "squared_jacobian_norm: hutchinson draws random numbers; pass {.rng = &rng}");
  CHECK(norm_of([](const Var& t) { return sum(t); }, {}) ==
        "squared_jacobian_norm: needs a function from [batch, ...] to [batch, ...]; x is f64[2, 5], f(x) f64[]");
  CHECK(norm_of([](const Var& t) { return tanh(t); }, {.chunk = -1}) ==
        "squared_jacobian_norm: chunk is -1; it must be positive, or 0 to have it chosen");
  CHECK(error_of([&] { hessian([](const Var& t) { return t; }, x); }) ==
        "hessian: needs a function that gives one number, got f64[2, 5]");
  CHECK(error_of([&] { vjp([](const Var& t) { return sum(t); }, x, x); }) ==
        "vjp: u is f64[2, 5], the function's value f64[]");
  CHECK(error_of([&] { jvp([](const Var& t) { return sum(t); }, x, constant(zeros({5}, Dtype::f64))); }) ==
        "jvp: tangent 0 is f64[5], its argument f64[2, 5]");
}

TEST_CASE("the gradient of the sum of all outputs is not the Jacobian") {
  // If all m = 10 rows point the same way, ‖1ᵀJ‖² = m ‖J‖². Rows that point opposite ways cancel.
  const auto both = [](const Tensor& weight) {
    const Var w = constant(weight), x = variable(normal({1, 4}, 1));
    const auto f = [&](const Var& t) { return linear(t, w); };
    const double of_sum = sum(square(grad(sum(f(x)), x).value())).item();
    return std::pair{of_sum, squared_jacobian_norm(f, x).item()};
  };
  const Tensor row = normal({1, 4}, 2);
  const auto [aligned_sum, aligned] = both(contiguous(expand(row, {10, 4})));
  CHECK(std::abs(aligned_sum / aligned - 10) < 1e-12);
  const auto [opposed_sum, opposed] = both(concat({row, -row, row * 0.2}, 0));
  CHECK(opposed > 10 * opposed_sum);
}

TEST_CASE("Hutchinson's estimate is unbiased, and so is its gradient") {
  const Weights v;
  const Tensor x = normal({3, 5}, 7);
  const auto f = [&](const Var& t) { return tanh(linear(sigmoid(linear(t, v.w1, v.b1)), v.w2, v.b2)); };
  const auto gradient = [&](const Var& norms) { return grad(sum(norms), v.w2).value(); };
  const Var exact = squared_jacobian_norm(f, constant(x));
  const Tensor exact_gradient = gradient(exact);
  for (const Probe distribution : {Probe::rademacher, Probe::normal}) {
    Rng rng(9);
    constexpr int n = 4000;
    Tensor sum1 = zeros_like(exact.value()), sum2 = sum1, g1 = zeros_like(exact_gradient), g2 = g1;
    for (int i = 0; i < n; ++i) {
      const Var estimate = squared_jacobian_norm(
          f, constant(x), {.method = JacobianNorm::hutchinson, .distribution = distribution, .rng = &rng});
      const Tensor g = gradient(estimate);
      sum1 = sum1 + estimate.value();
      sum2 = sum2 + square(estimate.value());
      g1 = g1 + g;
      g2 = g2 + square(g);
    }
    const auto z = [&](const Tensor& first, const Tensor& second, const Tensor& wanted) {
      const Tensor mean = first / n, error = sqrt((second / n - square(mean)) / n);
      return max(abs(mean - wanted) / error).item();
    };
    CHECK(z(sum1, sum2, exact.value()) < 3);
    CHECK(z(g1, g2, exact_gradient) < 3.5);  // the largest of twelve
  }
  // The result of several samples is the mean of that many estimates, for every chunk size.
  const auto of = [&](std::int64_t samples, std::int64_t chunk, Rng& rng) {
    return squared_jacobian_norm(f, constant(x),
                                 {.method = JacobianNorm::hutchinson, .samples = samples, .rng = &rng, .chunk = chunk})
        .value();
  };
  Rng a(3), b(3), c(3);
  const Tensor three = of(3, 0, a), chunks = of(3, 2, b);
  const Tensor first = of(1, 0, c), second = of(1, 0, c), third = of(1, 0, c);
  CHECK_NOTHROW(check_close("chunks", chunks, three, 1e-14, 1));
  CHECK_NOTHROW(check_close("mean", (first + second + third) / 3, three, 1e-14, 1));
}

TEST_CASE("recomputing bounds the memory of an exact Jacobian norm") {
  const Var w1 = variable(normal({64, 200}, 1)), w2 = variable(normal({48, 64}, 2));
  const Tensor x = normal({16, 200}, 3);
  const auto f = [&](const Var& t) { return tanh(linear(tanh(linear(t, w1)), w2)); };
  const auto peak = [&](std::optional<bool> recompute) {
    memory::reset_peak();
    const std::int64_t before = memory::bytes_in_use();
    grad(sum(squared_jacobian_norm(f, constant(x), {.chunk = 2, .recompute = recompute})), {w1, w2});
    return memory::peak_bytes() - before;
  };
  CHECK(peak(true) < peak(false) / 4);
  CHECK(peak(std::nullopt) == peak(false));  // this graph is small enough to keep
}
