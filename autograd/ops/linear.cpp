// SPDX-License-Identifier: MIT
// The second kind of primitive: the op is linear, and the rule is its adjoint A, the op with ⟨A g, x⟩ = ⟨g, f(x)⟩.
// Adjoints come in pairs, and each is the other's rule. So derivatives of every order need only the ops of this file.
#include <algorithm>

#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/ops/rules.h"
#include "tensor/checked.h"
#include "tensor/composed/arranging.h"

namespace hourglass {

// ---- sums and repetition

Var broadcast_to(const Var& x, const Shape& shape) {
  static constexpr Op op =
      Op::with_leading_axes("broadcast_to", "x, repeated", {"dy/dx = 1: the copies' g are added up"});
  return record(op, broadcast_to(x.value(), shape), wrt(x, [](const Var& g) { return g; }));
}
Var expand(const Var& x, const Shape& shape) {
  static constexpr Op op = Op::with_leading_axes("expand", "x, repeated", {"dy/dx = 1: the copies' g are added up"});
  return record(op, expand(x.value(), shape), wrt(x, [](const Var& g) { return g; }));
}
Var sum_to(const Var& x, const Shape& shape) {
  static constexpr Op op = Op::with_leading_axes("sum_to", "x, summed to a smaller shape",
                                                 {"dy/dx = 1: g goes to every element that was added"});
  Shape kept = shape;
  while (kept.size() < x.dim()) kept.insert(0, 1);
  return record(op, sum_to(x.value(), shape), wrt(x, [from = x.shape(), kept, to_dim = shape.size()](const Var& g) {
                  return broadcast_to(reshape(g, behind(g, to_dim, kept)), behind(g, to_dim, from));
                }));
}
Var sum(const Var& x, const Axes& axes, bool keepdim) {
  static constexpr Op op = Op::with_leading_axes("sum", "Σ x", {"dy/dx = 1: g goes to every element that was added"});
  Shape kept = x.shape();
  for (const std::int64_t axis : normalize_axes("sum", axes, x.dim())) kept[static_cast<int>(axis)] = 1;
  Tensor value = sum(x.value(), axes, keepdim);
  const int to_dim = value.dim();
  return record(op, std::move(value), wrt(x, [kept, from = x.shape(), to_dim](const Var& g) {
                  return broadcast_to(reshape(g, behind(g, to_dim, kept)), behind(g, to_dim, from));
                }));
}
Var cumsum(const Var& x, std::int64_t axis) {
  static constexpr Op op = Op::with_leading_axes("cumsum", "sums of x up to each place",
                                                 {"dy/dx = 1 from its place on: sums of g from the end"});
  Tensor value = cumsum(x.value(), axis);
  return record(op, std::move(value),  // y_j sums x_i for i <= j, so x_i's share sums g_j for j >= i
                wrt(x, [axis = from_back("cumsum", axis, x)](const Var& g) {
                  return flip(cumsum(flip(g, {axis}), axis), {axis});
                }));
}

// ---- rearranging

Var reshape(const Var& x, const Shape& shape) {
  static constexpr Op op = Op::with_leading_axes("reshape", "x in another shape", {"dy/dx = 1: g in x's shape"});
  return record(op, reshape(x.value(), shape), wrt(x, ReshapeRule{x.shape(), shape.size()}));
}
Var ReshapeRule::operator()(const Var& g) const { return reshape(g, behind(g, output_dim, from)); }
Var flatten(const Var& x, std::int64_t first, std::int64_t last) {
  return reshape(x, flatten(x.value(), first, last).shape());
}
Var squeeze(const Var& x, std::int64_t axis) { return reshape(x, squeeze(x.value(), axis).shape()); }
Var squeeze(const Var& x) { return reshape(x, squeeze(x.value()).shape()); }
Var unsqueeze(const Var& x, std::int64_t axis) { return reshape(x, unsqueeze(x.value(), axis).shape()); }
Var permute(const Var& x, const Axes& order) {
  static constexpr Op op =
      Op::with_leading_axes("permute", "x with axes in another order", {"dy/dx = 1: g with axes in x's order"});
  const auto inverse = [&] {
    Axes back = order;
    for (int i = 0; i < order.size(); ++i) back[normalize_axis("permute", order[i], x.dim())] = i - order.size();
    return back;
  };
  Tensor value = permute(x.value(), order);
  return record(op, std::move(value), wrt(x, [back = inverse()](const Var& g) {
                  Axes whole;
                  for (int i = 0; i < g.dim() - back.size(); ++i) whole.push_back(i);
                  for (const std::int64_t axis : back) whole.push_back(axis);
                  return permute(g, whole);
                }));
}
Var transpose(const Var& x, std::int64_t a, std::int64_t b) {
  static constexpr Op op = Op::with_leading_axes("transpose", "xᵀ", {"dy/dx = 1: gᵀ"});
  Tensor value = transpose(x.value(), a, b);
  return record(op, std::move(value),
                wrt(x, [a = from_back("transpose", a, x), b = from_back("transpose", b, x)](const Var& g) {
                  return transpose(g, a, b);
                }));
}
Var flip(const Var& x, const Axes& axes) {
  static constexpr Op op = Op::with_leading_axes("flip", "x turned round", {"dy/dx = 1: g turned back"});
  Tensor value = flip(x.value(), axes);
  Axes back;
  for (const std::int64_t axis : axes) back.push_back(from_back("flip", axis, x));
  return record(op, std::move(value), wrt(x, [back](const Var& g) { return flip(g, back); }));
}
Var contiguous(const Var& x) {
  static constexpr Op op = Op::with_leading_axes("contiguous", "x, copied", {"dy/dx = 1"});
  return record(op, contiguous(x.value()), wrt(x, [](const Var& g) { return g; }));
}
Var to(const Var& x, Dtype dtype) {
  static constexpr Op op = Op::with_leading_axes("to", "x in another dtype", {"dy/dx = 1: g in x's dtype"});
  return record(op, to(x.value(), dtype), wrt(x, [from = x.dtype()](const Var& g) { return to(g, from); }));
}

// ---- picking, and adding what was picked into zeros

Var slice(const Var& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  static constexpr Op op =
      Op::with_leading_axes("slice", "a part of x", {"dy/dx = 1 where it was cut out: g among zeros"});
  if (step < 0 && x.dim() > 0) return composed::slice_backwards(x, axis, start, stop, step);
  const std::int64_t extent = x.size(axis);
  const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + extent : start, 0, extent);
  return record(op, slice(x.value(), axis, start, stop, step),
                wrt(x, [place = SlicePlace{x.shape(), from_back("slice", axis, x), first, step}](const Var& g) {
                  return Share(g, place);  // embed_slice, or joined with the gradients of other slices of x
                }));
}
Var embed_slice(const Var& x, const Shape& shape, std::int64_t axis, std::int64_t start, std::int64_t step) {
  static constexpr Op op =
      Op::with_leading_axes("embed_slice", "x among zeros", {"dy/dx = 1: the part of g where x was put"});
  Tensor value = embed_slice(x.value(), shape, axis, start, step);
  const std::int64_t extent = value.size(axis);
  const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + extent : start, 0, extent);
  return record(op, std::move(value),
                wrt(x, [axis = from_back("embed_slice", axis, x), first, step, count = x.size(axis)](const Var& g) {
                  return slice(g, axis, first, count == 0 ? first : first + (count - 1) * step + 1, step);
                }));
}
Var select(const Var& x, std::int64_t axis, std::int64_t index) {
  const Shape shape = select(x.value(), axis, index).shape();
  const std::int64_t at = index < 0 ? index + x.size(axis) : index;
  return reshape(slice(x, axis, at, at + 1), shape);
}
Var unfold(const Var& x, std::int64_t axis, std::int64_t size, std::int64_t step) {
  static constexpr Op op{"unfold", "windows of x", {"dy/dx = 1: an element's windows are added up"}};
  return record(op, unfold(x.value(), axis, size, step),
                wrt(x, [from = x.shape(), axis, size, step](const Var& g) { return fold(g, from, axis, size, step); }));
}
Var fold(const Var& x, const Shape& shape, std::int64_t axis, std::int64_t size, std::int64_t step) {
  static constexpr Op op{"fold", "windows, added up", {"dy/dx = 1: the windows of g"}};
  return record(op, fold(x.value(), shape, axis, size, step),
                wrt(x, [axis, size, step](const Var& g) { return unfold(g, axis, size, step); }));
}
Var index_select(const Var& x, std::int64_t axis, const Tensor& index) {
  static constexpr Op op{
      "index_select", "rows of x that an index picks", {"dy/dx = 1 where picked: g is added to the rows"}};
  return record(op, index_select(x.value(), axis, index), wrt(x, [from = x.shape(), axis, index](const Var& g) {
                  return index_add(constant(zeros(from, g.dtype())), axis, index, g);
                }));
}
Var index_add(const Var& x, std::int64_t axis, const Tensor& index, const Var& source) {
  static constexpr Op op{
      "index_add", "x, with rows of s added", {"dy/dx = 1", "dy/ds = 1: the rows of g that the index picks"}};
  return record(op, index_add(x.value(), axis, index, source.value()), wrt(x, [](const Var& g) { return g; }),
                wrt(source, [axis, index](const Var& g) { return index_select(g, axis, index); }));
}
Var gather(const Var& x, std::int64_t axis, const Tensor& index) {
  static constexpr Op op{"gather", "elements of x that an index picks", {"dy/dx = 1 where picked: g is added to them"}};
  return record(op, gather(x.value(), axis, index), wrt(x, [from = x.shape(), axis, index](const Var& g) {
                  return scatter_add(constant(zeros(from, g.dtype())), axis, index, g);
                }));
}
Var scatter_add(const Var& x, std::int64_t axis, const Tensor& index, const Var& source) {
  static constexpr Op op{
      "scatter_add", "x, with elements of s added", {"dy/dx = 1", "dy/ds = 1: the elements of g that the index picks"}};
  check(source.shape() == index.shape(), "scatter_add", "index is ", describe(index), ", source ", describe(source),
        "; to differentiate, they must have one shape");
  return record(op, scatter_add(x.value(), axis, index, source.value()), wrt(x, [](const Var& g) { return g; }),
                wrt(source, [axis, index](const Var& g) { return gather(g, axis, index); }));
}
Var triu(const Var& x, std::int64_t diagonal) {
  static constexpr Op op =
      Op::with_leading_axes("triu", "x above the diagonal", {"dy/dx = 1 above the diagonal, else 0"});
  return record(op, triu(x.value(), diagonal), wrt(x, [diagonal](const Var& g) { return triu(g, diagonal); }));
}
Var tril(const Var& x, std::int64_t diagonal) {
  static constexpr Op op =
      Op::with_leading_axes("tril", "x below the diagonal", {"dy/dx = 1 below the diagonal, else 0"});
  return record(op, tril(x.value(), diagonal), wrt(x, [diagonal](const Var& g) { return tril(g, diagonal); }));
}

// ---- joining and cutting

namespace {
std::vector<Tensor> values_of(std::span<const Var> parts) {
  std::vector<Tensor> values;
  for (const Var& part : parts) values.push_back(part.value());
  return values;
}
}  // namespace

Var concat(std::span<const Var> parts, std::int64_t axis) {
  static constexpr Op op = Op::with_leading_axes("concat", "the inputs, end to end", {"dy/dx = 1: its own part of g"});
  Tensor value = concat(values_of(parts), axis);
  std::int64_t start = 0;
  const auto cut = [&](const Var& part) {
    const std::int64_t begin = start;
    start += part.size(axis);
    return wrt(part, [axis = from_back("concat", axis, part), begin, end = start](const Var& g) {
      return slice(g, axis, begin, end);
    });
  };
  std::vector<decltype(cut(Var()))> edges;
  for (const Var& part : parts) edges.push_back(cut(part));
  return record(op, std::move(value), std::move(edges));
}
Var concat(std::initializer_list<Var> parts, std::int64_t axis) {
  return concat(std::span<const Var>(parts.begin(), parts.size()), axis);
}
Var stack(std::span<const Var> parts, std::int64_t axis) {
  const int at = normalize_axis("stack", axis, (parts.empty() ? 0 : parts[0].dim()) + 1);
  std::vector<Var> widened;
  for (const Var& part : parts) {
    check(part.shape() == parts[0].shape(), "stack", "part 0 is ", describe(parts[0]), ", another is ", describe(part));
    widened.push_back(unsqueeze(part, at));
  }
  return concat(widened, at);
}
Var stack(std::initializer_list<Var> parts, std::int64_t axis) {
  return stack(std::span<const Var>(parts.begin(), parts.size()), axis);
}

std::vector<Var> split(const Var& x, std::int64_t size, std::int64_t axis) {
  std::vector<std::int64_t> sizes;
  for (const Tensor& part : split(x.value(), size, axis)) sizes.push_back(part.size(axis));
  return split(x, sizes, axis);
}
std::vector<Var> split(const Var& x, const std::vector<std::int64_t>& sizes, std::int64_t axis) {
  split(x.value(), sizes, axis);  // throws if they do not fit
  std::vector<Var> parts;
  std::int64_t start = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(slice(x, axis, start, start + size));
    start += size;
  }
  return parts;
}
Var pad(const Var& x, const std::vector<Padding>& paddings, Scalar value) {
  static constexpr Op op = Op::with_leading_axes("pad", "x with a frame", {"dy/dx = 1: g without the frame"});
  return record(op, pad(x.value(), paddings, value), wrt(x, [from = x.shape(), paddings](const Var& g) {
                  Var inner = g;
                  for (std::size_t i = 0; i < paddings.size(); ++i) {
                    const int axis = -static_cast<int>(paddings.size() - i);
                    inner = slice(inner, axis, paddings[i].before, paddings[i].before + from[from.size() + axis]);
                  }
                  return inner;
                }));
}

// ---- images

// A sparse matrix multiplies each axis; the adjoint multiplies by the transposes.
Var resample(const Var& x, const ImageTaps& taps) {
  static constexpr Op op{"resample", "weighted sums of x", {"dy/dx = the weights, transposed"}};
  return record(op, resample(x.value(), taps), wrt(x, [taps](const Var& g) { return resample(g, taps.transposed()); }));
}

namespace {
// The shape with the last `axes` axes joined to one, and all before them joined to one.
Shape planes_of(const Shape& shape, int axes) {
  Shape planes{1, 1};
  for (int axis = 0; axis < shape.size(); ++axis) {
    std::int64_t& extent = planes[axis < shape.size() - axes ? 0 : 1];
    extent = Checked("planes", extent) * shape[axis];
  }
  return planes;
}
// Adds x's numbers into planes of zeros, at `indices`.
Var add_to_planes(const Var& x, const Tensor& indices, const Shape& shape, int axes) {
  const Shape from = planes_of(x.shape(), axes);
  const Var empty = constant(zeros(planes_of(shape, axes), x.dtype()));
  return reshape(scatter_add(empty, 1, reshape(indices, from), reshape(x, from)), shape);
}
}  // namespace

// The largest number is picked, and the gradient goes back to where it was.
PooledVar max_over_taps(const Var& x, const ImageTaps& taps) {
  static constexpr Op op{"max_over_taps", "the largest x in each window", {"dy/dx = 1 where the largest was, else 0"}};
  Pooled y = max_over_taps(x.value(), taps);
  const Tensor indices = y.indices;
  return {record(op, std::move(y.values),
                 wrt(x, [indices, from = x.shape(),
                         axes = taps.axes()](const Var& g) { return add_to_planes(g, indices, from, axes); })),
          indices};
}
template <int N>
static Var max_unpool(std::string_view op, const Var& x, const Tensor& indices, const MaxUnpoolOptions<N>& options) {
  const Unpooling to = unpooling_of<N>(op, x.value(), indices, options);
  return add_to_planes(to.stays ? where(*to.stays, x, 0) : x, indices, to.shape, N);
}
Var max_unpool1d(const Var& x, const Tensor& indices, const MaxUnpool1dOptions& options) {
  return max_unpool<1>("max_unpool1d", x, indices, options);
}
Var max_unpool2d(const Var& x, const Tensor& indices, const MaxUnpool2dOptions& options) {
  return max_unpool<2>("max_unpool2d", x, indices, options);
}

}  // namespace hourglass
