// SPDX-License-Identifier: MIT
#include "autograd/observe.h"

#include <algorithm>
#include <utility>

namespace hourglass {

constinit thread_local Observer* Observing::innermost = nullptr;

namespace {

thread_local int current_order = 0;
thread_local Node* differentiated = nullptr;
// Operands of ops that are not recorded yet. An op takes its own from the end, so ops among the arguments of another op
// are recorded correctly.
thread_local std::vector<Operand> operands;

// Compilers evaluate the arguments of a call from left to right or from right to left. Operands are noted as they are
// evaluated: from right to left, they arrive in reverse order.
bool from_the_right() {
  static const bool reversed = [] {
    std::int64_t count = 0;
    const auto next = [&count] { return Var(Tensor(Shape{++count})); };  // like an argument of record()
    const auto is_reversed = [](Var a, Var b) { return a.numel() > b.numel(); };
    return is_reversed(next(), next());
  }();
  return reversed;
}

}  // namespace

Observer::Observer() : outer_(std::exchange(Observing::innermost, this)) {}

Observer::~Observer() {
  Observer** place = &Observing::innermost;
  while (*place != nullptr && *place != this) place = &(*place)->outer_;
  if (*place == this) *place = outer_;
  if (Observing::innermost == nullptr) operands.clear();
}

int walk_order() { return current_order; }
Node* differentiated_node() { return differentiated; }

OrderScope::OrderScope(int highest_order)
    : before_(std::exchange(current_order, std::max(current_order, highest_order + 1))) {}
OrderScope::~OrderScope() { current_order = before_; }

RuleScope::RuleScope(Node& node) : before_(std::exchange(differentiated, &node)) {}
RuleScope::~RuleScope() { differentiated = before_; }

void Observing::operand(const Var& x) { operands.push_back({x.value(), x.node()}); }

void Observing::op(const Op& op, const Tensor& value, const NodePtr& node, std::size_t count, bool listed) {
  count = std::min(count, operands.size());  // fewer, if observing began between operand and op
  const auto first = operands.end() - static_cast<std::ptrdiff_t>(count);
  const std::vector<Operand> own(std::make_move_iterator(first), std::make_move_iterator(operands.end()));
  operands.erase(first, operands.end());
  const std::vector<Operand> in_order =
      listed || !from_the_right() ? own : std::vector<Operand>(own.rbegin(), own.rend());
  const OpEvent event{op, value, node, in_order};
  for (Observer* observer = innermost; observer != nullptr; observer = observer->outer_) observer->on_op(event);
}

void Observing::tell(const VisitEvent& event) {
  for (Observer* observer = innermost; observer != nullptr; observer = observer->outer_) observer->on_visit(event);
}
void Observing::tell(const ShareEvent& event) {
  for (Observer* observer = innermost; observer != nullptr; observer = observer->outer_) observer->on_share(event);
}

}  // namespace hourglass
