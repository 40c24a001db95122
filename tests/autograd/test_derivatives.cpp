// SPDX-License-Identifier: MIT
// Derivatives of functions: products, Jacobians, Hessians, double backward, and a user's own op.
#include <cmath>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/derivatives.h"
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/storage.h"
#include "tests/error_of.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using test::check_close;
using test::normal;

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
  // All results can be differentiated by the variables that f captured, and by x.
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
  const NoGrad no_grad;
  for (int again = 0; again < 2; ++again)  // y's graph is kept
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

TEST_CASE("a function that does not use an argument has derivatives of 0 by it") {
  const std::vector<Var> xs{variable(normal({2}, 1)), variable(normal({3}, 2))};
  const auto f = [](const std::vector<Var>& v) { return square(v[0]); };
  const auto g = [&](const std::vector<Var>& v) { return sum(f(v)); };
  CHECK(equal(jacobian(f, xs)[1].value(), zeros({2, 3}, Dtype::f64)));
  CHECK(equal(vjp(f, xs, xs[0]).products[1].value(), zeros({3}, Dtype::f64)));
  const std::vector<std::vector<Var>> h = hessian(g, xs);
  CHECK(equal(h[0][0].value(), eye(2, -1, Dtype::f64) * 2));
  CHECK(equal(h[0][1].value(), zeros({2, 3}, Dtype::f64)));
  CHECK(equal(h[1][1].value(), zeros({3, 3}, Dtype::f64)));
}

TEST_CASE("chunks do not change a Jacobian, and inside NoGrad it is a number") {
  const Var w = variable(normal({3, 5}, 5));
  const Var x = variable(normal({2, 5}, 6));
  const auto f = [&](const Var& t) { return tanh(linear(t, w)); };
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

TEST_CASE("a function is differentiated by its argument alone") {
  const Var x = variable(scalar(3, Dtype::f64)), z = x * 2;
  const auto f = [&](const Var& t) { return t * z; };  // z counts as a constant 6, but depends on x
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

TEST_CASE("double backward takes the two paths that the chapter works out by hand") {
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
  static constexpr Op op{"log_cosh"};
  return record(op, size + log1p(exp(size * -2)) - std::numbers::ln2,
                wrt(x, [x](const Var& g) { return g * tanh(x); }));
}
}  // namespace
TEST_CASE("a user's own op works with all derivatives") {
  const Tensor x = Tensor::from({-30.0, 0.2, 2.0});
  CHECK_NOTHROW(check_gradients([](const std::vector<Var>& v) { return log_cosh(v[0]); }, {x}, {.order = 3}));
  const Var t = variable(x);
  CHECK(equal(jacobian(log_cosh, t).value(), where(eye(3, -1, Dtype::u8), tanh(x), 0)));
  CHECK(equal(jvp(log_cosh, t, t).product.value(), tanh(x) * x));
  CHECK(equal(squared_jacobian_norm(log_cosh, t).value(), square(tanh(x))));
}
