// Tape: what lies between ys and xs, in the order in which grad() walks it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "autograd/node.h"

namespace hourglass {

/// Everything that ys were computed from, youngest first. Ids grow as nodes are made, so a heap that always gives up
/// its youngest node meets each node after all of its users: no marks in the nodes, no hash table, no recursion.
/// Nothing older than every x can lie between y and x: the tape does not go there. Of a partial derivative, the xs are
/// ends: it does not go behind them either.
class Tape {
 public:
  Tape(std::span<const Var> ys, std::span<const Var> xs, bool partial = false);

  std::size_t size() const { return nodes_.size(); }
  NodePtr& operator[](std::size_t n) { return nodes_[n]; }
  /// Where a node stands, or size(). Inputs mostly stand right behind their user.
  std::size_t find(const NodePtr& node, std::size_t after = 0) const;
  /// Whether n is one of the xs, and whether some x can be reached from it. No for size().
  bool is_x(std::size_t n) const { return is_x_[n] != 0; }
  bool leads_to_x(std::size_t n) const { return leads_to_x_[n] != 0; }

 private:
  std::uint64_t oldest_;
  std::vector<std::uint64_t> ids_;
  std::vector<NodePtr> nodes_;
  std::vector<char> is_x_, leads_to_x_;
};

}  // namespace hourglass
