// SPDX-License-Identifier: MIT
// Gradient estimators for stochastic nodes, put to the test.
//
// A model that draws z from p(z; θ) at the cost f(z) is trained by ∇θ E[f(z)]. The expectation cannot be differentiated
// sample by sample, since a sample has no derivative by θ. Each of the estimators in autograd/stochastic.h solves this
// in its own way. A good one is unbiased (its mean over many draws is the true gradient) and has a low variance (few
// draws are enough). Here the truth is known: the models are small enough to enumerate all of their 64 states (six
// coins; three dice of four sides; three coins that load three others), or smooth enough to integrate (normal and gamma
// numbers).
//
// For each estimator the study takes many independent gradients g_1 ... g_N and prints
//
//     bias       |mean(g) - truth| / |truth|
//     z          how many standard errors that is. With d = mean(g) - truth and C the covariance of the mean, dᵀ C⁻¹ d
//                follows χ² if there is no bias. Wilson & Hilferty 1931 turn it into a standard normal number, and
//                |z| < 3 for 997 of 1000 unbiased estimators
//     variance   the trace of g's covariance. Times the evaluations of f for one g, it is the cost of the same accuracy
//
// What to look at: straight-through and Gumbel-softmax are cheap and have a low variance, and they are biased. A lower
// temperature gives the second less bias and more variance. Among the unbiased ones, DisARM is at least ten times
// better than plain REINFORCE, and the pathwise derivative, where it exists, is the best of all.
//
// To try next: --rows 1000000, where even a small bias shows; your own cost in Cost.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "examples/support/run.h"
#include "examples/support/text.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// f(z): a small network with fixed weights, so that no estimator gains from a linear f, plus 10, because costs in nats
// are far from 0.
class Cost {
 public:
  Cost(std::int64_t inputs, Rng rng)
      : in_(constant(rng.normal({kHidden, inputs}, 0, 1, Dtype::f64))),
        shift_(constant(rng.normal({kHidden}, 0, 0.5, Dtype::f64))),
        out_(constant(rng.normal({kHidden}, 0, 1, Dtype::f64))) {}
  Var operator()(const Var& z) const { return sum(tanh(linear(z, in_, shift_)) * out_, {-1}) + 10; }

 private:
  static constexpr std::int64_t kHidden = 16;
  Var in_, shift_, out_;
};

// A model whose expected cost has parameters θ, a vector. Estimators get rows of them: a batch of independent
// experiments.
struct Model {
  std::string name;
  Tensor theta;
  std::function<Var(const Var& theta)> exact;  // E[f] at θ [n]
  std::function<Var(const Var& theta, Rng& rng, const Estimator& estimator)>
      costs;  // [samples..., rows] at θ [rows, n]
};

struct Contestant {
  const Model* model;
  Estimator estimator;
  bool unbiased;
  double evaluations;  // of f for one gradient
};

struct Comparison {
  double bias, z, variance;  // variance of one gradient
};

Tensor as_columns(const std::vector<double>& values, std::int64_t columns) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size()) / columns, columns});
}
Tensor bit_rows(std::int64_t bits) {
  std::vector<double> rows;
  for (std::int64_t state = 0; state < std::int64_t{1} << bits; ++state)
    for (std::int64_t bit = 0; bit < bits; ++bit) rows.push_back(static_cast<double>(state >> bit & 1));
  return as_columns(rows, bits);
}

// ---- the models

Model coins(Rng rng) {
  const Cost cost(6, rng.split("cost"));
  return {.name = "six coins",
          .theta = rng.split("theta").normal({6}, 0, 1, Dtype::f64),
          .exact =
              [cost](const Var& theta) {
                const Var states = constant(bit_rows(6));
                return sum(exp(Independent(Bernoulli(theta), 1).log_prob(states)) * cost(states));
              },
          .costs = [cost](const Var& theta, Rng& noise,
                          const Estimator& estimator) { return cost(sample(Bernoulli(theta), noise, estimator)); }};
}

// The fourth side's logit is 0, since adding a number to all four changes nothing.
Model dice(Rng rng) {
  const Cost cost(12, rng.split("cost"));
  const auto rows_of = [](const Var& z) { return flatten(z, -2, -1); };
  const auto logits = [](const Var& theta) {
    return pad(reshape(theta, theta.dim() == 1 ? Shape{3, 3} : Shape{theta.size(0), 3, 3}), {{0, 1}});
  };
  return {.name = "three dice",
          .theta = rng.split("theta").normal({9}, 0, 1, Dtype::f64),
          .exact =
              [cost, rows_of, logits](const Var& theta) {
                Tensor states = zeros({64, 3}, Dtype::i64);
                std::int64_t* const side = states.mutable_data<std::int64_t>();
                for (std::int64_t state = 0; state < 64; ++state)
                  for (std::int64_t die = 0; die < 3; ++die) side[state * 3 + die] = state >> (2 * die) & 3;
                const Var z = constant(one_hot(states, 4, Dtype::f64));
                const Independent p(OneHotCategorical(logits(theta)), 1);
                return sum(exp(p.log_prob(z)) * cost(rows_of(z)));
              },
          .costs =
              [cost, rows_of, logits](const Var& theta, Rng& noise, const Estimator& estimator) {
                return cost(rows_of(sample(OneHotCategorical(logits(theta)), noise, estimator)));
              }};
}

// θ holds the logits of three coins a and a matrix W; the logits of the coins b are a W - ½.
Model loaded_coins(Rng rng) {
  const Cost cost(6, rng.split("cost"));
  const auto logits_of_b = [](const Var& theta, const Var& a) {
    const Var weights = reshape(slice(theta, -1, 3, 12), theta.dim() == 1 ? Shape{3, 3} : Shape{theta.size(0), 3, 3});
    return squeeze(matmul(unsqueeze(a, -2), weights), -2) - 0.5;
  };
  const auto joined = [](const Var& a, const Var& b) {
    const Shape shape = broadcast_shapes("joined", a.shape(), b.shape());
    return concat({expand(a, shape), expand(b, shape)}, -1);
  };
  return {.name = "coins that load coins",
          .theta = rng.split("theta").normal({12}, 0, 1, Dtype::f64),
          .exact =
              [=](const Var& theta) {
                const Var states = constant(bit_rows(3)), a = unsqueeze(states, 1), b = unsqueeze(states, 0);
                const Var log_p = Independent(Bernoulli(slice(theta, -1, 0, 3)), 1).log_prob(a) +
                                  Independent(Bernoulli(logits_of_b(theta, a)), 1).log_prob(b);
                return sum(exp(log_p) * cost(joined(a, b)));
              },
          .costs =
              [=](const Var& theta, Rng& noise, const Estimator& estimator) {
                const Var a = sample(Bernoulli(slice(theta, -1, 0, 3)), noise, estimator);
                Estimator next = estimator;  // one that compares samples compares the copies that a has already
                if (std::holds_alternative<Estimator::ScoreFunction>(estimator.kind)) next.samples = 0;
                const Var b = sample(Bernoulli(logits_of_b(theta, a)), noise, next);
                return cost(joined(a, b));
              }};
}

// The integral of a function of pairs, by the trapezoidal rule with both numbers at `points`.
Model pairs_of_numbers(const std::string& name, const Tensor& theta, const Tensor& points, const Tensor& weights,
                       Rng rng,
                       const std::function<std::shared_ptr<const Distribution>(const Var& a, const Var& b)>& family) {
  const Cost cost(2, rng);
  const auto distribution = [family](const Var& t) { return family(slice(t, -1, 0, 2), slice(t, -1, 2, 4)); };
  return {
      .name = name,
      .theta = theta,
      .exact =
          [=](const Var& t) {
            const std::int64_t n = points.numel();
            const Tensor grid = stack({expand(unsqueeze(points, 1), {n, n}), expand(unsqueeze(points, 0), {n, n})}, -1);
            const Var z = constant(grid), p = exp(sum(distribution(t)->log_prob(z), {-1}));
            return sum(p * cost(z) * constant(unsqueeze(weights, 1) * weights));
          },
      .costs = [=](const Var& t, Rng& noise,
                   const Estimator& estimator) { return cost(sample(distribution(t), noise, estimator)); }};
}
Model normal_numbers(Rng rng) {
  const Tensor points = linspace(-9, 9, 361, Dtype::f64);
  return pairs_of_numbers("two normal numbers", Tensor::from({0.3, -0.4, 0.8, 0.5}), points, full_like(points, 0.05),
                          rng, [](const Var& a, const Var& b) { return std::make_shared<const Normal>(a, b); });
}
Model gamma_numbers(Rng rng) {  // points evenly spaced in their logarithm, which their weights make up for
  const Tensor points = exp(linspace(-18, 4.5, 451, Dtype::f64));
  return pairs_of_numbers("two gamma numbers", Tensor::from({1.5, 3.0, 1.0, 2.0}), points, points * 0.05, rng,
                          [](const Var& a, const Var& b) { return std::make_shared<const Gamma>(a, b); });
}

// ---- the measurement

// N gradients, one in each row, in batches that each have their own random stream.
Tensor gradients(const Model& model, const Estimator& estimator, std::int64_t rows, std::int64_t batch,
                 const Rng& rng) {
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < rows; done += batch) {
    Rng noise = rng.split(static_cast<std::uint64_t>(done));
    const Var theta = variable(contiguous(expand(model.theta, {batch, model.theta.numel()})));
    const Var objective = surrogate(model.costs(theta, noise, estimator));
    parts.push_back(grad(sum(objective) / (objective.numel() / batch), theta).value());
  }
  return concat(std::span<const Tensor>(parts), 0);
}

Comparison compare(const Tensor& rows, const Tensor& truth) {
  const double n = static_cast<double>(rows.size(0)), k = static_cast<double>(rows.size(1));
  const Tensor average = mean(rows, {0}), off = average - truth, centered = rows - average;
  const Tensor covariance = matmul(transpose(centered), centered) / (n - 1);
  const Tensor whitened = solve_triangular(cholesky(covariance), unsqueeze(off, 1), false);
  const double chi_squared = n * sum(square(whitened)).item(), spread = 2 / (9 * k);
  return {.bias = norm(off).item() / norm(truth).item(),
          .z = (std::cbrt(chi_squared / k) - (1 - spread)) / std::sqrt(spread),
          .variance = sum(var(rows, {0})).item()};
}

// "six coins" as a name for summary.json: six_coins
std::string key(const std::string& text) {
  std::string name;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!name.empty() && name.back() != '_') name += '_';
  return name;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t rows = 200'000;
  Program program({.name = "gradient_estimators",
                   .title = "Gradient estimators for stochastic nodes",
                   .summary =
                       "Compares ways to differentiate an expectation with the exact derivative: which of them are "
                       "biased, by how much, and how large their variance is.",
                   .objective = "∇θ E[f(z)],  z ~ p(z; θ)"});
  program.flag("--rows", rows, "gradients from each estimator", {.min = 1000});
  return program.run(argc, argv, [&](const Args& args) {
    Run run(args);
    const Rng rng(args.seed);
    const Model six = coins(rng.split("coins")), three = dice(rng.split("dice")),
                chain = loaded_coins(rng.split("chain")), normal = normal_numbers(rng.split("normal")),
                gamma = gamma_numbers(rng.split("gamma"));
    const Estimator plain = score_function(), average = score_function(Baseline::moving_average),
                    pair = score_function(Baseline::leave_one_out, 2),
                    eight = score_function(Baseline::leave_one_out, 8);
    const std::vector<Contestant> contestants{
        {&six, plain, true, 1},
        {&six, average, true, 1},
        {&six, pair, true, 2},
        {&six, eight, true, 8},
        {&six, arm(), true, 2},
        {&six, disarm(), true, 2},
        {&six, straight_through(), false, 1},
        {&six, gumbel_softmax(1), false, 1},
        {&six, gumbel_softmax(0.1), false, 1},
        {&six, gumbel_softmax(1, true), false, 1},
        {&three, plain, true, 1},
        {&three, pair, true, 2},
        {&three, eight, true, 8},
        {&three, straight_through(), false, 1},
        {&three, gumbel_softmax(1), false, 1},
        {&three, gumbel_softmax(0.1), false, 1},
        {&three, gumbel_softmax(1, true), false, 1},
        {&chain, plain, true, 1},
        {&chain, pair, true, 2},
        {&chain, eight, true, 8},
        {&chain, disarm(), true, 4},
        {&chain, straight_through(), false, 1},
        {&normal, plain, true, 1},
        {&normal, eight, true, 8},
        {&normal, pathwise(), true, 1},
        {&gamma, plain, true, 1},
        {&gamma, eight, true, 8},
        {&gamma, pathwise(), true, 1},
    };

    std::vector<std::vector<std::string>> table{
        {"model", "estimator", "", "bias", "z", "variance", "x evaluations of f", "against plain"}};
    std::vector<double> points;
    std::vector<std::int64_t> kinds;
    std::map<std::string, double> worst;  // |z| of a model's unbiased estimators
    double plain_cost = 1;
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      const auto& [model, estimator, unbiased, evaluations] = contestants[i];
      const Var theta = variable(model->theta);
      const Tensor truth = grad(model->exact(theta), theta).value();
      // A moving average needs many steps, so its batches are small.
      const bool moves = estimator.average() != nullptr;
      const std::int64_t batch = moves ? rows / 500 : std::min<std::int64_t>(rows, 5000);
      const Comparison result =
          compare(gradients(*model, estimator, rows / batch * batch, batch, rng.split("noise").split(i)), truth);
      const double cost = result.variance * evaluations;
      if (i == 0 || contestants[i - 1].model != model) plain_cost = cost;
      table.push_back({model->name, estimator.name() + (estimator.samples > 2 ? join(" of ", estimator.samples) : ""),
                       unbiased ? "unbiased" : "biased", join(number(100 * result.bias, 3), " %"), number(result.z, 3),
                       number(result.variance, 3), number(cost, 3), number(cost / plain_cost, 3)});
      if (unbiased) worst[model->name] = std::max(worst[model->name], std::abs(result.z));
      points.insert(points.end(), {cost / plain_cost, 100 * result.bias});
      kinds.push_back(unbiased ? 0 : 1);
    }
    run.table("estimators", table,
              "Every estimator compared with the exact gradient. A bias within the measurement noise (|z| < 3) does "
              "not count.");
    run.plot(
        "bias_and_variance",
        scatter_plot(as_columns(points, 2), Tensor::from(kinds), {"unbiased", "biased"},
                     {.title = "cost and bias of each estimator",
                      .x_label = "variance x evaluations, plain score function = 1",
                      .y_label = "measured bias in %",
                      .log_x = true,
                      .log_y = true}),
        "Lower is less biased, left is cheaper. For unbiased estimators the height is measurement noise: the lower "
        "their variance, the lower they are.");
    double largest = 0;
    for (const Model* model : {&six, &three, &chain, &normal, &gamma}) {
      largest = std::max(largest, worst[model->name]);
      run.result(key(model->name + " largest z"), worst[model->name], {.reference = 3, .unit = "standard errors"});
    }
    run.result("largest_z_of_unbiased", largest,
               {.reference = 3, .reference_name = "997 in 1000 if there is no bias", .unit = "standard errors"});
    run.finish();
  });
}
