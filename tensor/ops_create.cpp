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

Tensor arange(Scalar start, Scalar stop, Scalar step, Dtype dtype) {
  const Work work("arange", 0);
  const double count = std::ceil((stop.real() - start.real()) / step.real());
  check(count >= 0 && count < 9e18, "arange", "cannot go from ", start.real(), " to ", stop.real(), " in steps of ",
        step.real());
  Tensor result({static_cast<std::int64_t>(count)}, dtype);
  if (result.numel() == 0) return result;
  dispatch(dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      fill<T>(result,
              [&](std::int64_t i) { return static_cast<T>(start.real() + static_cast<double>(i) * step.real()); });
    } else {
      const auto first = start.to<std::int64_t>("arange"), by = step.to<std::int64_t>("arange");
      for (const std::int64_t end : {first, first + (result.numel() - 1) * by}) (void)Scalar(end).to<T>("arange");
      fill<T>(result, [=](std::int64_t i) { return static_cast<T>(first + i * by); });
    }
  });
  return result;
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
