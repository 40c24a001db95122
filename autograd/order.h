// SPDX-License-Identifier: MIT
// What tensor/order.h describes, differentiable.
#pragma once
#include <cstdint>
#include <vector>

#include "autograd/ops.h"
#include "tensor/order.h"

namespace hourglass {

// ---- scans along an axis --- ops/scan.cpp

/// The derivative is right where there are zeros, too.
Var cumprod(const Var& x, std::int64_t axis);
SortedVar cummax(const Var& x, std::int64_t axis);
SortedVar cummin(const Var& x, std::int64_t axis);
Var logcumsumexp(const Var& x, std::int64_t axis);
Var linear_scan(const Var& b, const Var& a, std::int64_t axis, bool reverse = false);

// ---- order statistics --- ops/order.cpp

SortedVar median(const Var& x, std::int64_t axis, bool keepdim = false);
Var median(const Var& x);
Var quantile(const Var& x, double q, std::int64_t axis, bool keepdim = false, Between between = Between::linear);
Var quantile(const Var& x, const std::vector<double>& q, std::int64_t axis, bool keepdim = false,
             Between between = Between::linear);

// ---- sums, differences, distances --- ops/order.cpp

Var sum(const Var& x, const Axes& axes, bool keepdim, Dtype dtype);
Var mean(const Var& x, const Axes& axes, bool keepdim, Dtype dtype);
Var prod(const Var& x, const Axes& axes, bool keepdim, Dtype dtype);
Var nansum(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var nanmean(const Var& x, const Axes& axes = {}, bool keepdim = false);
Var diff(const Var& x, std::int64_t order = 1, std::int64_t axis = -1);
Var normalize(const Var& x, std::int64_t axis = 1, double p = 2, double eps = 1e-12);
/// All derivatives are 0 where a row equals the other.
Var cdist(const Var& a, const Var& b, double p = 2);

}  // namespace hourglass
