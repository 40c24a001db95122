// SPDX-License-Identifier: MIT
// Checkpoints, which run a part of the graph again instead of keeping it.
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/checkpoint.h"
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

TEST_CASE("a checkpoint changes neither value nor derivative of any order") {
  const auto part = [](const Var& x, const Var& w) { return tanh(linear(x, w)) * sigmoid(x); };
  const Var w = variable(normal({3, 3}, 1));
  const auto plain = [&](const std::vector<Var>& v) { return sum(part(part(v[0], v[1]), v[1]), {1}); };
  const auto checkpointed = [&](const std::vector<Var>& v) {
    // One part gets the weight as an argument; the other part captures the same weight.
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

TEST_CASE("a checkpoint draws the same random numbers again, without advancing any stream") {
  Rng rng(4);
  const Var x = variable(ones({5}, Dtype::f64));
  std::vector<std::vector<double>> seen;
  const auto noisy = [&](const Var& v) {
    const Var noise = constant(rng.normal({5}, 0, 1, Dtype::f64));
    seen.push_back(noise.value().to_vector<double>());
    // An inner checkpoint, which also draws.
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

TEST_CASE("a chain of checkpoints keeps less memory, and releases all of it") {
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

TEST_CASE("a checkpoint of constants, of an input itself, or without recording gives f's result") {
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
