// SPDX-License-Identifier: MIT
// Tape: what lies between ys and xs, in the order in which grad() walks it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/node.h"

namespace hourglass {

/// The nodes that ys were computed from, youngest first: those of ys, and the inputs of each node for which
/// `enter(node)` is true. Ids grow as nodes are made. So a heap whose top is the youngest node gives each node after
/// all of its users. This needs no marks in the nodes, no hash table and no recursion. Entering a node that a walk has
/// released is an error, in the name of `op`.
template <class Enter>
std::vector<NodePtr> ancestors(std::string_view op, std::span<const Var> ys, Enter enter) {
  std::vector<NodePtr> heap, found;
  const auto older = [](const NodePtr& a, const NodePtr& b) { return a->id() < b->id(); };
  const auto push = [&](const NodePtr& node) {
    if (!node) return;
    heap.push_back(node);
    std::push_heap(heap.begin(), heap.end(), older);
  };
  for (const Var& y : ys) push(y.node());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), older);
    NodePtr node = std::move(heap.back());
    heap.pop_back();
    if (!found.empty() && found.back() == node) continue;  // reached by another way as well
    if (enter(*node)) {
      check(!node->released(), op, "this graph was released by an earlier grad(); pass {.retain_graph = true} there");
      for (int i = 0; i < node->input_count(); ++i) push(node->input(i));
    }
    found.push_back(std::move(node));
  }
  return found;
}

/// The ancestors of ys as far back as the oldest x: what is older cannot lie between y and x. For partial derivatives
/// the tape ends at each x.
class Tape {
 public:
  Tape(std::span<const Var> ys, std::span<const Var> xs, bool partial = false);

  std::size_t size() const { return nodes_.size(); }
  NodePtr& operator[](std::size_t n) { return nodes_[n]; }
  /// The place of a node, or size() if it is not here. The search begins at `after`: most inputs come right after their
  /// user.
  std::size_t find(const NodePtr& node, std::size_t after = 0) const;
  /// Whether n is one of the xs, and whether some x can be reached from it. False for size().
  bool is_x(std::size_t n) const { return is_x_[n] != 0; }
  bool leads_to_x(std::size_t n) const { return leads_to_x_[n] != 0; }

 private:
  std::uint64_t oldest_;
  std::vector<NodePtr> nodes_;
  std::vector<std::uint64_t> ids_;
  std::vector<char> is_x_, leads_to_x_;
};

}  // namespace hourglass
