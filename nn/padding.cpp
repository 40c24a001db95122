#include "nn/padding.h"

#include <algorithm>

#include "autograd/ops.h"

namespace hourglass::nn {
namespace {

// The index of the element that the padded row has at position i. The row itself is at 0 to n - 1.
std::int64_t source(std::int64_t i, std::int64_t n, PadMode mode) {
  if (mode == PadMode::replicate) return std::clamp<std::int64_t>(i, 0, n - 1);
  if (mode == PadMode::circular) return (i + n) % n;
  return i < 0 ? -i : i < n ? i : 2 * (n - 1) - i;  // reflect
}

}  // namespace

Var pad(const Var& x, const std::vector<Padding>& paddings, PadMode mode, Scalar value) {
  const auto count = static_cast<int>(paddings.size());
  check(count <= x.dim(), "pad", count, " paddings for ", describe(x));
  Var y = x;
  std::vector<Padding> outside;
  for (int i = 0; i < count; ++i) {
    const int axis = x.dim() - count + i;
    const auto [before, after] = paddings[static_cast<std::size_t>(i)];
    const std::int64_t n = x.shape()[axis], width = before + n + after;
    check(width >= 0, "pad", "(", before, ", ", after, ") cuts off more than axis ", axis, " of ", describe(x), " has");
    outside.push_back({std::max<std::int64_t>(before, 0), std::max<std::int64_t>(after, 0)});
    if (mode == PadMode::constant) {
      if (before < 0 || after < 0)
        y = slice(y, axis, std::max<std::int64_t>(-before, 0), n + std::min<std::int64_t>(after, 0));
      continue;
    }
    const std::int64_t widest = mode == PadMode::reflect ? n - 1 : mode == PadMode::circular ? n : INT64_MAX;
    check((before <= widest && after <= widest && n > 0) || (before == 0 && after == 0), "pad", "(", before, ", ",
          after, ") is more than axis ", axis, " of ", describe(x), " can give");
    std::vector<std::int64_t> sources;
    for (std::int64_t at = -before; at < n + after; ++at) sources.push_back(source(at, n, mode));
    y = index_select(y, axis, Tensor::from(sources));
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
