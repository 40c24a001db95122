#include "autograd/inspect/tape_picture.h"

#include <algorithm>
#include <queue>

#include "autograd/ops.h"
#include "autograd/pull.h"
#include "autograd/walk.h"
#include "autograd/words.h"
#include "tensor/text.h"

namespace hourglass {

// ---- Trace

void Trace::on_op(const OpEvent& event) {
  if (!event.node) return;
  Note& note = notes_[event.node->id()];
  note.value = statistics_of(event.value);
  for (const Operand& operand : event.operands)
    note.inputs.push_back(
        {operand.node ? operand.node->id() : 0, join(describe(operand.value)), statistics_of(operand.value)});
  note.stack = CallStack::here();
  note.path = scope_path();
  if (const Node* node = node_being_pulled()) note.rule = node->op();
}

const Trace::Note* Trace::note(std::uint64_t node) const {
  const auto found = notes_.find(node);
  return found == notes_.end() ? nullptr : &found->second;
}

void Trace::look_up_all() const {
  std::vector<CallStack> stacks;
  for (const auto& [id, note] : notes_) stacks.push_back(note.stack);
  sites_.look_up(stacks);
}

// ---- Picture

namespace {

// The youngest `limit` nodes that y was computed from, oldest first, and how many there are besides.
std::vector<NodePtr> youngest_nodes(const Var& y, std::size_t limit, std::size_t& left_out) {
  const auto older = [](const NodePtr& a, const NodePtr& b) { return a->id() < b->id(); };
  std::priority_queue<NodePtr, std::vector<NodePtr>, decltype(older)> heap(older);
  heap.push(y.node());
  std::vector<NodePtr> nodes;
  left_out = 0;
  for (std::uint64_t last = 0; !heap.empty();) {
    const NodePtr node = heap.top();
    heap.pop();
    if (node->id() == last) continue;
    last = node->id();
    for (int i = 0; i < node->input_count(); ++i)
      if (node->input(i)) heap.push(node->input(i));
    if (nodes.size() < limit) nodes.push_back(node);
    else ++left_out;
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

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
                       .op = std::string(node.op()),
                       .name = std::string(node.name()),
                       .value_type = join(node.dtype(), node.shape()),
                       .order = node.order(),
                       .is_leaf = node.input_count() == 0,
                       .formula = std::string(formula_of(node.op()))};
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
        picture_.nodes[k].inputs.push_back({found->second, std::string(derivative_of(nodes_[k]->op(), i)), {}, {}});
        picture_.nodes[found->second].users.push_back(k);
      }
      // A leaf has no op that could have been noted; its user knows what it was.
      const Trace::Note* note = options_.trace == nullptr ? nullptr : options_.trace->note(nodes_[k]->id());
      if (note == nullptr) continue;
      for (const Trace::Input& input : note->inputs)
        for (const PictureNode::Link& link : picture_.nodes[k].inputs)
          if (PictureNode& from = picture_.nodes[link.to]; from.id == input.node && !from.value)
            from.value = input.statistics;
    }
  }

  // Step by step back to every leaf, and what is left out counts as leaves.
  void paint_gradients() {
    std::vector<Var> xs;
    for (const NodePtr& node : nodes_) {
      bool is_end = node->input_count() == 0;
      for (int i = 0; i < node->input_count(); ++i) is_end |= node->input(i) && !place_.contains(node->input(i).get());
      if (is_end) xs.push_back(handle(node));
    }
    const Var one = constant(ones_like(y_.value()));
    try {
      BackwardWalk walk({&y_, 1}, {&one, 1}, xs, {.retain_graph = true, .allow_unused = true, .partial = true});
      BackwardStep step;
      while (walk.next(&step)) {
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
      const std::vector<Var> ends = walk.gradients();
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

Picture picture_of(const Var& y, const PictureOptions& options) {
  return Painter(y, options, options.limit > 0 ? options.limit : SIZE_MAX).result();
}

// ---- text

namespace {

PictureOptions with_limit(PictureOptions options, std::size_t limit) {
  if (options.limit == 0) options.limit = limit;
  return options;
}

std::string number(double x) {
  std::ostringstream out;
  out.precision(3);
  out << x;
  return out.str();
}

// "-1.2 .. 3.4", short for a column.
std::string range(const std::optional<Statistics>& s) {
  if (!s) return "";
  std::string text = s->min == s->max ? number(s->min) : number(s->min) + " .. " + number(s->max);
  if (s->nans > 0) text += join(", ", s->nans, " NaN");
  if (s->infinities > 0) text += join(", ", s->infinities, " inf");
  return text;
}

std::string in_columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (k == widths.size()) widths.push_back(0);
      widths[k] = std::max(widths[k], display_width(row[k]));
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k)
      if (widths[k] > 0) line += row[k] + std::string(widths[k] - display_width(row[k]) + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace

std::string tape_text(const Var& y, const PictureOptions& options) {
  const Picture picture = picture_of(y, with_limit(options, 200));
  std::vector<std::vector<std::string>> rows{
      {"node", "op", "from", "gives", "values", options.gradients ? "|gradient|" : "", "order", "module", "called at"}};
  const auto number_of = [&](std::size_t place) { return join(picture.left_out + place + 1); };
  bool any_order = false, any_path = false;
  for (const PictureNode& node : picture.nodes) {
    any_order |= node.order > 0;
    any_path |= !node.path.empty();
  }
  if (!any_order) rows[0][6].clear();
  if (!any_path) rows[0][7].clear();
  if (options.trace == nullptr) rows[0][4] = rows[0][8] = "";
  for (std::size_t k = 0; k < picture.nodes.size(); ++k) {
    const PictureNode& node = picture.nodes[k];
    std::string from;
    for (const PictureNode::Link& link : node.inputs) from += (from.empty() ? "" : ", ") + number_of(link.to);
    rows.push_back({number_of(k), node.name.empty() ? node.op : node.name, from, node.value_type, range(node.value),
                    node.gradient ? number(node.gradient->norm) : "",
                    any_order && node.order > 0 ? join(node.order) : "", node.path, node.line});
  }
  std::string text;
  if (picture.left_out > 0) text += join(picture.left_out, " older nodes are not shown\n");
  text += in_columns(rows);
  if (!picture.why_no_gradients.empty()) text += "no gradients: " + picture.why_no_gradients + '\n';
  return text;
}

// ---- DOT

namespace {
std::string dot_quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') result += "\\n";
    else result += c;
  }
  return result + '"';
}
}  // namespace

std::string tape_dot(const Var& y, const PictureOptions& options) {
  const Picture picture = picture_of(y, with_limit(options, 500));
  std::ostringstream out;
  out << "digraph tape {\n"
         "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=10];\n"
         "  edge [fontname=\"sans-serif\", fontsize=8];\n";
  constexpr const char* kColours[] = {"#e8eef7", "#fde6cc", "#eadcf4"};  // by order
  for (std::size_t k = 0; k < picture.nodes.size(); ++k) {
    const PictureNode& node = picture.nodes[k];
    std::string label = (node.name.empty() ? node.op : node.name) + '\n' + node.value_type;
    if (node.value) label += join("\n", range(node.value));
    if (node.gradient) label += "\n|g| " + number(node.gradient->norm);
    if (!node.path.empty()) label += '\n' + node.path;
    if (!node.line.empty()) label += '\n' + node.line;
    out << "  n" << k << " [label=" << dot_quoted(label) << ", fillcolor=\""
        << (node.is_leaf ? "#d9efd9" : kColours[std::min(node.order, 2)]) << "\"];\n";
    for (const PictureNode::Link& link : node.inputs)
      out << "  n" << link.to << " -> n" << k << " [label=" << dot_quoted(link.words) << "];\n";
  }
  if (picture.left_out > 0)
    out << "  rest [shape=plaintext, style=\"\", label=\"" << picture.left_out << " older nodes\"];\n";
  out << "}\n";
  return out.str();
}

}  // namespace hourglass
