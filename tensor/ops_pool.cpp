// SPDX-License-Identifier: MIT
// Pooling, unpooling and interpolation: sums and maxima over taps, which windows.cpp makes.
#include <algorithm>
#include <limits>

#include "tensor/checked.h"
#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

constexpr std::int64_t kPoolGrain = 16384;  // numbers a chunk

// x as a stack of planes, and the result's shape.
struct Planes {
  std::int64_t count, height, width, out_height, out_width;
  Shape shape;
};
Planes planes_of(std::string_view op, const Tensor& x, const ImageTaps& taps) {
  const int axes = taps.axes();
  check(x.dim() >= axes, op, "needs ", axes, " axes or more, got ", describe(x));
  const std::int64_t width = x.size(-1), height = taps.rows ? x.size(-2) : 1;
  check(taps.columns.extent == width && (!taps.rows || taps.rows->extent == height), op, "the taps are for [",
        taps.rows ? join(taps.rows->extent, ", ") : "", taps.columns.extent, "], x is ", describe(x));
  Planes result{1, height, width, taps.rows ? taps.rows->outputs() : 1, taps.columns.outputs(), x.shape()};
  for (int axis = 0; axis < x.dim() - axes; ++axis) result.count = Checked(op, result.count) * x.shape()[axis];
  if (taps.rows) result.shape[x.dim() - 2] = result.out_height;
  result.shape.back() = result.out_width;
  return result;
}

// A series has one row, which is its own result.
const Taps& rows_of(const ImageTaps& taps) {
  static const Taps one = [] {
    Taps row{1};
    row.add(0, 1);
    row.end_output();
    return row;
  }();
  return taps.rows ? *taps.rows : one;
}

// f(plane, output row) for all rows of all planes.
template <class F>
void for_each_image_row(const Planes& planes, const ImageTaps& taps, const F& f) {
  const std::int64_t taps_of_row = static_cast<std::int64_t>(taps.columns.index.size()) + planes.width;
  parallel_for(planes.count * planes.out_height, kPoolGrain / (taps_of_row + 1) + 1,
               [&](std::int64_t begin, std::int64_t end) { f(begin, end); });
}

template <class T>
void resample(const Planes& planes, const ImageTaps& taps, const T* x, T* y) {
  const Taps &rows = rows_of(taps), &columns = taps.columns;
  const std::vector<T> row_weights(rows.weight.begin(), rows.weight.end());
  const std::vector<T> column_weights(columns.weight.begin(), columns.weight.end());
  for_each_image_row(planes, taps, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> sums(static_cast<std::size_t>(planes.width));
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const plane = x + row / planes.out_height * planes.height * planes.width;
      const auto i = static_cast<std::size_t>(row % planes.out_height);
      std::fill(sums.begin(), sums.end(), T(0));
      for (auto t = static_cast<std::size_t>(rows.begin[i]); t < static_cast<std::size_t>(rows.begin[i + 1]); ++t) {
        const T* const from = plane + rows.index[t] * planes.width;
        for (std::size_t w = 0; w < sums.size(); ++w) sums[w] += row_weights[t] * from[w];
      }
      T* const to = y + row * planes.out_width;
      for (std::size_t j = 0; j < static_cast<std::size_t>(planes.out_width); ++j) {
        T sum = 0;
        for (auto t = static_cast<std::size_t>(columns.begin[j]); t < static_cast<std::size_t>(columns.begin[j + 1]);
             ++t)
          sum += column_weights[t] * sums[static_cast<std::size_t>(columns.index[t])];
        to[j] = sum;
      }
    }
  });
}

template <class T>
void max_over_taps(const Planes& planes, const ImageTaps& taps, const T* x, T* values, std::int64_t* indices) {
  const Taps &rows = rows_of(taps), &columns = taps.columns;
  for_each_image_row(planes, taps, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* const plane = x + row / planes.out_height * planes.height * planes.width;
      const auto i = static_cast<std::size_t>(row % planes.out_height);
      for (std::int64_t j = 0; j < planes.out_width; ++j) {
        std::int64_t best = -1;
        T largest = -std::numeric_limits<T>::infinity();
        for (std::int64_t t = rows.begin[i]; t < rows.begin[i + 1]; ++t) {
          const std::int64_t line = rows.index[static_cast<std::size_t>(t)] * planes.width;
          const auto at = static_cast<std::size_t>(j);
          for (std::int64_t s = columns.begin[at]; s < columns.begin[at + 1]; ++s) {
            const std::int64_t place = line + columns.index[static_cast<std::size_t>(s)];
            const T value = plane[place];
            if (value > largest || value != value || best < 0) {
              largest = value;
              best = place;
            }
          }
        }
        values[row * planes.out_width + j] = largest;
        indices[row * planes.out_width + j] = best;
      }
    }
  });
}

void check_has_taps(std::string_view op, const Taps& taps) {
  for (std::size_t i = 1; i < taps.begin.size(); ++i)
    check(taps.begin[i] > taps.begin[i - 1], op, "output ", i - 1, " has no taps");
}

}  // namespace

Tensor resample(const Tensor& x, const ImageTaps& taps) {
  const Work work("resample", 0, x);
  const Planes planes = planes_of("resample", x, taps);
  Tensor y(planes.shape, x.dtype());
  const Tensor from = contiguous(x);
  dispatch_floating("resample", x.dtype(), [&]<class T>() {
    if (y.numel() > 0)
      within_memory(
          "resample", [&] { resample<T>(planes, taps, from.data<T>(), y.mutable_data<T>()); }, "x is ", describe(x),
          ", the result ", describe(y));
  });
  return y;
}

Pooled max_over_taps(const Tensor& x, const ImageTaps& taps) {
  const Work work("max_over_taps", 0, x);
  const Planes planes = planes_of("max_over_taps", x, taps);
  check_has_taps("max_over_taps", rows_of(taps));
  check_has_taps("max_over_taps", taps.columns);
  Pooled y{Tensor(planes.shape, x.dtype()), Tensor(planes.shape, Dtype::i64)};
  const Tensor from = contiguous(x);
  dispatch_floating("max_over_taps", x.dtype(), [&]<class T>() {
    if (y.values.numel() > 0)
      max_over_taps<T>(planes, taps, from.data<T>(), y.values.mutable_data<T>(),
                       y.indices.mutable_data<std::int64_t>());
  });
  return y;
}

Pooled max_pool1d_with_indices(const Tensor& x, const MaxPool1dOptions& options) {
  return max_over_taps(x, taps_of("max_pool1d", x, options));
}
Pooled max_pool2d_with_indices(const Tensor& x, const MaxPool2dOptions& options) {
  return max_over_taps(x, taps_of("max_pool2d", x, options));
}
Tensor max_pool1d(const Tensor& x, const MaxPool1dOptions& options) {
  return max_pool1d_with_indices(x, options).values;
}
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  return max_pool2d_with_indices(x, options).values;
}
Tensor avg_pool1d(const Tensor& x, const AvgPool1dOptions& options) {
  return resample(x, taps_of("avg_pool1d", x, options));
}
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options) {
  return resample(x, taps_of("avg_pool2d", x, options));
}
Pooled adaptive_max_pool1d_with_indices(const Tensor& x, PerAxis<1> output_size) {
  return max_over_taps(x, adaptive_taps("adaptive_max_pool1d", x, output_size));
}
Pooled adaptive_max_pool2d_with_indices(const Tensor& x, PerAxis<2> output_size) {
  return max_over_taps(x, adaptive_taps("adaptive_max_pool2d", x, output_size));
}
Tensor adaptive_max_pool1d(const Tensor& x, PerAxis<1> output_size) {
  return adaptive_max_pool1d_with_indices(x, output_size).values;
}
Tensor adaptive_max_pool2d(const Tensor& x, PerAxis<2> output_size) {
  return adaptive_max_pool2d_with_indices(x, output_size).values;
}
Tensor adaptive_avg_pool1d(const Tensor& x, PerAxis<1> output_size) {
  return resample(x, adaptive_taps("adaptive_avg_pool1d", x, output_size));
}
Tensor adaptive_avg_pool2d(const Tensor& x, PerAxis<2> output_size) {
  return resample(x, adaptive_taps("adaptive_avg_pool2d", x, output_size));
}
Tensor interpolate(const Tensor& x, const InterpolateOptions& options) {
  return resample(x, taps_of("interpolate", x, options));
}

template <int N>
Unpooling unpooling_of(std::string_view op, const Tensor& x, const Tensor& indices,
                       const MaxUnpoolOptions<N>& options) {
  check(x.dim() >= N, op, "needs ", N == 1 ? "[..., length]" : "[..., height, width]", ", got ", describe(x));
  check(indices.dtype() == Dtype::i64 && indices.shape() == x.shape(), op, "indices are i64 and of x's shape: x is ",
        describe(x), ", indices ", describe(indices));
  Unpooling result{x.shape(), 1, 1, {}};
  for (int axis = 0; axis < N; ++axis) {
    std::int64_t& extent = result.shape[x.dim() - N + axis];
    const std::int64_t stride = options.stride[axis] == 0 ? options.kernel[axis] : options.stride[axis];
    const std::int64_t usual =
        Checked(op, extent - 1) * stride - Checked(op, options.padding[axis]) * 2 + options.kernel[axis];
    const std::int64_t wanted = options.output_size[axis] == 0 ? usual : options.output_size[axis];
    check(stride >= 1 && options.kernel[axis] >= 1 && wanted >= 1 &&
              std::abs(std::int64_t{Checked(op, wanted) - usual}) < stride,
          op, "an extent of ", extent, " with kernel ", options.kernel[axis], ", stride ", stride, " and padding ",
          options.padding[axis], " came from ", usual, ", give or take ", stride - (stride > 0 ? 1 : 0), "; asked for ",
          wanted);
    extent = wanted;
    result.size = Checked(op, result.size) * wanted;
  }
  for (int axis = 0; axis < x.dim() - N; ++axis) result.planes = Checked(op, result.planes) * x.shape()[axis];

  // Of several numbers for one place, the last one stays.
  const Tensor flat = contiguous(indices);
  const std::int64_t* const index = flat.data<std::int64_t>();
  const std::int64_t count = result.planes == 0 ? 0 : x.numel() / result.planes;
  Tensor writers({result.size}, Dtype::i64);
  std::int64_t* const last = writers.mutable_data<std::int64_t>();
  Tensor stays(x.shape(), Dtype::u8);
  std::uint8_t* const mask = stays.mutable_data<std::uint8_t>();
  bool all = true;
  for (std::int64_t plane = 0; plane < result.planes; ++plane) {
    std::fill_n(last, result.size, -1);
    for (std::int64_t i = plane * count; i < (plane + 1) * count; ++i) {
      check(index[i] >= 0 && index[i] < result.size, op, "index ", index[i], " is out of range for an image of ",
            result.size, " numbers: x is ", describe(x));
      std::int64_t& writer = last[index[i]];
      mask[i] = 1;
      if (writer >= 0) {
        mask[writer] = 0;
        all = false;
      }
      writer = i;
    }
  }
  if (!all) result.stays = stays;
  return result;
}
template Unpooling unpooling_of(std::string_view, const Tensor&, const Tensor&, const MaxUnpoolOptions<1>&);
template Unpooling unpooling_of(std::string_view, const Tensor&, const Tensor&, const MaxUnpoolOptions<2>&);

namespace {
template <int N>
Tensor max_unpool(std::string_view op, const Tensor& x, const Tensor& indices, const MaxUnpoolOptions<N>& options) {
  const Work work(op, 0, x, indices);
  const Unpooling to = unpooling_of<N>(op, x, indices, options);
  const std::int64_t count = to.planes == 0 ? 0 : x.numel() / to.planes;
  const Tensor kept = to.stays ? where(*to.stays, x, 0) : x;
  return reshape(scatter_add(zeros({to.planes, to.size}, x.dtype()), 1, reshape(indices, {to.planes, count}),
                             reshape(kept, {to.planes, count})),
                 to.shape);
}
}  // namespace
Tensor max_unpool1d(const Tensor& x, const Tensor& indices, const MaxUnpool1dOptions& options) {
  return max_unpool<1>("max_unpool1d", x, indices, options);
}
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, const MaxUnpool2dOptions& options) {
  return max_unpool<2>("max_unpool2d", x, indices, options);
}

}  // namespace hourglass
