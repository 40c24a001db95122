#include "autograd/inspect/step_through.h"

#include <sstream>
#include <utility>

#include "autograd/inspect/statistics.h"
#include "autograd/ops.h"
#include "autograd/words.h"

namespace hourglass {

// The walk refers to elements of the vectors. They keep their addresses when the object moves.
StepThrough::StepThrough(const Var& y, std::vector<Var> xs, GradOptions options, std::vector<Parameter> parameters)
    : ys_{y}, xs_(std::move(xs)), parameters_(std::move(parameters)) {
  check(y.numel() == 1, "step_through", "needs a value of one element to differentiate, got ", describe(y),
        "; reduce it with sum or mean");
  check(!options.batched, "step_through", "there is one gradient of one number: it cannot be batched");
  const Var one = constant(ones_like(y.value()));
  walk_ =
      std::make_unique<BackwardWalk>(ys_, std::span(&one, 1), xs_, options, std::span<const Parameter>(parameters_));
}

std::vector<Var> StepThrough::gradients() {
  walk_->run();
  return walk_->gradients();
}

StepThrough step_through(const Var& y, std::vector<Var> xs, GradOptions options) { return {y, std::move(xs), options}; }
StepThrough step_through(const Var& y, const std::vector<Parameter>& parameters, GradOptions options) {
  return {y, std::vector<Var>(parameters.begin(), parameters.end()), options, parameters};
}

std::string describe_step(const BackwardStep& step) {
  const auto name = [](const Node& node) {
    return join(node.name().empty() ? node.op() : node.name(), " #", node.id());
  };
  return describe_step(step, name);
}

std::string describe_step(const BackwardStep& step, FunctionRef<std::string(const Node&)> name) {
  const auto line = [](const Tensor& x) { return join(describe(x), " ", statistics_of(x)); };
  std::ostringstream out;
  const Node& node = *step.node;
  const std::string_view formula = formula_of(node.op());
  out << name(node);
  if (!formula.empty() && node.op() != "parameter" && node.op() != "variable") out << ":  y = " << formula;
  out << "\n  received    " << line(step.received.value()) << '\n';
  if (step.arrivals.size() > 1) out << "    the sum of " << step.arrivals.size() << '\n';
  for (const BackwardStep::Arrival& arrival : step.arrivals) {
    out << "    from " << (arrival.from ? name(*arrival.from) : "the start");
    if (step.arrivals.size() > 1) out << ": " << statistics_of(arrival.share);
    out << '\n';
  }
  for (const BackwardStep::Passed& passed : step.passed) {
    const std::string_view words = derivative_of(node.op(), passed.input);
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
