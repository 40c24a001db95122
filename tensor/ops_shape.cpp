// SPDX-License-Identifier: MIT
// Views of the same memory, and what needs new memory: joining, padding, embedding.
#include <algorithm>
#include <limits>
#include <optional>

#include "tensor/checked.h"
#include "tensor/composed/arranging.h"
#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {

// ---- views

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  const Work work("contiguous", 0, x);
  Tensor result(x.shape(), x.dtype());
  dispatch(x.dtype(), [&]<class T>() { copy_to(x, result.mutable_data<T>(), result.strides()); });
  return result;
}

namespace {

// Strides that give x's memory another shape, if there are any: the axes of x, joined as far as possible, are a few
// runs, and each run must be the product of some neighbouring new axes.
std::optional<Strides> view_strides(const Tensor& x, const Shape& shape) {
  if (x.numel() == 0) return contiguous_strides(shape);
  const TensorIterator<1> runs(x.shape(), {x.strides()});
  int run = runs.shape().size() - 1;
  std::int64_t left = runs.shape()[run], step = runs.strides(0)[run];
  Strides strides = Axes::filled(shape.size(), 1);
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    if (left == 1) {
      --run;
      left = runs.shape()[run];
      step = runs.strides(0)[run];
    }
    if (left % shape[axis] != 0) return std::nullopt;
    strides[axis] = step;
    step *= shape[axis];
    left /= shape[axis];
  }
  return strides;
}

// The same tensor with one axis changed.
Tensor with_axis(const Tensor& x, int axis, std::int64_t extent, std::int64_t stride, std::int64_t offset) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape[axis] = extent;
  strides[axis] = stride;
  return Tensor::view_of(x, shape, strides, offset);
}

Tensor without_axis(const Tensor& x, int axis, std::int64_t offset) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.erase(axis);
  strides.erase(axis);
  return Tensor::view_of(x, shape, strides, offset);
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& wanted) {
  Shape shape = wanted;
  int unknown = -1;
  for (int axis = 0; axis < shape.size(); ++axis) {
    check(shape[axis] >= -1, "reshape", "extent ", shape[axis], " in ", wanted, "; only -1 has a meaning");
    if (shape[axis] >= 0) continue;
    check(unknown < 0, "reshape", "-1 comes twice in ", wanted);
    unknown = axis;
    shape[axis] = 1;
  }
  if (unknown >= 0) {
    const std::int64_t known = numel(shape);
    check(known != 0 && x.numel() % known == 0, "reshape", describe(x), " does not fit into ", wanted, " (", x.numel(),
          " elements, to be divided by ", known, ")");
    shape[unknown] = x.numel() / known;
  }
  check(numel(shape) == x.numel(), "reshape", describe(x), " does not fit into ", wanted, " (", x.numel(), " against ",
        numel(shape), " elements)");
  if (const std::optional<Strides> strides = view_strides(x, shape))
    return Tensor::view_of(x, shape, *strides, x.offset());
  const Tensor copy = contiguous(x);
  return Tensor::view_of(copy, shape, contiguous_strides(shape), copy.offset());
}

Tensor flatten(const Tensor& x, std::int64_t first, std::int64_t last) {
  if (x.dim() == 0) return reshape(x, {1});
  const int from = normalize_axis("flatten", first, x.dim()), to = normalize_axis("flatten", last, x.dim());
  check(from <= to, "flatten", "axis ", first, " comes after axis ", last, " in ", describe(x));
  Shape shape;
  for (int axis = 0; axis < x.dim(); ++axis)
    if (axis <= from || axis > to) shape.push_back(x.shape()[axis]);
    else shape.back() = Checked("flatten", shape.back()) * x.shape()[axis];
  return reshape(x, shape);
}

Tensor permute(const Tensor& x, const Axes& order) {
  check(order.size() == x.dim(), "permute", describe(x), " has ", x.dim(), " axes, the order ", order, " has ",
        order.size());
  normalize_axes("permute", order, x.dim());  // no axis twice, so every axis once
  Shape shape;
  Strides strides;
  for (const std::int64_t axis : order) {
    const int from = normalize_axis("permute", axis, x.dim());
    shape.push_back(x.shape()[from]);
    strides.push_back(x.strides()[from]);
  }
  return Tensor::view_of(x, shape, strides, x.offset());
}

Tensor transpose(const Tensor& x, std::int64_t a, std::int64_t b) {
  if (x.dim() == 0 && a >= -1 && a <= 0 && b >= -1 && b <= 0) return x;
  const int i = normalize_axis("transpose", a, x.dim()), j = normalize_axis("transpose", b, x.dim());
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::swap(shape[i], shape[j]);
  std::swap(strides[i], strides[j]);
  return Tensor::view_of(x, shape, strides, x.offset());
}

namespace {
// As in Python: a negative bound counts from the end, and a bound that is out of range moves to the nearest end.
std::int64_t slice_bound(std::int64_t i, std::int64_t extent) {
  return std::clamp<std::int64_t>(i < 0 ? i + extent : i, 0, extent);
}
}  // namespace

Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  const int at = normalize_axis("slice", axis, x.dim());
  check(step != 0 && step >= -std::numeric_limits<std::int64_t>::max(), "slice", "cannot step by ", step);
  if (step < 0) return composed::slice_backwards(x, at, start, stop, step);
  const std::int64_t first = slice_bound(start, x.shape()[at]), length = slice_bound(stop, x.shape()[at]) - first;
  const std::int64_t count = length > 0 ? (length - 1) / step + 1 : 0;
  const std::int64_t stride = x.strides()[at];
  return with_axis(x, at, count, count > 1 ? stride * step : stride, x.offset() + (count > 0 ? first * stride : 0));
}

Tensor select(const Tensor& x, std::int64_t axis, std::int64_t index) {
  const int at = normalize_axis("select", axis, x.dim());
  const std::int64_t extent = x.shape()[at];
  check(index >= -extent && index < extent, "select", "index ", index, " is out of range for axis ", at, " of ",
        describe(x));
  return without_axis(x, at, x.offset() + (index < 0 ? index + extent : index) * x.strides()[at]);
}

Tensor expand(const Tensor& x, const Shape& wanted) {
  check(wanted.size() >= x.dim(), "expand", describe(x), " has more axes than ", wanted);
  Shape shape = wanted;
  const int added = shape.size() - x.dim();
  for (int axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t extent = axis < added ? 1 : x.shape()[axis - added];
    if (shape[axis] == -1 && axis >= added) shape[axis] = extent;
    check(shape[axis] >= 0 && (extent == 1 || extent == shape[axis]), "expand", "cannot expand ", describe(x), " to ",
          wanted, ": axis ", axis - shape.size(), " is ", extent, " against ", shape[axis]);
  }
  return Tensor::view_of(x, shape, broadcast_strides(x, shape), x.offset());
}

Tensor squeeze(const Tensor& x, std::int64_t axis) {
  const int at = normalize_axis("squeeze", axis, std::max(1, x.dim()));
  if (x.dim() == 0) return x;
  check(x.shape()[at] == 1, "squeeze", "axis ", axis, " of ", describe(x), " is not 1");
  return without_axis(x, at, x.offset());
}
Tensor squeeze(const Tensor& x) {
  Tensor result = x;
  for (int axis = x.dim() - 1; axis >= 0; --axis)
    if (x.shape()[axis] == 1) result = without_axis(result, axis, x.offset());
  return result;
}
Tensor unsqueeze(const Tensor& x, std::int64_t axis) {
  const int at = normalize_axis("unsqueeze", axis, x.dim() + 1);
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.insert(at, 1);
  strides.insert(at, 1);
  return Tensor::view_of(x, shape, strides, x.offset());
}

Tensor flip(const Tensor& x, const Axes& axes) {
  Tensor result = x;
  if (axes.empty()) return result;
  for (const std::int64_t axis : normalize_axes("flip", axes, x.dim())) {
    const int at = static_cast<int>(axis);
    const std::int64_t extent = x.shape()[at], stride = x.strides()[at];
    if (extent > 1) result = with_axis(result, at, extent, -stride, result.offset() + (extent - 1) * stride);
  }
  return result;
}

namespace {
// The number of windows.
std::int64_t count_windows(std::string_view op, std::int64_t extent, std::int64_t size, std::int64_t step) {
  check(size >= 1 && size <= extent, op, "windows of ", size, " do not fit into an axis of ", extent);
  check(step >= 1, op, "needs a step of at least 1, got ", step);
  return (extent - size) / step + 1;
}
}  // namespace

Tensor unfold(const Tensor& x, std::int64_t axis, std::int64_t size, std::int64_t step) {
  const int at = normalize_axis("unfold", axis, x.dim());
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.push_back(size);
  strides.push_back(strides[at]);
  shape[at] = count_windows("unfold", x.shape()[at], size, step);
  if (shape[at] > 1) strides[at] *= step;
  return Tensor::view_of(x, shape, strides, x.offset());
}

Tensor fold(const Tensor& x, const Shape& shape, std::int64_t axis, std::int64_t size, std::int64_t step) {
  const Work work("fold", x.numel(), x);
  const int at = normalize_axis("fold", axis, shape.size());
  numel(shape);  // throws if there is no such shape
  Shape expected = shape;
  expected[at] = count_windows("fold", shape[at], size, step);
  expected.push_back(size);
  check(x.shape() == expected, "fold", "windows of a ", shape, " would be ", expected, ", got ", describe(x));
  Tensor result = zeros(shape, x.dtype());
  if (x.numel() == 0) return result;
  Strides strides = result.strides();
  const std::int64_t stride = strides[at];
  if (expected[at] > 1) strides[at] *= step;
  dispatch(x.dtype(), [&]<class T>() {  // the k-th elements of all windows at once, which never overlap
    T* const out = result.mutable_data<T>();
    for (std::int64_t k = 0; k < size; ++k) add_to(select(x, -1, k), out + k * stride, strides);
  });
  return result;
}

// ---- joining, splitting, padding

namespace {
// An error unless the parts are alike in all axes except the one along which they are joined (-1: in all).
void check_parts(std::string_view op, std::span<const Tensor> parts, int joined) {
  const Tensor& first = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Tensor& part = parts[i];
    check(part.dtype() == first.dtype(), op, "part ", i, " has another dtype than part 0: ", describe(part),
          " against ", describe(first));
    check(part.dim() == first.dim(), op, "part ", i, " has another number of axes than part 0: ", describe(part),
          " against ", describe(first), " (", part.dim(), " against ", first.dim(), ")");
    for (int axis = 0; axis < first.dim(); ++axis) {
      check(axis == joined || part.shape()[axis] == first.shape()[axis], op, "part ", i,
            " does not fit part 0 in axis ", axis, ": ", describe(part), " against ", describe(first), " (",
            part.shape()[axis], " against ", first.shape()[axis], ")");
    }
  }
}
}  // namespace

Tensor concat(std::span<const Tensor> parts, std::int64_t axis) {
  const Work work("concat", 0);
  check(!parts.empty(), "concat", "needs at least one part");
  const int at = normalize_axis("concat", axis, parts[0].dim());
  check_parts("concat", parts, at);
  Shape shape = parts[0].shape();
  for (const Tensor& part : parts.subspan(1)) shape[at] = Checked("concat", shape[at]) + part.shape()[at];
  Tensor result(shape, parts[0].dtype());
  dispatch(result.dtype(), [&]<class T>() {
    T* out = result.mutable_data<T>();
    for (const Tensor& part : parts) {
      copy_to(part, out, result.strides());
      out += part.shape()[at] * result.strides()[at];
    }
  });
  return result;
}
Tensor concat(std::initializer_list<Tensor> parts, std::int64_t axis) {
  return concat(std::span<const Tensor>(parts.begin(), parts.size()), axis);
}

Tensor stack(std::span<const Tensor> parts, std::int64_t axis) {
  check(!parts.empty(), "stack", "needs at least one part");
  const int at = normalize_axis("stack", axis, parts[0].dim() + 1);
  check_parts("stack", parts, -1);
  std::vector<Tensor> widened;
  for (const Tensor& part : parts) widened.push_back(unsqueeze(part, at));
  return concat(widened, at);
}
Tensor stack(std::initializer_list<Tensor> parts, std::int64_t axis) {
  return stack(std::span<const Tensor>(parts.begin(), parts.size()), axis);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t axis) {
  const int at = normalize_axis("split", axis, x.dim());
  std::vector<Tensor> parts;
  reserve("split", parts, std::ssize(sizes));
  std::int64_t start = 0, left = x.shape()[at];
  for (const std::int64_t size : sizes) {
    check(size >= 0 && size <= left, "split", "a part of ", size, " does not fit where ", left, " are left of axis ",
          at, " of ", describe(x));
    parts.push_back(slice(x, at, start, start + size));
    start += size;
    left -= size;
  }
  check(left == 0, "split", left, " are left over of axis ", at, " of ", describe(x));
  return parts;
}
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t axis) {
  const std::int64_t extent = x.size(axis);
  check(size >= 1, "split", "needs a size of at least 1, got ", size);
  std::vector<std::int64_t> sizes;
  const std::int64_t count = std::max<std::int64_t>(ceil_div(extent, size), 1);
  reserve("split", sizes, count);
  for (std::int64_t i = 0; i < count; ++i) sizes.push_back(std::min(size, extent - i * size));
  return split(x, sizes, axis);
}

Tensor pad(const Tensor& x, const std::vector<Padding>& paddings, Scalar value) {
  const Work work("pad", 0, x);
  check(static_cast<std::int64_t>(paddings.size()) <= x.dim(), "pad", paddings.size(), " paddings for ", describe(x));
  Shape shape = x.shape();
  const int first = x.dim() - static_cast<int>(paddings.size());
  for (std::size_t i = 0; i < paddings.size(); ++i) {
    check(paddings[i].before >= 0 && paddings[i].after >= 0, "pad", "negative padding (", paddings[i].before, ", ",
          paddings[i].after, ") of ", describe(x), "; slice() cuts off");
    std::int64_t& extent = shape[first + static_cast<int>(i)];
    extent = Checked("pad", extent) + paddings[i].before + paddings[i].after;
  }
  Tensor result = full(shape, value, x.dtype());
  dispatch(x.dtype(), [&]<class T>() {
    T* out = result.mutable_data<T>();
    for (std::size_t i = 0; i < paddings.size(); ++i)
      out += paddings[i].before * result.strides()[first + static_cast<int>(i)];
    copy_to(x, out, result.strides());
  });
  return result;
}

Tensor embed_slice(const Tensor& x, const Shape& shape, std::int64_t axis, std::int64_t start, std::int64_t step) {
  const Work work("embed_slice", 0, x);
  const int at = normalize_axis("embed_slice", axis, shape.size());
  numel(shape);  // throws if there is no such shape
  Shape matching = shape;
  if (x.dim() == shape.size()) matching[at] = x.shape()[at];
  const std::int64_t first = slice_bound(start, shape[at]), last = shape[at] - 1;
  check(x.shape() == matching && step >= 1 &&
            (x.shape()[at] == 0 || (first <= last && x.shape()[at] - 1 <= (last - first) / step)),
        "embed_slice", describe(x), " is no slice of ", shape, " along axis ", at, " from ", start, " in steps of ",
        step);
  Tensor result = zeros(shape, x.dtype());
  Strides strides = result.strides();
  const std::int64_t stride = strides[at];
  if (x.shape()[at] > 1) strides[at] *= step;
  dispatch(x.dtype(), [&]<class T>() {
    T* const out = result.mutable_data<T>();
    copy_to(x, x.numel() == 0 ? out : out + first * stride, strides);
  });
  return result;
}

}  // namespace hourglass
