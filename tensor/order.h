// SPDX-License-Identifier: MIT
// Scans along an axis, order statistics, sums that leave out NaN, differences and distances. autograd/order.h has the
// same on Var.
#pragma once
#include <cstdint>
#include <vector>

#include "tensor/ops.h"

namespace hourglass {

// ---- sorting ---------------------------------------------------------------------------------------- ops_sort.cpp

struct Sorted {
  Tensor values, indices;
};
/// Stable: equal elements keep their order. NaN counts as larger than every number.
Sorted sort(const Tensor& x, std::int64_t axis = -1, bool descending = false);
Tensor argsort(const Tensor& x, std::int64_t axis = -1, bool descending = false);
/// The k largest (or smallest), best first. Of equal elements, lower indices come first.
Sorted top_k(const Tensor& x, std::int64_t k, std::int64_t axis = -1, bool largest = true);

// ---- scans along an axis ---------------------------------------------------------------------------- ops_scan.cpp

/// Running sum, and running product. Of i64 and u8 they are i64.
Tensor cumsum(const Tensor& x, std::int64_t axis);
Tensor cumprod(const Tensor& x, std::int64_t axis);
/// The largest (smallest) element so far, and its index: of equal ones the last. From a NaN on, it is NaN.
Sorted cummax(const Tensor& x, std::int64_t axis);
Sorted cummin(const Tensor& x, std::int64_t axis);
/// log of the running sum of e^x, without overflow.
Tensor logcumsumexp(const Tensor& x, std::int64_t axis);
/// The recurrence h[j] = b[j] + a[j] h[j - 1] along the axis, from h[-1] = 0; or from the end, h[j] = b[j] + a[j + 1]
/// h[j + 1], its adjoint in b. A state of 0 passes on 0, whatever a is. a broadcasts to b.
Tensor linear_scan(const Tensor& b, const Tensor& a, std::int64_t axis, bool reverse = false);

// ---- order statistics ------------------------------------------------------------------------------- ops_order.cpp

/// The middle element, the lower one of two, and its index along the axis (the first of equal ones). NaN if there is
/// one. Without an axis, of all elements.
Sorted median(const Tensor& x, std::int64_t axis, bool keepdim = false);
Tensor median(const Tensor& x);
/// What quantile gives at a place between two elements.
enum class Between { linear, lower, higher, nearest, midpoint };
/// The number below which lies a part q of the elements along the axis: what stands at place q (n - 1) of the n sorted
/// ones. NaN if there is one. Several q give a first axis.
Tensor quantile(const Tensor& x, double q, std::int64_t axis, bool keepdim = false, Between between = Between::linear);
Tensor quantile(const Tensor& x, const std::vector<double>& q, std::int64_t axis, bool keepdim = false,
                Between between = Between::linear);

// ---- sums, differences, distances -------------------------------------------------------------------- ops_order.cpp

/// Sums, means and products of x in another dtype: mean(mask, {}, false, Dtype::f32).
Tensor sum(const Tensor& x, const Axes& axes, bool keepdim, Dtype dtype);
Tensor mean(const Tensor& x, const Axes& axes, bool keepdim, Dtype dtype);
Tensor prod(const Tensor& x, const Axes& axes, bool keepdim, Dtype dtype);
/// Without the elements that are NaN.
Tensor nansum(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
Tensor nanmean(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// The number of elements that are not 0: i64.
Tensor count_nonzero(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// x[i + 1] - x[i] along the axis, `order` times.
Tensor diff(const Tensor& x, std::int64_t order = 1, std::int64_t axis = -1);
/// x over max(norm(x), eps), with the norm of p along the axis.
Tensor normalize(const Tensor& x, std::int64_t axis = 1, double p = 2, double eps = 1e-12);
/// The distance (Σ |a - b|^p)^(1/p) of each row of a [..., n, d] from each row of b [..., m, d]: [..., n, m]. Many
/// distances of p = 2 come from one matmul, except those that it would compute with fewer digits.
Tensor cdist(const Tensor& a, const Tensor& b, double p = 2);

}  // namespace hourglass
