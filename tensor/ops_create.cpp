// SPDX-License-Identifier: MIT
// Tensors from nothing, and from tensors of another dtype.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

constexpr std::int64_t kFillGrain = 65536;

// result[i] = value(i), in parallel.
template <class T, class F>
void fill(Tensor& result, F value) {
  T* const out = result.mutable_data<T>();
  parallel_for(result.numel(), kFillGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = value(i);
  });
}

// Integers become the nearest number in range, and NaN becomes 0. A plain conversion would be undefined there, or wrap.
template <class Out, class In>
Out convert(In x) {
  if constexpr (std::is_integral_v<Out> && (std::is_floating_point_v<In> || sizeof(Out) < sizeof(In))) {
    constexpr Out low = std::numeric_limits<Out>::min(), high = std::numeric_limits<Out>::max();
    if (x != x) return 0;
    if (x <= static_cast<In>(low)) return low;
    if (x >= static_cast<In>(high)) return high;  // the highest i64 rounds to 2^63, which is out of range
  }
  return static_cast<Out>(x);
}

}  // namespace

Tensor full(const Shape& shape, Scalar value, Dtype dtype) {
  const Work work("full", 0);
  Tensor result(shape, dtype);
  dispatch(dtype, [&]<class T>() { fill<T>(result, [v = value.to<T>("full")](std::int64_t) { return v; }); });
  return result;
}
Tensor zeros(const Shape& shape, Dtype dtype) { return full(shape, 0, dtype); }
Tensor ones(const Shape& shape, Dtype dtype) { return full(shape, 1, dtype); }
Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype()); }
Tensor ones_like(const Tensor& x) { return ones(x.shape(), x.dtype()); }
Tensor full_like(const Tensor& x, Scalar value) { return full(x.shape(), value, x.dtype()); }
Tensor scalar(Scalar value, Dtype dtype) { return full({}, value, dtype); }

namespace {

// How many numbers start, start + step, ... come before stop.
std::int64_t range_length(double start, double stop, double step) {
  const double count = std::ceil((stop - start) / step);
  check(count >= 0 && count < 0x1p63, "arange", "cannot go from ", start, " to ", stop, " in steps of ", step);
  return static_cast<std::int64_t>(count);
}
// The same for integers, without rounding and overflow: the distance is an unsigned number.
std::int64_t range_length(std::int64_t start, std::int64_t stop, std::int64_t step) {
  const auto difference = [](std::int64_t high, std::int64_t low) {
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  };
  std::uint64_t count = 0;
  if (step > 0 && start < stop) count = (difference(stop, start) - 1) / difference(step, 0) + 1;
  if (step < 0 && start > stop) count = (difference(start, stop) - 1) / difference(0, step) + 1;
  check(step != 0 && (count > 0 || start == stop) && count <= INT64_MAX, "arange", "cannot go from ", start, " to ",
        stop, " in steps of ", step);
  return static_cast<std::int64_t>(count);
}

}  // namespace

Tensor arange(Scalar start, Scalar stop, Scalar step, Dtype dtype) {
  const Work work("arange", 0);
  return dispatch(dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      Tensor result({range_length(start.real(), stop.real(), step.real())}, dtype);
      fill<T>(result,
              [&](std::int64_t i) { return static_cast<T>(start.real() + static_cast<double>(i) * step.real()); });
      return result;
    } else {
      const auto first = start.to<std::int64_t>("arange"), by = step.to<std::int64_t>("arange");
      const Scalar end = stop.is_integral() ? stop : by > 0 ? std::ceil(stop.real()) : std::floor(stop.real());
      Tensor result({range_length(first, end.to<std::int64_t>("arange"), by)}, dtype);
      const auto number = [=](std::int64_t i) {  // i by may overflow where the sum does not
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(first) +
                                         static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(by));
      };
      if (result.numel() > 0)
        for (const std::int64_t i : {std::int64_t{0}, result.numel() - 1}) (void)Scalar(number(i)).to<T>("arange");
      fill<T>(result, [=](std::int64_t i) { return static_cast<T>(number(i)); });
      return result;
    }
  });
}
Tensor arange(Scalar stop) { return arange(0, stop); }

Tensor linspace(double first, double last, std::int64_t count, Dtype dtype) {
  const Work work("linspace", 0);
  check(count >= 0, "linspace", "needs a count of at least 0, got ", count);
  Tensor result({count}, dtype);
  const double step = count > 1 ? (last - first) / static_cast<double>(count - 1) : 0;
  dispatch_floating("linspace", dtype, [&]<class T>() {
    fill<T>(result, [&](std::int64_t i) {  // from both ends, so that the last is exact and the middle symmetric
      return static_cast<T>(i < (count + 1) / 2 ? first + static_cast<double>(i) * step
                                                : last - static_cast<double>(count - 1 - i) * step);
    });
  });
  return result;
}

Tensor eye(std::int64_t rows, std::int64_t columns, Dtype dtype) {
  const Work work("eye", 0);
  if (columns < 0) columns = rows;
  Tensor result = zeros({rows, columns}, dtype);
  dispatch(dtype, [&]<class T>() {
    T* const out = result.mutable_data<T>();
    for (std::int64_t i = 0; i < std::min(rows, columns); ++i) out[i * columns + i] = T(1);
  });
  return result;
}

Tensor to(const Tensor& x, Dtype dtype) {
  if (x.dtype() == dtype) return x;
  const Work work("to", 0, x);
  const Tensor from = contiguous(x);
  Tensor result(x.shape(), dtype);
  dispatch(x.dtype(), [&]<class In>() {
    dispatch(dtype, [&]<class Out>() {
      const In* const in = from.data<In>();
      fill<Out>(result, [in](std::int64_t i) { return convert<Out>(in[i]); });
    });
  });
  return result;
}

}  // namespace hourglass
