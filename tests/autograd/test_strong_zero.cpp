// SPDX-License-Identifier: MIT
// A gradient of 0 stays 0, whatever a rule would multiply it by. test_ops.cpp checks this for every op as a whole; here
// are single elements, rows and layers, and the points where a derivative is 0 by convention.
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/attention.h"
#include "nn/losses.h"
#include "tensor/random.h"
#include "tests/numbers.h"

using namespace hourglass;
using test::kInfinity;
using test::kNan;

namespace {

using OfOne = Var (*)(const Var&);

Tensor gradient_of(const Var& y, const Var& x) { return grad(sum(y), x, {.retain_graph = true}).value(); }
bool is_finite(const Tensor& x) { return all(isfinite(x)).item() != 0; }

// The first and the second derivative of Σ f(x), each along ones.
std::vector<Tensor> two_orders(const Var& y, const Var& x) {
  const Var first = grad(sum(y), x, {.create_graph = true});
  return {first.value(), grad(sum(first), x, {.allow_unused = true}).value()};
}

}  // namespace

TEST_CASE("where a branch is not taken, its gradient is 0 and the others are right") {
  const OfOne functions[] = {
      [](const Var& x) { return lgamma(x); },
      [](const Var& x) { return digamma(x); },
      [](const Var& x) { return polygamma(1, x); },
      [](const Var& x) { return abs(log(x - 1)); },
      [](const Var& x) { return softplus(log(x - 1)); },
      [](const Var& x) { return sin(1 / x); },
      [](const Var& x) { return cos(1 / x); },
      [](const Var& x) { return tan(1 / x); },
      [](const Var& x) { return silu(log(x)); },
      [](const Var& x) { return gelu(1 / x); },
      [](const Var& x) { return sigmoid(log(x - 1)); },
      [](const Var& x) { return tanh(log(x - 1)); },
      [](const Var& x) { return erf(log(x - 1)); },
      [](const Var& x) { return erfc(log(x - 1)); },
      [](const Var& x) { return atan(log(x - 1)); },
      [](const Var& x) { return softsign(log(x - 1)); },
      [](const Var& x) { return lerp(1 / x, x, log(x)); },
      [](const Var& x) { return logaddexp(log(x), log(x)); },
      [](const Var& x) { return bce_with_logits(log(x), 1 / x); },
      [](const Var& x) { return bce(log(x - 1), x); },
      [](const Var& x) { return x * kInfinity; },
      [](const Var& x) { return x / 0; },
      [](const Var& x) { return pow(x, x - 1); },
      [](const Var& x) { return atan2(1 / x, x); },
  };
  int number = -1;
  for (const OfOne f : functions) {
    ++number;
    CAPTURE(number);
    const Var x = variable(Tensor::from({0.0, 2.5}));
    const std::vector<Tensor> both = two_orders(where(x.value() == 0, 0, f(x)), x);
    const Var alone = variable(Tensor::from({2.5}));
    const std::vector<Tensor> wanted = two_orders(f(alone), alone);
    for (std::size_t order = 0; order < 2; ++order) {
      const std::vector<double> got = both[order].to_vector<double>();
      CHECK(got[0] == 0);
      CHECK((got[1] == wanted[order].item() || (std::isnan(got[1]) && std::isnan(wanted[order].item()))));
    }
  }
}

TEST_CASE("rows that are left out of a reduction pass on 0") {
  const Tensor taken = Tensor::from<std::uint8_t>({0, 1}, {2, 1});
  const OfOne functions[] = {
      [](const Var& x) { return norm(1 / x, {1}, true); },
      [](const Var& x) { return norm(1 / x, {1}, true, 3); },
      [](const Var& x) { return norm(1 / x, {1}, true, kInfinity); },
      [](const Var& x) { return stddev(1 / x, {1}, true); },
      [](const Var& x) { return var(1 / x, {1}, true); },
      [](const Var& x) { return max(log(x - 1), {1}, true); },
      [](const Var& x) { return prod(1 / x, {1}, true); },
      [](const Var& x) { return logsumexp(log(x), {1}, true); },
      [](const Var& x) { return softmax(log(x), 1); },
      [](const Var& x) { return log_softmax(log(x), 1); },
      [](const Var& x) { return transpose(softmax(transpose(log(x)), 0)); },
      [](const Var& x) { return transpose(log_softmax(transpose(log(x)), 0)); },
      [](const Var& x) { return standardize(1 / x, {1}); },
      [](const Var& x) { return matmul(1 / x, transpose(x + 1)); },
      [](const Var& x) { return linear(1 / x, x + 1); },
  };
  int number = -1;
  for (const OfOne f : functions) {
    ++number;
    CAPTURE(number);
    const Var x = variable(Tensor::from({0.0, 0.0, 0.0, 2.0, 3.5, 5.0}, {2, 3}));
    for (const Tensor& g : two_orders(where(taken, f(x), 0), x)) {
      if (number < 13) CHECK(any(select(g, 0, 0)).item() == 0);
      CHECK(is_finite(g));
    }
  }
}

TEST_CASE("an ignored row of -∞ leaves the others' gradient of cross_entropy alone") {
  const Var x = variable(Tensor::from({-kInfinity, -kInfinity, 1.0, 2.0}, {2, 2}));
  const Tensor target = Tensor::from<std::int64_t>({-100, 0});
  for (const double smoothing : {0.0, 0.1}) {
    const Tensor g = grad(nn::cross_entropy(x, target, {.label_smoothing = smoothing}), x).value();
    CHECK(any(select(g, 0, 0)).item() == 0);
    const double p = 1 / (1 + std::exp(1.0));
    CHECK(select(g, 0, 1).to_vector<double>()[0] == doctest::Approx(p - 1 + smoothing / 2));
  }
}

TEST_CASE("a query that may look at nothing leaves the gradients of the others alone, whatever hides the keys") {
  Rng rng(3);
  nn::MultiheadAttention attention(4, 2, rng, {.batch_first = true, .dtype = Dtype::f64});
  const Tensor of_query = Tensor::from<std::uint8_t>({0, 1, 1, 1, 1, 1, 0, 0, 1}, {3, 3}),  // query 1 sees nothing
      of_sample = Tensor::from<std::uint8_t>({0, 1, 1, 1, 1, 1}, {2, 3});                   // nor does sample 1
  const auto added = [](const Tensor& mask) { return where(mask, -kInfinity, zeros(mask.shape(), Dtype::f64)); };
  const nn::AttentionOptions all_options[] = {{.attn_mask = of_query},
                                              {.attn_mask = added(of_query)},
                                              {.key_padding_mask = of_sample},
                                              {.key_padding_mask = added(of_sample)},
                                              {.key_padding_mask = added(of_sample), .is_causal = true}};
  for (const nn::AttentionOptions& options : all_options) {
    const int axis = options.attn_mask ? 1 : 0;  // index 1 of it sees nothing
    const Var q = variable(rng.normal({2, 3, 4}, 0, 1, Dtype::f64)),
              source = variable(rng.normal({2, 3, 4}, 0, 1, Dtype::f64));
    const auto out = attention.forward(q, source, source, options);
    CHECK(is_finite(out.output.value()));
    CHECK(any(select(out.weights.value(), axis, 1)).item() == 0);
    std::vector<Var> all{q, source};
    for (const Parameter& p : attention.parameters()) all.push_back(p);
    const std::vector<Var> first = grad(sum(square(out.output)), all, {.create_graph = true});
    CHECK(any(select(first[0].value(), axis, 1)).item() == 0);
    for (const Var& g : first) CHECK(is_finite(g.value()));
    for (const Var& g : grad(sum(square(first[0])) + sum(square(first[1])), all, {.allow_unused = true}))
      CHECK(is_finite(g.value()));
  }
}

TEST_CASE("a sample of NaN that a loss leaves out does not reach the weights") {
  Rng rng(4);
  const Tensor images =
      where(Tensor::from<std::uint8_t>({1, 0}, {2, 1, 1, 1}), std::nan(""), rng.normal({2, 1, 4, 4}, 0, 1, Dtype::f64));
  const Var w = variable(rng.normal({1, 1, 3, 3}, 0, 1, Dtype::f64));
  const Var y = conv2d(constant(images), w);
  const Tensor g = gradient_of(where(Tensor::from<std::uint8_t>({0, 1}, {2, 1, 1, 1}), y, 0), w);
  const Tensor alone = gradient_of(conv2d(constant(slice(images, 0, 1, 2)), w), w);
  CHECK(allclose(g, alone, 1e-14));
}

TEST_CASE("where a convention makes the derivative 0, the second derivative is 0 as well") {
  const OfOne flat[] = {
      [](const Var& x) { return norm(x, {-1}); },
      [](const Var& x) { return norm(x, {-1}, false, 0.5); },
      [](const Var& x) { return norm(x, {-1}, false, 1.5); },
      [](const Var& x) { return norm(x, {-1}, false, 3); },
      [](const Var& x) { return norm(x, {-1}, false, kInfinity); },
      [](const Var& x) { return norm(x, {-1}, false, 1); },
      [](const Var& x) { return stddev(x, {-1}); },
      [](const Var& x) { return abs(x); },
      [](const Var& x) { return atan2(x, x); },
  };
  int number = -1;
  for (const OfOne f : flat) {
    ++number;
    CAPTURE(number);
    const Var x = variable(zeros({2}, Dtype::f64));
    const Var first = grad(sum(f(x)), x, {.create_graph = true});
    CHECK(any(first.value()).item() == 0);
    const Var second = grad(sum(first * constant(Tensor::from({5.0, 10.0}))), x, {.allow_unused = true});
    CHECK(any(second.value()).item() == 0);
  }
  // By each operand of atan2 there are two second derivatives, which cancel if the operands are one.
  const Var y = variable(zeros({2}, Dtype::f64)), z = variable(zeros({2}, Dtype::f64));
  for (const Var& first : grad(sum(atan2(y, z)), {y, z}, {.create_graph = true}))
    for (const Var& second : grad(sum(first), {y, z}, {.allow_unused = true})) CHECK(any(second.value()).item() == 0);
  // One number that is 0 among others.
  for (const double p : {0.5, 1.5, 2.0, 2.5}) {
    const Var x = variable(Tensor::from({0.0, 1.0}));
    for (const Tensor& g : two_orders(norm(x, {}, false, p), x)) CHECK((p == 2 || g.to_vector<double>()[0] == 0));
  }
}

TEST_CASE("a derivative that is 0 by convention stays 0 where the gradient is infinite") {
  const OfOne functions[] = {
      [](const Var& x) { return sqrt(abs(x)); },
      [](const Var& x) { return sqrt(norm(x, {-1})); },
      [](const Var& x) { return sqrt(norm(x, {-1}, false, 3)); },
      [](const Var& x) { return sqrt(hourglass::std(x, {-1})); },
  };
  for (const OfOne f : functions) {
    const Var x = variable(zeros({2}, Dtype::f64));
    CHECK(any(gradient_of(f(x), x)).item() == 0);
  }
}

TEST_CASE("softmax has the same gradient along the last axis and along another, next to NaN and -∞, too") {
  const Tensor x =
      Tensor::from({1.0, 2.0, 3.0, kNan, 1.0, 2.0, -kInfinity, -kInfinity, -kInfinity, -kInfinity, 0.0, 1.0}, {4, 3});
  const auto same = [](const Tensor& a, const Tensor& b) {
    return all(logical_or(abs(a - b) < 1e-14, logical_and(isnan(a), isnan(b)))).item() != 0;
  };
  for (const Tensor& weights :
       {Tensor::from({1.0, 2.0, -1.0}), Tensor::from({1.0, -1.0, 0.0}), Tensor::from({0.0, 0.0, 0.0})}) {
    const Var v = variable(x), g = constant(weights);
    CHECK(same(gradient_of(softmax(v, 1) * g, v), gradient_of(transpose(softmax(transpose(v), 0)) * g, v)));
    CHECK(same(gradient_of(log_softmax(v, 1) * g, v), gradient_of(transpose(log_softmax(transpose(v), 0)) * g, v)));
  }
}
