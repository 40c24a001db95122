// Reductions: bring the axes into memory order, fold the innermost group of them with a kernel, and go on with what is
// left, until nothing is.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "tensor/iterate.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// Elements a chunk holds: 8 µs of memory traffic on one core against the 5 µs that it costs to start another.
constexpr std::int64_t kGrain = 32768;
// The same where each element costs an exponential or a step that waits for the one before.
constexpr std::int64_t kSlowGrain = 8192;
// Columns folded together. Their rows then lie in few enough pages of memory.
constexpr std::int64_t kColumns = 2048;

// How many units of `size` elements each make a chunk.
std::int64_t grain_of(std::int64_t size, std::int64_t chunk = kGrain) {
  return std::max<std::int64_t>(1, chunk / std::max<std::int64_t>(1, size));
}

void check_floating(std::string_view op, const Tensor& x) {
  check(is_floating(x.dtype()), op, "needs f32 or f64, got ", describe(x), "; convert with to(x, Dtype::f32)");
}

bool contains(const Axes& axes, int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); }

// The shape after a reduction: the axes have extent 1, or are gone.
Shape reduced_shape(const Shape& shape, const Axes& axes, bool keepdim) {
  Shape result;
  for (int axis = 0; axis < shape.size(); ++axis) {
    if (!contains(axes, axis)) result.push_back(shape[axis]);
    else if (keepdim) result.push_back(1);
  }
  return result;
}

// A contiguous tensor under another shape.
Tensor reshaped(const Tensor& x, const Shape& shape) {
  return Tensor::view_of(x, shape, contiguous_strides(shape), x.offset());
}

// x seen as [outer, extent, inner] around one axis; a 0-d tensor has one axis of extent 1.
struct Around {
  std::int64_t outer = 1, extent = 1, inner = 1;

  Around(std::string_view op, const Tensor& x, std::int64_t axis) {
    const int at = normalize_axis(op, axis, std::max(1, x.dim()));
    for (int i = 0; i < x.dim(); ++i) (i < at ? outer : i == at ? extent : inner) *= x.shape()[i];
  }
};

// ---- folding

// What joins the partial results of a reduction.
Reduce joining(Reduce op) { return op == Reduce::sum_of_squares || op == Reduce::sum_of_exps ? Reduce::sum : op; }

// The matrices [extent, inner] that one step folds over their first axis: outer_shape says how many there are, and
// outer_strides where. A matrix's rows lie `stride` apart, and have no gaps.
struct Step {
  Shape outer_shape;
  Strides outer_strides;
  std::int64_t extent = 1, stride = 1, inner = 1;
};

// Folds the matrices into [outer, pieces, inner]: long ones in pieces, for threads to share. How many pieces there are
// follows from the extents alone.
template <class In, class Acc>
Tensor fold_pieces(Reduce op, const In* x, const Step& step, const Acc* center) {
  const ReduceKernel<In, Acc> kernel = kernels().reduce.of<In, Acc>()[op];
  const TensorIterator<1> iterator(step.outer_shape, {step.outer_strides});
  const std::int64_t outer = numel(step.outer_shape), extent = step.extent, inner = step.inner;
  const std::int64_t columns = std::min(inner, kColumns);
  // Equal pieces of at least 64 rows, so that joining them costs little.
  const std::int64_t at_most = std::max<std::int64_t>(64, kGrain / columns);
  const std::int64_t rows = ceil_div(extent, ceil_div(extent, at_most));
  const std::int64_t pieces = ceil_div(extent, rows), strips = ceil_div(inner, columns);
  Tensor result({outer, pieces, inner}, dtype_of<Acc>);
  Acc* const out = result.mutable_data<Acc>();

  if (inner == 1 && pieces == 1) {  // one row after another, several in each call
    parallel_for(outer, grain_of(extent), [&](std::int64_t begin, std::int64_t end) {
      iterator.for_each_run(
          begin, end, [&](std::int64_t at, const std::array<std::int64_t, 1>& offset, std::int64_t count) {
            kernel.rows(x + offset[0], iterator.steps()[0], count, extent, center ? center + at : nullptr, out + at);
          });
    });
    return result;
  }
  parallel_for(outer * pieces * strips, grain_of(rows * columns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t strip = unit % strips, piece = unit / strips % pieces, at = unit / strips / pieces;
      const std::int64_t row = piece * rows, column = strip * columns;
      const std::int64_t height = std::min(rows, extent - row), width = std::min(columns, inner - column);
      iterator.for_each_run(at, at + 1, [&](std::int64_t, const std::array<std::int64_t, 1>& offset, std::int64_t) {
        const In* const from = x + offset[0] + row * step.stride + column;
        const Acc* const c = center ? center + at * inner + column : nullptr;
        Acc* const to = out + (at * pieces + piece) * inner + column;
        if (inner == 1) kernel.rows(from, 0, 1, height, c, to);
        else kernel.columns(from, step.stride, height, width, c, to);
      });
    }
  });
  return result;
}

// The axes from the longest stride to the shortest; repeated ones, whose stride is 0, first, so that what is left
// inside is as dense as can be.
Axes memory_order(const Tensor& x) {
  Axes order;
  const auto before = [&](std::int64_t a, std::int64_t b) {
    const std::int64_t s = std::abs(x.strides()[static_cast<int>(a)]), t = std::abs(x.strides()[static_cast<int>(b)]);
    return t != 0 && (s == 0 || s > t);
  };
  for (int axis = 0; axis < x.dim(); ++axis) {
    int at = order.size();
    if (x.shape()[axis] != 1)
      while (at > 0 && before(axis, order[at - 1])) --at;
    order.insert(at, axis);
  }
  return order;
}

// x folded over axes, which stay with extent 1. `center`, of the result's shape, holds the c of reduce.def.
template <class In, class Acc>
Tensor fold(Reduce op, const Tensor& x, const Axes& axes, const Tensor* center = nullptr) {
  if (x.dim() == 0) {
    const Tensor one = center ? reshaped(*center, {1}) : Tensor();
    return reshaped(fold<In, Acc>(op, reshaped(x, {1}), {0}, center ? &one : nullptr), {});
  }

  const Axes order = memory_order(x);
  if (!std::is_sorted(order.begin(), order.end())) {
    Axes back = order, moved;
    for (int i = 0; i < order.size(); ++i) {
      back[static_cast<int>(order[i])] = i;
      if (contains(axes, static_cast<int>(order[i]))) moved.push_back(i);
    }
    const Tensor turned = center ? permute(*center, order) : Tensor();
    return contiguous(permute(fold<In, Acc>(op, permute(x, order), moved, center ? &turned : nullptr), back));
  }

  // Inside are the axes that stay. Then comes the innermost group: folded axes that are one in memory.
  const Shape& shape = x.shape();
  const Strides& strides = x.strides();
  Step step;
  bool dense = true;
  int last = x.dim() - 1;
  for (; last >= 0 && (shape[last] == 1 || !contains(axes, last)); --last) {
    dense &= shape[last] == 1 || strides[last] == step.inner;
    step.inner *= shape[last];
  }
  int first = last + 1;
  for (; first > 0 && (shape[first - 1] == 1 || contains(axes, first - 1)); --first) {
    if (shape[first - 1] == 1) continue;
    if (step.extent == 1) step.stride = strides[first - 1];
    else if (strides[first - 1] != step.stride * step.extent) break;
    step.extent *= shape[first - 1];
  }
  dense &= step.inner > 1 || step.stride == 1;
  if (!dense) return fold<In, Acc>(op, contiguous(x), axes, center);

  // Its axes are gone to the outside: whatever is folded there comes next.
  Shape partial = shape;
  Axes rest;
  for (int axis = 0; axis < first; ++axis) {
    step.outer_shape.push_back(shape[axis]);
    step.outer_strides.push_back(strides[axis]);
    if (shape[axis] != 1 && contains(axes, axis)) rest.push_back(axis);
  }
  for (int axis = first; axis <= last; ++axis) partial[axis] = 1;
  Tensor centers;
  if (center) centers = contiguous(expand(*center, partial));
  Tensor result = fold_pieces<In, Acc>(op, x.data<In>(), step, center ? centers.data<Acc>() : nullptr);
  if (result.shape()[1] > 1) result = fold<Acc, Acc>(joining(op), result, {1});
  result = reshaped(result, partial);
  return rest.empty() ? result : fold<Acc, Acc>(joining(op), result, rest);
}

template <class T>
Tensor filled(const Shape& shape, T value) {
  Tensor result(shape, dtype_of<T>);
  std::fill_n(result.mutable_data<T>(), result.numel(), value);
  return result;
}

// What `fold` gives, or `nothing` where there is nothing to fold.
template <class In, class Acc>
Tensor fold_or(Acc nothing, Reduce op, const Tensor& x, const Axes& axes, const Tensor* center = nullptr) {
  if (x.numel() == 0) return filled<Acc>(reduced_shape(x.shape(), axes, true), nothing);
  return fold<In, Acc>(op, x, axes, center);
}

// Sums and products: integers give i64.
Tensor accumulate(Reduce op, int nothing, const Tensor& x, const Axes& axes) {
  return dispatch(x.dtype(), [&]<class T>() {
    using Acc = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
    return fold_or<T, Acc>(static_cast<Acc>(nothing), op, x, axes);
  });
}

Tensor extreme(std::string_view name, Reduce op, const Tensor& x, const Axes& axes) {
  for (const std::int64_t axis : axes)
    check(x.shape()[static_cast<int>(axis)] > 0, name, "there is nothing along axis ", axis, " of ", describe(x),
          " to choose from");
  return dispatch(x.dtype(), [&]<class T>() { return fold_or<T, T>(T(0), op, x, axes); });
}

// Sums around a center of the result's shape.
Tensor centered(Reduce op, const Tensor& x, const Axes& axes, const Tensor* center = nullptr) {
  return dispatch(x.dtype(), [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) return fold_or<T, T>(T(0), op, x, axes, center);
    else return Tensor();  // never: the callers have checked
  });
}

// Elements that are folded into each result.
double count_of(const Tensor& x, const Axes& axes) {
  double count = 1;
  for (const std::int64_t axis : axes) count *= static_cast<double>(x.shape()[static_cast<int>(axis)]);
  return count;
}

// The end of every reduction: the axes stay or go.
Tensor finish(const Tensor& kept, const Tensor& x, const Axes& axes, bool keepdim) {
  return keepdim ? kept : reshaped(kept, reduced_shape(x.shape(), axes, false));
}

}  // namespace

// ---- sums, products, extremes

Tensor sum(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("sum", x.numel(), x);
  const Axes over = normalize_axes("sum", axes, x.dim());
  return finish(accumulate(Reduce::sum, 0, x, over), x, over, keepdim);
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("prod", x.numel(), x);
  const Axes over = normalize_axes("prod", axes, x.dim());
  return finish(accumulate(Reduce::prod, 1, x, over), x, over, keepdim);
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
  return finish(fold_or<std::uint8_t, std::uint8_t>(0, Reduce::max, x != 0, over), x, over, keepdim);
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
  return reshaped(accumulate(Reduce::sum, 0, x, repeated), shape);
}

// ---- statistics

Tensor mean(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("mean", x.numel(), x);
  check_floating("mean", x);
  const Axes over = normalize_axes("mean", axes, x.dim());
  return finish(accumulate(Reduce::sum, 0, x, over) / count_of(x, over), x, over, keepdim);
}

Tensor var(const Tensor& x, const Axes& axes, bool keepdim, double correction) {
  const Work work("var", x.numel(), x);
  check_floating("var", x);
  const Axes over = normalize_axes("var", axes, x.dim());
  const Tensor center = mean(x, over, true);
  const Tensor squares = centered(Reduce::sum_of_squares, x, over, &center);
  return finish(squares / std::max(0.0, count_of(x, over) - correction), x, over, keepdim);
}

Tensor std(const Tensor& x, const Axes& axes, bool keepdim, double correction) {
  const Work work("std", x.numel(), x);
  check_floating("std", x);
  return sqrt(var(x, axes, keepdim, correction));
}

Tensor norm(const Tensor& x, const Axes& axes, bool keepdim, double p) {
  const Work work("norm", x.numel(), x);
  check_floating("norm", x);
  check(!std::isnan(p), "norm", "p is NaN");
  const Axes over = normalize_axes("norm", axes, x.dim());
  const auto kept = [&] {
    if (p == 2) return sqrt(centered(Reduce::sum_of_squares, x, over));
    if (p == 1) return accumulate(Reduce::sum, 0, abs(x), over);
    if (p == 0) return accumulate(Reduce::sum, 0, to(x != 0, x.dtype()), over);
    if (std::isinf(p)) return extreme("norm", p > 0 ? Reduce::max : Reduce::min, abs(x), over);
    return pow(accumulate(Reduce::sum, 0, pow(abs(x), p), over), 1 / p);
  };
  return finish(kept(), x, over, keepdim);
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdim) {
  const Work work("logsumexp", x.numel(), x);
  check_floating("logsumexp", x);
  const Axes over = normalize_axes("logsumexp", axes, x.dim());
  if (x.numel() == 0)
    return full(reduced_shape(x.shape(), over, keepdim), -std::numeric_limits<double>::infinity(), x.dtype());
  // Around an infinite maximum all differences would be NaN; around 0 the sum is 0 or infinite, and so is the result.
  const Tensor highest = extreme("logsumexp", Reduce::max, x, over);
  const Tensor center = where(isinf(highest), 0, highest);
  return finish(log(centered(Reduce::sum_of_exps, x, over, &center)) + center, x, over, keepdim);
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

// Softmax or its logarithm along the last axis, fused.
Tensor softmax_rows(const Tensor& x, std::int64_t extent, bool logarithm) {
  const Tensor flat = contiguous(x);
  Tensor result(x.shape(), x.dtype());
  dispatch_floating(logarithm ? "log_softmax" : "softmax", x.dtype(), [&]<class T>() {
    const SoftmaxKernels<T>& kernel = kernels().reduce.softmax.of<T>();
    const auto loop = logarithm ? kernel.log_softmax : kernel.softmax;
    const T* const from = flat.data<T>();
    T* const out = result.mutable_data<T>();
    parallel_for(x.numel() / extent, grain_of(extent, kSlowGrain), [&](std::int64_t begin, std::int64_t end) {
      loop(from + begin * extent, extent, end - begin, extent, out + begin * extent);
    });
  });
  return result;
}

}  // namespace

Tensor argmax(const Tensor& x, std::int64_t axis, bool keepdim) {
  return arg_extreme("argmax", Reduce::max, x, axis, keepdim);
}
Tensor argmin(const Tensor& x, std::int64_t axis, bool keepdim) {
  return arg_extreme("argmin", Reduce::min, x, axis, keepdim);
}

Tensor cumsum(const Tensor& x, std::int64_t axis) {
  const Work work("cumsum", x.numel(), x);
  const Around around("cumsum", x, axis);
  return dispatch(x.dtype(), [&]<class T>() {
    // Sums of f32 run in f64: rounded to f32 at each of n steps, they would drift.
    using Acc = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
    using Out = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
    const Tensor flat = contiguous(x);
    Tensor result(x.shape(), dtype_of<Out>);
    if (x.numel() == 0) return result;
    const T* const from = flat.data<T>();
    Out* const out = result.mutable_data<Out>();
    constexpr std::int64_t width = 512;  // columns that run side by side
    const std::int64_t n = around.extent, row = around.inner, strips = ceil_div(row, width);
    const std::int64_t grain = grain_of(n * std::min(row, width), kSlowGrain);
    parallel_for(around.outer * strips, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t unit = begin; unit < end; ++unit) {
        const std::int64_t first = unit % strips * width, count = std::min(width, row - first);
        std::int64_t at = unit / strips * n * row + first;
        if (count == 1) {
          Acc total = 0;  // in a register: 3 times faster
          for (std::int64_t i = 0; i < n; ++i, at += row)
            out[at] = static_cast<Out>(total += static_cast<Acc>(from[at]));
          continue;
        }
        Acc totals[width]{};
        for (std::int64_t i = 0; i < n; ++i, at += row)
          for (std::int64_t j = 0; j < count; ++j)
            out[at + j] = static_cast<Out>(totals[j] += static_cast<Acc>(from[at + j]));
      }
    });
    return result;
  });
}

// ---- standardizing

namespace {

// x seen as rows to standardize: its axes, joined, must be [segments][rows][n] with the axes in the first and last
// place, either of which may be missing. Nothing where they are not, or where n is so small that columns would be read
// one number at a time.
std::optional<RowLayout> row_layout(const Tensor& x, const Axes& axes) {
  std::array<std::int64_t, 3> extents{1, 1, 1};
  int place = 2;  // of the axis before: from the back
  for (int axis = x.dim() - 1; axis >= 0; --axis) {
    if (x.shape()[axis] == 1) continue;
    const bool inside = contains(axes, axis);
    if (inside == (place == 1) && --place < 0) return {};
    extents[static_cast<std::size_t>(place)] *= x.shape()[axis];
  }
  const auto [segments, rows, n] = extents;
  if (segments > 1 && n < 16) return {};
  return RowLayout{n, segments, rows * n, n};
}

// f(operands, layout, rows, result) with the operands, alike in shape, laid out as row_layout() wants them.
template <class F>
Tensor map_rows(Axes axes, std::vector<Tensor> operands, F&& f) {
  const Tensor& x = operands.back();
  const std::optional<RowLayout> layout = row_layout(x, axes);
  if (!layout) {  // the axes go last, and back again
    Axes order, back = Axes::filled(x.dim(), 0), last;
    for (int axis = 0; axis < x.dim(); ++axis)
      if (!contains(axes, axis)) order.push_back(axis);
    for (const std::int64_t axis : axes) {
      last.push_back(order.size());
      order.push_back(axis);
    }
    for (int i = 0; i < order.size(); ++i) back[static_cast<int>(order[i])] = i;
    for (Tensor& operand : operands) operand = permute(operand, order);
    return contiguous(permute(map_rows(last, std::move(operands), f), back));
  }
  for (Tensor& operand : operands) operand = contiguous(operand);
  Tensor result(x.shape(), x.dtype());
  if (result.numel() > 0) f(operands, *layout, result.numel() / (layout->segments * layout->n), result);
  return result;
}

}  // namespace

Tensor standardize(const Tensor& x, const Axes& axes, double eps) {
  const Work work("standardize", x.numel(), x);
  const Axes over = normalize_axes("standardize", axes, x.dim());
  return dispatch_floating("standardize", x.dtype(), [&]<class T>() {
    return map_rows(
        over, {x}, [&](const std::vector<Tensor>& in, const RowLayout& layout, std::int64_t rows, Tensor& result) {
          const T* const from = in[0].data<T>();
          T* const out = result.mutable_data<T>();
          parallel_for(rows, grain_of(layout.segments * layout.n), [&](std::int64_t begin, std::int64_t end) {
            kernels().reduce.standardize.of<T>().forward(from, layout, begin, end, eps, out);
          });
        });
  });
}

Tensor standardize_grad(const Tensor& g, const Tensor& x, const Axes& axes, double eps) {
  const Work work("standardize_grad", x.numel(), g, x);
  check_same_dtype("standardize_grad", g, x);
  check(broadcast_shapes("standardize_grad", g, x) == x.shape(), "standardize_grad", "g is ", describe(g), ", x is ",
        describe(x), "; g must broadcast to x");
  const Axes over = normalize_axes("standardize_grad", axes, x.dim());
  return dispatch_floating("standardize_grad", x.dtype(), [&]<class T>() {
    return map_rows(over, {expand(g, x.shape()), x},
                    [&](const std::vector<Tensor>& in, const RowLayout& layout, std::int64_t rows, Tensor& result) {
                      const T *const gs = in[0].data<T>(), *const from = in[1].data<T>();
                      T* const out = result.mutable_data<T>();
                      parallel_for(
                          rows, grain_of(layout.segments * layout.n), [&](std::int64_t begin, std::int64_t end) {
                            kernels().reduce.standardize.of<T>().gradient(gs, from, layout, begin, end, eps, out);
                          });
                    });
  });
}

Tensor softmax(const Tensor& x, std::int64_t axis) {
  const Work work("softmax", x.numel(), x);
  check_floating("softmax", x);
  const Around around("softmax", x, axis);
  if (x.numel() == 0) return x;
  if (around.inner == 1) return softmax_rows(x, around.extent, false);
  const Tensor e = exp(x - max(x, {axis}, true));
  return e / sum(e, {axis}, true);
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  const Work work("log_softmax", x.numel(), x);
  check_floating("log_softmax", x);
  const Around around("log_softmax", x, axis);
  if (x.numel() == 0) return x;
  if (around.inner == 1) return softmax_rows(x, around.extent, true);
  const Tensor shifted = x - max(x, {axis}, true);
  return shifted - log(sum(exp(shifted), {axis}, true));
}

// ---- gradients of softmax

namespace {

Tensor softmax_grad_rows(std::string_view op, const Tensor& g, const Tensor& y, std::int64_t extent, bool logarithm) {
  const Tensor gs = contiguous(g), ys = contiguous(y);
  Tensor result(y.shape(), y.dtype());
  dispatch_floating(op, y.dtype(), [&]<class T>() {
    const SoftmaxGradKernels<T>& kernel = kernels().reduce.softmax_grad.of<T>();
    const auto loop = logarithm ? kernel.log_softmax : kernel.softmax;
    const T *const from = gs.data<T>(), *const by = ys.data<T>();
    T* const out = result.mutable_data<T>();
    parallel_for(y.numel() / extent, grain_of(extent, kSlowGrain), [&](std::int64_t begin, std::int64_t end) {
      loop(from + begin * extent, by + begin * extent, end - begin, extent, out + begin * extent);
    });
  });
  return result;
}

void check_alike(std::string_view op, const Tensor& a, const Tensor& b) {
  check_same_dtype(op, a, b);
  check(a.shape() == b.shape(), op, "the two must have one shape, got ", describe(a), " and ", describe(b));
}

}  // namespace

// With a batch of gradients, g has more axes in front than y.
Tensor softmax_grad(const Tensor& g, const Tensor& result, std::int64_t axis) {
  const Work work("softmax_grad", g.numel(), g, result);
  check_floating("softmax_grad", result);
  const Tensor y = result.shape() == g.shape() ? result : expand(result, g.shape());
  const Around around("softmax_grad", y, axis);
  check_alike("softmax_grad", g, y);
  if (y.numel() == 0) return y;
  if (around.inner == 1) return softmax_grad_rows("softmax_grad", g, y, around.extent, false);
  return y * (g - sum(g * y, {axis}, true));
}
Tensor log_softmax_grad(const Tensor& g, const Tensor& result, std::int64_t axis) {
  const Work work("log_softmax_grad", g.numel(), g, result);
  check_floating("log_softmax_grad", result);
  const Tensor y = result.shape() == g.shape() ? result : expand(result, g.shape());
  const Around around("log_softmax_grad", y, axis);
  check_alike("log_softmax_grad", g, y);
  if (y.numel() == 0) return y;
  if (around.inner == 1) return softmax_grad_rows("log_softmax_grad", g, y, around.extent, true);
  return g - exp(y) * sum(g, {axis}, true);
}

// ---- losses

namespace {

// kernel(LossKernels<T>) tells which of them. Chunks are added up in their order.
template <class Kernel>
SummedLoss sum_of_losses(std::string_view op, const Tensor& a, const Tensor& b, bool with_slopes, Kernel&& kernel) {
  const Work work(op, a.numel(), a, b);
  check_alike(op, a, b);
  return dispatch_floating(op, a.dtype(), [&]<class T>() {
    const Tensor as = contiguous(a), bs = contiguous(b);
    SummedLoss loss{{}, with_slopes ? Tensor(a.shape(), a.dtype()) : Tensor()};
    const T *const x = as.data<T>(), *const y = bs.data<T>();
    T* const slopes = with_slopes && a.numel() > 0 ? loss.slopes.mutable_data<T>() : nullptr;
    const auto loop = kernel(kernels().reduce.loss.of<T>());
    std::vector<double> sums(static_cast<std::size_t>(ceil_div(a.numel(), kSlowGrain)));
    parallel_for(a.numel(), kSlowGrain, [&](std::int64_t begin, std::int64_t end) {
      sums[static_cast<std::size_t>(begin / kSlowGrain)] =
          loop(x + begin, y + begin, end - begin, slopes ? slopes + begin : nullptr);
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    loss.sum = scalar(total, a.dtype());
    return loss;
  });
}

}  // namespace

SummedLoss bce_with_logits_sum(const Tensor& logits, const Tensor& targets, bool with_slopes) {
  return sum_of_losses("bce_with_logits_sum", logits, targets, with_slopes,
                       [](const auto& table) { return table.bce_with_logits; });
}
SummedLoss squared_difference_sum(const Tensor& a, const Tensor& b, bool with_slopes) {
  return sum_of_losses("squared_difference_sum", a, b, with_slopes,
                       [](const auto& table) { return table.squared_difference; });
}

}  // namespace hourglass
