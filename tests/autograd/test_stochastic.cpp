// SPDX-License-Identifier: MIT
// Stochastic nodes: the mean of every unbiased estimator is the exact derivative, which is a sum
// over all states.
#include <cmath>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "tensor/storage.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

using Vars = std::vector<Var>;

Var doubles(std::initializer_list<double> values) { return constant(Tensor::from(values)); }

// All 2^n rows of n bits.
Tensor bit_rows(std::int64_t n) {
  std::vector<double> bits;
  for (std::int64_t state = 0; state < std::int64_t{1} << n; ++state)
    for (std::int64_t bit = 0; bit < n; ++bit) bits.push_back(static_cast<double>(state >> bit & 1));
  return Tensor::from(bits, {std::int64_t{1} << n, n});
}

// A cost for each row of 3 numbers. It is not a sum of one cost per number.
Var cost_of(const Var& z) { return square(sum(z * doubles({1, -2, 1.5}), {-1}) + 0.3) + prod(z + 0.5, {-1}); }

const Tensor kLogits = Tensor::from({0.4, -0.8, 0.1});

// The derivative of E[cost_of(z)] by the logits of the coins z.
Tensor exact_gradient(const Tensor& at) {
  const Var logits = variable(at), states = constant(bit_rows(3));
  const Var p = exp(sum(Bernoulli(logits).log_prob(states), {-1}));
  return grad(sum(p * cost_of(states)), logits).value();
}

// One estimate per row: each estimate is the derivative by its own row of logits.
Tensor estimates(const Estimator& estimator, std::int64_t rows, std::uint64_t seed) {
  Rng rng(seed);
  const Var logits = variable(contiguous(expand(kLogits, {rows, 3})));
  const Var cost = cost_of(sample(Bernoulli(logits), rng, estimator));
  const Var objective = surrogate(cost);
  CHECK(allclose(objective.value(), cost.value()));
  // The mean over the samples, the sum over the rows.
  return grad(sum(objective) / (objective.numel() / rows), logits).value();
}

// The largest error of a column's mean, in standard errors.
double worst_z(const Tensor& rows, const Tensor& exact) {
  const Tensor error = stddev(rows, {0}) / std::sqrt(static_cast<double>(rows.size(0)));
  return max(abs((mean(rows, {0}) - exact) / error)).item();
}
double total_variance(const Tensor& rows) { return sum(var(rows, {0})).item(); }

}  // namespace

TEST_CASE("the mean of an unbiased estimator is the exact derivative") {
  const Tensor exact = exact_gradient(kLogits);
  const std::int64_t rows = 40'000;
  const Tensor plain = estimates(score_function(), rows, 1);
  const Tensor others = estimates(score_function(Baseline::leave_one_out, 2), rows, 2);
  const Tensor arms = estimates(arm(), rows, 3), disarms = estimates(disarm(), rows, 4);
  CHECK(worst_z(plain, exact) < 3.5);
  CHECK(worst_z(others, exact) < 3.5);
  CHECK(worst_z(arms, exact) < 3.5);
  CHECK(worst_z(disarms, exact) < 3.5);
  // DisARM is the conditional mean of ARM, given its two samples.
  CHECK(total_variance(disarms) < total_variance(arms));
  // The coins are the same if their axis belongs to the event.
  Rng one(5), two(5);
  const Var logits = variable(kLogits);
  const Var apart = mean(surrogate(cost_of(sample(Bernoulli(logits), one, disarm()))));
  const Var together = mean(surrogate(cost_of(sample(Independent(Bernoulli(logits), 1), two, disarm()))));
  CHECK(equal(grad(apart, logits).value(), grad(together, logits).value()));
  CHECK(total_variance(others) < 0.7 * total_variance(plain));

  Estimator average = score_function(Baseline::moving_average);
  std::vector<Tensor> steps;
  for (std::uint64_t step = 0; step < 400; ++step) steps.push_back(estimates(average, 100, 100 + step));
  const Tensor averaged = concat(std::span<const Tensor>(steps), 0);
  CHECK(worst_z(averaged, exact) < 3.5);
  CHECK(total_variance(averaged) < total_variance(plain));
}

TEST_CASE("samples that all cost the same cancel out of leave-one-out, exactly") {
  Rng rng(1);
  const Var logits = variable(kLogits);
  const Var b = sample(Bernoulli(logits), rng, score_function(Baseline::leave_one_out, 4));
  const Var objective = sum(surrogate(sum(b, {-1}) * 0 + 5));
  CHECK(equal(grad(objective, logits).value(), zeros({3}, Dtype::f64)));
}

TEST_CASE("biased estimators are close, and closer at a lower temperature") {
  const Tensor exact = exact_gradient(kLogits);
  const auto bias = [&](const Estimator& estimator) {
    return norm(mean(estimates(estimator, 20'000, 5), {0}) - exact).item() / norm(exact).item();
  };
  CHECK(bias(straight_through()) < 1);
  CHECK(bias(gumbel_softmax(2)) > bias(gumbel_softmax(0.2)));
  CHECK(bias(gumbel_softmax(0.2)) < 0.1);
  CHECK(bias(gumbel_softmax(0.5, true)) < 1);
  // Exact where the cost is linear.
  Rng rng(1);
  const Var logits = variable(kLogits);
  const Var linear = sum(sample(Bernoulli(logits), rng, straight_through()) * doubles({1, 2, 3}));
  CHECK(allclose(grad(linear, logits).value(), (Bernoulli(logits).variance() * doubles({1, 2, 3})).value()));
}

TEST_CASE("hard samples are 0 or 1, and hard and soft samples have the right probabilities") {
  const std::int64_t rows = 20'000;
  const Var logits = variable(contiguous(expand(Tensor::from({0.7, -0.3, 0.1}), {rows, 3})));
  const Tensor coins = Bernoulli(doubles({0.7, -0.3, 0.1})).mean().value(),
               die = softmax(Tensor::from({0.7, -0.3, 0.1}), -1);
  Rng rng(3);
  for (const Estimator& estimator : {straight_through(), gumbel_softmax(0.7, true), score_function()}) {
    const Tensor b = sample(Bernoulli(logits), rng, estimator).value();
    CHECK(all(logical_or(b == 0, b == 1)).item() == 1);
    CHECK(allclose(mean(b, {0}), coins, 0, 0.015));
    const Tensor c = sample(OneHotCategorical(logits), rng, estimator).value();
    CHECK(all(logical_or(c == 0, c == 1)).item() == 1);
    CHECK(all(sum(c, {-1}) == 1).item() == 1);
    CHECK(allclose(mean(c, {0}), die, 0, 0.015));
  }
  const Tensor soft = sample(Bernoulli(logits), rng, gumbel_softmax(0.7)).value();
  CHECK(allclose(mean(to(soft > 0.5, Dtype::f64), {0}), coins, 0, 0.015));
  const Tensor pair = sample(Bernoulli(logits), rng, disarm()).value();
  CHECK(pair.shape() == Shape{2, rows, 3});
  CHECK(allclose(mean(pair, {1}), stack({coins, coins}), 0, 0.015));
}

namespace {

// Coins a, coins b whose logits depend on a, and a normal number c with center_of(b, a_logits) as
// mean.
Var second_logits(const Var& a, const Var& weights) { return squeeze(matmul(unsqueeze(a, -2), weights), -2) - 0.5; }
Var center_of(const Var& b, const Var& a_logits) { return sum(b, {-1}) * 0.5 + sum(a_logits, {-1}) * 0.2; }
Var link(const Var& a) { return sum(a * doubles({1, 0.5, -1}), {-1}); }
Var chain_cost(const Var& a, const Var& b, const Var& c) { return cost_of(b) + square(c) + link(a) * c; }

// E[chain_cost], as a sum over all states of a and b; c's part has a closed form.
Var exact_chain_cost(const Var& a_logits, const Var& weights) {
  const Var states = constant(bit_rows(3)), a = unsqueeze(states, 1), b = unsqueeze(states, 0);
  const Var log_p =
      sum(Bernoulli(a_logits).log_prob(a), {-1}) + sum(Bernoulli(second_logits(a, weights)).log_prob(b), {-1});
  const Var center = center_of(b, a_logits);
  return sum(exp(log_p) * (cost_of(b) + square(center) + 0.25 + link(a) * center));
}

}  // namespace

TEST_CASE("one surrogate serves several samples that depend on each other, with any estimators") {
  const Tensor weights = Tensor::from({0.5, -1.0, 0.3, 0.8, 0.2, -0.6, -0.4, 1.0, 0.1}, {3, 3});
  const Estimator loo = score_function(Baseline::leave_one_out, 3);
  const std::vector<std::pair<Estimator, Estimator>> pairs{
      {score_function(), score_function()},
      {loo, score_function(Baseline::leave_one_out)},  // b uses the copies of a
      {loo, loo},                                      // each copy of a has its copies of b
      {disarm(), disarm()},
      {arm(), score_function(Baseline::leave_one_out, 2)},
      {score_function(Baseline::leave_one_out, 2), disarm()}};
  for (const auto& pair : pairs) {
    const Estimator &first = pair.first, &second = pair.second;
    INFO(first.name(), ", then ", second.name());
    const Var exact_logits = variable(kLogits), exact_weights = variable(weights);
    const Vars wanted = grad(exact_chain_cost(exact_logits, exact_weights), {exact_logits, exact_weights});

    // Independent rows, which show the spread of the estimate.
    const std::int64_t rows = 12'000;
    const Var a_logits = variable(contiguous(expand(kLogits, {rows, 3})));
    const Var all_weights = variable(contiguous(expand(weights, {rows, 3, 3})));
    Rng rng(9);
    const Var a = sample(Bernoulli(a_logits), rng, first);
    const Var b = sample(Bernoulli(second_logits(a, all_weights)), rng, second);
    const Var c = sample(Normal(center_of(b, a_logits), constant(scalar(0.5, Dtype::f64))), rng, pathwise());
    const Var cost = chain_cost(a, b, c);
    const Var objective = surrogate(cost);
    CHECK(allclose(objective.value(), cost.value()));
    CHECK(stochastic_nodes(objective).size() == 3);
    const Vars got = grad(sum(objective) / (objective.numel() / rows), {a_logits, all_weights});
    CHECK(worst_z(got[0].value(), wanted[0].value()) < 3.5);
    CHECK(worst_z(reshape(got[1].value(), {rows, 9}), reshape(wanted[1].value(), {9})) < 3.8);
  }
}

TEST_CASE("second derivatives of a surrogate are unbiased as well") {
  const auto second = [](const Var& first, const Var& x) { return grad(sum(first * doubles({1, -1, 2})), x).value(); };
  const Var logits = variable(kLogits), states = constant(bit_rows(3));
  const Var p = exp(sum(Bernoulli(logits).log_prob(states), {-1}));
  const Tensor exact = second(grad(sum(p * cost_of(states)), logits, {.create_graph = true}), logits);

  const std::int64_t rows = 60'000;
  for (const Estimator& estimator : {score_function(), score_function(Baseline::leave_one_out, 3)}) {
    Rng rng(11);
    const Var all = variable(contiguous(expand(kLogits, {rows, 3})));
    const Var objective = surrogate(cost_of(sample(Bernoulli(all), rng, estimator)));
    const Var first = grad(sum(objective) / (objective.numel() / rows), all, {.create_graph = true});
    INFO(estimator.name());
    CHECK(worst_z(second(first, all), exact) < 3.5);
  }
  Rng rng(1);
  const Var objective = mean(surrogate(cost_of(sample(Bernoulli(logits), rng, disarm()))));
  const Var first = grad(objective, logits, {.create_graph = true});
  CHECK(error_of([&] { grad(sum(first), logits); }) ==
        "surrogate: DisARM estimates first derivatives alone; for higher ones choose pathwise() or score_function()");
}

TEST_CASE("a cost with only pathwise samples is its own surrogate, in any shape") {
  Rng rng(1);
  const Var loc = variable(kLogits);
  const Var bound = logsumexp(sum(sample(Normal(loc, doubles({1})), rng, pathwise(5)), {-1}), {0});
  CHECK(surrogate(bound).node() == bound.node());
}

TEST_CASE("a class number that picks a row is given to the surrogate: the tape does not see it") {
  const Tensor table = Tensor::from({1.0, -2.0, 5.0}), at = Tensor::from({0.2, -0.4, 0.9});
  const Var exact_logits = variable(at);
  const Tensor exact = grad(sum(Categorical(exact_logits).probs() * constant(table)), exact_logits).value();
  const std::int64_t rows = 30'000;
  const Var logits = variable(contiguous(expand(at, {rows, 3})));
  Rng rng(2);
  const Var z = sample(Categorical(logits), rng, score_function(Baseline::leave_one_out, 2));
  CHECK(z.dtype() == Dtype::i64);
  const Var cost = constant(reshape(index_select(table, 0, reshape(z.value(), {-1})), z.shape()));
  CHECK_FALSE(cost.needs_gradient());
  const Tensor got = grad(sum(surrogate(cost, {z})) / 2, logits).value();
  CHECK(worst_z(got, exact) < 3.5);
}

TEST_CASE("a graph is replayed with the same noise, and resampled without") {
  Rng rng(4);
  const Var loc = variable(Tensor::from({0.3, -0.2}));
  const auto model = [&](const Var& at) {
    return [&rng, at] {
      const Var z = sample(Normal(at, doubles({1})), rng);
      const Var b = sample(Bernoulli(z), rng, gumbel_softmax(0.5));
      const Var noise = sample(Normal(doubles({0}), doubles({1})), rng);  // of constants, but replayed too
      return sum(z * b + noise * z);
    };
  };
  const Var y = model(loc)();
  CHECK(stochastic_nodes(y).size() == 3);
  CHECK(model(loc)().item() != y.item());
  const Rng::State before = rng.state();
  CHECK(replay(y, model(loc)).item() == y.item());
  CHECK(rng.state() == before);
  CHECK_NOTHROW(check_gradients([&](const Vars& v) { return replay(y, model(v[0])); }, {loc.value()},
                                {.name = "replayed model"}));
  CHECK(error_of([&] { replay(y, [&] { return sum(sample(Normal(loc, doubles({1})), rng)); }); }) ==
        "replay: the model draws 1 samples, the graph has 3");
  CHECK(error_of([&] { replay(y, [&] { return sum(sample(Laplace(loc, doubles({1})), rng)); }); }) ==
        "replay: sample 1 of the graph is of Normal[2], that of the model of Laplace[2]");
}

TEST_CASE("a node knows its distribution, its estimator and its noise") {
  Rng rng(8);
  rng.uniform();
  const Normal q(variable(Tensor::from({0.3, -0.2})), doubles({2}));
  const Var z = sample(q, rng, pathwise(5));
  const StochasticNode& node = stochastic_node(z);
  CHECK(node.op().name == "sample");
  CHECK(node.distribution().name() == "Normal");
  CHECK(node.estimator().name() == "pathwise");
  Rng again = node.stream();
  CHECK(equal(node.distribution().rsample(again, {5}).value(), z.value()));
  CHECK(again.state() == rng.state());
  CHECK(error_of([&] { stochastic_node(z * 2); }) == "stochastic_node: f64[5, 2] is not what sample() returned");
  const NoGrad no_grad;
  CHECK_FALSE(sample(q, rng).needs_gradient());
}

TEST_CASE("a gradient cannot be lost in a sample; errors of estimators name those that fit") {
  Rng rng(1);
  const Var logits = variable(kLogits);
  const Var z = sample(Bernoulli(logits), rng, score_function());
  CHECK(error_of([&] { grad(sum(cost_of(z)), logits); }) ==
        "sample: a gradient has reached a sample of Bernoulli whose estimator (score function) works on the cost: "
        "differentiate surrogate(cost) in place of cost");
  CHECK(
      error_of([&] { sample(Bernoulli(logits), rng); }) ==
      "sample: Bernoulli has no pathwise derivative; choose score_function(), straight_through(), gumbel_softmax() or, "
      "for Bernoulli, disarm()");
  CHECK(error_of([&] { sample(Normal(logits, doubles({1})), rng, disarm()); }) ==
        "sample: DisARM is for Bernoulli, not Normal");
  CHECK(error_of([&] { sample(Normal(logits, doubles({1})), rng, straight_through()); }) ==
        "sample: straight_through() is for Bernoulli and OneHotCategorical, not Normal");
  CHECK(
      error_of([&] { surrogate(cost_of(sample(Bernoulli(logits), rng, score_function(Baseline::leave_one_out)))); }) ==
      "surrogate: leave_one_out needs 2 or more samples to compare, got 1; draw them with "
      "score_function(Baseline::leave_one_out, n)");
  CHECK(error_of([&] { surrogate(mean(cost_of(sample(Bernoulli(logits), rng, disarm())))); }) ==
        "surrogate: the cost, f64[], must keep the 1 axis of its samples; take the mean afterwards");
  CHECK(error_of([&] {
          surrogate(doubles({1, 2}) + sum(z) * doubles({1}) +
                    0 * sum(sample(Bernoulli(variable(zeros({5, 2}, Dtype::f64))), rng, score_function())));
        }).find("surrogate: the cost is f64[2], but a sample that it depends on has rows [") == 0);
}

TEST_CASE("graphs with samples leave no memory in use") {
  const std::int64_t before = memory::bytes_in_use();
  for (int i = 0; i < 3; ++i) {
    const Tensor one = estimates(disarm(), 10, 1), two = estimates(score_function(Baseline::leave_one_out, 2), 10, 1);
    Rng rng(1);
    const Var loc = variable(Tensor::from({0.3, 0.4}));
    const MixtureSameFamily mixture(Categorical(loc), Normal(loc, doubles({1, 2})));
    const Var g = grad(square(sample(mixture, rng)), loc, {.create_graph = true});
    grad(sum(g), loc);
    Gamma(exp(loc), doubles({1})).rsample(rng);
  }
  CHECK(memory::bytes_in_use() == before);
}
