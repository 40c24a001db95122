#include "autograd/grad.h"

#include <algorithm>
#include <optional>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

// Everything that ys were computed from, youngest first. Ids grow as nodes are made, so a heap that always gives up its
// youngest node meets each node after all of its users: no marks in the nodes, no hash table, no recursion. Nothing
// older than every x can lie between y and x: the walk does not go there.
class Tape {
 public:
  Tape(std::span<const Var> ys, std::span<const Var> xs) {
    oldest_ = UINT64_MAX;
    for (const Var& x : xs) oldest_ = std::min(oldest_, x.node()->id());
    std::vector<NodePtr> heap;
    const auto older = [](const NodePtr& a, const NodePtr& b) { return a->id() < b->id(); };
    const auto push = [&](const NodePtr& node) {
      if (!node || node->id() < oldest_) return;
      heap.push_back(node);
      std::push_heap(heap.begin(), heap.end(), older);
    };
    for (const Var& y : ys) push(y.node());
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), older);
      NodePtr node = std::move(heap.back());
      heap.pop_back();
      if (!ids_.empty() && ids_.back() == node->id()) continue;  // reached by another way as well
      check(!node->released() || is_any(xs, node), "grad",
            "this graph was released by an earlier grad(); pass {.retain_graph = true} there");
      for (int i = 0; i < node->input_count(); ++i) push(node->input(i));
      ids_.push_back(node->id());
      nodes_.push_back(std::move(node));
    }
  }

  std::size_t size() const { return nodes_.size(); }
  NodePtr& operator[](std::size_t i) { return nodes_[i]; }
  /// Where a node stands, or size(). Inputs mostly stand right behind their user.
  std::size_t find(const NodePtr& node, std::size_t after = 0) const {
    if (!node || node->id() < oldest_) return size();
    if (after + 1 < size() && ids_[after + 1] == node->id()) return after + 1;
    const auto at =
        std::lower_bound(ids_.begin() + static_cast<std::ptrdiff_t>(after), ids_.end(), node->id(), std::greater<>());
    return at != ids_.end() && *at == node->id() ? static_cast<std::size_t>(at - ids_.begin()) : size();
  }

 private:
  static bool is_any(std::span<const Var> xs, const NodePtr& node) {
    return std::any_of(xs.begin(), xs.end(), [&](const Var& x) { return x.node() == node; });
  }
  std::uint64_t oldest_;
  std::vector<std::uint64_t> ids_;
  std::vector<NodePtr> nodes_;
};

// The gradient by each x, or nothing where ys do not depend on it.
std::vector<std::optional<Var>> walk(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                                     GradOptions options) {
  std::vector<std::optional<Var>> result(xs.size());
  if (xs.empty()) return result;
  Tape tape(ys, xs);

  // Only nodes from which some x can be reached need a gradient. Oldest first: inputs are settled before their users.
  std::vector<char> leads_to_x(tape.size() + 1, 0);
  for (const Var& x : xs) leads_to_x[tape.find(x.node())] = 1;
  leads_to_x[tape.size()] = 0;
  for (std::size_t n = tape.size(); n-- > 0;)
    for (int i = 0; i < tape[n]->input_count() && !leads_to_x[n]; ++i)
      leads_to_x[n] = leads_to_x[tape.find(tape[n]->input(i), n)];

  const Recording second_order(options.create_graph);
  std::vector<std::optional<Var>> gradients(tape.size() + 1);
  const auto add = [&](std::size_t n, Var contribution) {
    std::optional<Var>& slot = gradients[n];
    slot = slot ? *slot + contribution : std::move(contribution);
  };
  for (std::size_t k = 0; k < ys.size(); ++k)
    if (const std::size_t n = tape.find(ys[k].node()); n < tape.size()) add(n, cotangents[k]);
  std::vector<char> is_x(tape.size() + 1, 0);
  for (const Var& x : xs) is_x[tape.find(x.node())] = 1;

  // Youngest first: when a node's turn comes, all its users have had theirs, and its gradient is complete.
  for (std::size_t n = 0; n < tape.size(); ++n) {
    const NodePtr node = std::move(tape[n]);
    if (!leads_to_x[n] || !gradients[n]) continue;
    const Var g = is_x[n] ? *gradients[n] : *std::exchange(gradients[n], std::nullopt);
    bool pulled = false;
    for (int i = 0; i < node->input_count(); ++i) {
      const NodePtr& x = node->input(i);
      const std::size_t input = tape.find(x, n);
      if (!leads_to_x[input]) continue;
      Var contribution = node->pull(i, g);
      // Whatever broadcasting repeated is summed again; here alone, so that no rule needs to think of it.
      if (contribution.shape() != x->shape()) contribution = sum_to(contribution, x->shape());
      add(input, std::move(contribution));
      pulled = true;
    }
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
  for (std::size_t k = 0; k < ys.size(); ++k)
    check(cotangents[k].shape() == ys[k].shape() && cotangents[k].dtype() == ys[k].dtype(), "grad", "value ", k, " is ",
          describe(ys[k]), ", its cotangent ", describe(cotangents[k]));
  for (std::size_t i = 0; i < xs.size(); ++i)
    check(xs[i].needs_gradient(), "grad", name(i), ", ", describe(xs[i]),
          ", is a constant; make it a variable() before computing with it");
  std::vector<std::optional<Var>> found = walk(ys, cotangents, xs, options);
  std::vector<Var> gradients;
  gradients.reserve(xs.size());
  for (std::size_t i = 0; i < xs.size(); ++i) {
    check(found[i].has_value() || options.allow_unused, "grad", "the value does not depend on ", name(i), ", ",
          describe(xs[i]), "; pass {.allow_unused = true} to get zeros for it");
    gradients.push_back(found[i] ? *std::move(found[i]) : constant(zeros_like(xs[i].value())));
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
