// SPDX-License-Identifier: MIT
// Poisson, Binomial and NegativeBinomial: sums over all counts, draws against probabilities, the score function, and
// the ends of their parameters.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "tensor/counts.h"
#include "tests/error_of.h"
#include "tests/numbers.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

Var value(double x) { return constant(scalar(x, Dtype::f64)); }
Var values(std::initializer_list<double> xs) { return constant(Tensor::from(xs)); }
Var counts_up_to(std::int64_t last) { return constant(to(arange(last + 1), Dtype::f64)); }

struct Counted {
  std::string name;
  std::shared_ptr<const Distribution> d;
  std::int64_t last;  // larger counts have less than 1e-13 together
};
template <class D, class... Args>
Counted counted(const std::string& name, std::int64_t last, Args... args) {
  return {name, std::make_shared<const D>(args...), last};
}
const std::vector<Counted>& all_counts() {
  static const std::vector<Counted> all{
      counted<Poisson>("Poisson, rare", 12, value(0.02)),
      counted<Poisson>("Poisson", 60, value(9.9)),
      counted<Poisson>("Poisson by rejection", 70, value(10.0)),
      counted<Poisson>("Poisson, large", 1000, value(400.0)),
      counted<Binomial>("Binomial of one", 1, value(1.0), value(0.4)),
      counted<Binomial>("Binomial", 30, value(30.0), value(-1.0)),
      counted<Binomial>("Binomial, mostly ones", 40, value(40.0), value(2.0)),
      counted<Binomial>("Binomial by rejection", 300, value(300.0), value(0.3)),
      counted<Binomial>("Binomial of many", 90, value(1e6), value(-11.0)),
      counted<NegativeBinomial>("NegativeBinomial", 400, value(3.5), value(1.2)),
      counted<NegativeBinomial>("NegativeBinomial below 1", 200, value(0.2), value(0.3)),
      counted<NegativeBinomial>("NegativeBinomial, large", 1500, value(900.0), value(-0.5)),
  };
  return all;
}

}  // namespace

TEST_CASE("probabilities of counts add up to 1, and mean, variance and entropy equal their sums") {
  for (const Counted& one : all_counts()) {
    INFO(one.name);
    const Var k = counts_up_to(one.last), log_p = one.d->log_prob(k), p = exp(log_p);
    CHECK(sum(p).item() == doctest::Approx(1).epsilon(1e-12));
    const double mean = sum(p * k).item();
    CHECK(one.d->mean().item() == doctest::Approx(mean).epsilon(1e-11));
    CHECK(one.d->variance().item() == doctest::Approx(sum(p * square(k - mean)).item()).epsilon(1e-9));
    if (one.name.find("Binomial") == 0 && one.last < 1000)
      CHECK(one.d->entropy().item() == doctest::Approx(-sum(p * log_p).item()).epsilon(1e-11));
  }
  // Counts of a batch need not be equal.
  const Var n = values({3, 0, 10}), l = values({0.3, 1, -2});
  const Tensor all = Binomial(n, l).entropy().value();
  for (int i = 0; i < 3; ++i) {
    const Var alone = Binomial(select(n, 0, i), select(l, 0, i)).entropy();
    CHECK(select(all, 0, i).item() == doctest::Approx(alone.item()).epsilon(1e-14));
  }
}

TEST_CASE("draws of counts come as often as log_prob says") {
  constexpr std::int64_t n = 200'000;
  for (const Counted& one : all_counts()) {
    INFO(one.name);
    Rng rng(11);
    const Tensor x = one.d->sample(rng, {n});
    CHECK(all(isfinite(one.d->log_prob(constant(x)).value())).item() == 1);
    const std::vector<double> p = exp(one.d->log_prob(counts_up_to(one.last))).value().to_vector<double>();
    std::vector<double> drawn(p.size() + 1, 0);
    for (const double k : x.to_vector<double>()) drawn[std::min(static_cast<std::size_t>(k), p.size())] += 1;
    // Pearson's χ². Neighbouring counts are joined until 20 draws are expected.
    double chi = 0, expected = 0, found = 0;
    int bins = 0;
    for (std::size_t k = 0; k <= p.size(); ++k) {
      if (k < p.size()) expected += p[k] * n;
      found += drawn[k];
      if (expected < 20) continue;
      chi += (found - expected) * (found - expected) / expected;
      expected = found = 0;
      ++bins;
    }
    chi += expected > 0 ? (found - expected) * (found - expected) / std::max(expected, 5.0) : found;
    CHECK(chi < bins + 4 * std::sqrt(2.0 * bins) + 8);  // less than 1 in 10000 would be above
  }
}

TEST_CASE("draws of huge means have the distribution's mean and variance") {
  constexpr std::int64_t n = 100'000;
  const auto moments = [&](const Distribution& d) {
    INFO(d.name());
    Rng rng(3);
    const Tensor x = d.sample(rng, {n});
    const double spread = std::sqrt(d.variance().item());
    CHECK(std::abs(mean(x - d.mean().value()).item()) < 4 * spread / std::sqrt(n));
    CHECK(var(x).item() == doctest::Approx(spread * spread).epsilon(4 * std::sqrt(2.0 / n)));
    CHECK(equal(floor(x), x));
  };
  moments(Poisson(value(1e8)));
  moments(Poisson(value(1e14)));
  moments(Binomial(value(1e8), value(0.7)));
  moments(Binomial(value(1e12), value(-20)));
  moments(NegativeBinomial(value(1e8), value(-3)));
}

TEST_CASE("draws of counts are the same with any number of threads, one draw of the stream, and replayed") {
  const Var rates = constant(Rng(2).uniform({3000}, 0, 60, Dtype::f64));
  for (const std::shared_ptr<const Distribution>& d : std::initializer_list<std::shared_ptr<const Distribution>>{
           std::make_shared<const Poisson>(rates), std::make_shared<const Binomial>(floor(rates), rates * 0.1 - 3),
           std::make_shared<const NegativeBinomial>(rates + 0.1, value(0.5)),
           std::make_shared<const StudentT>(rates + 0.1, value(0), value(1))}) {
    const auto drawn = [&](int threads) {
      const Threads scope(threads);
      Rng rng(5);
      return d->sample(rng, {2});
    };
    const Tensor x = drawn(1);
    for (const int threads : {2, 3}) CHECK(equal(drawn(threads), x));
    Rng rng(5);
    DrawLog log;
    const Tensor first = [&] {
      const DrawLog::Guard guard = log.note();
      return d->sample(rng, {2});
    }();
    CHECK(equal(first, x));
    const DrawLog::Guard guard = log.replay();
    CHECK(equal(d->sample(rng, {2}), x));
  }
  Rng rng(5);
  poisson(full({4}, 30.0), rng);
  CHECK(rng.state().draw == 1);
  // An element's number does not depend on how many there are.
  Rng a(6), b(6);
  CHECK(equal(slice(poisson(full({100}, 30.0), a), 0, 0, 10), poisson(full({10}, 30.0), b)));
}

TEST_CASE("the score function estimates derivatives of expected counts") {
  constexpr std::int64_t n = 100'000;
  const auto check_mean = [&](const std::string& name, const Distribution& d, const Var& theta,
                              const std::function<Var(const Var&)>& cost, const Var& expected) {
    INFO(name);
    Rng rng(8);
    const Var z = sample(d.with(d.parameters()), rng, score_function(Baseline::leave_one_out, n));
    const double estimate = grad(mean(surrogate(cost(z))), theta).item(), exact = grad(expected, theta).item();
    CHECK(estimate == doctest::Approx(exact).epsilon(0.05));
  };
  const auto second_moment = [](const Distribution& d) { return d.variance() + square(d.mean()); };
  const auto squared = [](const Var& z) { return square(z); };
  const Var rate = variable(scalar(3.0, Dtype::f64)), logit = variable(scalar(0.4, Dtype::f64)),
            r = variable(scalar(2.5, Dtype::f64));
  const Poisson poisson_counts(rate);
  check_mean("Poisson", poisson_counts, rate, squared, second_moment(poisson_counts));
  const Binomial coins(value(7), logit);
  check_mean("Binomial", coins, logit, squared, second_moment(coins));
  const NegativeBinomial waiting(r, value(-0.5));
  check_mean("NegativeBinomial", waiting, r, squared, second_moment(waiting));
  Rng rng(1);
  CHECK(error_of([&] { sample(poisson_counts, rng); }) ==
        "sample: Poisson has no pathwise derivative; choose score_function()");
}

TEST_CASE("parameters at the ends: what is certain is drawn, and has probability 1") {
  Rng rng(4);
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    const auto of = [dtype](double x) { return constant(scalar(x, dtype)); };
    const auto certain = [&](const Distribution& d, double k) {
      INFO(d.name(), " at ", k);
      CHECK(equal(d.sample(rng, {50}), full({50}, k, dtype)));
      CHECK(d.log_prob(of(k)).item() == 0);
      CHECK(d.log_prob(of(k + 1)).item() == -kInfinity);
      CHECK(d.mean().item() == k);
      CHECK(d.variance().item() == 0);
    };
    certain(Poisson(of(0)), 0);
    certain(Binomial(of(0), of(0.3)), 0);
    certain(Binomial::from_probs(of(9), of(0)), 0);
    certain(Binomial::from_probs(of(9), of(1)), 9);
    certain(Binomial(of(1e6), of(kInfinity)), 1e6);
    certain(NegativeBinomial::from_probs(of(3.5), of(0)), 0);
    CHECK(Binomial::from_probs(of(9), of(1)).entropy().item() == 0);
  }
  const Var rate = variable(scalar(0, Dtype::f64));
  CHECK(grad(Poisson(rate).log_prob(value(0)), rate).item() == -1);
  for (const double p : {0.0, 1.0}) {
    const Var probs = variable(scalar(p, Dtype::f64));
    CHECK(grad(Binomial::from_probs(value(9), probs).log_prob(value(9 * p)), probs).item() == 0);
  }
  // Not a count, or too many: probability 0. NaN stays NaN, and the others keep their gradients.
  const Var x = variable(Tensor::from({2.0, 2.5, -1.0, 8.0, kInfinity, kNan}));
  const Var log_p = Binomial(value(7), value(0.2)).log_prob(x);
  const std::vector<double> got = log_p.value().to_vector<double>();
  CHECK(std::isfinite(got[0]));
  for (const std::size_t i : {1, 2, 3, 4}) CHECK(got[i] == -kInfinity);
  CHECK(std::isnan(got[5]));
  CHECK(all(isfinite(slice(grad(sum(slice(log_p, 0, 0, 5)), x).value(), 0, 0, 5))).item() == 1);
  CHECK(Poisson(values({0, 0.5})).log_prob(values({kInfinity, 0.5})).value().to_vector<double>() ==
        std::vector<double>{-kInfinity, -kInfinity});
  CHECK(Poisson(constant(zeros({0, 3}))).sample(rng, {2}).shape() == Shape{2, 0, 3});
  CHECK(Binomial(constant(zeros({0})), constant(zeros({0}))).entropy().shape() == Shape{0});
}

TEST_CASE("divergences of counts at the ends are limits") {
  const auto divergence = [](const Distribution& p, const Distribution& q) { return kl(p, q).item(); };
  CHECK(divergence(Poisson(value(0)), Poisson(value(2))) == 2);
  CHECK(divergence(Poisson(value(0)), Poisson(value(0))) == 0);
  CHECK(divergence(Poisson(value(2)), Poisson(value(0))) == kInfinity);
  CHECK(divergence(Poisson(value(1e8)), Poisson(value(1e8 + 1e4))) == doctest::Approx(0.49996667).epsilon(1e-7));
  const auto coins = [](double n, double p) { return Binomial::from_probs(value(n), value(p)); };
  CHECK(divergence(coins(5, 0), coins(5, 0.5)) == doctest::Approx(5 * std::log(2)));
  CHECK(divergence(coins(5, 1), coins(5, 1)) == 0);
  CHECK(divergence(coins(5, 0.5), coins(5, 1)) == kInfinity);
  CHECK(divergence(coins(6, 0.5), coins(5, 0.5)) == kInfinity);
  CHECK(error_of([&] { divergence(coins(4, 0.5), coins(5, 0.5)); }) ==
        "kl: there is no closed form from Binomial to one of a larger total_count");
  CHECK_FALSE(has_closed_kl(NegativeBinomial(value(1), value(0)), NegativeBinomial(value(1), value(0))));
}

TEST_CASE("log_poisson has its derivatives by both operands, on both sides of 64, and is elementwise") {
  const auto f = [](const Vars& v) { return log_poisson(v[0], v[1]); };
  CHECK_NOTHROW(check_gradients(f, {Tensor::from({0.5, 3.0, 63.5, 80.0}), Tensor::from({0.1, -2.0, 4.1, 4.2})},
                                {.order = 3, .tolerance = 1e-5, .name = "log_poisson"}));
  const auto of_counts = [](const Vars& v) {
    return stack({Binomial(values({9, 200}), v[0]).log_prob(values({2, 140})),
                  NegativeBinomial(v[1], v[0]).log_prob(values({2, 140}))});
  };
  CHECK_NOTHROW(check_gradients(of_counts, {Tensor::from({0.3, -1.2}), Tensor::from({0.7, 90.0})},
                                {.tolerance = 1e-5, .name = "counts"}));
  CHECK(std::isnan(log_poisson(scalar(kNan), scalar(1.0)).item()));
  CHECK(error_of([] { log_poisson(arange(3), arange(3)); }) == "log_poisson: needs f32 or f64, got i64[3]");
}

TEST_CASE("parameters that make no counts are errors that name them") {
  CHECK(error_of([] { Poisson(value(-1)); }) == "Poisson: rate must be 0 or more and finite, got f64[]");
  CHECK_FALSE(error_of([] { Poisson(value(kNan)); }).empty());
  CHECK_FALSE(error_of([] { Poisson(value(kInfinity)); }).empty());
  for (const double bad : {-1.0, 2.5, kInfinity, kNan})
    CHECK(error_of([&] { Binomial(value(bad), value(0)); }) ==
          "Binomial: total_count must be whole numbers, 0 or more, got f64[]");
  CHECK(error_of([] { Binomial(value(2), value(kNan)); }) == "Binomial: logits has NaN, got f64[]");
  CHECK(error_of([] { Binomial::from_probs(value(2), value(1.5)); }) ==
        "Binomial: probs must be in [0, 1], got 1.5 to 1.5 in f64[]");
  CHECK(error_of([] { NegativeBinomial::from_probs(value(2), value(1)); }) ==
        "NegativeBinomial: probs must be in [0, 1), got 1 to 1 in f64[]");
  CHECK(error_of([] { NegativeBinomial(value(0), value(0)); }) ==
        "NegativeBinomial: total_count must be positive, got 0 in f64[]");
  CHECK(error_of([] { NegativeBinomial(value(1), value(kInfinity)); }) ==
        "NegativeBinomial: logits must be below infinity, got f64[]");
  CHECK(error_of([] { Binomial(value(1e9), value(0)).entropy(); }).find("Binomial: the entropy is a sum") == 0);
  CHECK(error_of([] { Poisson(value(1)).entropy(); }) == "Poisson: there is no closed form of the entropy");
  Rng rng(1);
  CHECK(error_of([&] { poisson(full({2}, -1.0), rng); }).find("poisson: needs a rate in [0, ") == 0);
  CHECK(error_of([&] { binomial(full({2}, 1.5), full({2}, 0.5), rng); }) ==
        "binomial: counts must be whole numbers, got f32[2]");
  CHECK(error_of([&] { binomial(full({2}, 1.0), full({3}, 0.5), rng); }).find("binomial: ") == 0);
}
