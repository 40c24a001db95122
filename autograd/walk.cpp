#include "autograd/walk.h"

#include <algorithm>
#include <utility>

#include "autograd/ops.h"
#include "autograd/pull.h"

namespace hourglass {

// The sum of the pieces' shares of x's gradient. Pieces that lie one behind another, as those of split or of the steps
// of a sequence do, are joined in one pass; each by itself would fill an array of x's size, and adding them up would
// pass over it as many times.
Var BackwardWalk::put_together(std::vector<Piece> pieces) {
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.rule.first < b.rule.first; });
  const SliceRule& first = pieces[0].rule;
  const auto axis = static_cast<int>(first.from.size() + first.axis);
  std::vector<Var> row;
  std::int64_t end = 0;  // of what is in the row already
  const auto fill_to = [&](std::int64_t place) {
    Shape gap = first.from;
    gap[axis] = place - end;
    if (place > end) row.push_back(constant(zeros(gap, pieces[0].g.dtype())));
  };
  bool in_line = pieces.size() > 1;
  for (std::size_t k = 0; in_line && k < pieces.size(); ++k) {
    const auto& [rule, g] = pieces[k];
    in_line = rule.axis == first.axis && rule.step == 1 && rule.first >= end;
    if (!in_line) break;
    fill_to(rule.first);
    row.push_back(g);
    end = rule.first + g.size(axis);
  }
  if (in_line) {
    fill_to(first.from[axis]);
    return concat(row, axis);
  }
  Var total = pieces[0].rule(pieces[0].g);
  for (std::size_t k = 1; k < pieces.size(); ++k) total = total + pieces[k].rule(pieces[k].g);
  return total;
}

BackwardWalk::BackwardWalk(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                           GradOptions options, std::span<const Parameter> parameters)
    : ys_(ys), xs_(xs), options_(options), parameters_(parameters) {
  check_arguments(cotangents);
  if (xs.empty()) return;
  tape_.emplace(ys, xs, options.partial);
  gradients_.resize(tape_->size() + 1);
  for (std::size_t k = 0; k < ys.size(); ++k)
    if (const std::size_t n = tape_->find(ys[k].node()); n < tape_->size()) add(n, cotangents[k]);
  if (options.create_graph)  // nobody else makes nodes that would want to know
    for (std::size_t n = 0; n < tape_->size(); ++n) order_ = std::max(order_, (*tape_)[n]->order());
}

void BackwardWalk::check_arguments(std::span<const Var> cotangents) {
  check(ys_.size() == cotangents.size(), "grad", ys_.size(), " values, but ", cotangents.size(), " cotangents");
  if (options_.batched && !cotangents.empty() && cotangents[0].dim() > 0) count_ = cotangents[0].size(0);
  for (std::size_t k = 0; k < ys_.size(); ++k)
    check(cotangents[k].shape() == shaped(ys_[k].shape()) && cotangents[k].dtype() == ys_[k].dtype(), "grad", "value ",
          k, " is ", describe(ys_[k]), ", its cotangent ", describe(cotangents[k]),
          options_.batched ? "; a batch of them is one axis more, in front, as long for every value" : "");
  for (std::size_t i = 0; i < xs_.size(); ++i)
    if (!xs_[i].needs_gradient())
      fail("grad", name(i), ", ", describe(xs_[i]), ", is a constant; make it a variable() before computing with it");
}

Shape BackwardWalk::shaped(const Shape& shape) const { return options_.batched ? in_front(count_, shape) : shape; }
std::string BackwardWalk::name(std::size_t i) const {
  return parameters_.empty() ? join("input ", i) : "parameter " + parameters_[i].name();
}

void BackwardWalk::add(std::size_t n, Var contribution) {
  std::optional<Var>& slot = gradients_[n];
  slot = slot ? *slot + contribution : std::move(contribution);
}

namespace {
// Notes the ops that run while it lives.
class Transcript : public Observer {
 public:
  void on_op(const OpEvent& event) override {
    ran.push_back({event.op, {event.operands.begin(), event.operands.end()}, event.value});
  }
  std::vector<RuleOp> ran;
};
}  // namespace

bool BackwardWalk::next(BackwardStep* seen) {
  const Recording second_order(options_.create_graph);
  const Walking walking(order_);
  return visit(seen);
}
void BackwardWalk::run() {
  const Recording second_order(options_.create_graph);
  const Walking walking(order_);
  while (visit(nullptr)) {
  }
}

// Youngest first: when a node's turn comes, all its users have had theirs, and its gradient is complete.
bool BackwardWalk::visit(BackwardStep* seen) {
  if (!tape_) return false;
  Tape& tape = *tape_;
  if (seen != nullptr && arrivals_.empty()) {
    arrivals_.resize(tape.size() + 1);
    for (std::size_t n = 0; n < tape.size(); ++n)
      if (gradients_[n]) arrivals_[n].push_back({{}, gradients_[n]->value()});
  }
  for (; at_ < tape.size(); ++at_) {
    const std::size_t n = at_;
    if (const auto found = pieces_.find(n); found != pieces_.end()) {
      add(n, put_together(std::move(found->second)));
      pieces_.erase(found);
    }
    if (tape.leads_to_x(n) && gradients_[n] && !(tape.is_x(n) && options_.partial)) break;
    tape[n] = {};
  }
  if (at_ == tape.size()) return false;

  const std::size_t n = at_++;
  const NodePtr node = std::move(tape[n]);
  const Var g = tape.is_x(n) ? *gradients_[n] : *std::exchange(gradients_[n], std::nullopt);
  std::optional<RuleOf> rule;  // for observers
  if (seen != nullptr || Observing::active()) [[unlikely]]
    rule.emplace(*node);
  if (seen != nullptr) *seen = {node, std::move(arrivals_[n]), g, {}};
  bool pulled = false;
  for (int i = 0; i < node->input_count(); ++i) {
    const NodePtr& to = node->input(i);
    const std::size_t input = tape.find(to, n);
    if (!tape.leads_to_x(input)) continue;
    std::optional<Transcript> transcript;
    if (seen != nullptr) transcript.emplace();
    pulled = true;
    const SliceRule* const slice = options_.batched ? nullptr : node->slice_rule();
    Var share = slice != nullptr ? g : options_.batched ? pull_many(*node, i, g) : pull(*node, i, g);
    if (Observing::active()) [[unlikely]]
      Observing::pulled(*node, i, g, share);
    if (seen != nullptr) {
      if (slice != nullptr) {  // joined with other pieces later, but shown as what it is
        const NoGrad no_grad;
        share = (*slice)(g);
      }
      arrivals_[input].push_back({node, share.value()});
      seen->passed.push_back({i, to, share, std::move(transcript->ran)});
      transcript.reset();
    }
    if (slice != nullptr) pieces_[input].push_back({*slice, g});
    else add(input, std::move(share));
  }
  node->pulled();
  if (pulled && !options_.retain_graph && !options_.create_graph) node->release();
  return true;
}

std::vector<Var> BackwardWalk::gradients() const {
  std::vector<Var> result;
  result.reserve(xs_.size());
  for (std::size_t i = 0; i < xs_.size(); ++i) {
    const std::size_t n = tape_->find(xs_[i].node());
    const bool found = n < tape_->size() && gradients_[n];
    if (!found && !options_.allow_unused)
      fail("grad", "the value does not depend on ", name(i), ", ", describe(xs_[i]),
           "; pass {.allow_unused = true} to get zeros for it");
    result.push_back(found ? *gradients_[n] : constant(zeros(shaped(xs_[i].shape()), xs_[i].dtype())));
  }
  return result;
}

}  // namespace hourglass
