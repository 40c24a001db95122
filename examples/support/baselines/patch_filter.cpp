// SPDX-License-Identifier: MIT
#include "examples/support/baselines/patch_filter.h"

#include <algorithm>

#include "examples/support/baselines/border.h"
#include "examples/support/metrics/finite.h"

namespace hourglass::examples {
namespace {

// As [n, channels, height, width].
Tensor with_channels(const Tensor& x) {
  if (x.dim() == 4) return x;
  std::int64_t planes = 1;
  for (int axis = 0; axis < x.dim() - 2; ++axis) planes *= x.size(axis);
  return reshape(x, {planes, 1, x.size(-2), x.size(-1)});
}

// All patches of one picture [channels, height, width] in windows of these rows, [patches, channels * size * size].
Tensor patches_of(const Tensor& picture, std::int64_t size, std::int64_t first_row, std::int64_t rows) {
  const Tensor band = slice(picture, 1, first_row, first_row + rows + size - 1);
  const Tensor windows = unfold(unfold(band, 1, size, 1), 2, size, 1);  // [channels, rows, columns, size, size]
  return reshape(permute(windows, {1, 2, 0, 3, 4}), {rows * windows.size(2), -1});
}

// Pixel i of the mapped patch, averaged over the patches that contain a pixel, takes pixel j of each patch with weight
// w[j, i] / size²: a kernel with w's sums over equal j - i.
Tensor kernel_of(const Tensor& weight, std::int64_t size) {
  const std::int64_t area = size * size, in = weight.size(0) / area, out = weight.size(1) / area, side = 2 * size - 1;
  Tensor kernel = zeros({out, in, side, side}, Dtype::f64);
  double* const k = kernel.mutable_data<double>();
  const double* const w = weight.data<double>();
  for (std::int64_t j = 0; j < in * area; ++j)
    for (std::int64_t i = 0; i < out * area; ++i) {
      const std::int64_t row = j % area / size - i % area / size + size - 1, column = j % size - i % size + size - 1;
      k[((i / area * in + j / area) * side + row) * side + column] += w[j * out * area + i] / static_cast<double>(area);
    }
  return kernel;
}

}  // namespace

PatchFilter::PatchFilter(const PatchFilterOptions& options) : options_(options) {
  check(options.size >= 1, "PatchFilter", "needs patches of at least 1 pixel, got size ", options.size);
}

void PatchFilter::learn(const Tensor& damaged, const Tensor& clean) {
  check_pictures("PatchFilter", damaged);
  check_pictures("PatchFilter", clean);
  check_finite("PatchFilter", damaged);
  check_finite("PatchFilter", clean);
  const Tensor x = with_channels(damaged), y = with_channels(clean);
  const std::int64_t size = options_.size, rows = x.size(2) - size + 1, columns = x.size(3) - size + 1;
  check(damaged.dim() == clean.dim() && x.size(0) == y.size(0) && x.size(2) == y.size(2) && x.size(3) == y.size(3),
        "PatchFilter", "needs pairs of pictures of the same extents, got ", describe(damaged), " and ",
        describe(clean));
  check(rows >= 1 && columns >= 1, "PatchFilter", "needs pictures of at least ", size, " x ", size, " pixels, got ",
        describe(damaged));
  if (patches_.rows() > 0)
    check(x.size(1) == kernel_.size(1) && y.size(1) == kernel_.size(0), "PatchFilter", "has learnt from pictures of ",
          kernel_.size(1), " channels to give ", kernel_.size(0), ", got ", describe(damaged), " and ",
          describe(clean));
  const std::int64_t band = std::max<std::int64_t>(1, 4096 / columns);
  for (std::int64_t i = 0; i < x.size(0); ++i)
    for (std::int64_t row = 0; row < rows; row += band) {
      const std::int64_t count = std::min(band, rows - row);
      patches_.add(patches_of(select(x, 0, i), size, row, count), patches_of(select(y, 0, i), size, row, count));
    }
  if (patches_.rows() == 0) return;
  const AffineMap map = patches_.solve(options_.ridge);
  kernel_ = kernel_of(map.weight, size);
  bias_ = mean(reshape(map.bias, {-1, size * size}), {1});
}

Tensor PatchFilter::operator()(const Tensor& x) const {
  check_pictures("PatchFilter", x);
  check(patches_.rows() > 0, "PatchFilter", "has learnt from no pictures");
  const Tensor planes = with_channels(x);
  check(planes.size(1) == kernel_.size(1), "PatchFilter", "has learnt from pictures of ", kernel_.size(1),
        " channels, got ", describe(x));
  Shape shape = x.shape();
  if (x.dim() == 4) shape[1] = kernel_.size(0);
  else
    check(kernel_.size(0) == 1, "PatchFilter", "gives pictures of ", kernel_.size(0),
          " channels and so needs [n, channels, height, width], got ", describe(x));
  if (x.numel() == 0) return zeros(shape, x.dtype());
  const Tensor padded = reflect_pad(planes, options_.size - 1, options_.size - 1);
  return reshape(conv2d(padded, to(kernel_, x.dtype()), to(bias_, x.dtype())), shape);
}

}  // namespace hourglass::examples
