// SPDX-License-Identifier: MIT
// Share: what one rule gives back for one input of its op. The shares that arrive at a node add up to its gradient.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/var.h"

namespace hourglass {

/// Where a slice was cut out of a tensor. The axis counts from the back.
struct SlicePlace {
  Shape from;
  std::int64_t axis, first, step;
};

/// A gradient in the shape of the input, or in the shape of a slice of it. Then it is zero outside the slice.
class Share {
 public:
  Share() = default;
  Share(Var g) : g_(std::move(g)) {}  // NOLINT(google-explicit-constructor): what nearly every rule gives
  Share(Var g, const SlicePlace& place) : g_(std::move(g)), place_(place) {}

  const Var& g() const& { return g_; }
  Var g() && { return std::move(g_); }
  const std::optional<SlicePlace>& place() const { return place_; }
  /// The gradient in the shape of the input: a slice is put among zeros.
  Var whole() const;

 private:
  Var g_;
  std::optional<SlicePlace> place_;
};

/// The shares that have arrived at one node.
class Slot {
 public:
  bool empty() const { return !sum_ && slices_.empty(); }
  void add(Share share);
  /// All of them added up.
  const Var& sum();
  /// The same, and empties the slot.
  Var take();

 private:
  std::optional<Var> sum_;
  std::vector<Share> slices_;  // joined when the sum is asked for: one pass for all slices of a tensor
};

/// Input i's share of g, in the input's shape. Sums over the axes that broadcasting repeated, so no rule has to.
Share share_of(Node& node, int i, const Var& g);
/// The same for many gradients, along the first axis of g: in one call of the rule if it accepts them, otherwise one by
/// one.
Share shares_of(Node& node, int i, const Var& g);

// For rules that accept leading axes:
/// The axis, counted from the back of x.
std::int64_t from_back(std::string_view op, std::int64_t axis, const Var& x);
/// The leading axes of g, those before the last `output_dim`, followed by `shape`.
Shape behind(const Var& g, int output_dim, const Shape& shape);
/// The shape with one more axis in front.
Shape in_front(std::int64_t count, const Shape& shape);

}  // namespace hourglass
