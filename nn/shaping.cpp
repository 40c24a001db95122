// SPDX-License-Identifier: MIT
#include "nn/shaping.h"

#include "autograd/ops.h"
#include "tensor/checked.h"

namespace hourglass::nn {

Var Flatten::forward(const Var& x) const { return flatten(x, first_, last_); }

Var Unflatten::forward(const Var& x) const {
  const int axis = normalize_axis("unflatten", axis_, x.dim());
  Checked known("unflatten", 1);
  int unknown = 0;
  for (const std::int64_t size : sizes_) {
    check(size >= -1, "unflatten", "extent ", size, " in ", sizes_, "; only -1 has a meaning");
    if (size >= 0) known *= size;
    else ++unknown;
  }
  check(unknown <= 1, "unflatten", "-1 comes twice in ", sizes_);
  Shape shape = x.shape();
  shape.erase(axis);
  // The extent -1 is computed here, because reshape cannot infer it from an empty batch.
  for (int i = sizes_.size() - 1; i >= 0; --i)
    shape.insert(axis, sizes_[i] < 0 && known > 0 ? x.shape()[axis] / known : sizes_[i]);
  check(numel(shape) == x.numel() && (x.numel() > 0 || known > 0), "unflatten", "axis ", axis, " of ", describe(x),
        " cannot become ", sizes_);
  return reshape(x, shape);
}

Var Reshape::forward(const Var& x) const {
  check(x.dim() > 0, "reshape", "needs a batch, got ", describe(x));
  return Unflatten(1, sample_).forward(x.dim() == 1 ? unsqueeze(x, 1) : flatten(x, 1));
}

namespace {
// The extents before the last three axes. pixel_shuffle and its inverse do not change them.
Shape leading(std::string_view op, const Var& x) {
  check(x.dim() >= 3, op, "expects [..., c, h, w], got ", describe(x));
  Shape shape;
  for (int axis = 0; axis < x.dim() - 3; ++axis) shape.push_back(x.shape()[axis]);
  return shape;
}
Shape with(Shape shape, std::initializer_list<std::int64_t> extents) {
  for (const std::int64_t extent : extents) shape.push_back(extent);
  return shape;
}
// A permutation that keeps the first `front` axes and reorders the others by `last`, which counts
// from axis `front`.
Axes order(int front, std::initializer_list<int> last) {
  Axes axes;
  for (int axis = 0; axis < front; ++axis) axes.push_back(axis);
  for (const int axis : last) axes.push_back(front + axis);
  return axes;
}
}  // namespace

PixelShuffle::PixelShuffle(std::int64_t upscale_factor) : factor_(upscale_factor) {
  check(factor_ > 0, "pixel_shuffle", "needs a factor of at least 1, got ", factor_);
}
Var PixelShuffle::forward(const Var& x) const {
  const Shape front = leading("pixel_shuffle", x);
  const Checked r("pixel_shuffle", factor_);
  const std::int64_t c = x.size(-3) / (r * r), h = x.size(-2), w = x.size(-1);
  check(x.size(-3) % (r * r) == 0, "pixel_shuffle", "the number of channels must be a multiple of ",
        std::int64_t{r * r}, ", got ", describe(x));
  const Var cells = permute(reshape(x, with(front, {c, r, r, h, w})), order(front.size(), {0, 3, 1, 4, 2}));
  return reshape(cells, with(front, {c, h * r, w * r}));
}

PixelUnshuffle::PixelUnshuffle(std::int64_t downscale_factor) : factor_(downscale_factor) {
  check(factor_ > 0, "pixel_unshuffle", "needs a factor of at least 1, got ", factor_);
}
Var PixelUnshuffle::forward(const Var& x) const {
  const Shape front = leading("pixel_unshuffle", x);
  const Checked r("pixel_unshuffle", factor_);
  const std::int64_t c = x.size(-3), h = x.size(-2) / r, w = x.size(-1) / r;
  check(x.size(-2) % r == 0 && x.size(-1) % r == 0, "pixel_unshuffle", "height and width must be multiples of ",
        factor_, ", got ", describe(x));
  const Var cells = permute(reshape(x, with(front, {c, h, r, w, r})), order(front.size(), {0, 2, 4, 1, 3}));
  return reshape(cells, with(front, {c * r * r, h, w}));
}

Var Residual::forward(const Var& x) const {
  const Var change = Sequential::forward(x);
  check(change.shape() == x.shape(), "residual", "x is ", describe(x), ", but the layers give ", describe(change));
  return x + change;
}

Var Concat::forward(const Var& x) const {
  std::vector<Var> parts;
  for (const Layer* layer : *this) parts.push_back((*layer)(x));
  return concat(parts, axis_);
}

}  // namespace hourglass::nn
