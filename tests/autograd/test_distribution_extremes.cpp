// SPDX-License-Identifier: MIT
// Distributions in their tails and with tiny and huge parameters, and input that means nothing. Numbers without a
// formula beside them are PyTorch 1.13's, in f64.
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/distributions.h"
#include "autograd/grad.h"
#include "autograd/kl.h"
#include "autograd/ops.h"
#include "tests/error_of.h"
#include "tests/numbers.h"
#include "tests/reference_data.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using Made = std::shared_ptr<const Distribution>;
template <class D>
Made made_of_one(const Vars& p) {
  return std::make_shared<const D>(p[0]);
}
template <class D>
Made made_of_two(const Vars& p) {
  return std::make_shared<const D>(p[0], p[1]);
}

template <class D>
Made made_of_three(const Vars& p) {
  return std::make_shared<const D>(p[0], p[1], p[2]);
}

struct Extreme {
  const char* name;
  Made (*make)(const Vars&);
  std::vector<std::vector<float>> parameters;  // one list for each distribution
  std::vector<float> values;
  bool has_cdf = true;
};
const std::vector<Extreme>& extremes() {
  static const std::vector<Extreme> all{
      {"Normal", made_of_two<Normal>, {{0, 1}, {0, 1e-10F}, {3, 1e10F}}, {-12, -6, -1e-9F, 0, 1e-9F, 6, 1e9F}},
      {"LogNormal", made_of_two<LogNormal>, {{0, 1}, {-3, 1e-2F}, {3, 10}}, {1e-30F, 1e-3F, 1, 20, 1e10F}},
      {"Laplace", made_of_two<Laplace>, {{0, 1}, {0, 1e-10F}, {3, 1e10F}}, {-50, -20, -1e-9F, 0, 3, 20, 1e9F}},
      {"Gumbel", made_of_two<Gumbel>, {{0, 1}, {3, 1e10F}}, {-4, -2, 0, 3, 20, 80}},
      {"Cauchy", made_of_two<Cauchy>, {{0, 1}, {0, 1e-10F}, {3, 1e10F}}, {-1e9F, -20, -1e-9F, 0.1F, 3, 1e20F}},
      {"StudentT",
       made_of_three<StudentT>,
       {{1e-3F, 0, 1}, {2, 0, 1e-10F}, {1e8F, 3, 10}},
       {-1e9F, -20, -1e-9F, 0, 3, 20, 1e20F},
       false},
      {"Poisson", made_of_one<Poisson>, {{1e-10F}, {0.5F}, {80}, {1e8F}}, {0, 1, 63, 64, 1e4F, 1e8F, 1e10F}, false},
      {"Binomial", made_of_two<Binomial>, {{100, -20}, {100, 0.5F}, {1e8F, -12}}, {0, 1, 60, 64, 100}, false},
      {"NegativeBinomial",
       made_of_two<NegativeBinomial>,
       {{1e-3F, -2}, {0.5F, 9}, {1e8F, -12}},
       {0, 1, 63, 64, 614, 1e8F},
       false},
      {"Exponential", made_of_one<Exponential>, {{1}, {1e-10F}, {1e10F}}, {0, 1e-12F, 1e-3F, 1, 40, 1e9F}},
      {"ContinuousBernoulli",
       made_of_one<ContinuousBernoulli>,
       {{0}, {1e-9F}, {1e-5F}, {-1e-5F}, {0.3F}, {-0.9F}, {1.1F}, {60}, {-60}},
       {1e-6F, 0.25F, 0.5F, 0.999F}},
      {"Gamma",
       made_of_two<Gamma>,
       {{1e-3F, 1}, {0.5F, 1e-6F}, {1, 1e5F}, {100, 1}, {1e4F, 1}, {1e4F, 1e4F}},
       {1e-20F, 1e-4F, 1, 80, 9.7e3F, 1e4F, 1.03e4F}},
      {"Beta",
       made_of_two<Beta>,
       {{1e-3F, 1e-3F}, {1, 1}, {1e6F, 2e6F}, {1e-2F, 1e5F}},
       {1e-10F, 1e-3F, 0.3333333F, 0.999F},
       false},
  };
  return all;
}

Vars scalars_of(const std::vector<float>& values, Dtype dtype) {
  Vars all;
  for (const float value : values) all.push_back(constant(scalar(value, dtype)));
  return all;
}
Var one(double value) { return constant(scalar(value, Dtype::f64)); }
double item_of(const Var& x) { return x.item(); }
Tensor f64_of(const Var& x) { return to(x.value(), Dtype::f64); }

}  // namespace

TEST_CASE("f32 densities and distribution functions are those of f64, in the tails and at extreme parameters") {
  for (const Extreme& row : extremes())
    for (const std::vector<float>& parameters : row.parameters) {
      const Made narrow = row.make(scalars_of(parameters, Dtype::f32)),
                 wide = row.make(scalars_of(parameters, Dtype::f64));
      for (const float value : row.values) {
        const Var x = constant(scalar(value)), same = constant(scalar(value, Dtype::f64));
        const std::string where = join(row.name, " of ", parameters[0], " at ", value);
        CHECK_NOTHROW(
            check_close(where + ", log_prob", f64_of(narrow->log_prob(x)), wide->log_prob(same).value(), 3e-6, 1));
        if (row.has_cdf)
          CHECK_NOTHROW(check_close(where + ", cdf", f64_of(narrow->cdf(x)), wide->cdf(same).value(), 1e-4, 1e-36));
      }
    }
}

TEST_CASE("the slope of every distribution function is its density, in the tails and at kinks, too") {
  for (const Extreme& row : extremes()) {
    if (!row.has_cdf) continue;
    for (const std::vector<float>& parameters : row.parameters) {
      const Made d = row.make(scalars_of(parameters, Dtype::f64));
      for (const float value : row.values) {
        const Var x = variable(scalar(value, Dtype::f64));
        CAPTURE(row.name);
        CAPTURE(parameters[0]);
        CAPTURE(value);
        const double slope = grad(d->cdf(x), x).item(), density = std::exp(d->log_prob(x).item());
        CHECK(slope == doctest::Approx(density).epsilon(1e-6).scale(1e-300));
      }
    }
  }
  const Var loc = variable(scalar(0, Dtype::f64));
  CHECK(grad(Laplace(loc, one(2)).cdf(one(0)), loc).item() == -0.25);
}

TEST_CASE("distribution functions have their derivatives by the parameters where formulas would divide 0 by 0") {
  for (const double logit : {0.0, 1e-9, -1e-6, 0.02, 0.99, 1.01, -3.0})
    CHECK_NOTHROW(check_gradients([](const Vars& v) { return ContinuousBernoulli(v[0]).cdf(one(0.3)); },
                                  {scalar(logit, Dtype::f64)},
                                  {.order = 2, .tolerance = 1e-6, .name = join("cdf at logit ", logit)}));
  const Var l = variable(scalar(0, Dtype::f64));
  CHECK(grad(ContinuousBernoulli(l).cdf(one(0.3)), l).item() == doctest::Approx(-0.3 * 0.7 / 2));
  const Var rate = variable(scalar(1, Dtype::f64));
  CHECK(grad(Exponential(rate).cdf(one(40)), rate).item() == doctest::Approx(40 * std::exp(-40.0)));
}

// Values and derivatives computed with 600 digits. `floor` is what an error of 1e-16 times a term may reach: ψ of 1e8.
TEST_CASE("log_prob, log_cdf and icdf have their digits, in derivatives, too, at extreme arguments") {
  const std::map<std::string, Made (*)(const Vars&)> makers{
      {"Normal", made_of_two<Normal>},       {"LogNormal", made_of_two<LogNormal>},
      {"Laplace", made_of_two<Laplace>},     {"Cauchy", made_of_two<Cauchy>},
      {"Gumbel", made_of_two<Gumbel>},       {"Exponential", made_of_one<Exponential>},
      {"StudentT", made_of_three<StudentT>}, {"Poisson", made_of_one<Poisson>},
      {"Binomial", made_of_two<Binomial>},   {"NegativeBinomial", made_of_two<NegativeBinomial>},
  };
  for (const Json& one : reference_data("mpmath_distributions.json").items()) {
    const std::string answer = one["answer"].text(), name = one["distribution"].text();
    const std::vector<double> arguments = one["arguments"].numbers();
    Vars at;
    for (const double argument : arguments) at.push_back(variable(scalar(argument, Dtype::f64)));
    const Made d = makers.at(name)(at);
    const Var y = answer == "log_prob"  ? d->log_prob(at.back())
                  : answer == "log_cdf" ? d->log_cdf(at.back())
                  : answer == "icdf"    ? d->icdf(at.back())
                                        : d->entropy();
    std::string where = join(answer, " of ", name, " at");
    for (const double argument : arguments) where += join(" ", argument);
    const double floor = answer == "log_prob" || answer == "entropy" ? 1 : 1e-300;
    const auto compare = [&](const std::string& what, const Tensor& got, double wanted, double tolerance,
                             double least) {
      if (std::isfinite(wanted))
        CHECK_NOTHROW(check_close(where + what, got, scalar(wanted, Dtype::f64), tolerance, least));
    };
    compare("", y.value(), one["value"].number(), 1e-11, floor);
    const Vars first = grad(y, at, {.create_graph = true, .allow_unused = true});
    for (std::size_t i = 0; i < at.size(); ++i) {
      compare(join(", first derivative ", i), first[i].value(), one["first"][i].number(), 1e-9, 1e-5);
      if (!first[i].needs_gradient()) continue;
      const Var second = grad(first[i], {at[i]}, {.retain_graph = true, .allow_unused = true})[0];
      compare(join(", second derivative ", i), second.value(), one["second"][i].number(), 1e-9, 1e-5);
    }
  }
}

TEST_CASE("tails are those of the C library and of PyTorch") {
  const Normal standard(one(0), one(1));
  CHECK(item_of(standard.cdf(one(-6))) == doctest::Approx(9.865876450377012e-10).epsilon(1e-12));
  CHECK(item_of(standard.cdf(one(-30))) == doctest::Approx(4.906713927148764e-198).epsilon(1e-10));
  CHECK(item_of(Normal(constant(scalar(0)), constant(scalar(1))).cdf(constant(scalar(-6)))) ==
        doctest::Approx(9.865876450377012e-10).epsilon(1e-5));
  CHECK(item_of(Gamma(one(1e4), one(1)).log_prob(one(1e4))) == doctest::Approx(-5.5241170525114285).epsilon(1e-8));
  CHECK(item_of(Gumbel(one(0), one(1)).log_prob(one(-kInfinity))) == -kInfinity);
  CHECK(item_of(Gamma(one(2), one(1)).log_prob(one(kInfinity))) == -kInfinity);
  // KL divergences whose quotients of scales leave the range of f32.
  const auto f32 = [](double x) { return constant(scalar(x)); };
  CHECK(item_of(kl(Normal(f32(0), f32(1e-25)), Normal(f32(0), f32(1)))) == doctest::Approx(25 * std::log(10) - 0.5));
  CHECK(item_of(kl(Normal(f32(0), f32(1e-30)), Normal(f32(0), f32(1e30)))) == doctest::Approx(60 * std::log(10) - 0.5));
  CHECK(item_of(kl(Laplace(f32(0), f32(1e-30)), Laplace(f32(0), f32(1e30)))) == doctest::Approx(60 * std::log(10) - 1));
  CHECK(item_of(kl(Exponential(f32(1e30)), Exponential(f32(1e-30)))) == doctest::Approx(60 * std::log(10) - 1));
  CHECK(item_of(kl(Gamma(f32(1e5), f32(1)), Gamma(f32(1.001e5), f32(1)))) ==
        doctest::Approx(item_of(kl(Gamma(one(1e5), one(1)), Gamma(one(1.001e5F), one(1))))).epsilon(1e-4));
}

TEST_CASE("rare draws come as often as f64 says") {
  Rng rng(5);
  constexpr std::int64_t count = 1 << 24;
  // With steps of 2^-24, a number below 2^-22 would be one of four, and the largest Exponential about 17.
  const Tensor e = Exponential(constant(scalar(1))).sample(rng, {count});
  CHECK(max(e).item() < 40);
  CHECK(sum(to(e > 14, Dtype::f64)).item() == doctest::Approx(count * std::exp(-14.0)).epsilon(0.5));
  CHECK(sum(to(e < 1e-6, Dtype::f64)).item() == doctest::Approx(count * 1e-6).epsilon(0.8));
  const Tensor g = Gumbel(constant(scalar(0)), constant(scalar(1))).sample(rng, {count});
  CHECK(sum(to(g > 14, Dtype::f64)).item() == doctest::Approx(count * std::exp(-14.0)).epsilon(0.5));
  CHECK(sum(to(g < -2.5, Dtype::f64)).item() == doctest::Approx(count * std::exp(-std::exp(2.5))).epsilon(0.3));
  const Tensor l = Laplace(constant(scalar(0)), constant(scalar(1))).sample(rng, {count});
  CHECK(sum(to(l < -13, Dtype::f64)).item() == doctest::Approx(count * std::exp(-13.0) / 2).epsilon(0.6));
  CHECK(sum(to(l > 13, Dtype::f64)).item() == doctest::Approx(count * std::exp(-13.0) / 2).epsilon(0.6));
}

TEST_CASE("parameters and values that mean nothing are errors") {
  const auto vector = [](std::initializer_list<double> values) { return constant(Tensor::from(values)); };
  const auto is_error_of = [](const std::string& error, const std::string& name) {
    return error.find(name + ": ") == 0;
  };
  CHECK(error_of([&] {
          Categorical::from_probs(vector({0, 0, 0}));
        }) == "Categorical: probs of a row must not all be 0, got f64[3]");
  CHECK(is_error_of(error_of([&] { OneHotCategorical::from_probs(vector({0, 0})); }), "OneHotCategorical"));
  for (const double bad : {kNan, kInfinity})
    CHECK(is_error_of(error_of([&] { Categorical(vector({0, bad})); }), "Categorical"));
  CHECK(error_of([&] {
          Categorical(vector({-kInfinity, -kInfinity}));
        }) == "Categorical: the largest logit of a row must be finite, got -inf in f64[2]");
  CHECK_NOTHROW(Categorical(vector({-kInfinity, 0})));
  CHECK(error_of([&] { Normal(one(kNan), one(1)); }) == "Normal: loc has NaN, got f64[]");
  CHECK(is_error_of(error_of([&] { Normal(one(0), one(kNan)); }), "Normal"));
  CHECK(is_error_of(error_of([&] { Uniform(one(kNan), one(1)); }), "Uniform"));
  CHECK(is_error_of(error_of([&] { Bernoulli(vector({kNan})); }), "Bernoulli"));
  CHECK(is_error_of(error_of([&] { ContinuousBernoulli(vector({kNan})); }), "ContinuousBernoulli"));
  CHECK(is_error_of(error_of([&] { RelaxedBernoulli(1, vector({kNan})); }), "RelaxedBernoulli"));
  CHECK(is_error_of(error_of([&] { RelaxedOneHotCategorical(1, vector({0, kNan})); }), "RelaxedOneHotCategorical"));
  CHECK(is_error_of(error_of([&] {
                      MultivariateNormal(vector({kNan}), constant(ones({1, 1}, Dtype::f64)));
                    }),
                    "MultivariateNormal"));
  CHECK(error_of([&] { Bernoulli(one(0)).log_prob(one(3)); }) ==
        "Bernoulli: values must lie in [0, 1], got 3 to 3 in f64[]");
  // Values of events are not broadcast along the event, and classes are not broadcast in a divergence.
  CHECK(error_of([&] {
          Dirichlet(vector({1, 2})).log_prob(vector({1}));
        }) == "Dirichlet: values must end with the axes [2], got f64[1]");
  CHECK(is_error_of(error_of([&] { OneHotCategorical(vector({1, 2})).log_prob(vector({1})); }), "OneHotCategorical"));
  CHECK(is_error_of(error_of([&] {
                      Independent(Normal(vector({1, 2}), one(1)), 1).log_prob(vector({1}));
                    }),
                    "Independent"));
  CHECK(error_of([&] {
          kl(Categorical(vector({1, 2})), Categorical(vector({1})));
        }) == "kl: p has 2 classes, and q has 1");
}
