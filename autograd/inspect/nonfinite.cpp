// SPDX-License-Identifier: MIT
#include "autograd/inspect/nonfinite.h"

#include <algorithm>
#include <utility>

#include "autograd/node.h"

namespace hourglass {

bool TraceNonFinite::offends(const Tensor& value) const {
  return has_nan(value) || (options_.infinities && has_infinity(value));
}

void TraceNonFinite::on_op(const OpEvent& event) {
  if (report_) return;
  const bool backward = walk_order() > 0;
  if (event.node && !backward) {
    // A report from the walk back names the line that made the node. Only the latest nodes are remembered: a long
    // program makes nodes without end, and the nodes of a living graph are among the latest.
    constexpr std::size_t kRemembered = 1 << 16;
    calls_.push_back({event.node->id(), CallStack::here(), scope_path()});
    if (calls_.size() > kRemembered) calls_.pop_front();
  }
  if ((!backward && !options_.forward) || !offends(event.value)) return;
  NonFinite what{.op = std::string(event.op.name),
                 .value = statistics_of(event.value),
                 .description = join(describe(event.value))};
  for (const Operand& operand : event.operands)
    what.inputs.push_back({join(describe(operand.value)), statistics_of(operand.value)});
  found(std::move(what), differentiated_node(), CallStack::here());
}

// Checked here as well because a rule may compute without ops.
void TraceNonFinite::on_share(const ShareEvent& event) {
  const Var& share = event.share.g();
  if (report_ || !offends(share.value())) return;
  NonFinite what{.op = join(event.node.op().name, "'s rule"),
                 .value = statistics_of(share.value()),
                 .description = join(describe(share))};
  what.inputs.push_back({join(describe(event.received)), statistics_of(event.received.value())});
  found(std::move(what), &event.node, CallStack::here());
}

void TraceNonFinite::found(NonFinite what, const Node* rule_of, const CallStack& stack) {
  CallSites sites;
  what.backward = walk_order() > 0;
  if (rule_of != nullptr) {
    what.derivative_of = rule_of->op().name;
    const auto call = std::lower_bound(calls_.begin(), calls_.end(), rule_of->id(),
                                       [](const Call& a, std::uint64_t id) { return a.node < id; });
    if (call != calls_.end() && call->node == rule_of->id()) {
      what.path = call->path;
      what.line = sites.line_of(call->stack);
    }
  } else if (!what.backward) {
    what.path = scope_path();
    what.line = sites.line_of(stack);
  }
  report_ = std::move(what);
  if (options_.fail) throw Error("TraceNonFinite: " + report_->text());
}

std::string NonFinite::text() const {
  std::string text = join(op, " gave ", description, ", ", value, backward ? ", on the way back" : ", forward");
  if (!derivative_of.empty() && !op.starts_with(derivative_of + "'s")) text += ", in the rule of " + derivative_of;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    text += join("\n  from ", inputs[i].description, ": ", inputs[i].statistics);
  if (!path.empty()) text += "\n  in module " + path;
  if (!line.empty()) text += (backward ? "\n  called forward at " : "\n  called at ") + line;
  return text;
}

}  // namespace hourglass
