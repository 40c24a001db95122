// SPDX-License-Identifier: MIT
// What runs along one axis, and remembers what it has seen.
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "tensor/around.h"
#include "tensor/order.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// step(state, at, i) for every element along the axis, in order or from the end: its place in row-major memory, and its
// index along the axis. Lines run side by side, in parallel, each with a state of its own.
template <class State, class Step>
void scan(const Around& around, bool reverse, const State& start, const Step& step) {
  constexpr std::int64_t width = 512;  // lines that run side by side
  const std::int64_t n = around.extent, row = around.inner, strips = ceil_div(row, width);
  const std::int64_t grain = grain_of(n * std::min(row, width), kSlowGrain);
  const std::int64_t begin_at = reverse ? n - 1 : 0, move = reverse ? -1 : 1;
  parallel_for(around.outer * strips, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t first = unit % strips * width, count = std::min(width, row - first);
      std::int64_t i = begin_at, at = unit / strips * n * row + first + begin_at * row;
      if (count == 1) {
        State state = start;  // in a register: 3 times faster
        for (std::int64_t k = 0; k < n; ++k, i += move, at += move * row) step(state, at, i);
        continue;
      }
      std::array<State, width> states;
      states.fill(start);
      for (std::int64_t k = 0; k < n; ++k, i += move, at += move * row)
        for (std::int64_t j = 0; j < count; ++j) step(states[static_cast<std::size_t>(j)], at + j, i);
    }
  });
}

// combine(total, x) along the axis. Numbers of f32 are added up in f64: rounded to f32 at each of n steps, they would
// drift.
template <class Combine>
Tensor cumulated(std::string_view op, const Tensor& x, std::int64_t axis, int start, Combine combine) {
  const Work work(op, x.numel(), x);
  const Around around(op, x, axis);
  const Tensor flat = contiguous(x);
  return dispatch(x.dtype(), [&]<class T>() {
    using Acc = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
    using Out = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
    Tensor result(x.shape(), dtype_of<Out>);
    if (x.numel() == 0) return result;
    const T* const from = flat.data<T>();
    Out* const out = result.mutable_data<Out>();
    scan(around, false, static_cast<Acc>(start), [=](Acc& total, std::int64_t at, std::int64_t) {
      combine(total, static_cast<Acc>(from[at]));
      out[at] = static_cast<Out>(total);
    });
    return result;
  });
}

// is_new(x, best) says whether x takes the place of the best so far.
template <class IsNew>
Sorted extremes(std::string_view op, const Tensor& x, std::int64_t axis, IsNew is_new) {
  const Work work(op, x.numel(), x);
  const Around around(op, x, axis);
  const Tensor flat = contiguous(x);
  Sorted best{Tensor(x.shape(), x.dtype()), Tensor(x.shape(), Dtype::i64)};
  if (x.numel() == 0) return best;
  std::int64_t* const indices = best.indices.mutable_data<std::int64_t>();
  dispatch(x.dtype(), [&]<class T>() {
    struct Best {
      T value;
      std::int64_t index;
    };
    const T* const from = flat.data<T>();
    T* const out = best.values.mutable_data<T>();
    scan(around, false, Best{T(0), -1}, [=](Best& so_far, std::int64_t at, std::int64_t i) {
      const T number = from[at];
      if (so_far.index < 0 || is_new(number, so_far.value) || number != number) so_far = {number, i};
      out[at] = so_far.value;
      indices[at] = so_far.index;
    });
  });
  return best;
}

// log(e^a + e^b)
double log_of_sum(double a, double b) {
  const double distance = std::abs(a - b);
  if (std::isnan(distance)) return a == b ? a : a + b;  // equal infinities, or a NaN
  return std::max(a, b) + std::log1p(std::exp(-distance));
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t axis) {
  return cumulated("cumsum", x, axis, 0, [](auto& total, auto number) { total += number; });
}
Tensor cumprod(const Tensor& x, std::int64_t axis) {
  return cumulated("cumprod", x, axis, 1, [](auto& total, auto number) { total *= number; });
}
Sorted cummax(const Tensor& x, std::int64_t axis) {
  return extremes("cummax", x, axis, [](auto number, auto best) { return number >= best; });
}
Sorted cummin(const Tensor& x, std::int64_t axis) {
  return extremes("cummin", x, axis, [](auto number, auto best) { return number <= best; });
}

Tensor logcumsumexp(const Tensor& x, std::int64_t axis) {
  const Work work("logcumsumexp", x.numel(), x);
  const Around around("logcumsumexp", x, axis);
  const Tensor flat = contiguous(x);
  Tensor result(x.shape(), x.dtype());
  dispatch_floating("logcumsumexp", x.dtype(), [&]<class T>() {
    if (x.numel() == 0) return;
    const T* const from = flat.data<T>();
    T* const out = result.mutable_data<T>();
    scan(around, false, -std::numeric_limits<double>::infinity(), [=](double& total, std::int64_t at, std::int64_t) {
      total = log_of_sum(total, from[at]);
      out[at] = static_cast<T>(total);
    });
  });
  return result;
}

Tensor linear_scan(const Tensor& b, const Tensor& a, std::int64_t axis, bool reverse) {
  const Work work("linear_scan", 2 * b.numel(), b, a);
  check_same_dtype("linear_scan", b, a);
  check(broadcast_shapes("linear_scan", b, a) == b.shape(), "linear_scan", "a must broadcast to b, got ", describe(a),
        " and ", describe(b));
  const Around around("linear_scan", b, axis);
  const Tensor added = contiguous(b), factors = contiguous(expand(a, b.shape()));
  Tensor result(b.shape(), b.dtype());
  dispatch_floating("linear_scan", b.dtype(), [&]<class T>() {
    if (b.numel() == 0) return;
    const T* const add = added.data<T>();
    const T* const factor = factors.data<T>() + (reverse ? around.inner : 0);  // never read at the first step
    T* const out = result.mutable_data<T>();
    scan(around, reverse, 0.0, [=](double& state, std::int64_t at, std::int64_t) {
      state = state == 0 ? add[at] : add[at] + factor[at] * state;
      out[at] = static_cast<T>(state);
    });
  });
  return result;
}

}  // namespace hourglass
