// Tensors from nothing, and from tensors of another dtype.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

constexpr std::int64_t kGrain = 65536;

// result[i] = value(i), in parallel.
template <class T, class F>
void fill(Tensor& result, F value) {
  T* const out = result.mutable_data<T>();
  parallel_for(result.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = value(i);
  });
}

// Integers take what is nearest in their range, NaN becomes 0: a plain conversion would be undefined there.
template <class Out, class In>
Out convert(In x) {
  if constexpr (std::is_integral_v<Out> && std::is_floating_point_v<In>) {
    if (std::isnan(x)) return 0;
    constexpr In low = static_cast<In>(std::numeric_limits<Out>::min()), high = static_cast<In>(std::numeric_limits<Out>::max());
    if (x <= low) return std::numeric_limits<Out>::min();
    if (x >= high) return std::numeric_limits<Out>::max();
  }
  return static_cast<Out>(x);
}

}  // namespace

Tensor full(const Shape& shape, Scalar value, Dtype dtype) {
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

Tensor arange(Scalar start, Scalar stop, Scalar step, Dtype dtype) {
  const double steps = (stop.real() - start.real()) / step.real();
  check(step.real() != 0 && std::isfinite(steps), "arange", "cannot go from ", start.real(), " to ", stop.real(),
        " in steps of ", step.real());
  Tensor result({std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(steps)))}, dtype);
  dispatch(dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>)
      fill<T>(result, [&](std::int64_t i) { return static_cast<T>(start.real() + static_cast<double>(i) * step.real()); });
    else
      fill<T>(result, [first = start.to<std::int64_t>("arange"), by = step.to<std::int64_t>("arange")](std::int64_t i) {
        return static_cast<T>(first + i * by);
      });
  });
  return result;
}
Tensor arange(Scalar stop) { return arange(0, stop); }

Tensor linspace(double first, double last, std::int64_t count, Dtype dtype) {
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
