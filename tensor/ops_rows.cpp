// SPDX-License-Identifier: MIT
// What is done to whole rows: softmax, standardizing, summed losses, and their gradients.
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "tensor/around.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {

// ---- softmax

namespace {

// Softmax or its logarithm along the last axis, fused.
Tensor softmax_rows(const Tensor& x, std::int64_t extent, bool logarithm) {
  const Tensor flat = contiguous(x);
  Tensor result(x.shape(), x.dtype());
  dispatch_floating(logarithm ? "log_softmax" : "softmax", x.dtype(), [&]<class T>() {
    const RowKernelsOf<T>& kernel = kernels().rows.of<T>();
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
    const RowKernelsOf<T>& kernel = kernels().rows.of<T>();
    const auto loop = logarithm ? kernel.log_softmax_grad : kernel.softmax_grad;
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
  return strong_mul(g - sum(strong_mul(g, y), {axis}, true), y);
}
Tensor log_softmax_grad(const Tensor& g, const Tensor& result, std::int64_t axis) {
  const Work work("log_softmax_grad", g.numel(), g, result);
  check_floating("log_softmax_grad", result);
  const Tensor y = result.shape() == g.shape() ? result : expand(result, g.shape());
  const Around around("log_softmax_grad", y, axis);
  check_alike("log_softmax_grad", g, y);
  if (y.numel() == 0) return y;
  if (around.inner == 1) return softmax_grad_rows("log_softmax_grad", g, y, around.extent, true);
  return g - strong_mul(sum(g, {axis}, true), exp(y));
}

// ---- standardizing

namespace {

// The layout of x's rows, if the kernels can read them: the joined axes of x must be
// [segments][rows][n], where `axes` are segments and n, and either may be missing. Nothing
// otherwise, or if n is so small that columns would be read one number at a time.
std::optional<RowLayout> row_layout(const Tensor& x, const Axes& axes) {
  std::array<std::int64_t, 3> extents{1, 1, 1};
  int place = 2;  // of the axis before: from the back
  for (int axis = x.dim() - 1; axis >= 0; --axis) {
    if (x.shape()[axis] == 1) continue;
    const bool inside = axes.contains(axis);
    if (inside == (place == 1) && --place < 0) return {};
    extents[static_cast<std::size_t>(place)] *= x.shape()[axis];
  }
  const auto [segments, rows, n] = extents;
  if (segments > 1 && n < 16) return {};
  return RowLayout{n, segments, rows * n, n};
}

// Calls f(operands, layout, rows, result). The operands have one shape, and get a layout that
// row_layout() accepts.
template <class F>
Tensor map_rows(Axes axes, std::vector<Tensor> operands, F&& f) {
  const Tensor& x = operands.back();
  const std::optional<RowLayout> layout = row_layout(x, axes);
  if (!layout) {  // move the axes to the end, and back afterwards
    Axes order, back = Axes::filled(x.dim(), 0), last;
    for (int axis = 0; axis < x.dim(); ++axis)
      if (!axes.contains(axis)) order.push_back(axis);
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
            kernels().rows.of<T>().standardize(from, layout, begin, end, eps, out);
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
                      parallel_for(rows, grain_of(layout.segments * layout.n),
                                   [&](std::int64_t begin, std::int64_t end) {
                                     kernels().rows.of<T>().standardize_grad(gs, from, layout, begin, end, eps, out);
                                   });
                    });
  });
}

// ---- losses

namespace {

// kernel(RowKernelsOf<T>) gives the loop. Chunks are added up in their order.
template <class Kernel>
SummedLoss sum_of_losses(std::string_view op, const Tensor& a, const Tensor& b, bool with_slopes, Kernel&& kernel) {
  const Work work(op, a.numel(), a, b);
  check_alike(op, a, b);
  return dispatch_floating(op, a.dtype(), [&]<class T>() {
    const Tensor as = contiguous(a), bs = contiguous(b);
    SummedLoss loss{{}, with_slopes ? Tensor(a.shape(), a.dtype()) : Tensor()};
    const T *const x = as.data<T>(), *const y = bs.data<T>();
    T* const slopes = with_slopes && a.numel() > 0 ? loss.slopes.mutable_data<T>() : nullptr;
    const auto loop = kernel(kernels().rows.of<T>());
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
  SummedLoss loss = sum_of_losses("bce_with_logits_sum", logits, targets, with_slopes,
                                  [](const auto& table) { return table.bce_with_logits; });
  if (std::isnan(loss.sum.item())) {  // a NaN among the operands, or a target that is no probability
    const double low = min(targets).item(), high = max(targets).item();
    check(low >= 0 && high <= 1, "bce_with_logits_sum", "targets must lie in [0, 1], got ", low, " to ", high, " in ",
          describe(targets));
  }
  return loss;
}
SummedLoss squared_difference_sum(const Tensor& a, const Tensor& b, bool with_slopes) {
  return sum_of_losses("squared_difference_sum", a, b, with_slopes,
                       [](const auto& table) { return table.squared_difference; });
}

}  // namespace hourglass
