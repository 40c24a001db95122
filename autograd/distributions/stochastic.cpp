#include "autograd/distributions/stochastic.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <unordered_map>

#include "autograd/distributions/noise.h"
#include "autograd/ops.h"
#include "autograd/ops/flow.h"

namespace hourglass {
namespace {

using Kind = Estimator::Kind;

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

// ---- estimators

std::string Estimator::name() const {
  switch (kind) {
    case Kind::pathwise: return "pathwise";
    case Kind::score_function:
      return baseline == Baseline::none             ? "score function"
             : baseline == Baseline::moving_average ? "score function, moving average"
                                                    : "score function, leave one out";
    case Kind::straight_through: return "straight-through";
    case Kind::gumbel_softmax: return join("Gumbel-softmax, ", hard ? "hard" : "soft", ", temperature ", temperature);
    case Kind::arm: return "ARM";
    case Kind::disarm: return "DisARM";
  }
  return "";
}

Estimator pathwise(std::int64_t samples) { return {.kind = Kind::pathwise, .samples = samples}; }
Estimator score_function(Baseline baseline, std::int64_t samples, double decay) {
  check(decay >= 0 && decay < 1, "score_function", "decay must be in [0, 1), got ", decay);
  Estimator estimator{.kind = Kind::score_function, .samples = samples, .baseline = baseline};
  if (baseline == Baseline::moving_average)
    estimator.average = std::make_shared<Estimator::MovingAverage>(Estimator::MovingAverage{.decay = decay});
  return estimator;
}
Estimator straight_through(std::int64_t samples) { return {.kind = Kind::straight_through, .samples = samples}; }
Estimator gumbel_softmax(double temperature, bool hard, std::int64_t samples) {
  check(temperature > 0, "gumbel_softmax", "temperature must be positive, got ", temperature);
  return {.kind = Kind::gumbel_softmax, .samples = samples, .temperature = temperature, .hard = hard};
}
Estimator arm() { return {.kind = Kind::arm, .samples = 2}; }
Estimator disarm() { return {.kind = Kind::disarm, .samples = 2}; }

// ---- the node

StochasticNode::StochasticNode(std::shared_ptr<const Distribution> distribution, const Estimator& estimator,
                               const Rng& stream, Tensor value)
    : Node("sample", value.shape(), value.dtype()),
      distribution_(std::move(distribution)),
      estimator_(estimator),
      stream_(stream),
      value_(std::move(value)) {}

Var StochasticNode::pull(int i, const Var& g) {
  if (passes_gradient_) return g;
  check(in_surrogate_, "sample", "a gradient has reached a sample of ", distribution_->name(), " whose estimator (",
        estimator_.name(), ") works on the cost: differentiate surrogate(cost) in place of cost");
  const NodePtr& parameter = inputs_[static_cast<std::size_t>(i)];
  return expand(constant(scalar(0, parameter->dtype())), parameter->shape());
}

void StochasticNode::release() {
  inputs_.clear();
  distribution_.reset();
  value_ = pair_weight_ = Tensor();
  released_ = true;
}

// ---- drawing

namespace {

struct Drawn {
  Var value;  // where passes_gradient, the tape's way back to the parameters
  Tensor pair_weight{};
  bool passes_gradient = true;
};

// Null where there are none.
const Bernoulli* coins_of(const Distribution& q) {
  const auto* independent = dynamic_cast<const Independent*>(&q);
  return independent != nullptr ? coins_of(*independent->base) : dynamic_cast<const Bernoulli*>(&q);
}

Drawn draw(const Distribution& q, Rng& rng, const Estimator& estimator) {
  const Shape samples = estimator.samples > 0 ? Shape{estimator.samples} : Shape{};
  const bool choice = q.support() == Support::boolean || q.support() == Support::one_hot;
  switch (estimator.kind) {
    case Kind::pathwise:
      check(q.has_rsample(), "sample", q.name(), " has no pathwise derivative; choose score_function()",
            choice ? ", straight_through(), gumbel_softmax() or, for Bernoulli, disarm()" : "");
      return {q.rsample(rng, samples)};
    case Kind::score_function: return {.value = constant(q.sample(rng, samples)), .passes_gradient = false};
    case Kind::straight_through: {
      check(choice, "sample", "straight_through() is for Bernoulli and OneHotCategorical, not ", q.name());
      const Tensor hard = q.sample(rng, samples);
      return {straight_through(hard, expand(q.mean(), hard.shape()))};
    }
    case Kind::gumbel_softmax: {
      check(choice, "sample", "gumbel_softmax() is for Bernoulli and OneHotCategorical, not ", q.name());
      const Var soft = q.relaxed(estimator.temperature)->rsample(rng, samples);
      if (!estimator.hard) return {soft};
      if (q.support() == Support::boolean) return {straight_through(to(soft.value() > 0.5, q.dtype()), soft)};
      return {straight_through(one_hot(argmax(soft.value(), -1), soft.size(-1), q.dtype()), soft)};
    }
    case Kind::arm:
    case Kind::disarm: break;
  }
  const Bernoulli* const coins = coins_of(q);
  check(coins != nullptr, "sample", estimator.name(), " is for Bernoulli, not ", q.name());
  // b = [u > sigmoid(-l)] in terms of the log-odds of u, those of 1 - u being their negative.
  const Tensor& l = coins->logits.value();
  const Tensor u = open_uniform(rng, l.shape(), l.dtype()), noise = log(u) - log1p(-u);
  const Tensor b = to(l + noise > 0, l.dtype()), mirrored = to(l - noise > 0, l.dtype());
  const Tensor weight = estimator.kind == Kind::arm ? u - 0.5 : (b - mirrored) * sigmoid(abs(l)) * 0.5;
  return {.value = constant(stack({b, mirrored})), .pair_weight = weight, .passes_gradient = false};
}

}  // namespace

Var sample(std::shared_ptr<const Distribution> distribution, Rng& rng, const Estimator& estimator) {
  check(estimator.samples >= 0, "sample", "the number of samples must be at least 0, got ", estimator.samples);
  Rng other = replaying != nullptr ? stream_for(*distribution) : rng;
  Rng& source = replaying != nullptr ? other : rng;
  const Rng before = source;
  Drawn drawn = draw(*distribution, source, estimator);
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
  if (Observing::active()) Observing::op(node->op(), drawn.value.value(), owner, 0, true);
  return {drawn.value.value(), owner};
}

// ---- walking the tape

namespace {

// Everything that xs were computed from, oldest first.
std::vector<Node*> ancestors(std::string_view op, const std::vector<Var>& xs) {
  const auto older = [](const Node* a, const Node* b) { return a->id() < b->id(); };
  std::priority_queue<Node*, std::vector<Node*>, decltype(older)> heap(older);
  for (const Var& x : xs)
    if (x.node()) heap.push(x.node().get());
  std::vector<Node*> found;
  while (!heap.empty()) {
    Node* const node = heap.top();
    heap.pop();
    if (!found.empty() && found.back() == node) continue;
    check(!node->released(), op, "this graph was released by an earlier grad(); pass {.retain_graph = true} there");
    for (int i = 0; i < node->input_count(); ++i)
      if (node->input(i)) heap.push(node->input(i).get());
    found.push_back(node);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

std::vector<Var> stochastic_nodes(const Var& y) {
  std::vector<Var> samples;
  for (Node* node : ancestors("stochastic_nodes", {y}))
    if (auto* stochastic = dynamic_cast<StochasticNode*>(node))
      samples.emplace_back(stochastic->value(), NodePtr(node));
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

// How many axes of samples each node's value has: those of its inputs, and a stochastic node's own.
std::unordered_map<const Node*, int> sample_axes_of(const std::vector<Node*>& oldest_first) {
  std::unordered_map<const Node*, int> axes;
  for (const Node* node : oldest_first) {
    int& count = axes[node];
    for (int i = 0; i < node->input_count(); ++i)
      if (node->input(i)) count = std::max(count, axes.find(node->input(i).get())->second);
    const auto* sample = dynamic_cast<const StochasticNode*>(node);
    if (sample != nullptr && sample->estimator().samples > 0) ++count;
  }
  return axes;
}

// The axes of a cost: those of its samples, and then those of the batch.
struct CostAxes {
  const Var& cost;
  int samples, batch;

  // One number for each row of the cost, from those of a node which has so many axes of samples: what follows the axes
  // of the batch is summed over, and where the cost has more of them, 1 stands.
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

// What a gradient is multiplied by, though it depends on the logits and the cost: its own derivative is not known.
Var without_derivative(std::string_view estimator, const Tensor& weight, const Var& logits, const Var& cost) {
  const auto refuse = [estimator](const Var&) -> Var {
    fail("surrogate", estimator,
         " estimates first derivatives alone; for higher ones choose pathwise() or score_function()");
  };
  return record("first_order", weight, wrt(logits, refuse), wrt(cost, refuse));
}

// A zero with the derivative (f(b) - f(b')) weight by each logit, f being the cost along the axis of the pair.
Var pair_correction(std::string_view estimator, const Var& logits, const Tensor& weight, int axes, const CostAxes& to) {
  const int pair = to.samples - axes;
  const Tensor difference = slice(to.cost.value(), pair, 0, 1) - slice(to.cost.value(), pair, 1, 2);
  const Var zero =
      record("pair", zeros_like(logits.value()), wrt(logits, [estimator, logits, weight, cost = to.cost](const Var& g) {
               return g * without_derivative(estimator, weight, logits, cost);
             }));
  return unsqueeze(to.rows(zero, axes - 1), 0) * constant(difference);
}

// What the score function takes from the cost; it depends on no draw that it is weighed against.
std::optional<Tensor> baseline_of(const Estimator& estimator, int axes, const CostAxes& to) {
  const Tensor& costs = to.cost.value();
  switch (estimator.baseline) {
    case Baseline::none: return std::nullopt;
    case Baseline::moving_average: {
      Estimator::MovingAverage& average = *estimator.average;
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
  const std::vector<Node*> nodes = ancestors("surrogate", ends);
  auto sample_axes = sample_axes_of(nodes);
  int all_axes = 0;
  for (const Var& x : ends)
    if (x.node()) all_axes = std::max(all_axes, sample_axes[x.node().get()]);

  std::vector<StochasticNode*> samples;  // whose gradient does not come by itself
  for (Node* node : nodes)
    if (auto* sample = dynamic_cast<StochasticNode*>(node); sample != nullptr && !sample->passes_gradient_)
      samples.push_back(sample);
  if (samples.empty()) return cost;
  check(all_axes <= cost.dim(), "surrogate", "the cost, ", describe(cost), ", must keep the ", all_axes,
        all_axes == 1 ? " axis" : " axes", " of its samples; take the mean afterwards");

  const CostAxes to{cost, all_axes, cost.dim() - all_axes};
  std::optional<Var> log_prob, corrections;  // of all draws together; zeros with derivatives
  const auto add_to = [](std::optional<Var>& total, const Var& term) { total = total ? *total + term : term; };
  for (StochasticNode* node : samples) {
    node->in_surrogate_ = true;
    const Estimator& estimator = node->estimator_;
    const int axes = sample_axes[node];
    if (estimator.kind == Kind::score_function) {
      const Var own = to.rows(node->distribution_->log_prob(Var(node->value_)), axes);
      add_to(log_prob, own);
      if (const std::optional<Tensor> baseline = baseline_of(estimator, axes, to))
        add_to(corrections, (1 - one_with_derivative_of(own)) * constant(*baseline));
    } else {
      const std::string_view name = estimator.kind == Kind::arm ? "ARM" : "DisARM";
      const Var& logits = coins_of(*node->distribution_)->logits;
      add_to(corrections, pair_correction(name, logits, node->pair_weight_, axes, to));
    }
  }
  const Var weighed = log_prob ? cost * one_with_derivative_of(*log_prob) : cost;
  return corrections ? weighed + *corrections : weighed;
}

}  // namespace hourglass
