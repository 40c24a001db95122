#include "autograd/tape.h"

#include <algorithm>
#include <functional>

namespace hourglass {

Tape::Tape(std::span<const Var> ys, std::span<const Var> xs, bool partial) : oldest_(UINT64_MAX) {
  for (const Var& x : xs) oldest_ = std::min(oldest_, x.node()->id());
  std::vector<NodePtr> heap;
  const auto older = [](const NodePtr& a, const NodePtr& b) { return a->id() < b->id(); };
  const auto push = [&](const NodePtr& node) {
    if (!node || node->id() < oldest_) return;
    heap.push_back(node);
    std::push_heap(heap.begin(), heap.end(), older);
  };
  const auto is_any = [&](const NodePtr& node) {
    return std::any_of(xs.begin(), xs.end(), [&](const Var& x) { return x.node() == node; });
  };
  for (const Var& y : ys) push(y.node());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), older);
    NodePtr node = std::move(heap.back());
    heap.pop_back();
    if (!ids_.empty() && ids_.back() == node->id()) continue;  // reached by another way as well
    check(!node->released() || is_any(node), "grad",
          "this graph was released by an earlier grad(); pass {.retain_graph = true} there");
    if (!partial || !is_any(node))
      for (int i = 0; i < node->input_count(); ++i) push(node->input(i));
    ids_.push_back(node->id());
    nodes_.push_back(std::move(node));
  }

  is_x_.assign(size() + 1, 0);
  for (const Var& x : xs) is_x_[find(x.node())] = 1;
  is_x_[size()] = 0;
  // Oldest first: inputs are settled before their users.
  leads_to_x_ = is_x_;
  for (std::size_t n = size(); n-- > 0;)
    for (int i = 0; i < nodes_[n]->input_count() && !leads_to_x_[n]; ++i)
      leads_to_x_[n] = leads_to_x_[find(nodes_[n]->input(i), n)];
}

std::size_t Tape::find(const NodePtr& node, std::size_t after) const {
  if (!node || node->id() < oldest_) return size();
  if (after + 1 < size() && ids_[after + 1] == node->id()) return after + 1;
  const auto at =
      std::lower_bound(ids_.begin() + static_cast<std::ptrdiff_t>(after), ids_.end(), node->id(), std::greater<>());
  return at != ids_.end() && *at == node->id() ? static_cast<std::size_t>(at - ids_.begin()) : size();
}

}  // namespace hourglass
