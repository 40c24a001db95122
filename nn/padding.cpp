// SPDX-License-Identifier: MIT
#include "nn/padding.h"

#include <algorithm>

#include "autograd/ops.h"
#include "tensor/checked.h"

namespace hourglass::nn {
namespace {

// The index of the element that the padded row has at position i. The row itself is at 0 to n - 1.
std::int64_t source(std::int64_t i, std::int64_t n, PadMode mode) {
  if (mode == PadMode::replicate) return std::clamp<std::int64_t>(i, 0, n - 1);
  if (mode == PadMode::circular) return i < 0 ? i + n : i < n ? i : i - n;
  return i < 0 ? -i : i < n ? i : 2 * (n - 1) - i;  // reflect
}

Var cut(const Var& x, int axis, std::int64_t before, std::int64_t after) {
  if (before == 0 && after == 0) return x;
  return slice(x, axis, before, x.shape()[axis] - after);
}

}  // namespace

Var pad(const Var& x, const std::vector<Padding>& paddings, PadMode mode, Scalar value) {
  const auto count = static_cast<int>(paddings.size());
  check(count <= x.dim(), "pad", count, " paddings for ", describe(x));
  Var y = x;
  std::vector<Padding> outside;
  for (int i = 0; i < count; ++i) {
    const int axis = x.dim() - count + i;
    auto [before, after] = paddings[static_cast<std::size_t>(i)];
    std::int64_t n = x.shape()[axis];
    const std::int64_t width = Checked("pad", n) + before + after;
    check(width >= 0 && before >= -n && after >= -n, "pad", "(", before, ", ", after, ") cuts off more than axis ",
          axis, " of ", describe(x), " has");
    outside.push_back({std::max<std::int64_t>(before, 0), std::max<std::int64_t>(after, 0)});
    // A row is cut before constants or its own other end are put around it. The other modes look past the cut.
    if (mode == PadMode::constant || mode == PadMode::circular) {
      y = cut(y, axis, std::max<std::int64_t>(-before, 0), std::max<std::int64_t>(-after, 0));
      n = y.shape()[axis];
      before = outside.back().before;
      after = outside.back().after;
    }
    if (mode == PadMode::constant || (before == 0 && after == 0)) continue;
    const std::int64_t widest = mode == PadMode::reflect ? n - 1 : mode == PadMode::circular ? n : INT64_MAX;
    check(before <= widest && after <= widest && n > 0, "pad", "(", before, ", ", after, ") is more than axis ", axis,
          " of ", describe(x), " can give");
    Tensor sources({width}, Dtype::i64);
    std::int64_t* const index = sources.mutable_data<std::int64_t>();
    for (std::int64_t j = 0; j < width; ++j) index[j] = source(j - before, n, mode);
    y = index_select(y, axis, sources);
  }
  return mode == PadMode::constant ? hourglass::pad(y, outside, value) : y;
}

Var Pad::forward(const Var& x) const {
  const auto axes = static_cast<int>(paddings_.size());
  check(x.dim() == axes + 1 || x.dim() == axes + 2, op_, "expects ", axes + 2, " axes, or ", axes + 1,
        " without the batch, got ", describe(x));
  return in_context(op_, [&] { return pad(x, paddings_, mode_, value_); });
}

}  // namespace hourglass::nn
