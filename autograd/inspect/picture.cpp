// SPDX-License-Identifier: MIT
#include "autograd/inspect/picture.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "autograd/inspect/step_through.h"
#include "autograd/ops.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

// The youngest `limit` nodes that y was computed from, oldest first; left_out counts the rest.
std::vector<NodePtr> youngest_nodes(const Var& y, std::size_t limit, std::size_t& left_out) {
  std::vector<NodePtr> nodes = ancestors("tape", {&y, 1}, [](const Node& node) { return !node.released(); });
  left_out = nodes.size() - std::min(nodes.size(), limit);
  nodes.resize(nodes.size() - left_out);
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

// "mul(f32[3] 0 to 1, mean 0.5, std 0.3, f32[] 2)"
std::string described(const RuleOp& ran) {
  std::string text(ran.op);
  text += '(';
  for (const Operand& operand : ran.operands)
    text += join(text.back() == '(' ? "" : ", ", describe(operand.value), " ", statistics_of(operand.value));
  return text + ')';
}

class Painter {
 public:
  Painter(const Var& y, const PictureOptions& options, std::size_t limit) : y_(y), options_(options) {
    check(y.needs_gradient(), "tape", describe(y), " is a constant: there is no tape behind it");
    nodes_ = youngest_nodes(y, limit, picture_.left_out);
    for (std::size_t k = 0; k < nodes_.size(); ++k) place_[nodes_[k].get()] = k;
    for (const Parameter& parameter : options.parameters)
      names_[static_cast<Var>(parameter).node().get()] = parameter.name();
    if (options.trace != nullptr) options.trace->look_up_all();
    for (const NodePtr& node : nodes_) picture_.nodes.push_back(painted(*node));
    link();
    if (options.gradients) paint_gradients();
  }
  Picture result() && { return std::move(picture_); }

 private:
  PictureNode painted(const Node& node) const {
    PictureNode result{.id = node.id(),
                       .op = std::string(node.op().name),
                       .name = std::string(node.name()),
                       .value_type = join(node.dtype(), node.shape()),
                       .order = node.order(),
                       .is_leaf = node.input_count() == 0,
                       .formula = std::string(node.op().formula)};
    if (const auto named = names_.find(&node); named != names_.end()) result.name = named->second;
    if (const Trace::Note* note = options_.trace == nullptr ? nullptr : options_.trace->note(node.id())) {
      result.path = note->path;
      result.line = options_.trace->line_of(*note);
      result.rule = note->rule;
      result.value = note->value;
      for (const Trace::Input& input : note->inputs)
        if (input.node == 0) result.constants.push_back(join(input.description, ": ", input.statistics));
    }
    return result;
  }

  void link() {
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      for (int i = 0; i < nodes_[k]->input_count(); ++i) {
        const auto found = place_.find(nodes_[k]->input(i).get());
        if (found == place_.end()) continue;
        picture_.nodes[k].inputs.push_back({found->second, std::string(nodes_[k]->op().derivative(i)), {}, {}});
        picture_.nodes[found->second].users.push_back(k);
      }
      // The Trace has no note of a leaf, which no op made. The notes of its users have its values.
      const Trace::Note* note = options_.trace == nullptr ? nullptr : options_.trace->note(nodes_[k]->id());
      if (note == nullptr) continue;
      for (const Trace::Input& input : note->inputs)
        for (const PictureNode::Link& link : picture_.nodes[k].inputs)
          if (PictureNode& from = picture_.nodes[link.to]; from.id == input.node && !from.value)
            from.value = input.statistics;
    }
  }

  // Steps back to every leaf. A node whose inputs are not shown counts as one.
  void paint_gradients() {
    std::vector<Var> xs;
    for (const NodePtr& node : nodes_) {
      bool is_end = node->input_count() == 0;
      for (int i = 0; i < node->input_count(); ++i) is_end |= node->input(i) && !place_.contains(node->input(i).get());
      if (is_end) xs.push_back(handle(node));
    }
    try {
      StepThrough steps(y_, xs, {.retain_graph = true, .allow_unused = true, .partial = true});
      for (const BackwardStep& step : steps) {
        PictureNode& node = picture_.nodes[place_.at(step.node.get())];
        node.gradient = statistics_of(step.received.value());
        for (const BackwardStep::Passed& passed : step.passed) {
          std::size_t link = 0;  // among the inputs that are shown
          for (int i = 0; i < passed.input; ++i)
            if (place_.contains(step.node->input(i).get())) ++link;
          node.inputs[link].share = statistics_of(passed.share.value());
          for (const RuleOp& ran : passed.ran) node.inputs[link].ran.push_back(described(ran));
        }
      }
      const std::vector<Var> ends = steps.gradients();
      for (std::size_t i = 0; i < xs.size(); ++i)
        picture_.nodes[place_.at(xs[i].node().get())].gradient = statistics_of(ends[i].value());
    } catch (const Error& error) {
      picture_.why_no_gradients = error.what();
    }
  }

  const Var& y_;
  const PictureOptions& options_;
  std::vector<NodePtr> nodes_;
  std::unordered_map<const Node*, std::size_t> place_;
  std::unordered_map<const Node*, std::string> names_;
  Picture picture_;
};

}  // namespace

Picture picture_of(const Var& y, const PictureOptions& options, std::size_t default_limit) {
  return Painter(y, options, options.limit > 0 ? options.limit : default_limit).result();
}

}  // namespace hourglass
