// SPDX-License-Identifier: MIT
// The taps of each kind of pooling and interpolation along each axis.
#include "tensor/windows.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "tensor/checked.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

// One spatial axis of a pooling.
struct Pooling {
  std::int64_t extent, kernel, stride, padding, dilation;
  bool ceil_mode;
};

std::int64_t outputs_of(std::string_view op, const Tensor& x, const Pooling& a) {
  check(a.kernel >= 1 && a.stride >= 1 && a.dilation >= 1, op,
        "kernel, stride and dilation are at least 1, got kernel ", a.kernel, ", stride ", a.stride, ", dilation ",
        a.dilation);
  check(a.padding >= 0 && a.padding <= a.kernel / 2, op, "padding is at least 0 and at most half of the kernel, got ",
        a.padding, " with kernel ", a.kernel);
  const std::int64_t span = Checked(op, a.dilation) * (a.kernel - 1) + 1;
  const std::int64_t padded = Checked(op, a.padding) * 2 + a.extent;
  check(span <= padded, op, "the window does not fit into the image: x is ", describe(x), ", a window spans ", span,
        ", the image with its padding ", padded);
  if (!a.ceil_mode) return (padded - span) / a.stride + 1;
  // One more window for the rest, unless it would start past the end of the image.
  return std::min(ceil_div(padded - span, a.stride) + 1, ceil_div(a.extent + a.padding, a.stride));
}

// along(axis) for each of the last N axes, counted from the first of them.
template <int N, class Along>
TapsOf<N> each_axis(std::string_view op, const Tensor& x, const Along& along) {
  constexpr std::string_view needed[] = {"[..., length]", "[..., height, width]", "[..., depth, height, width]"};
  check(x.dim() >= N, op, "needs ", needed[N - 1], ", got ", describe(x));
  if constexpr (N == 1) return {std::nullopt, along(0)};
  else if constexpr (N == 2) return {along(0), along(1)};
  else return {along(0), {along(1), along(2)}};
}

// No taps yet, with room for `outputs` of at most `each`.
Taps taps_for(std::string_view op, std::int64_t extent, std::int64_t outputs, std::int64_t each) {
  Taps taps{extent};
  const Checked most = Checked(op, outputs) * each;
  reserve(op, taps.begin, Checked(op, outputs) + 1);
  reserve(op, taps.index, most);
  reserve(op, taps.weight, most);
  return taps;
}

// The inputs from first to end, all with one weight.
void add_window(Taps& taps, std::int64_t first, std::int64_t end, double weight) {
  for (std::int64_t i = first; i < end; ++i) taps.add(i, weight);
  taps.end_output();
}

Taps adaptive(std::string_view op, const Tensor& x, std::int64_t extent, std::int64_t outputs) {
  if (outputs == -1) outputs = extent;
  check(outputs >= 0, op, "an output size is at least 0, or -1 to keep the extent; got ", outputs);
  check(extent >= 1 || outputs == 0, op, "x is empty: ", describe(x));
  Taps taps = taps_for(op, extent, outputs, outputs == 0 ? Checked(op, 0) : Checked(op, ceil_div(extent, outputs)) + 1);
  (void)(Checked(op, outputs) * extent + outputs);  // the largest of the numbers below
  for (std::int64_t i = 0; i < outputs; ++i) {
    const std::int64_t first = i * extent / outputs, end = ((i + 1) * extent + outputs - 1) / outputs;
    add_window(taps, first, end, 1 / static_cast<double>(end - first));
  }
  return taps;
}

// Weights of the four neighbours of a point that lies t past the second (Keys 1981, equation 15 with a = -3/4).
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

// One axis of an interpolation. The step from one output to the next, in inputs, follows from the extents unless a factor
// was given.
struct Resizing {
  std::int64_t extent, outputs;
  double factor;
  InterpolateMode mode;
  bool align_corners;
  bool in_float;  // x is f32
  bool one_channel;

  double step() const { return factor > 0 ? 1 / factor : static_cast<double>(extent) / static_cast<double>(outputs); }
  std::int64_t nearest(std::int64_t i) const;
  void add_neighbours(Taps& taps, std::int64_t i) const;
};

// PyTorch's choice where rounding decides: the product has x's dtype, and its floor is that of a float. For images of one
// channel, it computes in float, and copies an image that keeps or doubles its extent.
std::int64_t Resizing::nearest(std::int64_t i) const {
  const bool exact = mode == InterpolateMode::nearest_exact;
  if (one_channel && !exact && outputs == extent) return i;
  if (one_channel && !exact && outputs == 2 * extent) return i / 2;
  const double at = static_cast<double>(i) + (exact ? 0.5 : 0);
  const float place =
      in_float || one_channel ? static_cast<float>(at) * static_cast<float>(step()) : static_cast<float>(at * step());
  return std::min(static_cast<std::int64_t>(place), extent - 1);
}

void Resizing::add_neighbours(Taps& taps, std::int64_t i) const {
  const std::int64_t last = extent - 1;
  const double aligned = outputs > 1 ? static_cast<double>(last) / static_cast<double>(outputs - 1) : 0;
  const auto at = static_cast<double>(i);
  const double middle = align_corners ? at * aligned : (at + 0.5) * step() - 0.5;
  if (mode == InterpolateMode::bicubic) {
    const double before = std::floor(middle);
    const std::array<double, 4> weights = cubic_weights(middle - before);
    for (int k = 0; k < 4; ++k)
      taps.add(std::clamp<std::int64_t>(static_cast<std::int64_t>(before) + k - 1, 0, last),
               weights[static_cast<std::size_t>(k)]);
    return;
  }
  const double from = outputs == extent ? at : std::max(middle, 0.0);  // an axis that keeps its extent is copied
  const std::int64_t before = std::min(static_cast<std::int64_t>(from), last);
  const double part = std::min(from - static_cast<double>(before), 1.0);
  taps.add(before, before < last ? 1 - part : 1);
  if (before < last) taps.add(before + 1, part);
}

Taps interpolation(std::string_view op, const Resizing& a) {
  const bool one = a.mode == InterpolateMode::nearest || a.mode == InterpolateMode::nearest_exact;
  Taps taps = taps_for(op, a.extent, a.outputs, one ? 1 : a.mode == InterpolateMode::bicubic ? 4 : 2);
  for (std::int64_t i = 0; i < a.outputs; ++i) {
    if (one) taps.add(a.nearest(i), 1);
    else a.add_neighbours(taps, i);
    taps.end_output();
  }
  return taps;
}

}  // namespace

std::pair<std::int64_t, std::int64_t> range_inside(std::int64_t first, std::int64_t apart, std::int64_t count,
                                                   std::int64_t extent) {
  const std::int64_t begin = std::clamp<std::int64_t>(ceil_div(-first, apart), 0, count);
  return {begin, std::clamp<std::int64_t>(ceil_div(extent - first, apart), begin, count)};
}

std::ostream& operator<<(std::ostream& out, InterpolateMode mode) {
  constexpr std::string_view names[] = {"nearest", "nearest_exact", "linear", "bilinear", "bicubic", "area"};
  return out << names[static_cast<int>(mode)];
}

Taps Taps::transposed() const {
  Taps result{outputs()};
  std::vector<std::int64_t> count;
  reserve("taps", count, Checked("taps", extent) + 1);
  count.resize(static_cast<std::size_t>(extent) + 1);
  for (const std::int64_t i : index) ++count[static_cast<std::size_t>(i) + 1];
  for (std::size_t i = 1; i < count.size(); ++i) count[i] += count[i - 1];
  result.begin = count;
  result.index.resize(index.size());
  result.weight.resize(weight.size());
  for (std::int64_t i = 0; i < outputs(); ++i)
    for (auto t = static_cast<std::size_t>(begin[static_cast<std::size_t>(i)]);
         t < static_cast<std::size_t>(begin[static_cast<std::size_t>(i) + 1]); ++t) {
      const auto to = static_cast<std::size_t>(count[static_cast<std::size_t>(index[t])]++);
      result.index[to] = i;
      result.weight[to] = weight[t];
    }
  return result;
}

ImageTaps ImageTaps::transposed() const {
  return {rows ? std::optional(rows->transposed()) : std::nullopt, columns.transposed()};
}

template <int N>
TapsOf<N> taps_of(std::string_view op, const Tensor& x, const MaxPoolOptions<N>& options) {
  return each_axis<N>(op, x, [&](int axis) {
    const Pooling a{x.size(axis - N),
                    options.kernel[axis],
                    options.stride[axis] == 0 ? options.kernel[axis] : options.stride[axis],
                    options.padding[axis],
                    options.dilation[axis],
                    options.ceil_mode};
    const std::int64_t outputs = outputs_of(op, x, a);
    Taps taps = taps_for(op, a.extent, outputs, std::min(a.kernel, a.extent));
    for (std::int64_t i = 0; i < outputs; ++i) {
      const std::int64_t first = i * a.stride - a.padding;
      const auto [begin, end] = range_inside(first, a.dilation, a.kernel, a.extent);
      for (std::int64_t k = begin; k < end; ++k) taps.add(first + k * a.dilation, 1);
      check(begin < end, op, "a window holds nothing but padding: x is ", describe(x), ", kernel ", a.kernel,
            ", dilation ", a.dilation, ", padding ", a.padding);
      taps.end_output();
    }
    return taps;
  });
}
template TapsOf<1> taps_of(std::string_view, const Tensor&, const MaxPoolOptions<1>&);
template TapsOf<2> taps_of(std::string_view, const Tensor&, const MaxPoolOptions<2>&);
template TapsOf<3> taps_of(std::string_view, const Tensor&, const MaxPoolOptions<3>&);

template <int N>
TapsOf<N> taps_of(std::string_view op, const Tensor& x, const AvgPoolOptions<N>& options) {
  check(options.divisor_override >= 0, op, "divisor_override is positive, or 0 for none; got ",
        options.divisor_override);
  return each_axis<N>(op, x, [&](int axis) {
    const Pooling a{x.size(axis - N),
                    options.kernel[axis],
                    options.stride[axis] == 0 ? options.kernel[axis] : options.stride[axis],
                    options.padding[axis],
                    1,
                    options.ceil_mode};
    const std::int64_t outputs = outputs_of(op, x, a);
    Taps taps = taps_for(op, a.extent, outputs, std::min(a.kernel, a.extent));
    for (std::int64_t i = 0; i < outputs; ++i) {
      // A window may reach past the padding at the end. What lies beyond it is never counted.
      const std::int64_t begin = i * a.stride - a.padding, end = std::min(begin + a.kernel, a.extent + a.padding);
      const std::int64_t first = std::max<std::int64_t>(begin, 0), last = std::min(end, a.extent);
      const std::int64_t count = options.count_include_pad ? end - begin : last - first;
      double weight = 1 / static_cast<double>(count);
      if (options.divisor_override > 0)  // once for all axes
        weight = axis == 0 ? 1 / static_cast<double>(options.divisor_override) : 1;
      add_window(taps, first, last, weight);
    }
    return taps;
  });
}
template TapsOf<1> taps_of(std::string_view, const Tensor&, const AvgPoolOptions<1>&);
template TapsOf<2> taps_of(std::string_view, const Tensor&, const AvgPoolOptions<2>&);
template TapsOf<3> taps_of(std::string_view, const Tensor&, const AvgPoolOptions<3>&);

template <int N>
TapsOf<N> adaptive_taps(std::string_view op, const Tensor& x, const PerAxis<N>& output_size) {
  return each_axis<N>(op, x, [&](int axis) { return adaptive(op, x, x.size(axis - N), output_size[axis]); });
}
template TapsOf<1> adaptive_taps(std::string_view, const Tensor&, const PerAxis<1>&);
template TapsOf<2> adaptive_taps(std::string_view, const Tensor&, const PerAxis<2>&);
template TapsOf<3> adaptive_taps(std::string_view, const Tensor&, const PerAxis<3>&);

ImageTaps taps_of(std::string_view op, const Tensor& x, const InterpolateOptions& options) {
  using enum InterpolateMode;
  check(x.dim() == 3 || x.dim() == 4, op, "x is [batch, channels, length] or [batch, channels, height, width], got ",
        describe(x));
  const int axes = x.dim() - 2;
  const InterpolateMode mode = options.mode;
  check(mode != linear || axes == 1, op, "mode linear is for series (bilinear for images), x is ", describe(x));
  check((mode != bilinear && mode != bicubic) || axes == 2, op, "mode ", mode, " is for images, x is ", describe(x));
  check(!options.align_corners || mode == linear || mode == bilinear || mode == bicubic, op,
        "align_corners means nothing with mode ", mode);
  check(options.size.empty() != options.scale_factor.empty(), op, "give one of size and scale_factor");
  const std::size_t given = std::max(options.size.size(), options.scale_factor.size());
  check(given == 1 || given == static_cast<std::size_t>(axes), op, "got ", given, " numbers for ", axes, " axes: x is ",
        describe(x));
  const auto along = [&](int axis) {
    const std::size_t which = given == 1 ? 0 : static_cast<std::size_t>(axis);
    const std::int64_t extent = x.size(axis - axes);
    const double factor = options.scale_factor.empty() ? 0 : options.scale_factor[which];
    const double scaled = std::floor(static_cast<double>(extent) * factor);
    check(scaled >= 0 && scaled < 0x1p63, op, "cannot scale x by ", factor, ": it is ", describe(x));
    const std::int64_t outputs = options.scale_factor.empty() ? options.size[which] : static_cast<std::int64_t>(scaled);
    check(extent >= 1 && outputs >= 1, op, "extents are at least 1: x is ", describe(x), ", the result would have ",
          outputs);
    return mode == area ? adaptive(op, x, extent, outputs)
                        : interpolation(op, {extent, outputs, factor, mode, options.align_corners,
                                             x.dtype() == Dtype::f32, axes == 2 && x.size(1) == 1});
  };
  if (axes == 1) return {std::nullopt, along(0)};
  return {along(0), along(1)};
}

}  // namespace hourglass
