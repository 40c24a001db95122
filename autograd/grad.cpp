#include "autograd/grad.h"

#include <algorithm>
#include <map>
#include <optional>

#include "autograd/ops.h"
#include "autograd/pull.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

// What has come back from a slice of some x.
struct Piece {
  SliceRule rule;
  Var g;
};

// The sum of the pieces' shares of x's gradient. Pieces that lie one behind another, as those of split or of the steps
// of a sequence do, are joined in one pass; each by itself would fill an array of x's size, and adding them up would
// pass over it as many times.
Var put_together(std::vector<Piece> pieces) {
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

// The gradient by each x, or nothing where ys do not depend on it.
std::vector<std::optional<Var>> walk(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                                     GradOptions options) {
  std::vector<std::optional<Var>> result(xs.size());
  if (xs.empty()) return result;
  Tape tape(ys, xs, options.partial);
  const Recording second_order(options.create_graph);
  std::vector<std::optional<Var>> gradients(tape.size() + 1);
  const auto add = [&](std::size_t n, Var contribution) {
    std::optional<Var>& slot = gradients[n];
    slot = slot ? *slot + contribution : std::move(contribution);
  };
  for (std::size_t k = 0; k < ys.size(); ++k)
    if (const std::size_t n = tape.find(ys[k].node()); n < tape.size()) add(n, cotangents[k]);

  std::map<std::size_t, std::vector<Piece>> pieces;
  // Youngest first: when a node's turn comes, all its users have had theirs, and its gradient is complete.
  for (std::size_t n = 0; n < tape.size(); ++n) {
    const NodePtr node = std::move(tape[n]);
    if (const auto found = pieces.find(n); found != pieces.end()) {
      add(n, put_together(std::move(found->second)));
      pieces.erase(found);
    }
    if (!tape.leads_to_x(n) || !gradients[n]) continue;
    if (tape.is_x(n) && options.partial) continue;
    const Var g = tape.is_x(n) ? *gradients[n] : *std::exchange(gradients[n], std::nullopt);
    bool pulled = false;
    for (int i = 0; i < node->input_count(); ++i) {
      const std::size_t input = tape.find(node->input(i), n);
      if (!tape.leads_to_x(input)) continue;
      if (options.batched) add(input, pull_many(*node, i, g));
      else if (const SliceRule* rule = node->slice_rule()) pieces[input].push_back({*rule, g});
      else add(input, pull(*node, i, g));
      pulled = true;
    }
    node->pulled();
    if (pulled && !options.retain_graph && !options.create_graph) node->release();
  }
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const std::size_t n = tape.find(xs[i].node());
    if (n < tape.size()) result[i] = gradients[n];
  }
  return result;
}

// name(i) tells what xs[i] is called.
template <class Name>
std::vector<Var> grad_of(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                         GradOptions options, Name name) {
  check(ys.size() == cotangents.size(), "grad", ys.size(), " values, but ", cotangents.size(), " cotangents");
  std::int64_t count = 0;  // how many gradients a batch has
  if (options.batched && !cotangents.empty() && cotangents[0].dim() > 0) count = cotangents[0].size(0);
  const auto shaped = [&](const Shape& shape) { return options.batched ? in_front(count, shape) : shape; };
  for (std::size_t k = 0; k < ys.size(); ++k)
    check(cotangents[k].shape() == shaped(ys[k].shape()) && cotangents[k].dtype() == ys[k].dtype(), "grad", "value ", k,
          " is ", describe(ys[k]), ", its cotangent ", describe(cotangents[k]),
          options.batched ? "; a batch of them is one axis more, in front, as long for every value" : "");
  for (std::size_t i = 0; i < xs.size(); ++i)
    check(xs[i].needs_gradient(), "grad", name(i), ", ", describe(xs[i]),
          ", is a constant; make it a variable() before computing with it");
  std::vector<std::optional<Var>> found = walk(ys, cotangents, xs, options);
  std::vector<Var> gradients;
  gradients.reserve(xs.size());
  for (std::size_t i = 0; i < xs.size(); ++i) {
    check(found[i].has_value() || options.allow_unused, "grad", "the value does not depend on ", name(i), ", ",
          describe(xs[i]), "; pass {.allow_unused = true} to get zeros for it");
    gradients.push_back(found[i] ? *std::move(found[i]) : constant(zeros(shaped(xs[i].shape()), xs[i].dtype())));
  }
  return gradients;
}

void check_scalar(const Var& y) {
  check(y.numel() == 1, "grad", "needs a value of one element to differentiate, got ", describe(y),
        "; reduce it with sum or mean, or give a cotangent");
}

std::string numbered(std::size_t i) { return join("input ", i); }

}  // namespace

std::vector<Var> grad(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                      GradOptions options) {
  return grad_of(ys, cotangents, xs, options, numbered);
}

std::vector<Var> grad(const Var& y, std::span<const Var> xs, GradOptions options) {
  check_scalar(y);
  const Var one = constant(ones_like(y.value()));
  return grad_of({&y, 1}, {&one, 1}, xs, options, numbered);
}
std::vector<Var> grad(const Var& y, std::initializer_list<Var> xs, GradOptions options) {
  return grad(y, std::span<const Var>(xs.begin(), xs.size()), options);
}
Var grad(const Var& y, const Var& x, GradOptions options) { return grad(y, std::span<const Var>(&x, 1), options)[0]; }

std::vector<Var> grad(const Var& y, const std::vector<Parameter>& parameters, GradOptions options) {
  check_scalar(y);
  const Var one = constant(ones_like(y.value()));
  const std::vector<Var> xs(parameters.begin(), parameters.end());
  return grad_of({&y, 1}, {&one, 1}, xs, options, [&](std::size_t i) { return "parameter " + parameters[i].name(); });
}

}  // namespace hourglass
