// SPDX-License-Identifier: MIT
// Transformed distributions; and the inverses and logarithms of distribution functions against the functions.
#include <cmath>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/distributions.h"
#include "autograd/distributions/normal_tails.h"
#include "autograd/grad.h"
#include "autograd/kl.h"
#include "autograd/ops.h"
#include "tests/error_of.h"
#include "tests/numbers.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

Var at(double x, Dtype dtype = Dtype::f64) { return constant(scalar(x, dtype)); }
Var many(std::initializer_list<double> xs, const Shape& shape) { return constant(Tensor::from(xs, shape)); }

using AnyDistribution = std::shared_ptr<const Distribution>;
template <class D, class F>
AnyDistribution moved(const D& d, const F& f) {
  return std::make_shared<const TransformedDistribution>(d, f);
}
// With cdf and icdf.
std::vector<AnyDistribution> moved_numbers() {
  const Normal normal(at(0.3), at(0.8));
  return {moved(normal, ExpTransform()),
          moved(normal, SigmoidTransform()),
          moved(normal, TanhTransform()),
          moved(normal, SoftplusTransform()),
          moved(normal, AffineTransform(at(0.5), at(-2))),
          moved(Uniform(at(0.1), at(0.9)), AffineTransform(at(-1), at(3))),
          moved(Exponential(at(1.5)), AffineTransform(at(0.5), at(-2))),
          moved(Cauchy(at(0.3), at(0.8)), ComposeTransform(AffineTransform(at(0), at(-0.1)), TanhTransform(),
                                                           AffineTransform(at(2), at(-3)), ExpTransform()))};
}

// A bijector of a user.
class CubeTransform final : public Bijector {
 public:
  Var forward(const Var& x) const override { return x * square(x); }
  Var inverse(const Var& y) const override { return sign(y) * pow(abs(y), 1.0 / 3); }
  Var log_abs_det(const Var& x) const override { return log(square(x) * 3); }
};

}  // namespace

TEST_CASE("a transformed distribution's cdf has its density as slope, icdf inverts it, and log_cdf is its logarithm") {
  for (const AnyDistribution& d : moved_numbers()) {
    const Var p = constant(linspace(0.02, 0.98, 25, Dtype::f64)), y = variable(d->icdf(p).value());
    const Var place = d->cdf(y);
    CHECK_NOTHROW(check_close("cdf of icdf", place.value(), p.value(), 1e-13, 1));
    CHECK_NOTHROW(check_close("slope", grad(sum(place), y).value(), exp(d->log_prob(y)).value(), 1e-10, 1e-3));
    CHECK_NOTHROW(check_close("log_cdf", d->log_cdf(y).value(), log(place).value(), 1e-12, 1));
    const Interval bounds = d->bounds();
    Rng rng(3), again(3);
    const Tensor x = d->sample(rng, {10'000});
    CHECK(min(x).item() >= bounds.low.item());
    CHECK(max(x).item() <= bounds.high.item());
    CHECK(equal(x, d->rsample(again, {10'000}).value()));
    const Tensor share = (to(arange(10'000), Dtype::f64) + 0.5) / 10'000;
    const Tensor sorted = sort(x).values;
    CHECK(max(abs(d->cdf(constant(sorted)).value() - share)).item() < 1.95 / 100);  // Kolmogorov and Smirnov
    // Below and above: no density.
    for (const Tensor& end : {bounds.low - 1, bounds.high + 1})
      if (std::isfinite(end.item())) CHECK(d->log_prob(constant(end)).item() == -kInfinity);
    CHECK(std::isnan(d->log_prob(at(kNan)).item()));
  }
}

TEST_CASE("a transformed distribution has right derivatives by its parameters, by the bijector's and by y") {
  const TransformedDistribution like(
      Normal(at(0), at(1)),
      ComposeTransform(AffineTransform(at(0), at(1)), TanhTransform(), AffineTransform(at(0), at(1))));
  const auto f = [&](const Vars& v) { return like.with({v.begin(), v.begin() + 6})->log_prob(v[6]); };
  const auto of = [](double x) { return scalar(x, Dtype::f64); };
  const std::vector<Tensor> values{of(0.2), of(0.7), of(0.1), of(-0.6), of(0.3), of(1.5), Tensor::from({0.1, 0.9})};
  CHECK(like.parameters().size() == 6);
  CHECK_NOTHROW(check_gradients(f, values, {.tolerance = 1e-5, .name = "log_prob"}));
  const auto drawn = [&](const Vars& v) {
    Rng rng(2);
    return like.with(v)->rsample(rng, {3});
  };
  CHECK_NOTHROW(check_gradients(drawn, {values.begin(), values.begin() + 6}, {.tolerance = 1e-5, .name = "rsample"}));
}

TEST_CASE("exp of a Normal is LogNormal, and a cube can be a user's bijector") {
  const LogNormal known(at(0.3), at(0.8));
  const AnyDistribution d = moved(Normal(at(0.3), at(0.8)), ExpTransform());
  const Var y = constant(Tensor::from({1e-200, 0.3, 1.0, 50.0, 1e200, -1.0}));
  CHECK_NOTHROW(check_close("log_prob", d->log_prob(y).value(), known.log_prob(y).value(), 1e-13, 1));
  const Var inside = slice(y, 0, 0, 5);
  CHECK_NOTHROW(check_close("log_cdf", d->log_cdf(inside).value(), known.log_cdf(inside).value(), 1e-13, 1e-300));
  const Var p = constant(Tensor::from({0.0, 1e-100, 0.4, 1.0}));
  CHECK(equal(slice(d->icdf(p).value(), 0, 1, 4), slice(known.icdf(p).value(), 0, 1, 4)));
  Rng a(1), b(1);
  CHECK(equal(d->sample(a, {9}), known.sample(b, {9})));

  const AnyDistribution cube = moved(Normal(at(0), at(1)), CubeTransform());
  CHECK(cube->log_prob(at(8)).item() == doctest::Approx(Normal(at(0), at(1)).log_prob(at(2)).item() - std::log(12)));
  CHECK(kl(*cube, *cube, a, 10).item() == 0);
  CHECK(error_of([&] { kl(*cube, *cube); }).find("kl: there is no closed form from TransformedDistribution") == 0);
  CHECK(error_of([&] { cube->mean(); }) == "TransformedDistribution: there is no closed form of the mean");
}

TEST_CASE("the logarithms of a vector's derivatives are added up over its event") {
  const Var loc = many({0.1, -0.4, 0.3, 1, 0, -1}, {2, 3}), scale = at(0.7);
  const AnyDistribution each = moved(Normal(loc, scale), TanhTransform()),
                        joint = moved(Independent(Normal(loc, scale), 1), TanhTransform());
  CHECK(joint->event_shape() == Shape{3});
  Rng rng(6);
  const Var y = constant(joint->sample(rng, {4}));
  CHECK(y.shape() == Shape{4, 2, 3});
  CHECK_NOTHROW(check_close("joint", joint->log_prob(y).value(), sum(each->log_prob(y), {-1}).value(), 1e-13, 1));
  // A number outside makes its own event impossible, and no other.
  const Var some = joint->log_prob(many({0.1, 0.2, 0.3, 0.1, -1.5, 0.3}, {2, 3}));
  CHECK(std::isfinite(some.value().to_vector<double>()[0]));
  CHECK(some.value().to_vector<double>()[1] == -kInfinity);
  const MultivariateNormal flat(many({0, 1}, {2}), many({1, 0, 0.5, 2}, {2, 2}));
  const AnyDistribution wide = moved(flat, AffineTransform(at(1), at(3)));
  CHECK(wide->log_prob(many({1, 4}, {2})).item() ==
        doctest::Approx(flat.log_prob(many({0, 1}, {2})).item() - 2 * std::log(3)));
}

TEST_CASE("samples that round to the end of an interval stay inside, and have a density with finite derivatives") {
  for (const Dtype dtype : {Dtype::f32, Dtype::f64})
    for (const double loc : {-1000.0, -20.0, 20.0, 1000.0}) {
      const Var mean = variable(scalar(loc, dtype));
      const Normal base(mean, at(1, dtype));
      for (const AnyDistribution& d :
           {moved(base, TanhTransform()), moved(base, SigmoidTransform()), moved(base, ExpTransform()),
            moved(base, SoftplusTransform()),
            moved(base, ComposeTransform(ExpTransform(), AffineTransform(at(1, dtype), at(1, dtype))))}) {
        Rng rng(1);
        const Tensor y = d->sample(rng, {50});
        if (!std::isfinite(max(y).item())) continue;  // e^1000
        const Var log_p = d->log_prob(constant(y));
        CHECK(all(isfinite(log_p.value())).item() == 1);
        CHECK(all(isfinite(grad(sum(log_p), mean).value())).item() == 1);
      }
    }
  // The stable formula: log(1 - tanh² x) for large |x| is 2 (log 2 - |x|).
  for (const double x : {-300.0, -20.0, 20.0, 300.0})
    CHECK(TanhTransform().log_abs_det(at(x)).item() == doctest::Approx(2 * (std::log(2) - std::abs(x))).epsilon(1e-15));
}

TEST_CASE("bases and bijectors that do not fit are errors") {
  const Normal normal(at(0), at(1));
  CHECK(error_of([&] { AffineTransform(at(0), at(0)); }) == "AffineTransform: scale must not be 0 or NaN, got f64[]");
  CHECK(error_of([&] { moved(Bernoulli(at(0)), ExpTransform()); }) ==
        "TransformedDistribution: needs a base with a density on the line or on vectors, not Bernoulli");
  CHECK_FALSE(error_of([&] { moved(Poisson(at(1)), ExpTransform()); }).empty());
  CHECK_FALSE(error_of([&] { moved(Dirichlet(many({1, 2}, {2})), ExpTransform()); }).empty());
  CHECK(error_of([&] {
          moved(normal, AffineTransform(at(0), many({1, 2}, {2})));
        }) ==
        "TransformedDistribution: the bijector makes f64[2] of the base's shape []; give the base parameters of the "
        "larger shape");
  CHECK_FALSE(error_of([&] { moved(normal, AffineTransform(at(0, Dtype::f32), at(1, Dtype::f32))); }).empty());
  CHECK_FALSE(error_of([&] { ExpTransform().with({}); }).empty());
}

TEST_CASE("icdf inverts cdf in the tails, and refuses what is no probability") {
  const std::vector<AnyDistribution> all{
      std::make_shared<const Normal>(at(0.3), at(1.4)),    std::make_shared<const Laplace>(at(0.3), at(1.4)),
      std::make_shared<const Gumbel>(at(0.3), at(1.4)),    std::make_shared<const Cauchy>(at(0.3), at(1.4)),
      std::make_shared<const LogNormal>(at(0.3), at(1.4)), std::make_shared<const Exponential>(at(0.3)),
      std::make_shared<const Uniform>(at(-0.3), at(1.4))};
  const Var p = constant(Tensor::from({1e-300, 1e-100, 1e-20, 1e-8, 0.019, 0.021, 0.3, 0.5, 0.7, 0.99, 1 - 1e-12}));
  for (const AnyDistribution& d : all) {
    INFO(d->name());
    const bool uniform = d->name() == "Uniform";  // a tail would be x near low, where p 1.7 rounds away
    const Tensor back = d->cdf(d->icdf(p)).value();
    CHECK_NOTHROW(check_close("cdf of icdf", back, p.value(), 1e-12, uniform ? 1 : 1e-310));
    const Tensor ends = d->icdf(constant(Tensor::from({0.0, 1.0}))).value();
    const Interval bounds = d->bounds();
    CHECK(ends.to_vector<double>() == std::vector<double>{bounds.low.item(), bounds.high.item()});
    CHECK(std::isnan(d->icdf(at(kNan)).item()));
    CHECK(error_of([&] {
            d->icdf(constant(Tensor::from({-0.1, 0.5})));
          }) == std::string(d->name()) + ": icdf needs probabilities in [0, 1], got -0.1 to 0.5 in f64[2]");
    CHECK(d->icdf(constant(zeros({0}, Dtype::f64))).numel() == 0);
    const Var x = constant(d->icdf(p).value());
    if (!uniform) CHECK_NOTHROW(check_close("log_cdf", d->log_cdf(x).value(), log(p).value(), 1e-12, 1e-310));
    for (const double end : {bounds.low.item(), bounds.high.item()})
      CHECK(d->log_cdf(at(end)).item() == (end == bounds.low.item() ? -kInfinity : 0.0));
    const auto logarithm = [&](const Vars& v) { return d->log_cdf(v[0]); };
    const auto inverse = [&](const Vars& v) { return d->icdf(v[0]); };
    CHECK_NOTHROW(check_gradients(logarithm, {Tensor::from({0.05, 0.9})}, {.order = 3, .tolerance = 1e-5}));
    CHECK_NOTHROW(check_gradients(inverse, {Tensor::from({0.1, 0.7})}, {.order = 3, .tolerance = 1e-5}));
  }
  CHECK(error_of([] { Gamma(at(1), at(1)).icdf(at(0.5)); }) ==
        "Gamma: there is no closed form of the inverse distribution function");
  CHECK(Gamma(at(2), at(1)).log_cdf(at(1e-3)).item() == doctest::Approx(-14.5090).epsilon(1e-4));
  const MixtureSameFamily mixture(Categorical(many({0, 1}, {2})), Normal(many({0, 3}, {2}), at(0.1)));
  CHECK(mixture.log_cdf(at(-6)).item() < -1800);
  CHECK(exp(mixture.log_cdf(at(1))).item() == doctest::Approx(mixture.cdf(at(1)).item()));
}

TEST_CASE("log_ndtr and ndtri in f32 are those of f64, and smooth where their formulas meet") {
  const Tensor z = linspace(-40, 10, 501), p = linspace(0.001, 0.999, 301);
  CHECK_NOTHROW(check_close("log_ndtr", to(log_ndtr(constant(z)).value(), Dtype::f64),
                            log_ndtr(constant(to(z, Dtype::f64))).value(), 1e-6, 1e-30));
  CHECK_NOTHROW(check_close("ndtri", to(ndtri(constant(p)).value(), Dtype::f64),
                            ndtri(constant(to(p, Dtype::f64))).value(), 1e-6, 1e-6));
  const auto logarithm = [](const Vars& v) { return log_ndtr(v[0]); };
  const auto quantile = [](const Vars& v) { return ndtri(v[0]); };
  CHECK_NOTHROW(check_gradients(logarithm, {Tensor::from({-20.0, -15.0001, -14.9999, -0.0001, 0.0, 2.0})},
                                {.order = 3, .tolerance = 1e-5, .name = "log_ndtr"}));
  CHECK_NOTHROW(
      check_gradients(quantile, {Tensor::from({0.03, 0.5, 0.9})}, {.order = 3, .tolerance = 1e-5, .name = "ndtri"}));
  CHECK(std::isnan(ndtri(at(1.5)).item()));
  CHECK(std::isnan(log_ndtr(at(kNan)).item()));
  CHECK(log_ndtr(at(-kInfinity)).item() == -kInfinity);
}
