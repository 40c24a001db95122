// SPDX-License-Identifier: MIT
#include "autograd/tape.h"

#include <functional>

namespace hourglass {

Tape::Tape(std::span<const Var> ys, std::span<const Var> xs, bool partial) : oldest_(UINT64_MAX) {
  for (const Var& x : xs) oldest_ = std::min(oldest_, x.node()->id());
  const auto is_any = [&](const Node& node) {
    return std::any_of(xs.begin(), xs.end(), [&](const Var& x) { return x.node().get() == &node; });
  };
  nodes_ = ancestors("grad", ys, [&](const Node& node) {
    return node.id() > oldest_ && !(partial && is_any(node)) && !(node.released() && is_any(node));
  });
  while (!nodes_.empty() && nodes_.back()->id() < oldest_) nodes_.pop_back();
  for (const NodePtr& node : nodes_) ids_.push_back(node->id());

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
