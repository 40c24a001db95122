// SPDX-License-Identifier: MIT
// The engine: what is recorded, walked, kept and freed. Rules of single ops are checked in test_ops.cpp.
#include <cmath>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "tensor/storage.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

Var leaf(double value) { return variable(scalar(value, Dtype::f64)); }

}  // namespace

TEST_CASE("a gradient is the derivative, and its gradient the second") {
  const Var x = leaf(2);
  Var y = x * x * x * x;
  for (const double expected : {32.0, 48.0, 48.0, 24.0, 0.0}) {
    y = grad(y, x, {.create_graph = true, .allow_unused = true});
    CHECK(y.item() == expected);
    if (!y.needs_gradient()) break;
  }
}

TEST_CASE("a value used twice gets the sum of both gradients") {
  const Var a = leaf(5);
  CHECK(grad(a * a, a).item() == 10);
  const Var b = a * 2;
  CHECK(grad(b * b + b, a).item() == 42);
}

TEST_CASE("broadcast operands get gradients of their own shape") {
  const Var column = variable(ones({3, 1}, Dtype::f64)), row = variable(ones({4}, Dtype::f64));
  const std::vector<Var> g = grad(sum(column * row), {column, row});
  CHECK(g[0].shape() == Shape{3, 1});
  CHECK(g[0].value().to_vector<double>() == std::vector<double>(3, 4));
  CHECK(g[1].shape() == Shape{4});
  CHECK(g[1].value().to_vector<double>() == std::vector<double>(4, 3));
}

TEST_CASE("an op with a constant makes no node and keeps no memory for the constant's gradient") {
  const Var c = constant(ones({1000}, Dtype::f64));
  const Var y = c * c + 1;
  CHECK_FALSE(y.needs_gradient());
  const Var x = variable(ones({1000}, Dtype::f64));
  const std::int64_t before = memory::bytes_in_use();
  const Var z = exp(x * c);  // keeps c, which is in use already, and its own value
  CHECK(memory::bytes_in_use() - before <= 2 * 10240);
}

TEST_CASE("NoGrad records nothing, and ends with its scope") {
  const Var x = leaf(1);
  {
    const NoGrad no_grad;
    { const NoGrad inner; }
    CHECK_FALSE((x * x).needs_gradient());  // the end of the inner scope is not the end of the outer one
  }
  CHECK((x * x).needs_gradient());
}

TEST_CASE("detach stops the gradient") {
  const Var x = leaf(3);
  CHECK(grad(x * x.detach(), x).item() == 3);
  CHECK(error_of([&] { grad(square(x.detach()), x); }) ==
        "grad: the value does not depend on input 0, f64[]; pass {.allow_unused = true} to get zeros for it");
}

TEST_CASE("a vector-valued function takes cotangents") {
  const Var x = variable(Tensor::from({1.0, 2.0, 3.0}));
  const std::vector<Var> ys{square(x), x * 10},
      cotangents{constant(Tensor::from({1.0, 0.0, 2.0})), constant(Tensor::from({0.0, 1.0, 0.0}))};
  const std::vector<Var> g = grad(ys, cotangents, std::vector<Var>{x});
  CHECK(g[0].value().to_vector<double>() == std::vector<double>{2, 10, 12});
}

TEST_CASE("the gradient of a value by itself is one, also next to gradients by earlier values") {
  const Var x = leaf(3), h = x * 2, y = square(h);
  const std::vector<Var> g = grad(y, {y, h, x});
  CHECK(g[0].item() == 1);
  CHECK(g[1].item() == 12);
  CHECK(g[2].item() == 24);
}

TEST_CASE("a walk that ends at h leaves the graph between h and the weights for a later walk") {
  const Var w = leaf(3), h = w * 2.0;
  CHECK(grad(sum(h * h), h).item() == 12);
  CHECK(grad(sum(h), w).item() == 2);
}

TEST_CASE("slices of one value along two axes add up in its gradient") {
  const Var x = variable(Tensor::from({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, {2, 3}));
  const Var y =
      sum(square(slice(x, 0, 0, 1))) + sum(slice(x, 1, 1, 3) * 10.0) + sum(slice(x, 0, 1, 2) * slice(x, 0, 0, 1));
  CHECK(
      equal(grad(y, x).value(), Tensor::from({2.0 + 4, 4.0 + 10 + 5, 6.0 + 10 + 6, 1.0, 2.0 + 10, 3.0 + 10}, {2, 3})));
  // The first ends at row 1, the second begins at column 1; and of the two of a square, each has its own axis.
  CHECK(equal(grad(sum(slice(x, 0, 0, 1)) + sum(slice(x, 1, 1, 3)), x).value(),
              Tensor::from({1.0, 2.0, 2.0, 0.0, 1.0, 1.0}, {2, 3})));
  const Var square = slice(x, 1, 0, 2);
  CHECK(equal(grad(sum(slice(square, 0, 0, 1)) + sum(transpose(slice(square, 1, 1, 2))), square).value(),
              Tensor::from({1.0, 2.0, 0.0, 1.0}, {2, 2})));
}

TEST_CASE("grad releases the graph unless retain_graph is set") {
  const Var x = leaf(2), y = square(x) * 3;
  CHECK(grad(y, x, {.retain_graph = true}).item() == 12);
  CHECK(grad(y, x).item() == 12);
  CHECK(error_of([&] { grad(y, x); }) ==
        "grad: this graph was released by an earlier grad(); pass {.retain_graph = true} there");
}

TEST_CASE("activations return to the pool as the walk passes them") {
  const Var x = variable(ones({1 << 16}, Dtype::f64));
  Var h = x;
  for (int i = 0; i < 20; ++i) h = tanh(h);
  const Var y = sum(h);
  h = Var();
  const std::int64_t full = memory::bytes_in_use();
  memory::reset_peak();
  const Var g = grad(y, x);
  CHECK(memory::peak_bytes() - full < std::int64_t{4} << 19);
  CHECK(memory::bytes_in_use() < full - (std::int64_t{17} << 19));
}

TEST_CASE("errors of grad name the input and what is missing") {
  const Var x = variable(ones({3})), unused = leaf(1);
  CHECK(error_of([&] { grad(x, x); }) ==
        "grad: needs a value of one element to differentiate, got f32[3]; reduce it with sum or mean, or give a "
        "cotangent");
  CHECK(error_of([&] { grad(sum(x), constant(ones({2}))); }) ==
        "grad: input 0, f32[2], is a constant; make it a variable() before computing with it");
  const Parameter weight("encoder.weight", ones({2, 2}));
  CHECK(error_of([&] { grad(sum(x), std::vector<Parameter>{weight}); }) ==
        "grad: the value does not depend on parameter encoder.weight, f32[2, 2]; pass {.allow_unused = true} to get "
        "zeros for it");
  CHECK(grad(sum(x), unused, {.allow_unused = true}).item() == 0);
  CHECK(error_of([&] { variable(arange(3)); }) == "variable: needs f32 or f64, got i64[3]");
  CHECK(error_of([&] { x + variable(ones({4})); }) ==
        "add: cannot broadcast f32[3] with f32[4]: axis -1 is 3 against 4");
  CHECK(error_of([&] { x* unused; }) == "mul: dtypes differ: f32[3] and f64[]; convert one with to(x, Dtype)");
}

TEST_CASE("a graph keeps its values when the optimizer steps") {
  const Parameter w("w", full({2}, 3, Dtype::f64));
  const Var x = w, loss = sum(x * x);
  w.mutable_value().mutable_data<double>()[0] = 100;
  const Var gradient = grad(loss, std::vector<Parameter>{w})[0];
  CHECK(gradient.value().to_vector<double>() == std::vector<double>{6, 6});
  CHECK(w.value().to_vector<double>() == std::vector<double>{100, 3});
}

TEST_CASE("a chain of a million nodes differentiates and frees on the default stack") {
  const std::int64_t before = memory::bytes_in_use();
  {
    const Var x = leaf(1);
    Var h = x;
    for (int i = 0; i < 500000; ++i) h = tanh(h * 1.0001);
    const double forward = h.item();
    CHECK(std::isfinite(forward));
    const double slope = grad(h, x).item();
    CHECK(slope > 0);
    CHECK(slope < 1);
    Var unwalked = x;
    for (int i = 0; i < 500000; ++i) unwalked = tanh(unwalked * 1.0001);
  }
  CHECK(memory::bytes_in_use() == before);
}

TEST_CASE("a graph may be freed on another thread") {
  Var h = leaf(1);
  for (int i = 0; i < 100000; ++i) h = h * 1.0001;
  std::thread([graph = std::move(h)]() mutable { graph = Var(); }).join();
}

TEST_CASE("threads may differentiate by the same parameters at the same time") {
  const Parameter w("w", full({8}, 2, Dtype::f64));
  std::vector<double> results(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < results.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i)
        results[t] = sum(grad(sum(square(Var(w))), std::vector<Parameter>{w})[0].value()).item();
    });
  for (std::thread& thread : threads) thread.join();
  for (const double result : results) CHECK(result == 32);
}

TEST_CASE("double backward leaves no memory in use") {
  const auto penalty = [] {
    const Var x = variable(full({4, 3}, 0.3, Dtype::f64)), w = variable(full({2, 3}, 0.2, Dtype::f64));
    const Var h = tanh(linear(x, w));
    const Var j = grad(sum(h), x, {.create_graph = true});
    return grad(sum(square(j)), w).value();
  };
  penalty();
  const std::int64_t before = memory::bytes_in_use();
  for (int i = 0; i < 100; ++i) penalty();
  CHECK(memory::bytes_in_use() == before);
}

TEST_CASE("check_gradients accepts right gradients and names wrong ones") {
  const Tensor x = Tensor::from({0.3, -0.7, 1.1});
  CHECK(check_gradients([](const std::vector<Var>& v) { return sin(v[0]) * v[0]; }, {x}, {.order = 3}) < 1e-6);
  const auto wrong = [](const Var& v) {
    static constexpr Op op{"wrong"};
    return record(op, square(v.value()), wrt(v, [v](const Var& g) { return g * v * 2.002; }));
  };
  const std::string first = error_of(
      [&] { check_gradients([&](const std::vector<Var>& v) { return wrong(v[0]); }, {x}, {.name = "wrong"}); });
  CHECK(first.starts_with("wrong: order 1, input 0: analytic "));
  // Right at first order, wrong at second: the rule hides its own dependence on v.
  const auto shallow = [](const Var& v) {
    static constexpr Op op{"shallow"};
    return record(op, square(v.value()), wrt(v, [value = v.value()](const Var& g) { return g * constant(value) * 2; }));
  };
  const std::string second = error_of(
      [&] { check_gradients([&](const std::vector<Var>& v) { return shallow(v[0]); }, {x}, {.name = "shallow"}); });
  CHECK(second.starts_with("shallow: order 2, input 0: analytic "));
}

TEST_CASE("a normal sample carries gradients to mean and standard deviation") {
  const Tensor mean = Tensor::from({0.5, -1.0}), std = Tensor::from({0.8, 2.0}), x = Tensor::from({0.1, 0.2});
  const auto normal = [](const std::vector<Var>& v) { return Normal{v[0], v[1]}; };
  check_gradients(
      [&](const std::vector<Var>& v) {
        Rng rng(1);
        return normal(v).rsample(rng);
      },
      {mean, std}, {.name = "rsample"});
  check_gradients([&](const std::vector<Var>& v) { return normal(v).log_prob(v[2]); }, {mean, std, x},
                  {.name = "log_prob"});
  check_gradients(
      [&](const std::vector<Var>& v) {
        return kl(normal(v), Normal{v[2], v[1] * 2});
      },
      {mean, std, x}, {.name = "kl"});
}

TEST_CASE("KL of two normals agrees with its Monte Carlo estimate") {
  const Normal p{constant(full({200000}, 0.5, Dtype::f64)), constant(full({200000}, 0.7, Dtype::f64))};
  const Normal q{constant(full({200000}, -0.2, Dtype::f64)), constant(full({200000}, 1.5, Dtype::f64))};
  Rng rng(3);
  const Var x = p.rsample(rng);
  const Tensor ratio = (p.log_prob(x) - q.log_prob(x)).value();
  const double closed = kl(p, q).value().to_vector<double>()[0], error = stddev(ratio).item() / std::sqrt(200000.0);
  CHECK(std::abs(mean(ratio).item() - closed) < 4 * error);
  CHECK(std::abs(closed - (std::log(1.5 / 0.7) + (0.49 + 0.49) / (2 * 2.25) - 0.5)) < 1e-12);
}
