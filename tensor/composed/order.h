// SPDX-License-Identifier: MIT
// Quantiles, differences and distances, for Tensor and for Var.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "tensor/around.h"
#include "tensor/arranging.h"
#include "tensor/composed/value_of.h"
#include "tensor/indexing.h"
#include "tensor/order.h"

namespace hourglass::composed {

/// Several quantiles along a new first axis.
template <class X>
X quantile(const X& x, const std::vector<double>& qs, std::int64_t axis, bool keepdim, Between between) {
  check_floating("quantile", value_of(x));
  const X lines = at_least_1d(x);
  const int at = normalize_axis("quantile", axis, lines.dim());
  const std::int64_t n = lines.size(at);
  check(n > 0, "quantile", "there is nothing along axis ", at, " of ", describe(x));
  std::vector<std::int64_t> low, high;
  std::vector<double> parts;
  for (const double q : qs) {
    check(q >= 0 && q <= 1, "quantile", "q must lie in [0, 1], got ", q);
    const double place = q * static_cast<double>(n - 1), below = std::floor(place);
    const double first = between == Between::higher    ? std::ceil(place)
                         : between == Between::nearest ? std::nearbyint(place)
                                                       : below;
    low.push_back(static_cast<std::int64_t>(first));
    high.push_back(static_cast<std::int64_t>(std::ceil(place)));
    parts.push_back(between == Between::midpoint ? 0.5 : place - below);
  }
  const X sorted = sort(lines, at).values;
  X y = index_select(sorted, at, Tensor::from(low));
  if (between == Between::linear || between == Between::midpoint) {
    const Shape along = shape_along(lines.dim(), at, std::ssize(qs));
    const X rise = index_select(sorted, at, Tensor::from(high)) - y;
    const Tensor level = isnan(value_of(rise));  // between two equal infinities, or at a NaN
    y = y + where(level, 0, rise) * X(to(reshape(Tensor::from(parts), along), x.dtype()));
  }
  const Tensor last = slice(value_of(sorted), at, n - 1, n);
  const Tensor no_number = expand(isnan(last), y.shape());
  y = movedim(masked_fill(y, no_number, std::numeric_limits<double>::quiet_NaN()), {at}, {0});
  return keepdim && x.dim() > 0 ? unsqueeze(y, at + 1) : y;
}
template <class X>
X quantile(const X& x, double q, std::int64_t axis, bool keepdim, Between between) {
  return select(quantile(x, std::vector<double>{q}, axis, keepdim, between), 0, 0);
}

template <class X>
X nansum(const X& x, const Axes& axes, bool keepdim) {
  return sum(where(isnan(value_of(x)), 0, x), axes, keepdim);
}
template <class X>
X nanmean(const X& x, const Axes& axes, bool keepdim) {
  check_floating("nanmean", value_of(x));
  const Tensor nan = isnan(value_of(x));
  return sum(where(nan, 0, x), axes, keepdim) / X(to(sum(nan == 0, axes, keepdim), x.dtype()));
}

template <class X>
X diff(X x, std::int64_t order, std::int64_t axis) {
  check(order >= 0, "diff", "needs an order of at least 0, got ", order);
  for (; order > 0 && x.size(axis) > 0; --order) {
    const std::int64_t n = x.size(axis);
    x = slice(x, axis, 1, n) - slice(x, axis, 0, n - 1);
  }
  return x;
}

template <class X>
X normalize(const X& x, std::int64_t axis, double p, double eps) {
  return x / maximum(norm(x, {axis}, true, p), eps);
}

/// Distances by |a - b|² = |a|² + |b|² - 2 a b, of a [batch, n, d] and b [batch, m, d]. Where that is small compared
/// with |a|² + |b|², digits cancel: those pairs are computed from their difference.
template <class X>
X distances_by_product(const X& all_a, const X& all_b) {
  const X center = X(mean(value_of(all_b), {1}, true));  // a shift changes no distance, and makes |a|² small
  const X a = all_a - center, b = all_b - center;
  const X size = sum(square(a), {2}, true) + transpose(sum(square(b), {2}, true));
  const X squares = size - matmul(a, transpose(b)) * 2;
  const Tensor close = (value_of(squares) > value_of(size) * 0.1) == 0;  // NaN, too
  const X y = sqrt(where(close, 1, squares));
  const Tensor pairs = nonzero(close);
  if (pairs.size(0) == 0) return y;
  const std::vector<Tensor> at_a{select(pairs, 1, 0), select(pairs, 1, 1)}, at_b{at_a[0], select(pairs, 1, 2)};
  const X near =
      norm(index_get(all_a, std::span<const Tensor>(at_a)) - index_get(all_b, std::span<const Tensor>(at_b)), {1});
  return index_put(y, std::span<const Tensor>(std::vector<Tensor>{at_a[0], at_a[1], at_b[1]}), near);
}

template <class X>
X cdist(const X& a, const X& b, double p) {
  check_floating("cdist", value_of(a));
  check(p >= 0, "cdist", "p must be at least 0, got ", p);
  check(a.dim() >= 2 && b.dim() >= 2 && a.size(-1) == b.size(-1), "cdist", "needs [..., n, d] and [..., m, d], got ",
        describe(a), " and ", describe(b));
  const std::int64_t n = a.size(-2), m = b.size(-2), d = a.size(-1);
  if (p != 2 || d < 8 || n < 16 || m < 16)
    return norm(unsqueeze(a, -2) - unsqueeze(b, -3), {-1}, false, d == 0 ? 1 : p);
  const auto batch_of = [](const X& x) {
    return Shape(std::span(x.shape().begin(), static_cast<std::size_t>(x.dim() - 2)));
  };
  Shape shape = broadcast_shapes("cdist", batch_of(a), batch_of(b));
  const auto batched = [&](const X& x) {
    Shape whole = shape;
    for (int axis = x.dim() - 2; axis < x.dim(); ++axis) whole.push_back(x.size(axis));
    return reshape(expand(x, whole), {numel(shape), x.size(-2), d});
  };
  const X y = distances_by_product(batched(a), batched(b));
  shape.push_back(n);
  shape.push_back(m);
  return reshape(y, shape);
}

}  // namespace hourglass::composed
