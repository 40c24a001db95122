// SPDX-License-Identifier: MIT
#include "autograd/share.h"

#include <algorithm>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

Var Share::whole() const {
  if (!place_) return g_;
  const auto& [from, axis, first, step] = *place_;
  return embed_slice(g_, behind(g_, from.size(), from), axis, first, step);
}

// ---- adding up

namespace {

// The sum of the gradients of some slices of one tensor. If they follow each other along an axis, like those of split
// or of the steps of a sequence, one pass joins them. Otherwise each slice fills an array of the tensor's size with
// zeros around it, and these arrays are added.
Var join_slices(std::vector<Share> slices) {
  const auto place = [&](std::size_t k) -> const SlicePlace& { return *slices[k].place(); };
  std::sort(slices.begin(), slices.end(),
            [](const Share& a, const Share& b) { return a.place()->first < b.place()->first; });
  const Shape from = place(0).from;
  const int axis = static_cast<int>(from.size() + place(0).axis);
  std::vector<Var> row;
  std::int64_t end = 0;  // of what is in the row already
  const auto fill_to = [&](std::int64_t start) {
    Shape gap = from;
    gap[axis] = start - end;
    if (start > end) row.push_back(constant(zeros(gap, slices[0].g().dtype())));
  };
  bool in_line = slices.size() > 1;
  for (std::size_t k = 0; in_line && k < slices.size(); ++k) {
    in_line = place(k).axis == place(0).axis && place(k).step == 1 && place(k).first >= end;
    if (!in_line) break;
    fill_to(place(k).first);
    row.push_back(slices[k].g());
    end = place(k).first + slices[k].g().size(axis);
  }
  if (in_line) {
    fill_to(from[axis]);
    return concat(row, axis);
  }
  Var total = slices[0].whole();
  for (std::size_t k = 1; k < slices.size(); ++k) total = total + slices[k].whole();
  return total;
}

}  // namespace

void Slot::add(Share share) {
  if (share.place()) slices_.push_back(std::move(share));
  else sum_ = sum_ ? *sum_ + share.g() : std::move(share).g();
}

const Var& Slot::sum() {
  if (!slices_.empty()) add(join_slices(std::exchange(slices_, {})));
  return *sum_;
}

Var Slot::take() {
  sum();
  return *std::exchange(sum_, std::nullopt);
}

// ---- the share of one input

namespace {

Share one_share(Node& node, int i, const Var& g) {
  Share share = node.vjp(i, g);
  const Shape& shape = node.input(i)->shape();
  return share.place() || share.g().shape() == shape ? std::move(share) : sum_to(share.g(), shape);
}

Var many_shares(Node& node, int i, const Var& g) {
  const std::int64_t count = g.size(0);
  const Shape& shape = node.input(i)->shape();
  const Shape wanted = in_front(count, shape);
  Accepts accepts = node.op().accepted_by(i);
  if (node.shape().empty() && shape.empty() && !node.op().is_elementwise) accepts = Accepts::one;  // no axis to count

  if (accepts == Accepts::leading_axes) {
    Var shares = node.vjp(i, g).whole();
    if (shares.shape() == wanted) return shares;
    Shape aligned = shape;  // with the axes that broadcasting added
    while (aligned.size() < shares.dim() - 1) aligned.insert(0, 1);
    return reshape(sum_to(shares, in_front(count, aligned)), wanted);
  }
  if (accepts == Accepts::joined_batch) {
    Shape batch = node.shape();
    batch[0] *= count;
    return reshape(node.vjp(i, reshape(g, batch)).whole(), wanted);
  }
  if (count == 0) return constant(zeros(wanted, node.input(i)->dtype()));
  std::vector<Var> shares;
  for (std::int64_t k = 0; k < count; ++k) shares.push_back(one_share(node, i, select(g, 0, k)).whole());
  return stack(shares);
}

template <class Compute>
Share observed(Node& node, int i, const Var& g, Compute compute) {
  if (!Observing::active()) [[likely]]
    return compute(node, i, g);
  const RuleScope running(node);
  Share share = compute(node, i, g);
  Observing::share(node, i, g, share);
  return share;
}

}  // namespace

Share share_of(Node& node, int i, const Var& g) { return observed(node, i, g, one_share); }
Share shares_of(Node& node, int i, const Var& g) { return observed(node, i, g, many_shares); }

// ---- leading axes

std::int64_t from_back(std::string_view op, std::int64_t axis, const Var& x) {
  return x.dim() == 0 ? axis : normalize_axis(op, axis, x.dim()) - x.dim();
}

Shape behind(const Var& g, int output_dim, const Shape& shape) {
  Shape whole(std::span(g.shape().begin(), static_cast<std::size_t>(g.dim() - output_dim)));
  for (const std::int64_t extent : shape) whole.push_back(extent);
  return whole;
}

Shape in_front(std::int64_t count, const Shape& shape) {
  Shape result = shape;
  result.insert(0, count);
  return result;
}

}  // namespace hourglass
