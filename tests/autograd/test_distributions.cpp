// SPDX-License-Identifier: MIT
// Distributions against PyTorch's values and gradients, against integrals of their own densities, and against samples.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/distributions.h"
#include "autograd/grad.h"
#include "autograd/kl.h"
#include "autograd/ops.h"
#include "tensor/gamma.h"
#include "tests/error_of.h"
#include "tests/reference_data.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using DistributionPtr = std::shared_ptr<const Distribution>;

Var f64(std::initializer_list<double> values) { return constant(Tensor::from(values)); }
Var f64(std::initializer_list<double> values, const Shape& shape) { return constant(Tensor::from(values, shape)); }
Var number(double value) { return constant(scalar(value, Dtype::f64)); }

template <class D, class... Args>
DistributionPtr make(Args&&... args) {
  return std::make_shared<const D>(std::forward<Args>(args)...);
}

// ---- PyTorch

template <class D>
DistributionPtr of_one(const Vars& p) {
  return make<D>(p[0]);
}
template <class D>
DistributionPtr of_two(const Vars& p) {
  return make<D>(p[0], p[1]);
}
template <class D>
DistributionPtr relaxed(const Vars& p) {
  return make<D>(0.7, p[0]);
}
template <class D>
DistributionPtr of_three(const Vars& p) {
  return make<D>(p[0], p[1], p[2]);
}
DistributionPtr by_tanh(const Vars& p) {
  return make<TransformedDistribution>(Normal(p[0], p[1]),
                                       ComposeTransform(AffineTransform(number(0.3), number(-0.7)), TanhTransform()));
}
DistributionPtr by_exp(const Vars& p) {
  return make<TransformedDistribution>(Laplace(p[0], p[1]),
                                       ComposeTransform(ExpTransform(), AffineTransform(number(0.5), number(2))));
}
DistributionPtr by_sigmoid(const Vars& p) {
  return make<TransformedDistribution>(Gumbel(p[0], p[1]), SigmoidTransform());
}
DistributionPtr by_softplus(const Vars& p) {
  return make<TransformedDistribution>(Independent(Normal(p[0], p[1]), 1), SoftplusTransform());
}
DistributionPtr independent(const Vars& p) { return make<Independent>(Normal(p[0], p[1]), 1); }
DistributionPtr mixture(const Vars& p) { return make<MixtureSameFamily>(Categorical(p[0]), Normal(p[1], p[2])); }
DistributionPtr mixture_of_vectors(const Vars& p) {
  return make<MixtureSameFamily>(Categorical(p[0]), Independent(Normal(p[1], p[2]), 1));
}

// Plain functions, since a lambda in a std::function for each costs a second of compilation.
DistributionPtr made(const std::string& name, const Vars& p) {
  static const std::map<std::string, DistributionPtr (*)(const Vars&)> makers{
      {"Normal", of_two<Normal>},
      {"LogNormal", of_two<LogNormal>},
      {"Laplace", of_two<Laplace>},
      {"Gumbel", of_two<Gumbel>},
      {"Uniform", of_two<Uniform>},
      {"Exponential", of_one<Exponential>},
      {"Gamma", of_two<Gamma>},
      {"Beta", of_two<Beta>},
      {"Dirichlet", of_one<Dirichlet>},
      {"ContinuousBernoulli", of_one<ContinuousBernoulli>},
      {"Bernoulli", of_one<Bernoulli>},
      {"Categorical", of_one<Categorical>},
      {"OneHotCategorical", of_one<OneHotCategorical>},
      {"RelaxedBernoulli", relaxed<RelaxedBernoulli>},
      {"RelaxedOneHotCategorical", relaxed<RelaxedOneHotCategorical>},
      {"MultivariateNormal", of_two<MultivariateNormal>},
      {"Independent", independent},
      {"MixtureSameFamily", mixture},
      {"MixtureSameFamily of vectors", mixture_of_vectors},
      {"Cauchy", of_two<Cauchy>},
      {"StudentT", of_three<StudentT>},
      {"Poisson", of_one<Poisson>},
      {"Binomial", of_two<Binomial>},
      {"NegativeBinomial", of_two<NegativeBinomial>},
      {"Transformed by tanh", by_tanh},
      {"Transformed by exp", by_exp},
      {"Transformed by sigmoid", by_sigmoid},
      {"Transformed by softplus", by_softplus},
  };
  return makers.at(name)(p);
}

Var weighted_sum(const Var& y) {
  return sum(y * constant(reshape(to(arange(1, y.numel() + 1), Dtype::f64), y.shape())));
}
// The value, the gradients of its sum weighted by 1, 2, 3, ..., and those of their sum.
void check_against(const std::string& where, const Json& wanted, const Var& y, const Vars& xs, double tolerance) {
  check_close(where, y.value(), tensor_of(wanted["value"]), std::min(tolerance, 1e-10), 1);
  const Var total = weighted_sum(y);
  if (!total.needs_gradient()) return;
  const Vars gradients = grad(total, xs, {.create_graph = true, .allow_unused = true});
  for (std::size_t i = 0; i < gradients.size(); ++i)
    check_close(join(where, ", gradient ", i), gradients[i].value(), tensor_of(wanted["gradients"][i]), tolerance, 1);
  if (!wanted.contains("seconds")) return;
  Vars flat;
  for (const Var& g : gradients) flat.push_back(flatten(g));
  const Vars seconds = grad(weighted_sum(concat(flat, 0)), xs, {.retain_graph = true, .allow_unused = true});
  for (std::size_t i = 0; i < seconds.size(); ++i)
    check_close(join(where, ", second ", i), seconds[i].value(), tensor_of(wanted["seconds"][i]), tolerance, 1);
}

Vars variables(const Json& list) {
  Vars xs;
  for (const Tensor& x : tensors_of(list)) xs.push_back(variable(x));
  return xs;
}

void for_each_case(const char* key, FunctionRef<void(const Json&)> compare) {
  static const Json all = reference_data("pytorch_distributions.json");
  int found = 0;
  for (const Json& one : all.items()) {
    if (!one.contains(key)) continue;
    ++found;
    try {
      compare(one);
    } catch (const std::exception& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
  CHECK(found >= 9);
}

// ---- integrals

// Points and weights for an integral over a support: the trapezoidal rule after a change of
// variable that makes every integrand decay doubly exponentially (Takahasi & Mori 1974).
struct Nodes {
  std::vector<double> x, weight;
};
Nodes nodes_for(Support support, double low, double high) {
  Nodes nodes;
  const double half_pi = std::numbers::pi / 2, h = 1.0 / 64;
  for (double t = -4.5; t <= 4.5; t += h) {
    const double s = half_pi * std::sinh(t), ds = half_pi * std::cosh(t) * h;
    if (support == Support::real || support == Support::positive) {
      for (const double side : {1.0, -1.0}) {  // the line has two, from `low`: a density may have a kink there
        if (side < 0 && support == Support::positive) continue;
        nodes.x.push_back(low + side * std::exp(s));
        nodes.weight.push_back(std::exp(s) * ds);
      }
    } else {
      const double share = 1 / (1 + std::exp(-2 * s));
      if (share <= 0 || share >= 1) continue;
      nodes.x.push_back(low + (high - low) * share);
      nodes.weight.push_back((high - low) * ds * 2 * share / (1 + std::exp(2 * s)));
    }
  }
  return nodes;
}

struct Numbers {
  std::string name;
  DistributionPtr d;
  double low = 0, high = 1;
};
// 0-d distributions of numbers.
std::vector<Numbers> distributions_of_numbers() {
  return {
      {"Normal", make<Normal>(number(0.3), number(1.4))},
      {"Laplace", make<Laplace>(number(-0.3), number(0.8)), -0.3},
      {"Gumbel", make<Gumbel>(number(0.5), number(1.2))},
      {"StudentT", make<StudentT>(number(5.5), number(0.3), number(1.2))},
      {"LogNormal", make<LogNormal>(number(0.2), number(0.5))},
      {"Exponential", make<Exponential>(number(1.7))},
      {"Uniform", make<Uniform>(number(-1), number(2.5)), -1, 2.5},
      {"ContinuousBernoulli", make<ContinuousBernoulli>(number(2.5))},
      {"ContinuousBernoulli, downwards", make<ContinuousBernoulli>(number(-4))},
      {"ContinuousBernoulli, almost flat", make<ContinuousBernoulli>(number(0.03))},
      {"Gamma", make<Gamma>(number(2.3), number(0.7))},
      {"Gamma below 1", make<Gamma>(number(0.6), number(1.7))},
      {"Gamma, large", make<Gamma>(number(80), number(9))},
      {"Beta", make<Beta>(number(1.8), number(3.2))},
      {"RelaxedBernoulli", make<RelaxedBernoulli>(1.1, number(0.7))},
      {"MixtureSameFamily",
       make<MixtureSameFamily>(Categorical(f64({0.2, -0.5})), Normal(f64({-1, 1.5}), f64({0.5, 0.9})))},
      {"MixtureSameFamily of Gammas",
       make<MixtureSameFamily>(Categorical(f64({0.2, -0.5})), Gamma(f64({1.5, 6}), f64({0.8, 2})))},
  };
}

// The value of a closed form, or nothing if there is no closed form.
template <class F>
std::optional<double> answer(F f) {
  try {
    return f().item();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

TEST_CASE("log_prob, entropy, mean, variance and cdf agree with PyTorch's, and so do their gradients") {
  for_each_case("distribution", [](const Json& one) {
    const std::string name = one["distribution"].text();
    const Vars parameters = variables(one["parameters"]);
    const DistributionPtr d = made(name, parameters);
    Vars with_x = parameters;
    const Tensor x = tensor_of(one["x"]);
    const bool integers = one["integers"].flag();
    const Var at = one["by_x"].flag() ? variable(x) : constant(to(x, integers ? Dtype::i64 : Dtype::f64));
    if (one["by_x"].flag()) with_x.push_back(at);
    const double tolerance = one["tolerance"].number();
    check_against(name + " log_prob", one["log_prob"], d->log_prob(at), with_x, tolerance);
    if (one.contains("entropy")) check_against(name + " entropy", one["entropy"], d->entropy(), parameters, tolerance);
    if (one.contains("mean")) check_against(name + " mean", one["mean"], d->mean(), parameters, tolerance);
    if (one.contains("variance"))
      check_against(name + " variance", one["variance"], d->variance(), parameters, tolerance);
    if (one.contains("cdf")) check_against(name + " cdf", one["cdf"], d->cdf(at), with_x, tolerance);
  });
}

TEST_CASE("icdf and log_cdf agree with PyTorch's, and so do their gradients") {
  for_each_case("icdf_of", [](const Json& one) {
    const std::string name = one["icdf_of"].text();
    const Vars parameters = variables(one["parameters"]);
    const DistributionPtr d = made(name, parameters);
    const auto compare = [&](const char* answer, const char* at, Var (Distribution::*member)(const Var&) const) {
      if (!one.contains(answer)) return;
      Vars all = parameters;
      all.push_back(variable(tensor_of(one[at])));
      check_against(join(name, " ", answer), one[answer], ((*d).*member)(all.back()), all, one["tolerance"].number());
    };
    compare("icdf", "p", &Distribution::icdf);
    compare("log_cdf", "x", &Distribution::log_cdf);
  });
}

TEST_CASE("KL divergences agree with PyTorch's, and so do their gradients") {
  for_each_case("kl", [](const Json& one) {
    const std::string p = one["p"].text(), q = one["q"].text();
    const Vars a = variables(one["p_parameters"]), b = variables(one["q_parameters"]);
    Vars both = a;
    both.insert(both.end(), b.begin(), b.end());
    check_against("kl from " + p + " to " + q, one["kl"], kl(*made(p, a), *made(q, b)), both,
                  one["tolerance"].number());
  });
}

TEST_CASE("densities integrate to 1, and mean, variance, entropy and cdf equal their integrals") {
  for (const Numbers& one : distributions_of_numbers()) {
    INFO(one.name);
    const Nodes nodes = nodes_for(one.d->support(), one.low, one.high);
    const std::vector<double> log_p = one.d->log_prob(constant(Tensor::from(nodes.x))).value().to_vector<double>();
    const auto expectation = [&](auto f) {
      double total = 0;
      for (std::size_t i = 0; i < nodes.x.size(); ++i)
        if (std::isfinite(log_p[i])) total += nodes.weight[i] * std::exp(log_p[i]) * f(nodes.x[i], log_p[i]);
      return total;
    };
    CHECK(expectation([](double, double) { return 1; }) == doctest::Approx(1).epsilon(1e-9));
    const double mean = expectation([](double x, double) { return x; });
    if (const auto closed = answer([&] { return one.d->mean(); }))
      CHECK(*closed == doctest::Approx(mean).epsilon(1e-9));
    if (const auto closed = answer([&] { return one.d->variance(); }))
      CHECK(*closed ==
            doctest::Approx(expectation([&](double x, double) { return (x - mean) * (x - mean); })).epsilon(1e-8));
    if (const auto closed = answer([&] { return one.d->entropy(); }))
      CHECK(*closed == doctest::Approx(expectation([](double, double l) { return -l; })).epsilon(1e-8));
    if (const auto closed = answer([&] { return one.d->cdf(number(0.8)); }))
      CHECK(*closed == doctest::Approx(expectation([](double x, double) {
                         return x <= 0.8 ? 1 : 0;  // exact to the spacing of the nodes
                       })).epsilon(0.03));
    if (answer([&] { return one.d->cdf(number(0.8)); })) {
      const Var x = variable(Tensor::from({0.2, 0.6, 0.9}));
      CHECK(allclose(grad(sum(one.d->cdf(x)), x).value(), exp(one.d->log_prob(x)).value(), 1e-10, 1e-12));
    }
  }
}

TEST_CASE("densities of vectors integrate to 1") {
  const Nodes unit = nodes_for(Support::unit_interval, 0, 1), line = nodes_for(Support::real, 0, 1);
  const auto total = [](const Distribution& d, const std::vector<double>& x, const std::vector<double>& weight) {
    const Tensor points = Tensor::from(x, {static_cast<std::int64_t>(weight.size()), d.event_shape()[0]});
    return sum(exp(d.log_prob(constant(points))) * constant(Tensor::from(weight))).item();
  };
  std::vector<double> simplex, simplex_weight, plane, plane_weight;
  for (std::size_t i = 0; i < unit.x.size(); i += 2)
    for (std::size_t j = 0; j < unit.x.size(); j += 2) {
      const double a = unit.x[i], b = (1 - a) * unit.x[j], c = (1 - a) * (1 - unit.x[j]);
      if (b <= 0 || c <= 0) continue;
      simplex.insert(simplex.end(), {a, b, c});
      simplex_weight.push_back(4 * unit.weight[i] * unit.weight[j] * (1 - a));
    }
  for (double x = -14; x <= 14; x += 0.25)
    for (double y = -14; y <= 14; y += 0.25) {
      plane.insert(plane.end(), {x, y});
      plane_weight.push_back(0.0625);
    }
  CHECK(total(Dirichlet(f64({1.5, 3, 2})), simplex, simplex_weight) == doctest::Approx(1).epsilon(1e-6));
  CHECK(total(RelaxedOneHotCategorical(1.2, f64({0.3, -0.2, 0.9})), simplex, simplex_weight) ==
        doctest::Approx(1).epsilon(1e-6));
  CHECK(total(MultivariateNormal(f64({0.5, -1}), f64({1.5, 0, -0.7, 0.9}, {2, 2})), plane, plane_weight) ==
        doctest::Approx(1).epsilon(1e-9));
}

TEST_CASE("discrete probabilities add up to 1, and moments and entropy equal their sums") {
  const Var logit = number(0.7), logits = f64({0.5, -1, 2, 0});
  const Bernoulli coin(logit);
  const Var p = exp(coin.log_prob(f64({0, 1})));
  CHECK(sum(p).item() == doctest::Approx(1));
  CHECK(coin.mean().item() == doctest::Approx(p.value().to_vector<double>()[1]));
  CHECK(coin.variance().item() == doctest::Approx(prod(p).item()));
  CHECK(coin.entropy().item() == doctest::Approx(-sum(p * log(p)).item()));
  const OneHotCategorical die(logits);
  const Var q = exp(die.log_prob(constant(eye(4, 4, Dtype::f64))));
  CHECK(sum(q).item() == doctest::Approx(1));
  CHECK(allclose(die.mean().value(), q.value()));
  CHECK(allclose(die.variance().value(), (q * (1 - q)).value()));
  CHECK(die.entropy().item() == doctest::Approx(-sum(q * log(q)).item()));
  CHECK(allclose(exp(Categorical(logits).log_prob(constant(arange(4)))).value(), q.value()));
  // A class of probability 0 makes no NaN.
  const Categorical loaded(f64({0, -INFINITY}));
  CHECK(loaded.entropy().item() == 0);
  CHECK(kl(loaded, Categorical(f64({0, 0}))).item() == doctest::Approx(std::log(2)));
  CHECK(std::isinf(kl(Categorical(f64({0, 0})), loaded).item()));
  CHECK(allclose(Categorical::from_probs(f64({1, 3})).probs().value(), Tensor::from({0.25, 0.75})));
  CHECK(Bernoulli::from_probs(number(0.2)).probs().item() == doctest::Approx(0.2));
}

TEST_CASE("samples have the distribution's mean, variance and support, and rsample gives the same numbers") {
  for (const Numbers& one : distributions_of_numbers()) {
    INFO(one.name);
    const std::int64_t n = 40'000;
    Rng rng(7), again(7);
    const Tensor x = one.d->sample(rng, {n});
    CHECK(x.shape() == Shape{n});
    if (one.d->has_rsample()) {
      CHECK(equal(one.d->rsample(again, {n}).value(), x));
      CHECK(again.state() == rng.state());
    }
    CHECK(all(isfinite(one.d->log_prob(constant(x)).value())).item() == 1);
    const auto mean_of = answer([&] { return one.d->mean(); }), variance_of = answer([&] { return one.d->variance(); });
    if (mean_of) CHECK(std::abs(mean(x).item() - *mean_of) < 4 * std::sqrt(*variance_of / n));
    if (variance_of) CHECK(var(x).item() == doctest::Approx(*variance_of).epsilon(0.06));
    // The share of samples below x is F(x).
    if (answer([&] { return one.d->cdf(number(0.8)); })) {
      const Tensor sorted = sort(x).values, place = one.d->cdf(constant(sorted)).value();
      const Tensor share = (to(arange(n), Dtype::f64) + 0.5) / n;
      CHECK(max(abs(place - share)).item() < 1.95 / std::sqrt(n));  // Kolmogorov and Smirnov, 1 in 1000
    }
  }
}

TEST_CASE("samples at a low temperature are almost one-hot, and have a density") {
  Rng rng(2);
  for (const double temperature : {0.01, 1e-4}) {
    const RelaxedOneHotCategorical vectors(temperature, f64({0.5, -1, 3}));
    const Tensor x = vectors.sample(rng, {1000});
    CHECK(min(x).item() > 0);
    CHECK(all(isfinite(vectors.log_prob(constant(x)).value())).item() == 1);
    const RelaxedBernoulli coins(temperature, number(0.5));
    const Tensor y = coins.sample(rng, {1000});
    CHECK(min(y).item() > 0);
    CHECK(max(y).item() < 1);
    CHECK(all(isfinite(coins.log_prob(constant(y)).value())).item() == 1);
  }
}

TEST_CASE("what lies above the diagonal of scale_tril is not read") {
  const Var loc = f64({0.5, -1, 2}), lower = f64({1, 0, 0, 0.5, 2, 0, -0.3, 0.7, 0.6}, {3, 3});
  const Var full = lower + f64({0, 9, -8, 0, 0, 7, 0, 0, 0}, {3, 3});
  const MultivariateNormal clean(loc, lower), other(loc, full), wide(loc, lower * 2);
  Rng a(3), b(3);
  CHECK(equal(other.sample(a, {5}), clean.sample(b, {5})));
  CHECK(equal(other.log_prob(loc + 1).value(), clean.log_prob(loc + 1).value()));
  CHECK(equal(other.entropy().value(), clean.entropy().value()));
  CHECK(equal(other.variance().value(), clean.variance().value()));
  CHECK(equal(kl(other, wide).value(), kl(clean, wide).value()));
  CHECK(equal(kl(wide, other).value(), kl(wide, clean).value()));
}

TEST_CASE("shapes: sample axes come before the batch, event axes after it; parameters broadcast") {
  Rng rng(1);
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    const auto ones_of = [&](const Shape& shape) { return constant(ones(shape, dtype)); };
    const Shape event{3};
    const std::vector<std::pair<DistributionPtr, Shape>> cases{
        {make<Normal>(ones_of({2, 1}), ones_of({4})), {}},
        {make<Gamma>(ones_of({2, 1}), ones_of({4})), {}},
        {make<Beta>(ones_of({4}), ones_of({2, 1})), {}},
        {make<Bernoulli>(ones_of({2, 4})), {}},
        {make<StudentT>(ones_of({2, 1}), ones_of({4}), ones_of({})), {}},
        {make<Cauchy>(ones_of({2, 1}), ones_of({4})), {}},
        {make<Poisson>(ones_of({2, 4})), {}},
        {make<Binomial>(ones_of({2, 1}), ones_of({4})), {}},
        {make<NegativeBinomial>(ones_of({2, 1}), ones_of({4})), {}},
        {make<TransformedDistribution>(Normal(ones_of({2, 1}), ones_of({4})),
                                       AffineTransform(ones_of({4}), ones_of({2, 1}))),
         {}},
        {make<Categorical>(ones_of({2, 4, 5})), {}},
        {make<Dirichlet>(ones_of({2, 4, 3})), event},
        {make<OneHotCategorical>(ones_of({2, 4, 3})), event},
        {make<RelaxedOneHotCategorical>(0.5, ones_of({2, 4, 3})), event},
        {make<MultivariateNormal>(ones_of({4, 3}), ones_of({2, 1, 3, 3})), event},
        {make<Independent>(Normal(ones_of({2, 4, 3}), ones_of({3})), 1), event},
        {make<MixtureSameFamily>(Categorical(ones_of({2, 4, 5})), Laplace(ones_of({5}), ones_of({2, 4, 1}))), {}},
        {make<MixtureSameFamily>(Categorical(ones_of({2, 4, 5})),
                                 Independent(Normal(ones_of({2, 4, 5, 3}), ones_of({})), 1)),
         event},
    };
    for (const auto& one : cases) {
      const auto& d = one.first;
      const Shape& of_event = one.second;
      INFO(d->name());
      CHECK(d->batch_shape() == Shape{2, 4});
      CHECK(d->event_shape() == of_event);
      CHECK(d->dtype() == dtype);
      for (const Shape& samples : {Shape{}, Shape{6}, Shape{0}, Shape{1, 3}}) {
        const Tensor x = d->sample(rng, samples);
        CHECK(x.shape() == samples + Shape{2, 4} + of_event);
        CHECK(x.dtype() == (d->support() == Support::integer_interval ? Dtype::i64 : dtype));
        const Var log_p = d->log_prob(constant(x));
        CHECK(log_p.shape() == samples + Shape{2, 4});
        CHECK(log_p.dtype() == dtype);
      }
      const DistributionPtr same = d->with(d->parameters());
      Rng a(3), b(3);
      CHECK(equal(same->sample(a), d->sample(b)));
    }
  }
}

TEST_CASE("log_prob, entropy, mean and variance have right derivatives of first and second order") {
  const auto check_all = [](const std::string& name, const DistributionPtr& like, const Tensor& x) {
    std::vector<Tensor> values;
    for (const Var& p : like->parameters()) values.push_back(p.value());
    const bool by_x = is_floating(x.dtype()) && like->support() != Support::one_hot;
    const auto check_one = [&](const std::string& what, const std::function<Var(const Distribution&, const Var&)>& f,
                               bool use_x) {
      std::vector<Tensor> inputs = values;
      if (use_x) inputs.push_back(x);
      const auto g = [&](const Vars& v) {
        const DistributionPtr d = like->with({v.begin(), v.begin() + static_cast<std::ptrdiff_t>(values.size())});
        return f(*d, use_x ? v.back() : constant(x));
      };
      CHECK_NOTHROW(check_gradients(g, inputs, {.tolerance = 1e-5, .name = name + " " + what}));
    };
    check_one(
        "log_prob", [](const Distribution& d, const Var& at) { return d.log_prob(at); }, by_x);
    const std::pair<const char*, Var (Distribution::*)() const> answers[] = {
        {"entropy", &Distribution::entropy}, {"mean", &Distribution::mean}, {"variance", &Distribution::variance}};
    for (const auto& [what, member] : answers)
      if (answer([&, member = member] { return sum(((*like).*member)()); }))
        check_one(
            what, [member = member](const Distribution& d, const Var&) { return (d.*member)(); }, false);
  };
  for (const Numbers& one : distributions_of_numbers()) check_all(one.name, one.d, Tensor::from({0.35, 0.7}));
  check_all("Bernoulli", make<Bernoulli>(f64({0.4, -1})), Tensor::from({0.1, 0.8}));
  check_all("Categorical", make<Categorical>(f64({0.4, -1, 2})), Tensor::from({std::int64_t{2}}));
  check_all("OneHotCategorical", make<OneHotCategorical>(f64({0.4, -1, 2})), Tensor::from({0.0, 1.0, 0.0}));
  check_all("RelaxedOneHotCategorical", make<RelaxedOneHotCategorical>(0.8, f64({0.4, -1, 2})),
            Tensor::from({0.2, 0.3, 0.5}));
  check_all("Dirichlet", make<Dirichlet>(f64({0.4, 1, 2})), Tensor::from({0.2, 0.3, 0.5}));
  check_all("MultivariateNormal", make<MultivariateNormal>(f64({0.4, 1}), f64({1.1, 0, 0.4, 0.7}, {2, 2})),
            Tensor::from({0.2, 0.3}));
  check_all("Independent", make<Independent>(Normal(f64({0.4, 1}), f64({1.1, 0.7})), 1), Tensor::from({0.2, 0.3}));
}

TEST_CASE("the pathwise derivative follows each number as the parameters move, to second order") {
  const std::vector<DistributionPtr> all{make<Normal>(f64({0.3, 1}), f64({1.4, 0.6})),
                                         make<LogNormal>(f64({0.3, 1}), f64({0.4, 0.6})),
                                         make<Laplace>(f64({0.3, 1}), f64({1.4, 0.6})),
                                         make<Gumbel>(f64({0.3, 1}), f64({1.4, 0.6})),
                                         make<Cauchy>(f64({0.3, 1}), f64({1.4, 0.6})),
                                         make<Uniform>(f64({0.3, 1}), f64({1.4, 2.6})),
                                         make<Exponential>(f64({0.3, 1})),
                                         make<ContinuousBernoulli>(f64({3, 0.02, -0.5, 0})),
                                         make<RelaxedBernoulli>(0.8, f64({0.3, -2})),
                                         make<RelaxedOneHotCategorical>(0.8, f64({0.3, -2, 1})),
                                         make<MultivariateNormal>(f64({0.4, 1}), f64({1.1, 0, 0.4, 0.7}, {2, 2}))};
  for (const DistributionPtr& d : all) {
    std::vector<Tensor> values;
    for (const Var& p : d->parameters()) values.push_back(p.value());
    const auto draw = [&](const Vars& v) {
      Rng rng(5);
      return d->with(v)->rsample(rng, {3});
    };
    CHECK_NOTHROW(check_gradients(draw, values, {.tolerance = 1e-5, .name = join(d->name(), " rsample")}));
  }
}

namespace {
// The x with F(x) = place, by bisection.
double quantile(const Distribution& d, double place) {
  double low = -50, high = 200;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (d.cdf(number(middle)).item() < place ? low : high) = middle;
  }
  return (low + high) / 2;
}
// dz/dθ and d²z/dθ² of a number z at a fixed F(z), by finite differences and by rsample.
void check_implicit(const std::string& name, const std::function<DistributionPtr(const Var&)>& family, double theta) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Rng rng(seed);
    const Var t = variable(scalar(theta, Dtype::f64));
    const Var z = family(t)->rsample(rng);
    const double place = family(number(theta))->cdf(number(z.item())).item();
    const auto at = [&](double moved) { return quantile(*family(number(moved)), place); };
    const double h = 2e-3 * theta;
    const double first = (8 * (at(theta + h) - at(theta - h)) - (at(theta + 2 * h) - at(theta - 2 * h))) / (12 * h);
    const double second =
        (-at(theta + 2 * h) + 16 * at(theta + h) - 30 * at(theta) + 16 * at(theta - h) - at(theta - 2 * h)) /
        (12 * h * h);
    const Var dz = grad(z, t, {.create_graph = true});
    INFO(name, ", z = ", z.item(), ", at ", place);
    CHECK(dz.item() == doctest::Approx(first).epsilon(1e-7));
    CHECK(grad(dz, t).item() == doctest::Approx(second).epsilon(1e-4));
  }
}
}  // namespace

TEST_CASE("implicit reparameterisation keeps a number's F(z), to second order") {
  for (const double a : {0.4, 1.0, 2.5, 30.0})
    check_implicit(
        join("Gamma(", a, ")"), [](const Var& t) { return make<Gamma>(t, number(1.3)); }, a);
  check_implicit(
      "mixture, by a logit",
      [](const Var& t) {
        return make<MixtureSameFamily>(Categorical(stack({t, number(0)})), Normal(f64({-1, 2}), f64({0.7, 1.1})));
      },
      0.6);
  check_implicit(
      "mixture, by a mean",
      [](const Var& t) {
        return make<MixtureSameFamily>(Categorical(f64({0.3, 0})), Normal(stack({t, number(3)}), f64({0.7, 1.1})));
      },
      0.6);
}

TEST_CASE("the expectation of a pathwise derivative is the derivative of the expectation, for Beta and Dirichlet too") {
  const std::int64_t n = 20'000;
  const auto check_mean = [&](const DistributionPtr& like) {
    Vars parameters;
    for (const Var& p : like->parameters()) parameters.push_back(variable(p.value()));
    const DistributionPtr d = like->with(parameters);
    Rng rng(3);
    const Var weights = d->event_shape().empty() ? number(1) : f64({1, -2, 3});
    const Vars estimate = grad(mean(d->rsample(rng, {n}) * weights), parameters);
    const Vars exact = grad(sum(d->mean() * weights) / (d->event_shape().empty() ? 1 : 3), parameters);
    for (std::size_t i = 0; i < exact.size(); ++i)
      CHECK(max(abs(estimate[i].value() - exact[i].value())).item() < 0.05);
  };
  check_mean(make<Beta>(number(0.7), number(2)));
  check_mean(make<Dirichlet>(f64({0.5, 1, 3})));
  check_mean(make<Gamma>(number(0.2), number(1)));
  Rng rng(3);
  // E[T²] = df / (df - 2), which falls with df.
  const Var df = variable(scalar(6, Dtype::f64));
  const StudentT student(df, number(0), number(1));
  const Var second_moment = mean(square(student.rsample(rng, {n})));
  CHECK(second_moment.item() == doctest::Approx(1.5).epsilon(0.03));
  CHECK(grad(second_moment, df).item() == doctest::Approx(-2.0 / 16).epsilon(0.1));
}

TEST_CASE("gamma numbers of tiny or huge concentration and their derivatives are not 0 or NaN") {
  Rng rng(1);
  for (const Dtype dtype : {Dtype::f32, Dtype::f64})
    for (const double a : {1e-4, 1e-2, 1.0, 1e3, 1e6}) {
      const Var c = variable(full({50}, a, dtype));
      for (const Var& z : {Gamma(c, constant(scalar(1, dtype))).rsample(rng), Beta(c, c).rsample(rng),
                           Dirichlet(unsqueeze(c, 0)).rsample(rng)}) {
        CHECK(min(z.value()).item() > 0);
        CHECK(all(isfinite(z.value())).item() == 1);
        CHECK(all(isfinite(grad(sum(z), c).value())).item() == 1);
      }
    }
  // P(1, x) = 1 - e^-x and P(1/2, x) = erf √x, on both sides of x = a + 1.
  for (const double x : {1e-8, 0.3, 1.4, 1.6, 2.5, 9.0, 40.0}) {
    CHECK(Gamma(number(1), number(1)).cdf(number(x)).item() == doctest::Approx(-std::expm1(-x)).epsilon(1e-13));
    CHECK(Gamma(number(0.5), number(1)).cdf(number(x)).item() ==
          doctest::Approx(std::erf(std::sqrt(x))).epsilon(1e-13));
  }
}

TEST_CASE("Cauchy numbers have their shares, StudentT is Cauchy's at df = 1, and both reach the ends of the dtype") {
  constexpr std::int64_t n = 40'000;
  Rng rng(9);
  const Cauchy cauchy(number(-0.3), number(0.8));
  for (const DistributionPtr& d : {make<Cauchy>(cauchy), make<StudentT>(number(1), number(-0.3), number(0.8))}) {
    const Tensor place = cauchy.cdf(constant(sort(d->sample(rng, {n})).values)).value();
    CHECK(max(abs(place - (to(arange(n), Dtype::f64) + 0.5) / n)).item() < 1.95 / std::sqrt(n));
  }
  const Var x = f64({-1e300, -2, 0.4, 1e9});
  CHECK(
      allclose(StudentT(number(1), number(-0.3), number(0.8)).log_prob(x).value(), cauchy.log_prob(x).value(), 1e-13));
  for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
    const Var df = variable(scalar(1e-3, dtype)), zero = constant(scalar(0, dtype)), one = constant(scalar(1, dtype));
    const Var t = StudentT(df, zero, one).rsample(rng, {500});
    CHECK(all(isfinite(t.value())).item() == 1);
    CHECK(max(t.value()).item() > largest_of(dtype) / 1e5);
    CHECK(std::isfinite(grad(sum(t / largest_of(dtype)), df).item()));
    const Tensor almost_normal = StudentT(constant(scalar(1e8, dtype)), zero, one).sample(rng, {n});
    CHECK(var(almost_normal).item() == doctest::Approx(1).epsilon(0.03));
  }
  CHECK(std::isnan(cauchy.mean().item()));
  CHECK(error_of([] { StudentT(number(0), number(0), number(1)); }) == "StudentT: df must be positive, got 0 in f64[]");
  CHECK(error_of([] { StudentT(number(1), number(NAN), number(1)); }) == "StudentT: loc has NaN, got f64[]");
}

TEST_CASE("numbers outside of the support have density 0, and NaN stays NaN") {
  const auto log_prob = [](const Distribution& d, double x) { return d.log_prob(number(x)).item(); };
  for (const Numbers& one : distributions_of_numbers()) {
    INFO(one.name);
    if (one.d->support() == Support::real) continue;
    CHECK(log_prob(*one.d, -1.5) == -INFINITY);
    if (one.d->support() != Support::positive) CHECK(log_prob(*one.d, 2.6) == -INFINITY);
    CHECK(std::isnan(log_prob(*one.d, NAN)));
    if (const auto below = answer([&] { return one.d->cdf(number(-1.5)); })) CHECK(*below == 0);
    if (one.d->support() == Support::positive) continue;
    if (const auto above = answer([&] { return one.d->cdf(number(2.6)); })) CHECK(*above == 1);
  }
  // As in PyTorch, the upper end of a uniform distribution is outside.
  CHECK(log_prob(Uniform(number(-1), number(3)), -1) == doctest::Approx(-std::log(4)));
  CHECK(log_prob(Uniform(number(-1), number(3)), 3) == -INFINITY);
  // A number outside of the support gets no NaN as its gradient.
  const Var x = variable(Tensor::from({-1.0, 2.0}));
  const Var g = grad(sum(where(x.value() > 0, Gamma(number(2), number(1)).log_prob(x), 0)), x);
  CHECK(all(isfinite(g.value())).item() == 1);
}

TEST_CASE("the continuous Bernoulli is smooth where its formulas would divide 0 by 0, in f32 too") {
  for (const double logit : {0.0, 1e-12, 1e-3, 0.999, 1.001, -1e-3, 30.0, -30.0}) {
    const ContinuousBernoulli d(variable(Tensor::from({logit})));
    const Var mean_by_derivative = grad(-sum(d.log_prob(number(0))), d.logits, {.create_graph = true});
    CHECK(mean_by_derivative.item() == doctest::Approx(d.mean().item()).epsilon(1e-12));
    CHECK(grad(mean_by_derivative, d.logits).item() == doctest::Approx(d.variance().item()).epsilon(1e-10));
  }
  const Var wide = variable(Tensor::from({-500.0f, -90.0f, 90.0f, 500.0f}));
  const ContinuousBernoulli d(wide);
  Rng rng(2);
  for (const Var& y : {d.log_prob(constant(full({4}, 0.5))), d.mean(), d.variance(), d.rsample(rng)}) {
    CHECK(all(isfinite(y.value())).item() == 1);
    CHECK(all(isfinite(grad(sum(y), wide, {.retain_graph = true}).value())).item() == 1);
  }
}

TEST_CASE("a KL divergence without closed form is estimated, with derivatives") {
  const Var logits = variable(Tensor::from({0.4, -0.3})), loc = variable(Tensor::from({-1.0, 1.5}));
  const auto mixture = [&] { return MixtureSameFamily(Categorical(logits), Normal(loc, f64({0.5, 0.9}))); };
  const Normal q(number(0.2), number(1.5));
  CHECK_FALSE(has_closed_kl(mixture(), q));
  CHECK(error_of([&] { kl(mixture(), q); }).find("kl: there is no closed form from MixtureSameFamily to Normal") == 0);
  // By the trapezoidal rule.
  const Var x = constant(linspace(-12, 12, 4001, Dtype::f64));
  const auto exact = [&] {
    const Var l = mixture().log_prob(x);
    return sum(exp(l) * (l - q.log_prob(x))) * (24.0 / 4000);
  };
  Rng rng(4);
  const Var estimate = kl(mixture(), q, rng, 40'000), wanted = exact();
  CHECK(estimate.item() == doctest::Approx(wanted.item()).epsilon(0.02));
  const Vars got = grad(estimate, {logits, loc}), want = grad(wanted, {logits, loc});
  for (std::size_t i = 0; i < 2; ++i) CHECK(max(abs(got[i].value() - want[i].value())).item() < 0.02);

  // Without a pathwise derivative, by the score function: two coins against a mixture of pairs.
  const Var coins = variable(Tensor::from({0.5, -1.0}));
  const Independent p(Bernoulli(coins), 1);
  const MixtureSameFamily two(Categorical(f64({0, 0})), Independent(Bernoulli(f64({1, -1, 0.3, 2}, {2, 2})), 1));
  const Var by_sampling = kl(p, two, rng, 40'000);
  const Var states = f64({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Var by_sum = sum(exp(p.log_prob(states)) * (p.log_prob(states) - two.log_prob(states)));
  CHECK(by_sampling.item() == doctest::Approx(by_sum.item()).epsilon(0.03));
  CHECK(max(abs(grad(by_sampling, coins).value() - grad(by_sum, coins).value())).item() < 0.03);
}

TEST_CASE("a KL divergence is infinite if q lacks a part of p's support; formulas can be added") {
  const auto infinite = [](const Distribution& p, const Distribution& q) { return std::isinf(kl(p, q).item()); };
  const Normal normal(number(0), number(1));
  const Exponential exponential(number(1));
  CHECK(infinite(normal, exponential));
  CHECK(infinite(normal, Uniform(number(-9), number(9))));
  CHECK(infinite(exponential, ContinuousBernoulli(number(1))));
  CHECK(infinite(Uniform(number(-0.1), number(1)), exponential));
  CHECK(infinite(Uniform(number(0), number(2)), Uniform(number(0), number(1))));
  CHECK_FALSE(infinite(Beta(number(2), number(2)), Uniform(number(0), number(1))));
  CHECK_FALSE(has_closed_kl(normal, Laplace(number(0), number(1))));
  register_kl<Normal, Laplace>([](const Normal& p, const Laplace& q) { return p.loc * 0 + q.scale * 7; });
  CHECK(kl(normal, Laplace(number(0), number(2))).item() == 14);
}

namespace {

// A user's own distributions: one that needs only a standard draw and formulas, ...
class Logistic final : public LocScale<Logistic> {
 public:
  static constexpr std::string_view kName = "Logistic";
  static constexpr Support kSupport = Support::real;
  using LocScale::LocScale;
  static Tensor standard_draw(Rng& rng, const Shape& shape, Dtype dtype) {
    const Tensor u = rng.uniform(shape, 1e-12, 1, dtype);
    return log(u) - log1p(-u);
  }
  Var log_prob(const Var& x) const override {
    const Var z = (x - loc) / scale;
    return -z - log(scale) - softplus(-z) * 2;
  }
  Var entropy() const override { return log(scale) + 2; }
  Var mean() const override { return loc; }
  Var variance() const override { return square(scale) * (std::numbers::pi * std::numbers::pi / 3); }
};

// ... and one on an interval that depends on a parameter: density 2 x / end².
class Ramp final : public Family<Ramp> {
 public:
  static constexpr std::string_view kName = "Ramp";
  static constexpr Support kSupport = Support::interval;
  explicit Ramp(Var e) : end(std::move(e)) {
    broadcast({{"end", &end}});
    check_positive("end", end);
  }
  Var end;
  std::vector<Var> parameters() const override { return {end}; }
  Interval bounds() const override { return {zeros_like(end.value()), end.value()}; }
  Var log_prob(const Var& x) const override { return log(x * 2) - log(end) * 2; }
  bool has_moments() const override { return true; }
  Var entropy() const override { return log(end * 0.5) + 0.5; }
  Var mean() const override { return end * (2.0 / 3); }
  Var variance() const override { return square(end) / 18; }

 private:
  Var draw_pathwise(Rng& rng, const Shape& shape) const override {
    return constant(sqrt(rng.uniform(shape, 0, 1, dtype()))) * end;
  }
};

}  // namespace

TEST_CASE("a user's own distribution has closed KL divergences by moments, bounds or register_kl") {
  const Var loc = variable(Tensor::from({0.4})), scale = variable(Tensor::from({0.7}));
  const Logistic logistic(loc, scale);
  CHECK(equal(logistic.with({loc, scale})->mean().value(), loc.value()));
  Rng rng(3);
  const auto agrees = [&](const Distribution& p, const Distribution& q) {
    INFO(p.name(), " to ", q.name());
    CHECK(has_closed_kl(p, q));
    const Tensor x = p.sample(rng, {100'000});
    const double estimate = mean(p.log_prob(constant(x)).value() - q.log_prob(constant(x)).value()).item();
    CHECK(kl(p, q).item() == doctest::Approx(estimate).epsilon(0.02));
  };
  agrees(logistic, Normal(f64({-0.2}), f64({1.1})));
  const auto to_normal = [](const Vars& v) { return kl(Logistic(v[0], v[1]), Normal(f64({-0.2}), f64({1.1}))); };
  CHECK_NOTHROW(check_gradients(to_normal, {loc.value(), scale.value()}, {.name = "kl from Logistic to Normal"}));
  CHECK(std::isinf(kl(logistic, Uniform(f64({-90}), f64({90}))).item()));
  CHECK_FALSE(has_closed_kl(Normal(f64({0}), f64({1})), logistic));

  const Ramp ramp(f64({0.8}));
  agrees(ramp, Normal(f64({-0.2}), f64({1.1})));
  agrees(ramp, Exponential(f64({1.5})));
  agrees(ramp, ContinuousBernoulli(f64({2})));
  agrees(ramp, Uniform(f64({-0.5}), f64({1})));
  CHECK(std::isinf(kl(ramp, Uniform(f64({0}), f64({0.7}))).item()));
  CHECK(std::isinf(kl(Ramp(f64({1.2})), ContinuousBernoulli(f64({2}))).item()));

  CHECK_FALSE(has_closed_kl(ramp, ramp));
  register_kl<Ramp, Ramp>([](const Ramp& p, const Ramp& q) {
    return where(p.end.value() > q.end.value(), INFINITY, log(q.end / p.end) * 2);
  });
  agrees(ramp, Ramp(f64({1.3})));
  CHECK(kl(Independent(Ramp(f64({0.5, 0.8})), 1), Independent(Ramp(f64({0.6, 0.9})), 1)).item() ==
        doctest::Approx(2 * std::log(0.6 / 0.5 * 0.9 / 0.8)));
}

TEST_CASE("invalid parameters of distributions are errors that name them") {
  CHECK(error_of([] { Normal(f64({0, 0}), f64({1, -0.5})); }) == "Normal: scale must be positive, got -0.5 in f64[2]");
  CHECK(error_of([] { Gamma(f64({NAN}), f64({1})); }) == "Gamma: concentration must be positive, got nan in f64[1]");
  CHECK(error_of([] {
          Normal(f64({0, 0}), f64({1, 1, 1}));
        }) == "Normal: parameters do not broadcast: loc is f64[2], scale is f64[3]");
  CHECK(error_of([] { Normal(f64({0}), constant(ones({1}))); }) ==
        "Normal: parameters must all be f32 or all f64: loc is f64[1], scale is f32[1]");
  CHECK(error_of([] { Uniform(f64({1}), f64({0})); }).find("Uniform: needs low < high") == 0);
  CHECK(error_of([] { Categorical(number(1)); }) == "Categorical: logits must be [..., k] with k >= 1, got f64[]");
  CHECK(error_of([] {
          Categorical(f64({1, 2})).log_prob(f64({1}));
        }) == "Categorical: values are class numbers, i64, got f64[1]");
  CHECK(error_of([] { RelaxedBernoulli(0, f64({1})); }) == "RelaxedBernoulli: temperature must be positive, got 0");
  CHECK(error_of([] {
          Rng rng;
          Bernoulli(f64({1})).rsample(rng);
        }) == "Bernoulli: there is no pathwise derivative (see has_rsample)");
  CHECK(error_of([] { Categorical(f64({1})).mean(); }) == "Categorical: there is no closed form of the mean");
  CHECK(error_of([] {
          MultivariateNormal(f64({1, 2}), f64({1, 0, 0, -1}, {2, 2}));
        }) == "MultivariateNormal: scale_tril's diagonal must be positive, got -1 in f64[2]");
  CHECK(error_of([] {
          MultivariateNormal::from_covariance(f64({1, 2}), f64({1, 2, 2, 1}, {2, 2}));
        }) == "cholesky: matrix 0 of f64[2, 2] is not positive definite (pivot 1 is not positive)");
  CHECK(error_of([] {
          MixtureSameFamily(Categorical(f64({1, 2})), Normal(f64({0}), f64({1})));
        }).find("MixtureSameFamily: the components' batch shape must be the mixture's logits', [2]") == 0);
  CHECK(error_of([] { Independent(Normal(f64({0}), f64({1})), 2); }) ==
        "Independent: cannot take 2 axes from the batch shape [1]");
}
