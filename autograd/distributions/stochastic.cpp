// SPDX-License-Identifier: MIT
#include "autograd/distributions/stochastic.h"

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_map>

#include "autograd/distributions/noise.h"
#include "autograd/ops.h"
#include "autograd/ops/flow.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

// The streams that samples draw from while replay() runs.
struct Replay {
  std::vector<const StochasticNode*> nodes;
  std::size_t next = 0;
};
thread_local Replay* replaying = nullptr;

Rng stream_for(const Distribution& distribution) {
  check(replaying->next < replaying->nodes.size(), "replay", "the model draws more than the ", replaying->nodes.size(),
        " samples of the graph, next one of ", distribution.name());
  const StochasticNode& node = *replaying->nodes[replaying->next++];
  check(node.distribution().name() == distribution.name() &&
            node.distribution().batch_shape() == distribution.batch_shape(),
        "replay", "sample ", replaying->next, " of the graph is of ", node.distribution().name(),
        node.distribution().batch_shape(), ", that of the model of ", distribution.name(), distribution.batch_shape());
  return node.stream();
}

}  // namespace

// ---- the node

namespace {
constexpr Op kSample{"sample", "a draw", {"g as it is, or nothing, by the estimator"}};
}  // namespace

StochasticNode::StochasticNode(std::shared_ptr<const Distribution> distribution, const Estimator& estimator,
                               const Rng& stream, Tensor value)
    : Node(kSample, value.shape(), value.dtype()),
      distribution_(std::move(distribution)),
      estimator_(estimator),
      stream_(stream),
      value_(std::move(value)) {}

Share StochasticNode::vjp(int i, const Var& g) {
  if (passes_gradient_) return g;
  check(in_surrogate_, "sample", "a gradient has reached a sample of ", distribution_->name(), " whose estimator (",
        estimator_.name(), ") works on the cost: differentiate surrogate(cost) in place of cost");
  return expand(constant(0, input(i)->dtype()), input(i)->shape());
}

void StochasticNode::release_rules() {
  distribution_.reset();
  value_ = pair_weight_ = Tensor();
}

// ---- drawing

namespace {

struct Drawn {
  Var value;  // if passes_gradient, a function of the parameters
  Tensor pair_weight{};
  bool passes_gradient = true;
};

bool is_choice(const Distribution& q) { return q.support() == Support::boolean || q.support() == Support::one_hot; }

// The coins of q, which may be inside of an Independent. Null if q is another distribution.
const Bernoulli* coins_of(const Distribution& q) {
  const auto* independent = dynamic_cast<const Independent*>(&q);
  return independent != nullptr ? coins_of(*independent->base) : dynamic_cast<const Bernoulli*>(&q);
}

// ARM and DisARM: two mirrored samples of coins, with weight_of(u, b, b', l).
template <class F>
Drawn draw_pair(const std::string& estimator, const Distribution& q, Rng& rng, F weight_of) {
  const Bernoulli* const coins = coins_of(q);
  check(coins != nullptr, "sample", estimator, " is for Bernoulli, not ", q.name());
  // b = [u > sigmoid(-l)], in terms of the log-odds of u. Those of 1 - u are their negative.
  const Tensor& l = coins->logits.value();
  const Tensor wide = open_uniform(rng, l.shape()), u = to(wide, l.dtype());
  const Tensor noise = to(log(wide) - log1p(-wide), l.dtype());
  const Tensor b = to(l + noise > 0, l.dtype()), mirrored = to(l - noise > 0, l.dtype());
  return {
      .value = constant(stack({b, mirrored})), .pair_weight = weight_of(u, b, mirrored, l), .passes_gradient = false};
}

// Draws from q as one kind of estimator needs it.
struct Draw {
  const Distribution& q;
  Rng& rng;
  Shape samples;

  Drawn operator()(const Estimator::Pathwise&) const {
    check(q.has_rsample(), "sample", q.name(), " has no pathwise derivative; choose score_function()",
          is_choice(q) ? ", straight_through(), gumbel_softmax() or, for Bernoulli, disarm()" : "");
    return {q.rsample(rng, samples)};
  }
  Drawn operator()(const Estimator::ScoreFunction&) const {
    return {.value = constant(q.sample(rng, samples)), .passes_gradient = false};
  }
  Drawn operator()(const Estimator::StraightThrough&) const {
    check(is_choice(q), "sample", "straight_through() is for Bernoulli and OneHotCategorical, not ", q.name());
    const Tensor hard = q.sample(rng, samples);
    return {straight_through(hard, expand(q.mean(), hard.shape()))};
  }
  Drawn operator()(const Estimator::GumbelSoftmax& kind) const {
    check(is_choice(q), "sample", "gumbel_softmax() is for Bernoulli and OneHotCategorical, not ", q.name());
    const Var soft = q.relaxed(kind.temperature)->rsample(rng, samples);
    if (!kind.hard) return {soft};
    if (q.support() == Support::boolean) return {straight_through(to(soft.value() > 0.5, q.dtype()), soft)};
    return {straight_through(one_hot(argmax(soft.value(), -1), soft.size(-1), q.dtype()), soft)};
  }
  Drawn operator()(const Estimator::Arm& kind) const {
    return draw_pair(kind.name(), q, rng,
                     [](const Tensor& u, const Tensor&, const Tensor&, const Tensor&) { return u - 0.5; });
  }
  Drawn operator()(const Estimator::DisArm& kind) const {
    return draw_pair(kind.name(), q, rng,
                     [](const Tensor&, const Tensor& b, const Tensor& mirrored, const Tensor& logits) {
                       return (b - mirrored) * sigmoid(abs(logits)) * 0.5;
                     });
  }
};

}  // namespace

Var sample(std::shared_ptr<const Distribution> distribution, Rng& rng, const Estimator& estimator) {
  check(estimator.samples >= 0, "sample", "the number of samples must be at least 0, got ", estimator.samples);
  Rng other = replaying != nullptr ? stream_for(*distribution) : rng;
  Rng& source = replaying != nullptr ? other : rng;
  const Rng before = source;
  const Shape samples = estimator.samples > 0 ? Shape{estimator.samples} : Shape{};
  Drawn drawn = std::visit(Draw{*distribution, source, samples}, estimator.kind);
  if (!recording()) return drawn.value.detach();
  auto* node = new StochasticNode(distribution, estimator, before, drawn.value.value());
  const NodePtr owner(node);
  node->pair_weight_ = std::move(drawn.pair_weight);
  node->passes_gradient_ = drawn.passes_gradient;
  if (node->passes_gradient_) {
    if (drawn.value.node()) node->inputs_.push_back(drawn.value.node());
  } else {
    for (const Var& parameter : distribution->parameters())
      if (parameter.node()) node->inputs_.push_back(parameter.node());
  }
  node->set_inputs(node->inputs_);
  if (Observing::active()) Observing::op(node->op(), drawn.value.value(), owner, 0, true);
  return {drawn.value.value(), owner};
}

// ---- walking the tape

namespace {
// All nodes that xs were computed from, oldest first.
std::vector<NodePtr> oldest_first(std::string_view op, std::span<const Var> xs) {
  std::vector<NodePtr> nodes = ancestors(op, xs, [](const Node&) { return true; });
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}
}  // namespace

std::vector<Var> stochastic_nodes(const Var& y) {
  std::vector<Var> samples;
  for (const NodePtr& node : oldest_first("stochastic_nodes", {&y, 1}))
    if (auto* stochastic = dynamic_cast<StochasticNode*>(node.get())) samples.emplace_back(stochastic->value(), node);
  return samples;
}
const StochasticNode& stochastic_node(const Var& x) {
  const auto* node = dynamic_cast<const StochasticNode*>(x.node().get());
  check(node != nullptr, "stochastic_node", describe(x), " is not what sample() returned");
  return *node;
}

Var replay(const Var& y, const std::function<Var()>& model) {
  Replay noise;
  const std::vector<Var> samples = stochastic_nodes(y);
  for (const Var& one : samples) noise.nodes.push_back(&stochastic_node(one));
  struct Scope {
    explicit Scope(Replay* replay) : before(std::exchange(replaying, replay)) {}
    ~Scope() { replaying = before; }
    Replay* before;
  } const scope(&noise);
  Var result = model();
  check(noise.next == noise.nodes.size(), "replay", "the model draws ", noise.next, " samples, the graph has ",
        noise.nodes.size());
  return result;
}

// ---- the surrogate

namespace {

// The number of axes of samples in each node's value: those of its inputs, and a stochastic node's own.
std::unordered_map<const Node*, int> sample_axes_of(const std::vector<NodePtr>& nodes) {
  std::unordered_map<const Node*, int> axes;
  for (const NodePtr& node : nodes) {
    int& count = axes[node.get()];
    for (int i = 0; i < node->input_count(); ++i)
      if (node->input(i)) count = std::max(count, axes.find(node->input(i).get())->second);
    const auto* sample = dynamic_cast<const StochasticNode*>(node.get());
    if (sample != nullptr && sample->estimator().samples > 0) ++count;
  }
  return axes;
}

// The axes of a cost: those of its samples, and then those of the batch.
struct CostAxes {
  const Var& cost;
  int samples, batch;

  // x, of a node with this number of axes of samples, as one number per row of the cost. Sums over the axes after those
  // of the batch. If x has fewer axes than that, it gets axes of length 1.
  Var rows(Var x, int axes) const {
    Axes last;
    for (int extra = x.dim() - axes - batch; extra > 0; --extra) last.push_back(-extra);
    if (!last.empty()) x = sum(x, last);
    while (x.dim() < axes + batch) x = unsqueeze(x, -1);
    Shape shape;
    check(try_broadcast(cost.shape(), x.shape(), shape) == 0 && shape == cost.shape(), "surrogate", "the cost is ",
          describe(cost), ", but a sample that it depends on has rows ", x.shape());
    return x;
  }
};

Var one_with_derivative_of(const Var& x) { return exp(x - x.detach()); }

// A factor of a gradient, which depends on the logits and the cost in a way that cannot be differentiated.
Var without_derivative(const std::string& estimator, const Tensor& weight, const Var& logits, const Var& cost) {
  const auto refuse = [estimator](const Var&) -> Var {
    fail("surrogate", estimator,
         " estimates first derivatives alone; for higher ones choose pathwise() or score_function()");
  };
  static constexpr Op op{"first_order", "a weight", {"not known: an error"}};
  return record(op, weight, wrt(logits, refuse), wrt(cost, refuse));
}

// A zero with the derivative (f(b) - f(b')) weight by each logit. f is the cost along the axis of the pair.
Var pair_correction(const std::string& estimator, const Var& logits, const Tensor& weight, int axes,
                    const CostAxes& to) {
  const int pair = to.samples - axes;
  const Tensor difference = slice(to.cost.value(), pair, 0, 1) - slice(to.cost.value(), pair, 1, 2);
  static constexpr Op op{"pair", "0", {"(f(b) - f(b')) times the pair's weight"}};
  const Var zero =
      record(op, zeros_like(logits.value()), wrt(logits, [estimator, logits, weight, cost = to.cost](const Var& g) {
               return g * without_derivative(estimator, weight, logits, cost);
             }));
  return unsqueeze(to.rows(zero, axes - 1), 0) * constant(difference);
}

// The number that the score function subtracts from the cost of a draw. It does not depend on that draw.
std::optional<Tensor> baseline_of(const Estimator::ScoreFunction& score, int axes, const CostAxes& to) {
  const Tensor& costs = to.cost.value();
  switch (score.baseline) {
    case Baseline::none: return std::nullopt;
    case Baseline::moving_average: {
      Estimator::MovingAverage& average = *score.average;
      const Tensor before = scalar(average.value(), costs.dtype());
      average.sum = average.decay * average.sum + (1 - average.decay) * mean(costs).item();
      average.weight = average.decay * average.weight + (1 - average.decay);
      return before;
    }
    case Baseline::leave_one_out: break;
  }
  const int newest = to.samples - axes;
  const std::int64_t count = axes > 0 ? costs.size(newest) : 1;
  check(count > 1, "surrogate", "leave_one_out needs 2 or more samples to compare, got ", count,
        "; draw them with score_function(Baseline::leave_one_out, n)");
  return (sum(costs, {newest}, true) - costs) / (count - 1);
}

}  // namespace

Var surrogate(const Var& cost, const std::vector<Var>& also) {
  check(is_floating(cost.dtype()), "surrogate", "the cost must be f32 or f64, got ", describe(cost));
  std::vector<Var> ends = also;
  for (const Var& x : also) stochastic_node(x);
  ends.push_back(cost);
  const std::vector<NodePtr> nodes = oldest_first("surrogate", ends);
  auto sample_axes = sample_axes_of(nodes);
  int all_axes = 0;
  for (const Var& x : ends)
    if (x.node()) all_axes = std::max(all_axes, sample_axes[x.node().get()]);

  std::vector<StochasticNode*> samples;  // those that do not pass their gradient on
  for (const NodePtr& node : nodes)
    if (auto* sample = dynamic_cast<StochasticNode*>(node.get()); sample != nullptr && !sample->passes_gradient_)
      samples.push_back(sample);
  if (samples.empty()) return cost;
  check(all_axes <= cost.dim(), "surrogate", "the cost, ", describe(cost), ", must keep the ", all_axes,
        all_axes == 1 ? " axis" : " axes", " of its samples; take the mean afterwards");

  const CostAxes to{cost, all_axes, cost.dim() - all_axes};
  std::optional<Var> log_prob, corrections;  // of all draws together; corrections are zeros with derivatives
  const auto add_to = [](std::optional<Var>& total, const Var& term) { total = total ? *total + term : term; };
  for (StochasticNode* node : samples) {
    node->in_surrogate_ = true;
    const int axes = sample_axes[node];
    if (const auto* score = std::get_if<Estimator::ScoreFunction>(&node->estimator_.kind)) {
      const Var own = to.rows(node->distribution_->log_prob(Var(node->value_)), axes);
      add_to(log_prob, own);
      if (const std::optional<Tensor> baseline = baseline_of(*score, axes, to))
        add_to(corrections, (1 - one_with_derivative_of(own)) * constant(*baseline));
    } else {
      const Var& logits = coins_of(*node->distribution_)->logits;
      add_to(corrections, pair_correction(node->estimator_.name(), logits, node->pair_weight_, axes, to));
    }
  }
  const Var weighed = log_prob ? cost * one_with_derivative_of(*log_prob) : cost;
  return corrections ? weighed + *corrections : weighed;
}

}  // namespace hourglass
