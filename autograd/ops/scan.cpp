// SPDX-License-Identifier: MIT
// What runs along one axis. The gradient of a scan is a scan from the other end.
#include <utility>

#include "autograd/node.h"
#include "autograd/order.h"

namespace hourglass {
namespace {

// y moved by one along the axis, behind what comes first: 0, y[0], y[1], ...
Var delayed(const Var& y, std::int64_t axis) {
  return embed_slice(slice(y, axis, 0, y.size(axis) - 1), y.shape(), axis, 1);
}

SortedVar picked(const Var& x, std::int64_t axis, const Tensor& indices) { return {gather(x, axis, indices), indices}; }

}  // namespace

// h[j] = b[j] + a[j] h[j - 1]. For a gradient g of h, s[j] = g[j] + a[j + 1] s[j + 1] is that of b, and s[j] h[j - 1]
// that of a. Backwards, h and s change places.
Var linear_scan(const Var& b, const Var& a, std::int64_t axis, bool reverse) {
  static constexpr Op op =
      Op::with_leading_axes("linear_scan", "h = b + a h₋₁", {"dh/db: s = g + a₊₁ s₊₁, from the end", "dh/da: s h₋₁"});
  Tensor value = linear_scan(b.value(), a.value(), axis, reverse);
  if (b.dim() == 0) return b;
  const std::int64_t at = from_back("linear_scan", axis, b);
  return record(op, std::move(value),
                wrt(b, [a, at, reverse](const Var& g) { return linear_scan(g, a, at, !reverse); }),
                wrt(a, [a, at, reverse](const Var& g, const Var& h) {
                  const Var s = linear_scan(g, a, at, !reverse);
                  return reverse ? strong_product(delayed(s, at), h) : strong_product(s, delayed(h, at));
                }));
}

// dy[j]/dx[i] is the product of all x up to j but x[i]: of those before i, y[i - 1], and of those from i + 1 to j, which
// a linear scan multiplies from the end. Nothing is divided by x, so zeros need no special case.
Var cumprod(const Var& x, std::int64_t axis) {
  static constexpr Op op = Op::with_leading_axes("cumprod", "products of x up to each place",
                                                 {"dy/dx = y₋₁ times the x that follow: y₋₁ s, s = g + x₊₁ s₊₁"});
  Tensor value = cumprod(x.value(), axis);
  if (x.dim() == 0) return x;
  return record(op, std::move(value), wrt(x, [x, at = from_back("cumprod", axis, x)](const Var& g, const Var& y) {
                  const Tensor one = to(delayed(constant(ones_like(y.value())), at).value() == 0, y.dtype());
                  return strong_mul(linear_scan(g, x, at, true), delayed(y, at) + constant(one));
                }));
}

SortedVar cummax(const Var& x, std::int64_t axis) { return picked(x, axis, cummax(x.value(), axis).indices); }
SortedVar cummin(const Var& x, std::int64_t axis) { return picked(x, axis, cummin(x.value(), axis).indices); }

// dy[j]/dx[i] = e^(x[i] - y[j]) for i <= j: e^(x[i] - y[i]) times a scan from the end whose factors e^(y[j - 1] - y[j])
// are at most 1.
Var logcumsumexp(const Var& x, std::int64_t axis) {
  static constexpr Op op = Op::with_leading_axes("logcumsumexp", "log of the sums of e^x up to each place",
                                                 {"dy/dx = e^(x - y): e^(x - y) s, s = g + e^(y - y₊₁) s₊₁"});
  Tensor value = logcumsumexp(x.value(), axis);
  if (x.dim() == 0) return x;
  return record(op, std::move(value), wrt(x, [x, at = from_back("logcumsumexp", axis, x)](const Var& g, const Var& y) {
                  const Var finite = where(isinf(y.value()), 0, y);  // e^-∞ so far: all differences give 0
                  return strong_mul(linear_scan(g, exp(delayed(y, at) - finite), at, true), exp(x - finite));
                }));
}

}  // namespace hourglass
