// SPDX-License-Identifier: MIT
// Reductions: bring the axes into memory order, fold the innermost group with a kernel, and repeat
// with the axes that are left.
#include "tensor/reduce.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tensor/around.h"
#include "tensor/iterate.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

// Columns folded together. Their rows then lie in few enough pages of memory.
constexpr std::int64_t kColumns = 2048;

// A contiguous tensor under another shape.
Tensor reshaped(const Tensor& x, const Shape& shape) {
  return Tensor::view_of(x, shape, contiguous_strides(shape), x.offset());
}

// The reduction that joins partial results.
Reduce joining(Reduce op) {
  const bool is_sum = op == Reduce::sum_of_deviations || op == Reduce::sum_of_squares || op == Reduce::sum_of_exps;
  return is_sum ? Reduce::sum : op;
}

// The matrices [extent, inner] that one step folds over their first axis: outer_shape and
// outer_strides give their number and places. A matrix's rows lie `stride` apart, and have no gaps.
struct Step {
  Shape outer_shape;
  Strides outer_strides;
  std::int64_t extent = 1, stride = 1, inner = 1;
};

// Folds the matrices into [outer, pieces, inner]. Long matrices are cut into pieces, which threads
// share. The number of pieces depends on the extents alone.
template <class In, class Acc>
Tensor fold_pieces(Reduce op, const In* x, const Step& step, const Acc* center) {
  const ReduceKernel<In, Acc> kernel = kernels().reduce.of<In, Acc>()[op];
  const TensorIterator<1> iterator(step.outer_shape, {step.outer_strides});
  const std::int64_t outer = numel(step.outer_shape), extent = step.extent, inner = step.inner;
  const std::int64_t columns = std::min(inner, kColumns);
  // Equal pieces of at least 64 rows, so that joining them costs little.
  const std::int64_t at_most = std::max<std::int64_t>(64, kReadGrain / columns);
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

// The axes from the longest stride to the shortest. Repeated axes, whose stride is 0, come first,
// so that the others are as dense as possible.
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
      if (axes.contains(order[i])) moved.push_back(i);
    }
    const Tensor turned = center ? permute(*center, order) : Tensor();
    return contiguous(permute(fold<In, Acc>(op, permute(x, order), moved, center ? &turned : nullptr), back));
  }

  // The innermost axes may be axes that stay. The group around them is folded now: folded axes that
  // form one axis in memory.
  const Shape& shape = x.shape();
  const Strides& strides = x.strides();
  Step step;
  bool dense = true;
  int last = x.dim() - 1;
  for (; last >= 0 && (shape[last] == 1 || !axes.contains(last)); --last) {
    dense &= shape[last] == 1 || strides[last] == step.inner;
    step.inner *= shape[last];
  }
  int first = last + 1;
  for (; first > 0 && (shape[first - 1] == 1 || axes.contains(first - 1)); --first) {
    if (shape[first - 1] == 1) continue;
    if (step.extent == 1) step.stride = strides[first - 1];
    else if (strides[first - 1] != step.stride * step.extent) break;
    step.extent *= shape[first - 1];
  }
  dense &= step.inner > 1 || step.stride == 1;
  if (!dense) return fold<In, Acc>(op, contiguous(x), axes, center);

  // The axes outside this group: those to fold among them come next.
  Shape partial = shape;
  Axes rest;
  for (int axis = 0; axis < first; ++axis) {
    step.outer_shape.push_back(shape[axis]);
    step.outer_strides.push_back(strides[axis]);
    if (shape[axis] != 1 && axes.contains(axis)) rest.push_back(axis);
  }
  for (int axis = first; axis <= last; ++axis) partial[axis] = 1;
  Tensor centers;
  if (center) centers = contiguous(expand(*center, partial));
  Tensor result = fold_pieces<In, Acc>(op, x.data<In>(), step, center ? centers.data<Acc>() : nullptr);
  if (result.shape()[1] > 1) result = fold<Acc, Acc>(joining(op), result, {1});
  result = reshaped(result, partial);
  return rest.empty() ? result : fold<Acc, Acc>(joining(op), result, rest);
}

template <class In, class Acc>
Tensor fold_or_start(Reduce op, const Tensor& x, const Axes& axes, const Tensor* center) {
  if (x.numel() > 0) return fold<In, Acc>(op, x, axes, center);
  Shape shape = x.shape();
  for (const std::int64_t axis : axes) shape[static_cast<int>(axis)] = 1;
  return full(shape, op == Reduce::prod ? 1 : 0, dtype_of<Acc>);
}

}  // namespace

Tensor reduce(Reduce op, const Tensor& x, const Axes& axes, const Tensor* center) {
  const bool grows = op == Reduce::sum || op == Reduce::prod;
  return dispatch(x.dtype(), [&]<class T>() {
    if constexpr (std::is_same_v<T, std::uint8_t>)
      if (grows) return fold_or_start<T, std::int64_t>(op, x, axes, center);
    return fold_or_start<T, T>(op, x, axes, center);
  });
}

}  // namespace hourglass
