// SPDX-License-Identifier: MIT
// How windows lie on an image: options of convolution, pooling and interpolation, under PyTorch's names. An image is
// [..., height, width], a series [..., length], a volume [..., depth, height, width]; N counts these last axes.
#pragma once
#include <array>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass {

/// A number for each of N axes: 3 is the same along all of them, {3, 5} is height and width, {2, 3, 5} has a depth.
template <int N>
class PerAxis {
 public:
  constexpr PerAxis(std::int64_t all) { values_.fill(all); }  // NOLINT(google-explicit-constructor): .stride = 2
  constexpr PerAxis(std::int64_t height, std::int64_t width) requires(N == 2) : values_{height, width} {}
  constexpr PerAxis(std::int64_t depth, std::int64_t height, std::int64_t width) requires(N == 3)
      : values_{depth, height, width} {}
  constexpr std::int64_t operator[](int axis) const { return values_[static_cast<std::size_t>(axis)]; }
  constexpr std::int64_t& operator[](int axis) { return values_[static_cast<std::size_t>(axis)]; }
  friend constexpr bool operator==(const PerAxis&, const PerAxis&) = default;

 private:
  std::array<std::int64_t, N> values_{};
};

struct Same {};
/// Padding that keeps the extents, with stride 1. If the total is odd, the end gets one more than the beginning.
inline constexpr Same kSame;

/// Zeros around an image: the same number on both sides of an axis, or kSame.
template <int N>
struct ConvPadding {
  PerAxis<N> amount = 0;
  bool same = false;
  constexpr ConvPadding(std::int64_t all) : amount(all) {}  // NOLINT(google-explicit-constructor): .padding = 1
  constexpr ConvPadding(PerAxis<N> each) : amount(each) {}  // NOLINT(google-explicit-constructor)
  constexpr ConvPadding(std::int64_t height, std::int64_t width) requires(N == 2) : amount(height, width) {}
  constexpr ConvPadding(std::int64_t depth, std::int64_t height, std::int64_t width) requires(N == 3)
      : amount(depth, height, width) {}
  constexpr ConvPadding(Same) : same(true) {}  // NOLINT(google-explicit-constructor)
};

/// Output extent: floor((extent + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. Input and output channels are
/// divided into `groups` equal groups, and each group of outputs sees its own group of inputs.
template <int N>
struct ConvOptions {
  PerAxis<N> stride = 1;
  ConvPadding<N> padding = 0;
  PerAxis<N> dilation = 1;
  std::int64_t groups = 1;
};
using Conv1dOptions = ConvOptions<1>;
using Conv2dOptions = ConvOptions<2>;
using Conv3dOptions = ConvOptions<3>;

/// Output extent: (extent - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1, which is the extent of
/// the image from which the convolution with these options gives `extent`. Several extents may be possible.
/// output_padding is added to the smallest; it is less than stride or dilation.
template <int N>
struct ConvTransposeOptions {
  PerAxis<N> stride = 1;
  PerAxis<N> padding = 0;
  PerAxis<N> output_padding = 0;
  std::int64_t groups = 1;
  PerAxis<N> dilation = 1;
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;
using ConvTranspose2dOptions = ConvTransposeOptions<2>;
using ConvTranspose3dOptions = ConvTransposeOptions<3>;

/// Output extent: as for a convolution. With ceil_mode the fraction is rounded up, unless the last window would then
/// start past the end of the image.
template <int N>
struct MaxPoolOptions {
  PerAxis<N> kernel;
  PerAxis<N> stride = 0;  ///< 0: as the kernel
  PerAxis<N> padding = 0;
  PerAxis<N> dilation = 1;
  bool ceil_mode = false;
};
using MaxPool1dOptions = MaxPoolOptions<1>;
using MaxPool2dOptions = MaxPoolOptions<2>;
using MaxPool3dOptions = MaxPoolOptions<3>;

template <int N>
struct AvgPoolOptions {
  PerAxis<N> kernel;
  PerAxis<N> stride = 0;  ///< 0: as the kernel
  PerAxis<N> padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;      ///< divide by the window's size, zeros of the padding included
  std::int64_t divisor_override = 0;  ///< divide by this instead, unless it is 0
};
using AvgPool1dOptions = AvgPoolOptions<1>;
using AvgPool2dOptions = AvgPoolOptions<2>;
using AvgPool3dOptions = AvgPoolOptions<3>;

/// Output extent: (extent - 1) stride - 2 padding + kernel, or output_size where it is not 0.
template <int N>
struct MaxUnpoolOptions {
  PerAxis<N> kernel;
  PerAxis<N> stride = 0;  ///< 0: as the kernel
  PerAxis<N> padding = 0;
  PerAxis<N> output_size = 0;
};
using MaxUnpool1dOptions = MaxUnpoolOptions<1>;
using MaxUnpool2dOptions = MaxUnpoolOptions<2>;

/// nearest takes the pixel floor(i scale), nearest_exact the pixel whose middle is nearest, both with PyTorch's rounding.
/// linear is for series, bilinear and bicubic (Keys 1981, a = -0.75) for images. area averages as adaptive_avg_pool does.
/// linear, bilinear and area copy an axis whose extent stays, whatever the factor.
enum class InterpolateMode { nearest, nearest_exact, linear, bilinear, bicubic, area };
std::ostream& operator<<(std::ostream& out, InterpolateMode mode);

/// Give size or scale_factor: one number for all axes, or one for each.
struct InterpolateOptions {
  std::vector<std::int64_t> size{};
  std::vector<double> scale_factor{};
  InterpolateMode mode = InterpolateMode::nearest;
  bool align_corners = false;  ///< align the middles of the corner pixels, not their outer edges
};

/// Which of `count` numbers first, first + apart, first + 2 apart, ... lie in [0, extent): from .first up to .second.
std::pair<std::int64_t, std::int64_t> range_inside(std::int64_t first, std::int64_t apart, std::int64_t count,
                                                   std::int64_t extent);

/// The inputs that each output along one axis is made of, with their weights: a sparse matrix, row by row. Output i is
/// the sum of weight[t] input[index[t]] for begin[i] <= t < begin[i + 1].
struct Taps {
  std::int64_t extent;  ///< of the input
  std::vector<std::int64_t> begin{0}, index{};
  std::vector<double> weight{};

  std::int64_t outputs() const { return static_cast<std::int64_t>(begin.size()) - 1; }
  void add(std::int64_t input, double w) {
    index.push_back(input);
    weight.push_back(w);
  }
  void end_output() { begin.push_back(static_cast<std::int64_t>(index.size())); }
  /// The transposed matrix: inputs and outputs change places.
  Taps transposed() const;
};

/// Taps along the last two axes, or, without rows, along the last axis only. They define a pooling or interpolation.
struct ImageTaps {
  std::optional<Taps> rows;
  Taps columns;

  int axes() const { return rows ? 2 : 1; }
  ImageTaps transposed() const;
};
/// Those of a volume: along its depth, and along the axes of its images.
struct VolumeTaps {
  Taps depth;
  ImageTaps images;
};
template <int N>
using TapsOf = std::conditional_t<N == 3, VolumeTaps, ImageTaps>;
/// The taps of each kind of pooling for x. Throws an error that names op and the extents if a window does not fit.
template <int N>
TapsOf<N> taps_of(std::string_view op, const Tensor& x, const MaxPoolOptions<N>& options);
template <int N>
TapsOf<N> taps_of(std::string_view op, const Tensor& x, const AvgPoolOptions<N>& options);
/// Output i takes the inputs from floor(i extent / outputs) to ceil((i + 1) extent / outputs) - 1.
template <int N>
TapsOf<N> adaptive_taps(std::string_view op, const Tensor& x, const PerAxis<N>& output_size);
ImageTaps taps_of(std::string_view op, const Tensor& x, const InterpolateOptions& options);

}  // namespace hourglass
