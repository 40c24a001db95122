// Derivatives of functions, the size of Jacobians, checkpoints, and gradients that are changed on purpose.
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/checkpoint.h"
#include "autograd/derivatives.h"
#include "autograd/flow.h"
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/storage.h"
#include "tests/error_of.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using test::check_close;
using test::ramp;

namespace {

Tensor normal(const Shape& shape, int seed) {
  return Rng(static_cast<std::uint64_t>(seed)).normal(shape, 0, 1, Dtype::f64);
}

// Encoders of [batch, 5] to [batch, 3] and how they are written down: what the methods are to agree on.
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

TEST_CASE("products and matrices of a known function") {
  // y = (a x0 x1, x1²) with a = 3
  const Var a = variable(scalar(3, Dtype::f64)), x = variable(Tensor::from({2.0, 5.0}));
  const auto f = [&](const Var& v) {
    const Var v0 = select(v, 0, 0), v1 = select(v, 0, 1);
    return stack({a * v0 * v1, square(v1)});
  };
  const Var j = jacobian(f, x);
  CHECK(j.shape() == Shape{2, 2});
  CHECK(j.value().to_vector<double>() == std::vector<double>{15, 6, 0, 10});
  const Product pulled = vjp(f, x, constant(Tensor::from({1.0, 2.0}))),
                pushed = jvp(f, x, constant(Tensor::from({1.0, 2.0})));
  CHECK(pulled.value.value().to_vector<double>() == std::vector<double>{30, 25});
  CHECK(pulled.product.value().to_vector<double>() == std::vector<double>{15, 26});
  CHECK(pushed.value.value().to_vector<double>() == std::vector<double>{30, 25});
  CHECK(pushed.product.value().to_vector<double>() == std::vector<double>{27, 20});
  // All of it can be differentiated by what f captured, and by x.
  CHECK(grad(sum(j), a).item() == 7);
  CHECK(grad(sum(jacobian(f, x)), x).value().to_vector<double>() == std::vector<double>{3, 5});
  CHECK(grad(sum(pushed.product), a).item() == 9);
  CHECK(grad(sum(pulled.product), a).item() == 7);

  const auto g = [&](const Var& v) { return sum(f(v)); };
  CHECK(hessian(g, x).value().to_vector<double>() == std::vector<double>{0, 3, 3, 2});
  const Product bent = hvp(g, x, constant(Tensor::from({1.0, 10.0})));
  CHECK(bent.value.item() == 55);
  CHECK(bent.product.value().to_vector<double>() == std::vector<double>{30, 23});
  const Var y = g(x);
  CHECK(hvp(y, std::vector<Var>{x}, std::vector<Var>{constant(Tensor::from({1.0, 10.0}))})[0]
            .value()
            .to_vector<double>() == std::vector<double>{30, 23});
}

TEST_CASE("functions of several arguments have a block for each") {
  const std::vector<Var> xs{variable(normal({2, 3}, 1)), constant(normal({3}, 2))};
  const auto f = [](const std::vector<Var>& v) { return matmul(v[0], v[1] * v[1]); };
  const std::vector<Var> j = jacobian(f, xs);
  CHECK(j[0].shape() == Shape{2, 2, 3});
  CHECK(j[1].shape() == Shape{2, 3});
  CHECK_NOTHROW(check_close("dy/dv", j[1].value(), (xs[0] * xs[1] * 2).value(), 1e-15, 1));
  const std::vector<Var> vs{constant(normal({2, 3}, 3)), constant(normal({3}, 4))};
  const Product pushed = jvp(f, xs, vs);
  const Tensor wanted = sum(j[0].value() * vs[0].value(), {1, 2}) + matmul(j[1].value(), vs[1].value());
  CHECK_NOTHROW(check_close("jvp", pushed.product.value(), wanted, 1e-14, 1));

  const auto g = [&](const std::vector<Var>& v) { return sum(square(f(v))); };
  const std::vector<std::vector<Var>> h = hessian(g, xs);
  CHECK(h[0][1].shape() == Shape{2, 3, 3});
  CHECK(h[1][0].shape() == Shape{3, 2, 3});
  CHECK_NOTHROW(check_close("blocks", permute(h[0][1].value(), {2, 0, 1}), h[1][0].value(), 1e-14, 1));
}

TEST_CASE("chunks do not change a Jacobian, and inside NoGrad it is a number") {
  const Weights v;
  const Var x = variable(normal({2, 5}, 6));
  const auto f = [&](const Var& t) { return tanh(linear(t, v.w)); };
  const Tensor whole = jacobian(f, x).value(), batch = batch_jacobian(f, x).value();
  CHECK(whole.shape() == Shape{2, 3, 2, 5});
  CHECK(batch.shape() == Shape{2, 3, 5});
  for (const std::int64_t chunk : {1, 2, 4, 100}) {
    CHECK(equal(jacobian(f, x, {.chunk = chunk}).value(), whole));
    CHECK(equal(batch_jacobian(f, x, {.chunk = chunk}).value(), batch));
  }
  for (std::int64_t b = 0; b < 2; ++b) CHECK(equal(select(select(whole, 0, b), 1, b), select(batch, 0, b)));
  CHECK(jacobian(f, x).needs_gradient());
  const NoGrad no_grad;
  CHECK(equal(jacobian(f, x).value(), whole));
  CHECK_FALSE(jacobian(f, x).needs_gradient());
  CHECK_FALSE(squared_jacobian_norm(f, x).needs_gradient());
  CHECK_FALSE(jvp(f, x, x).product.needs_gradient());
}

TEST_CASE("only its argument is what a function is differentiated by") {
  const Var x = variable(scalar(3, Dtype::f64)), z = x * 2;
  const auto f = [&](const Var& t) { return t * z; };  // z counts as a constant 6, though x is in it
  const Var d = jacobian(f, x);
  CHECK(d.item() == 6);
  CHECK(grad(d, x).item() == 2);
  CHECK(jacobian([&](const Var&) { return z; }, x).item() == 0);
  CHECK(jacobian([&](const Var&) { return constant(ones({2}, Dtype::f64)); }, x).value().to_vector<double>() ==
        std::vector<double>{0, 0});
}

TEST_CASE("empty and 0-d arguments have Jacobians, too") {
  const auto f = [](const Var& t) { return exp(t); };
  CHECK(jacobian(f, constant(zeros({0}, Dtype::f64))).shape() == Shape{0, 0});
  CHECK(jacobian(f, constant(scalar(0, Dtype::f64))).item() == 1);
  CHECK(jacobian([](const Var& t) { return sum(t); }, constant(zeros({0, 2}, Dtype::f64))).shape() == Shape{0, 2});
  CHECK(batch_jacobian(f, constant(zeros({0, 2}, Dtype::f64))).shape() == Shape{0, 2, 2});
  CHECK(squared_jacobian_norm(f, constant(zeros({0, 2}, Dtype::f64))).shape() == Shape{0});
  CHECK(squared_jacobian_norm(f, constant(zeros({2, 0}, Dtype::f64))).value().to_vector<double>() ==
        std::vector<double>{0, 0});
  CHECK(squared_jacobian_norm(f, constant(zeros({2}, Dtype::f64))).value().to_vector<double>() ==
        std::vector<double>{1, 1});
}

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

    // and it is right at second order: the penalty's own derivatives against finite differences
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

TEST_CASE("methods that do not fit say what they need") {
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
  // Rows that point the same way: ‖1ᵀJ‖² = m ‖J‖², ten times as much; opposite ways: nothing of it.
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
  // More samples are the mean of as many estimates, whatever the chunk.
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
  CHECK(peak(std::nullopt) == peak(false));  // small enough to be kept
}

TEST_CASE("a hundred thousand steps with double backward keep no node and no memory") {
  const Var w = variable(normal({2, 3}, 1)), x = constant(normal({2, 3}, 2));
  const auto step = [&] {
    const Var t = variable(x.value()), h = tanh(linear(t, w));
    const Var j = grad(sum(h), t, {.create_graph = true});
    return grad(sum(square(j)), w).value();
  };
  const Tensor first = step();
  const std::int64_t nodes = live_nodes(), bytes = memory::bytes_in_use();
  memory::reset_peak();
  step();
  const std::int64_t peak = memory::peak_bytes();
  bool constant_count = true;
  for (int i = 0; i < 100'000; ++i) {
    step();
    constant_count = constant_count && live_nodes() == nodes;
  }
  CHECK(constant_count);
  CHECK(memory::bytes_in_use() == bytes);
  CHECK(memory::peak_bytes() == peak);
  CHECK(equal(step(), first));
}

TEST_CASE("double backward goes the two ways that the chapter works out by hand") {
  const Var w = variable(scalar(0.25, Dtype::f64)), x = variable(scalar(4, Dtype::f64));
  const Var h = tanh(w * x), j = grad(h, x, {.create_graph = true}), p = square(j);
  const double h0 = std::tanh(1.0), slope = 1 - h0 * h0;
  CHECK(std::abs(j.item() - 0.1050) < 5e-5);
  CHECK(std::abs(p.item() - 0.0110) < 5e-5);
  const double through_h = grad(p, h, {.retain_graph = true}).item(), whole = grad(p, w).item();
  CHECK(std::abs(through_h - -0.0800) < 5e-5);
  CHECK(std::abs(whole - (0.0882 - 0.1343)) < 1e-4);
  CHECK(std::abs(whole - 2 * j.item() * (slope - 2 * h0 * slope)) < 1e-15);
}

// An op from outside of the library, as CONTRIBUTING.md shows it.
namespace {
Var log_cosh(const Var& x) {
  const Tensor size = abs(x.value());
  return record("log_cosh", size + log1p(exp(size * -2)) - std::numbers::ln2,
                wrt(x, [x](const Var& g) { return g * tanh(x); }));
}
}  // namespace
TEST_CASE("an op with a rule of its own works with everything") {
  const Tensor x = Tensor::from({-30.0, 0.2, 2.0});
  CHECK_NOTHROW(check_gradients([](const std::vector<Var>& v) { return log_cosh(v[0]); }, {x}, {.order = 3}));
  const Var t = variable(x);
  CHECK(equal(jacobian(log_cosh, t).value(), where(eye(3, -1, Dtype::u8), tanh(x), 0)));
  CHECK(equal(jvp(log_cosh, t, t).product.value(), tanh(x) * x));
  CHECK(equal(squared_jacobian_norm(log_cosh, t).value(), square(tanh(x))));
}

// ---- checkpoints

TEST_CASE("a checkpoint changes neither value nor derivative of any order") {
  const auto part = [](const Var& x, const Var& w) { return tanh(linear(x, w)) * sigmoid(x); };
  const Var w = variable(normal({3, 3}, 1));
  const auto plain = [&](const std::vector<Var>& v) { return sum(part(part(v[0], v[1]), v[1]), {1}); };
  const auto checkpointed = [&](const std::vector<Var>& v) {
    // One weight is passed, the same one captured by the other part.
    const Var h =
        checkpoint([&](const std::vector<Var>& in) { return part(in[0], in[1]); }, std::vector<Var>{v[0], v[1]});
    return sum(checkpoint([w1 = v[1], part](const Var& in) { return part(in, w1); }, h), {1});
  };
  const std::vector<Tensor> inputs{normal({2, 3}, 2), normal({3, 3}, 1)};
  CHECK_NOTHROW(check_gradients(checkpointed, inputs, {.order = 3}));
  const std::vector<Var> xs{variable(inputs[0]), variable(inputs[1])};
  CHECK(equal(plain(xs).value(), checkpointed(xs).value()));
  const std::vector<Var> a = grad(sum(plain(xs)), xs), b = grad(sum(checkpointed(xs)), xs);
  for (std::size_t i = 0; i < xs.size(); ++i)
    CHECK_NOTHROW(check_close("gradient", b[i].value(), a[i].value(), 1e-14, 1));
  const auto one = [&](const Function& f) { return jacobian(f, xs[0]).value(); };
  CHECK_NOTHROW(check_close("jacobian", one([&](const Var& x) {
                              return checkpointed({x, xs[1]});
                            }),
                            one([&](const Var& x) {
                              return plain({x, xs[1]});
                            }),
                            1e-14, 1));
  CHECK_NOTHROW(
      check_close("jvp", jvp(checkpointed, xs, xs).product.value(), jvp(plain, xs, xs).product.value(), 1e-14, 1));
}

TEST_CASE("a checkpoint may have several results") {
  const std::vector<Var> xs{variable(normal({2, 3}, 2)), variable(normal({3}, 1))};
  const auto f = [](const std::vector<Var>& v) {
    const Var h = tanh(v[0] * v[1]);
    return std::vector<Var>{h, sum(square(h)), slice(h, 1, 0, 0)};
  };
  const std::vector<Var> a = f(xs), b = checkpoint(f, xs);
  REQUIRE(b.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(equal(a[i].value(), b[i].value()));
  const auto loss = [](const std::vector<Var>& ys) { return sum(ys[0] * ys[1]) + sum(ys[2]); };
  const std::vector<Var> ga = grad(loss(a), xs), gb = grad(loss(b), xs);
  for (std::size_t i = 0; i < 2; ++i) CHECK_NOTHROW(check_close("gradient", gb[i].value(), ga[i].value(), 1e-14, 1));
}

TEST_CASE("a captured value that depends on another captured value is counted once") {
  const Var w = variable(scalar(2, Dtype::f64)), c = w * w;
  const Var y = checkpoint([&](const Var& x) { return x * c * w; }, constant(scalar(5, Dtype::f64)));
  CHECK(y.item() == 40);
  CHECK(grad(y, w, {.retain_graph = true}).item() == 60);  // 3 w² x
  CHECK(grad(grad(y, w, {.create_graph = true}), w).item() == 60);
}

TEST_CASE("a checkpoint draws the same random numbers when it runs again, and no stream notices") {
  Rng rng(4);
  const Var x = variable(ones({5}, Dtype::f64));
  std::vector<std::vector<double>> seen;
  const auto noisy = [&](const Var& v) {
    const Var noise = constant(rng.normal({5}, 0, 1, Dtype::f64));
    seen.push_back(noise.value().to_vector<double>());
    // A checkpoint within, which draws as well.
    return checkpoint([&](const Var& u) { return u * constant(rng.uniform({5}, 1, 2, Dtype::f64)); }, v * noise);
  };
  const Var y = checkpoint(noisy, x);
  const Rng::State after = rng.state();
  const Tensor g = grad(sum(y), x).value();
  CHECK(rng.state() == after);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == seen[1]);
  CHECK(equal(g, y.value()));  // y = x * noise, and x is 1
  Rng again(4);
  CHECK(again.normal({5}, 0, 1, Dtype::f64).to_vector<double>() == seen[0]);
}

TEST_CASE("a chain of checkpoints keeps less, and gives all of it back") {
  const std::int64_t before = memory::bytes_in_use();
  const auto peak = [](bool checkpointed) {
    const Var x = variable(full({1 << 14}, 0.5, Dtype::f64));
    memory::reset_peak();
    const std::int64_t start = memory::bytes_in_use();
    Var h = x;
    const auto part = [](const Var& v) {
      Var u = v;
      for (int i = 0; i < 10; ++i) u = tanh(u);
      return u;
    };
    for (int i = 0; i < 10; ++i) h = checkpointed ? checkpoint(part, h) : part(h);
    grad(sum(std::exchange(h, Var())), x);
    return memory::peak_bytes() - start;
  };
  CHECK(peak(true) < peak(false) / 3);
  const std::int64_t nodes = live_nodes();
  peak(true);
  CHECK(live_nodes() == nodes);
  CHECK(memory::bytes_in_use() == before);
}

TEST_CASE("checkpoints of constants, of inputs themselves, and without recording are what f gives") {
  const Var x = variable(ones({2}, Dtype::f64));
  CHECK_FALSE(checkpoint([](const Var& v) { return v * 2; }, constant(ones({2}))).needs_gradient());
  CHECK(checkpoint([](const Var& v) { return v; }, x).node() == x.node());
  {
    const NoGrad no_grad;
    CHECK_FALSE(checkpoint([](const Var& v) { return v * 2; }, x).needs_gradient());
  }
  const Var y = sum(checkpoint([](const Var& v) { return v * 2; }, x));
  grad(y, x);
  CHECK(error_of([&] { grad(y, x); }) ==
        "grad: this graph was released by an earlier grad(); pass {.retain_graph = true} there");
}

// ---- gradients changed on purpose

TEST_CASE("hooks see whole gradients and may replace them") {
  const Var x = variable(Tensor::from({1.0, 2.0}));
  std::vector<double> seen;
  const Var h = on_gradient(x * 3, [&](const Var& g) { seen = g.value().to_vector<double>(); });
  CHECK(grad(sum(h * h) + sum(h), x).value().to_vector<double>() == std::vector<double>{21, 39});
  CHECK(seen == std::vector<double>{7, 13});
  const Var clipped = on_gradient(x, [](const Var& g) { return where(g.value() > 1, 1, g); });
  CHECK(grad(sum(square(clipped) * 0.5), x).value().to_vector<double>() == std::vector<double>{1, 1});
  CHECK(error_of([&] { grad(sum(on_gradient(x, [](const Var& g) { return sum(g); })), x); }) ==
        "on_gradient: the gradient is f64[2], the hook gave f64[]");
  // What a hook does is differentiated, too: (x²)' doubled is 4 x.
  const Var twice = on_gradient(x, [](const Var& g) { return g * 2; });
  const Var g = grad(sum(square(twice)), x, {.create_graph = true});
  CHECK(g.value().to_vector<double>() == std::vector<double>{4, 8});
}

TEST_CASE("stopped, scaled and straight-through gradients") {
  const Var x = variable(Tensor::from({0.4, 1.7}));
  CHECK(grad(sum(x * stop_gradient(x)), x).value().to_vector<double>() == std::vector<double>{0.4, 1.7});
  const Var reversed = scale_gradient(x, -1);
  CHECK(equal(reversed.value(), x.value()));
  CHECK(grad(sum(reversed * 3), x).value().to_vector<double>() == std::vector<double>{-3, -3});
  const Var rounded = straight_through(round(x.value()), x);
  CHECK(rounded.value().to_vector<double>() == std::vector<double>{0, 2});
  CHECK(grad(sum(square(rounded)), x).value().to_vector<double>() == std::vector<double>{0, 4});
  CHECK(error_of([&] { straight_through(ones({3}), x); }) == "straight_through: hard is f32[3], soft f64[2]");
}

TEST_CASE("the branch of a where that was not taken adds nothing, however steep it is there") {
  // Each has a pole, a kink or an overflow at one of the points; its value there is replaced by 0.
  const Tensor x = Tensor::from({-2.0, -1.0, 0.0, 0.5, 1.0, 800.0});
  struct Named {
    std::string name;
    Function f;
  };
  const std::vector<Named> functions{
      {"log", [](const Var& v) { return log(v); }},
      {"log1p", [](const Var& v) { return log1p(v); }},
      {"log2", [](const Var& v) { return log2(v); }},
      {"log10", [](const Var& v) { return log10(v); }},
      {"sqrt", [](const Var& v) { return sqrt(v); }},
      {"rsqrt", [](const Var& v) { return rsqrt(v); }},
      {"reciprocal", [](const Var& v) { return reciprocal(v); }},
      {"exp", [](const Var& v) { return exp(v); }},
      {"expm1", [](const Var& v) { return expm1(v); }},
      {"sinh", [](const Var& v) { return sinh(v); }},
      {"cosh", [](const Var& v) { return cosh(v); }},
      {"asin", [](const Var& v) { return asin(v); }},
      {"acos", [](const Var& v) { return acos(v); }},
      {"x log x", [](const Var& v) { return v * log(v); }},
      {"1 / x", [](const Var& v) { return 1 / v; }},
      {"x / x", [](const Var& v) { return v / v; }},
      {"sin x / x", [](const Var& v) { return sin(v) / v; }},
      {"pow 0.5", [](const Var& v) { return pow(v, 0.5); }},
      {"pow -2", [](const Var& v) { return pow(v, -2); }},
      {"x^x", [](const Var& v) { return pow(v, v); }},
      {"atan2(x, x)", [](const Var& v) { return atan2(v, v); }},
      {"sqrt of a square", [](const Var& v) { return sqrt(square(v)); }},
      {"a chain", [](const Var& v) { return exp(square(1 / sqrt(v))) * log(v); }},
  };
  for (const Named& named : functions) {
    const Function& f = named.f;
    CAPTURE(named.name);
    const Tensor good = [&] {  // where the function itself, its slope and its curvature are finite
      const Var v = variable(x), first = grad(sum(f(v)), v, {.create_graph = true, .allow_unused = true});
      const Var second = first.needs_gradient() ? grad(sum(first), v, {.allow_unused = true}) : first;
      return logical_and(isfinite(f(v).value()), logical_and(isfinite(first.value()), isfinite(second.value())));
    }();
    CHECK(to(sum(to(good, Dtype::i64)), Dtype::f64).item() < 6);
    const auto derivatives_of = [&](const Function& g) {
      const Var v = variable(x),
                first = grad(sum(g(v) * constant(ramp({6}, 3, Dtype::f64))), v, {.create_graph = true});
      return std::pair{first.value(),
                       grad(sum(first * constant(ramp({6}, 4, Dtype::f64))), v, {.allow_unused = true}).value()};
    };
    const auto [first, second] = derivatives_of([&](const Var& v) { return where(good, f(v), 0); });
    const auto [plain_first, plain_second] = derivatives_of(f);
    CHECK_NOTHROW(check_close("first", first, where(good, plain_first, 0), 0, 1));
    CHECK_NOTHROW(check_close("second", second, where(good, plain_second, 0), 0, 1));
  }
}

TEST_CASE("at kinks and ties the gradient is PyTorch's choice") {
  const auto slope = [](const Function& f, std::initializer_list<double> x) {
    const Var v = variable(Tensor::from(x));
    return grad(sum(f(v)), v).value().to_vector<double>();
  };
  using Numbers = std::vector<double>;
  const double inf = INFINITY;
  CHECK(slope([](const Var& v) { return relu(v); }, {0.0}) == Numbers{0});
  CHECK(slope([](const Var& v) { return abs(v); }, {0.0}) == Numbers{0});
  CHECK(slope([](const Var& v) { return leaky_relu(v, 0.2); }, {0.0}) == Numbers{0.2});
  CHECK(slope([](const Var& v) { return elu(v, 0.5); }, {0.0}) == Numbers{0.5});
  CHECK(slope([](const Var& v) { return clamp(v, -1, 1); }, {-2, -1, 1, 2}) == Numbers{0, 1, 1, 0});
  CHECK(slope([](const Var& v) { return maximum(v, 1); }, {0, 1, 2}) == Numbers{0, 0.5, 1});
  CHECK(slope([](const Var& v) { return minimum(v, v); }, {3.0}) == Numbers{1});
  CHECK(slope([](const Var& v) { return max(v); }, {2, 5, 5}) == Numbers{0, 0.5, 0.5});
  CHECK(slope([](const Var& v) { return norm(v); }, {0, 0}) == Numbers{0, 0});
  CHECK(slope([](const Var& v) { return sqrt(v); }, {0.0}) == Numbers{inf});
  CHECK(slope([](const Var& v) { return pow(v, 0); }, {0.0}) == Numbers{0});
  CHECK(slope([](const Var& v) { return prod(v); }, {0, 0, 2}) == Numbers{0, 0, 0});
  CHECK(slope([](const Var& v) { return round(v) + sign(v) + floor(v); }, {0, 0.5}) == Numbers{0, 0});
}

TEST_CASE("a piecewise function asks each piece about its own elements alone") {
  const Var x = variable(Tensor::from({-1.0, 0.0, 2.0}));
  const auto f = [](const std::vector<Var>& v) {
    return piecewise(
        v[0].value() > 0, v[0], [](const Var& u) { return log(u); }, [](const Var& u) { return u * 3; });
  };
  const Var y = f({x});
  CHECK(y.value().to_vector<double>() == std::vector<double>{-3, 0, std::log(2.0)});
  CHECK(grad(sum(y), x).value().to_vector<double>() == std::vector<double>{3, 3, 0.5});
  CHECK_NOTHROW(check_gradients(f, {Tensor::from({-1.0, -0.1, 2.0})}, {.order = 3}));
}

// ---- random numbers made again

TEST_CASE("a log of draws plays them back in order, across streams, and says when there are no more") {
  Rng a(1), b(2);
  DrawLog log;
  std::vector<Tensor> first, second;
  {
    const DrawLog::Guard note = log.note();
    first = {a.normal({3}), b.uniform({2}), a.split("x").bernoulli({4}, 0.5), b.permutation(5)};
  }
  a.normal({10});
  {
    const DrawLog::Guard replay = log.replay();
    second = {a.normal({3}), b.uniform({2}), a.split("x").bernoulli({4}, 0.5), b.permutation(5)};
    CHECK(error_of([&] { a.uniform(); }) == "DrawLog: more draws are asked for than the 4 that were noted");
  }
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(equal(first[i], second[i]));
  CHECK(a.state().draw == 2);
}
