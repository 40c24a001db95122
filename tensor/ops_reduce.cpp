// SPDX-License-Identifier: MIT
// Sums, products, extremes, statistics, and what runs along one axis.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/around.h"
#include "tensor/kernels/reduce.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/reduce.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// The shape after a reduction: the axes have extent 1, or are gone.
Shape reduced_shape(const Shape& shape, const Axes& axes, bool keepdim) {
  Shape result;
  for (int axis = 0; axis < shape.size(); ++axis) {
    if (!axes.contains(axis)) result.push_back(shape[axis]);
    else if (keepdim) result.push_back(1);
  }
  return result;
}

// The last step of every reduction: keeps or removes the reduced axes.
Tensor finish(const Tensor& kept, const Tensor& x, const Axes& axes, bool keepdim) {
  return keepdim ? kept : reshape(kept, reduced_shape(x.shape(), axes, false));
}

Tensor extreme(std::string_view name, Reduce op, const Tensor& x, const Axes& axes) {
  for (const std::int64_t axis : axes)
    check(x.shape()[static_cast<int>(axis)] > 0, name, "there is nothing along axis ", axis, " of ", describe(x),
          " to choose from");
  return reduce(op, x, axes);
}

// Elements that are folded into each result.
double count_of(const Tensor& x, const Axes& axes) {
  double count = 1;
  for (const std::int64_t axis : axes) count *= static_cast<double>(x.shape()[static_cast<int>(axis)]);
  return count;
}

}  // namespace

// ---- sums, products, extremes

Tensor sum(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("sum", x.numel(), x);
  const Axes over = normalize_axes("sum", axes, x.dim());
  return finish(reduce(Reduce::sum, x, over), x, over, keepdim);
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("prod", x.numel(), x);
  const Axes over = normalize_axes("prod", axes, x.dim());
  return finish(reduce(Reduce::prod, x, over), x, over, keepdim);
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("max", x.numel(), x);
  const Axes over = normalize_axes("max", axes, x.dim());
  return finish(extreme("max", Reduce::max, x, over), x, over, keepdim);
}

Tensor min(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("min", x.numel(), x);
  const Axes over = normalize_axes("min", axes, x.dim());
  return finish(extreme("min", Reduce::min, x, over), x, over, keepdim);
}

Tensor any(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("any", x.numel(), x);
  const Axes over = normalize_axes("any", axes, x.dim());
  return finish(reduce(Reduce::max, x != 0, over), x, over, keepdim);
}

Tensor all(const Tensor& x, const Axes& axes, bool keepdim) { return any(x == 0, axes, keepdim) == 0; }

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const Work work("sum_to", x.numel(), x);
  const int added = x.dim() - shape.size();
  Axes repeated;
  bool fits = added >= 0;
  for (int axis = 0; fits && axis < x.dim(); ++axis) {
    if (axis < added || (shape[axis - added] == 1 && x.shape()[axis] != 1)) repeated.push_back(axis);
    else fits = shape[axis - added] == x.shape()[axis];
  }
  check(fits, "sum_to", shape, " does not broadcast to ", describe(x));
  return reshape(reduce(Reduce::sum, x, repeated), shape);
}

// ---- statistics

Tensor mean(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("mean", x.numel(), x);
  check_floating("mean", x);
  const Axes over = normalize_axes("mean", axes, x.dim());
  return finish(reduce(Reduce::sum, x, over) / count_of(x, over), x, over, keepdim);
}

Tensor var(const Tensor& x, const Axes& axes, bool keepdim, double correction) {
  const Work work("var", x.numel(), x);
  check_floating("var", x);
  const Axes over = normalize_axes("var", axes, x.dim());
  const double n = count_of(x, over);
  const Tensor center = mean(x, over, true);
  Tensor squares = reduce(Reduce::sum_of_squares, x, over, &center);
  // The mean is rounded. Where it is much larger than the deviations, its error shows in their squares. Then it is
  // computed again, from deviations, and what its rounding adds to the squares is subtracted.
  const Tensor far = square(center) * (2048 * epsilon_of(x.dtype())) > squares / n;
  if (any(far).item() != 0) {
    const auto error = [&](const Tensor& c) { return reduce(Reduce::sum_of_deviations, x, over, &c) / n; };
    const Tensor nearer = center + error(center);
    const Tensor rest = reduce(Reduce::sum_of_squares, x, over, &nearer) - square(error(nearer)) * n;
    squares = where(far, maximum(rest, 0), squares);
  }
  return finish(squares / std::max(0.0, n - correction), x, over, keepdim);
}

Tensor stddev(const Tensor& x, const Axes& axes, bool keepdim, double correction) {
  const Work work("stddev", x.numel(), x);
  check_floating("stddev", x);
  return sqrt(var(x, axes, keepdim, correction));
}

namespace {

// (Σ |x|^p)^(1/p), where the powers may overflow or vanish.
Tensor plain_root_of_powers(const Tensor& x, const Axes& over, double p) {
  if (p == 2) return sqrt(reduce(Reduce::sum_of_squares, x, over));
  return pow(reduce(Reduce::sum, pow(abs(x), p), over), 1 / p);
}
// Whether a number is below `lowest` or infinite. One loop without allocation: most results have few numbers.
bool any_outside(const Tensor& x, double lowest) {
  return dispatch_floating("norm", x.dtype(), [&]<class T>() {
    const T* const begin = x.data<T>();
    return std::any_of(begin, begin + x.numel(), [low = static_cast<T>(lowest)](T value) {
      return value < low || value == std::numeric_limits<T>::infinity();
    });
  });
}
// The same for all numbers: where the powers leave the range of the dtype, the numbers are divided by the largest.
Tensor root_of_powers(const Tensor& x, const Axes& over, double p) {
  const Tensor plain = plain_root_of_powers(x, over, p);
  const double lowest = std::pow(smallest_normal_of(x.dtype()) / epsilon_of(x.dtype()), 1 / p);
  if (p < 0 || x.numel() == 0 || !any_outside(plain, lowest)) return plain;
  const Tensor lost = logical_or(isinf(plain), plain < lowest);
  const Tensor largest = reduce(Reduce::max, abs(x), over);
  const Tensor unit = where(logical_or(largest == 0, isinf(largest)), 1, largest);
  return where(lost, plain_root_of_powers(x / unit, over, p) * unit, plain);
}

}  // namespace

Tensor norm(const Tensor& x, const Axes& axes, bool keepdim, double p) {
  const Work work("norm", x.numel(), x);
  check_floating("norm", x);
  check(!std::isnan(p), "norm", "p is NaN");
  const Axes over = normalize_axes("norm", axes, x.dim());
  const auto kept = [&] {
    if (p == 1) return reduce(Reduce::sum, abs(x), over);
    if (p == 0) return reduce(Reduce::sum, to(x != 0, x.dtype()), over);
    if (std::isinf(p)) return extreme("norm", p > 0 ? Reduce::max : Reduce::min, abs(x), over);
    return root_of_powers(x, over, p);
  };
  return finish(kept(), x, over, keepdim);
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("logsumexp", x.numel(), x);
  check_floating("logsumexp", x);
  const Axes over = normalize_axes("logsumexp", axes, x.dim());
  if (x.numel() == 0)
    return full(reduced_shape(x.shape(), over, keepdim), -std::numeric_limits<double>::infinity(), x.dtype());
  // Differences from an infinite maximum would be NaN. With 0 in its place, the sum is 0 or
  // infinite, and its logarithm is right.
  const Tensor highest = extreme("logsumexp", Reduce::max, x, over);
  const Tensor center = where(isinf(highest), 0, highest);
  return finish(log(reduce(Reduce::sum_of_exps, x, over, &center)) + center, x, over, keepdim);
}

// ---- along one axis

namespace {

// The first index at which x has its extreme value: one fold to find the value, one pass to find the place.
Tensor arg_extreme(std::string_view name, Reduce op, const Tensor& x, std::int64_t axis, bool keepdim) {
  const Work work(name, x.numel(), x);
  const Around around(name, x, axis);
  const std::int64_t extent = around.extent, inner = around.inner;
  const Axes over = x.dim() == 0 ? Axes{} : Axes{normalize_axis(name, axis, x.dim())};
  const Tensor values = extreme(name, op, x, over), flat = contiguous(x);
  Tensor result(values.shape(), Dtype::i64);
  if (result.numel() == 0) return finish(result, x, over, keepdim);
  std::int64_t* const out = result.mutable_data<std::int64_t>();
  dispatch(x.dtype(), [&]<class T>() {
    const T *const data = flat.data<T>(), *const found = values.data<T>();
    const auto here = [](T a, T value) { return a == value || a != a; };
    parallel_for(around.outer, grain_of(extent * inner), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T* row = data + i * extent * inner;
        if (inner == 1) {
          std::int64_t at = 0;
          while (!here(row[at], found[i])) ++at;
          out[i] = at;
          continue;
        }
        for (std::int64_t at = extent - 1; at >= 0; --at)  // backwards: the first one is written last
          for (std::int64_t j = 0; j < inner; ++j)
            if (here(row[at * inner + j], found[i * inner + j])) out[i * inner + j] = at;
      }
    });
  });
  return finish(result, x, over, keepdim);
}

}  // namespace

Tensor argmax(const Tensor& x, std::int64_t axis, bool keepdim) {
  return arg_extreme("argmax", Reduce::max, x, axis, keepdim);
}
Tensor argmin(const Tensor& x, std::int64_t axis, bool keepdim) {
  return arg_extreme("argmin", Reduce::min, x, axis, keepdim);
}

}  // namespace hourglass
