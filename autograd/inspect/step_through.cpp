// SPDX-License-Identifier: MIT
#include "autograd/inspect/step_through.h"

#include <sstream>
#include <utility>

#include "autograd/inspect/statistics.h"
#include "autograd/ops.h"

namespace hourglass {

// The walk refers to elements of the vectors. They keep their addresses when the object moves.
StepThrough::StepThrough(const Var& y, std::vector<Var> xs, GradOptions options, std::vector<Parameter> parameters)
    : ys_{y}, xs_(std::move(xs)), parameters_(std::move(parameters)) {
  const Var one = constant(ones_like(y.value()));
  walk_ =
      std::make_unique<BackwardWalk>(ys_, std::span(&one, 1), xs_, options, std::span<const Parameter>(parameters_));
  arrivals_[y.node().get()].push_back({{}, one.value()});
}

// Writes down one step. Observes the walk like any other instrument.
class StepThrough::Recorder : public Observer {
 public:
  Recorder(BackwardStep& step, Arrivals& arrivals) : step_(step), arrivals_(arrivals) {}

  void on_visit(const VisitEvent& event) override {
    if (differentiated_node() != nullptr) return;  // a walk within a rule, as checkpoint() has
    const auto arrived = arrivals_.extract(&event.node);
    step_ = {NodePtr(&event.node), std::move(arrived.mapped()), event.received, {}};
  }
  void on_op(const OpEvent& event) override {
    if (differentiated_node() == nullptr) return;  // shares are added up
    ran_.push_back({event.op.name, {event.operands.begin(), event.operands.end()}, event.value});
  }
  void on_share(const ShareEvent& event) override {
    if (&event.node != step_.node.get()) return;
    const Var share = [&] {
      const NoGrad no_grad;
      return event.share.whole();
    }();
    const NodePtr& to = event.node.input(event.input);
    arrivals_[to.get()].push_back({step_.node, share.value()});
    step_.passed.push_back({event.input, to, share, std::exchange(ran_, {})});
  }

 private:
  BackwardStep& step_;
  Arrivals& arrivals_;
  std::vector<RuleOp> ran_;  // by the rule that runs
};

bool StepThrough::next() {
  const Recorder recorder(step_, arrivals_);
  return walk_->next();
}

std::vector<Var> StepThrough::gradients() {
  while (walk_->next()) {
  }
  return walk_->gradients();
}

namespace {
void check_one_element(const Var& y, const GradOptions& options) {
  check(y.numel() == 1, "step_through", "needs a value of one element to differentiate, got ", describe(y),
        "; reduce it with sum or mean");
  check(!options.batched, "step_through", "there is one gradient of one number: it cannot be batched");
}
}  // namespace
StepThrough step_through(const Var& y, std::vector<Var> xs, GradOptions options) {
  check_one_element(y, options);
  return {y, std::move(xs), options};
}
StepThrough step_through(const Var& y, const std::vector<Parameter>& parameters, GradOptions options) {
  check_one_element(y, options);
  return {y, std::vector<Var>(parameters.begin(), parameters.end()), options, parameters};
}

std::string describe_step(const BackwardStep& step) {
  const auto name = [](const Node& node) {
    return join(node.name().empty() ? node.op().name : node.name(), " #", node.id());
  };
  return describe_step(step, name);
}

std::string describe_step(const BackwardStep& step, FunctionRef<std::string(const Node&)> name) {
  const auto line = [](const Tensor& x) { return join(describe(x), " ", statistics_of(x)); };
  std::ostringstream out;
  const Node& node = *step.node;
  const std::string_view formula = node.op().formula;
  out << name(node);
  if (!formula.empty() && node.input_count() > 0) out << ":  y = " << formula;
  out << "\n  received    " << line(step.received.value()) << '\n';
  if (step.arrivals.size() > 1) out << "    the sum of " << step.arrivals.size() << '\n';
  for (const BackwardStep::Arrival& arrival : step.arrivals) {
    out << "    from " << (arrival.from ? name(*arrival.from) : "the start");
    if (step.arrivals.size() > 1) out << ": " << statistics_of(arrival.share);
    out << '\n';
  }
  for (const BackwardStep::Passed& passed : step.passed) {
    const std::string_view words = node.op().derivative(passed.input);
    out << "  multiplied  by " << (words.empty() ? "its rule" : words) << '\n';
    if (passed.ran.empty()) out << "    nothing to compute: passed on as it came\n";
    for (const RuleOp& ran : passed.ran) {
      out << "    " << ran.op << '(';
      for (std::size_t i = 0; i < ran.operands.size(); ++i) out << (i == 0 ? "" : ", ") << line(ran.operands[i].value);
      out << ")\n";
    }
    out << "  passed on   " << line(passed.share.value()) << "\n    to " << name(*passed.to) << '\n';
  }
  if (step.passed.empty()) out << "  keeps it: this is one of the gradients asked for\n";
  return out.str();
}

}  // namespace hourglass
