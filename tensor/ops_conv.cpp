// Convolution, its transpose and its weight gradient: three products with the matrix of all windows of an image. That
// matrix is never made. Its element (k, p), number k of the window at p, is
//
//   frame[tap[k] + position[p]]
//
// where the *frame* is the image with zeros around it, so that no window stands over an edge, and cut into one plane
// for each phase of the stride, so that windows one stride apart are neighbours. The products read from
// there (kernels/conv.cpp). Where there is neither padding nor stride, the image is the frame.
#include <algorithm>
#include <array>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// ---- geometry -----------------------------------------------------------------------------------------------------

// One spatial axis: `outputs` windows of `kernel` numbers, `dilation` apart, the first of them `padding` before the
// image; each begins `stride` after the last.
struct Axis {
  std::int64_t extent, kernel, outputs, stride, padding, dilation;
};

// All there is to know of T(x [batch, in, extents], w [out, in / groups, kernels], g [batch, out, outputs]).
struct Geometry {
  std::int64_t batch, in, out, groups;
  std::array<Axis, 2> axes;  // height and width

  std::int64_t group_in() const { return in / groups; }
  std::int64_t group_out() const { return out / groups; }
  std::int64_t extents() const { return axes[0].extent * axes[1].extent; }
  std::int64_t kernels() const { return axes[0].kernel * axes[1].kernel; }
  std::int64_t outputs() const { return axes[0].outputs * axes[1].outputs; }
  std::int64_t window() const { return group_in() * kernels(); }
  double multiply_adds() const { return static_cast<double>(batch * out) * static_cast<double>(outputs() * window()); }
  // One window that is the whole image: then each image is one row of an ordinary product.
  bool is_product() const {
    return groups == 1 && std::all_of(axes.begin(), axes.end(), [](const Axis& a) {
             return a.outputs == 1 && a.padding == 0 && a.kernel == a.extent && a.dilation == 1;
           });
  }
};

// `what` is [batch, channels, N extents] or lacks the batch.
template <int N>
void check_image(std::string_view op, std::string_view what, const Tensor& x) {
  constexpr std::string_view axes = N == 1 ? "length" : "height, width";
  check(is_floating(x.dtype()), op, "needs f32 or f64, got ", describe(x), "; convert with to(x, Dtype::f32)");
  check(x.dim() == N + 1 || x.dim() == N + 2, op, what, " is [batch, channels, ", axes, "] or [channels, ", axes,
        "], got ", describe(x));
}
template <int N>
std::int64_t batch_of(const Tensor& x) {
  return x.dim() == N + 2 ? x.shape()[0] : 1;
}
template <int N>
std::int64_t channels_of(const Tensor& x) {
  return x.size(-N - 1);
}
// [batch, channels, extents], without the batch if x has none.
template <int N>
Shape shape_like(const Tensor& x, std::int64_t channels, const Geometry& geometry, std::int64_t Axis::*extent) {
  Shape shape;
  if (x.dim() == N + 2) shape.push_back(x.shape()[0]);
  shape.push_back(channels);
  for (int axis = 2 - N; axis < 2; ++axis) shape.push_back(geometry.axes[static_cast<std::size_t>(axis)].*extent);
  return shape;
}

template <int N>
void check_numbers(std::string_view op, const PerAxis<N>& stride, const PerAxis<N>& padding, const PerAxis<N>& dilation,
                   std::int64_t groups) {
  for (int axis = 0; axis < N; ++axis) {
    check(stride[axis] >= 1 && dilation[axis] >= 1 && padding[axis] >= 0, op,
          "stride and dilation are at least 1 and padding at least 0, got stride ", stride[axis], ", dilation ",
          dilation[axis], ", padding ", padding[axis]);
  }
  check(groups >= 1, op, "groups is at least 1, got ", groups);
}

// The geometry of a convolution of x with kernels of given extents, but for `out`.
template <int N>
Geometry geometry_of(std::string_view op, const Tensor& x, const PerAxis<N>& kernel, const ConvOptions<N>& options) {
  const PerAxis<N>& padding = options.padding.amount;
  check_numbers<N>(op, options.stride, padding, options.dilation, options.groups);
  Geometry result{batch_of<N>(x), channels_of<N>(x), 0, options.groups, {}};
  result.axes[0] = {1, 1, 1, 1, 0, 1};
  for (int axis = 0; axis < N; ++axis) {
    const std::int64_t extent = x.size(axis - N);
    const std::int64_t span = options.dilation[axis] * (kernel[axis] - 1) + 1, room = extent + 2 * padding[axis];
    check(kernel[axis] >= 1 && span <= room, op, "the kernel does not fit into the image: x is ", describe(x),
          ", a window spans ", span, ", the image with its padding ", room);
    result.axes[static_cast<std::size_t>(axis + 2 - N)] = {
        extent,        kernel[axis],          (room - span) / options.stride[axis] + 1, options.stride[axis],
        padding[axis], options.dilation[axis]};
  }
  return result;
}

template <int N>
PerAxis<N> kernel_of(const Tensor& weight) {
  PerAxis<N> kernel = 1;
  for (int axis = 0; axis < N; ++axis) kernel[axis] = weight.size(axis - N);
  return kernel;
}

void check_bias(std::string_view op, const Tensor& weight, const Tensor* bias, std::int64_t out) {
  if (!bias) return;
  check_same_dtype(op, weight, *bias);
  check(bias->dim() == 1 && bias->shape()[0] == out, op, "bias is [out]: weight is ", describe(weight),
        ", which gives ", out, " channels, bias is ", describe(*bias));
}

// ---- frames -------------------------------------------------------------------------------------------------------

// One axis of a frame: number i of phase f is the image's i phases + f - before, or 0 outside of the image. There are
// `extent` of them, but the zeros at the end of a line may be those at the beginning of the next: lines lie only
// `pitch` numbers apart.
struct FrameAxis {
  std::int64_t image, phases, before, extent, pitch;

  // The part [first, end) of phase f's line that comes from the image.
  std::int64_t first(std::int64_t f) const { return std::clamp<std::int64_t>(ceil_div(before - f, phases), 0, extent); }
  std::int64_t end(std::int64_t f) const {
    return std::clamp<std::int64_t>(ceil_div(image + before - f, phases), first(f), extent);
  }
};
FrameAxis frame_axis(std::int64_t image, std::int64_t phases, std::int64_t before, std::int64_t extent) {
  FrameAxis axis{image, phases, before, extent, 0};
  for (std::int64_t f = 0; f < phases; ++f) axis.pitch = std::max({axis.pitch, axis.end(f), extent - axis.first(f)});
  return axis;
}

// A plane of a frame, all phases of it, for each channel of an image.
struct Frame {
  std::int64_t channels;
  FrameAxis rows, columns;

  bool is_image() const {
    const auto whole = [](const FrameAxis& a) { return a.phases == 1 && a.before == 0 && a.extent == a.image; };
    return whole(rows) && whole(columns);
  }
  std::int64_t phase_size() const { return rows.extent * columns.pitch + columns.extent - columns.pitch; }
  std::int64_t plane_size() const { return rows.phases * columns.phases * phase_size(); }
  std::int64_t size() const { return channels * plane_size(); }

  // Where number (i, j) of the padded image stands.
  std::int64_t place(std::int64_t i, std::int64_t j) const {
    const std::int64_t phase = i % rows.phases * columns.phases + j % columns.phases;
    return phase * phase_size() + i / rows.phases * columns.pitch + j / columns.phases;
  }

  // Zeros are written once: they stand at the same places whatever the image.
  template <class T>
  void fill(const T* image, T* frame) const {
    const auto pick = kernels().conv.of<T>().pick;
    for (std::int64_t f = 0; f < rows.phases; ++f)
      for (std::int64_t phase = 0; phase < columns.phases; ++phase) {
        const std::int64_t i = rows.first(f), lines = rows.end(f) - i;
        const std::int64_t j = columns.first(phase), count = columns.end(phase) - j;
        const T* from =
            image + (i * rows.phases + f - rows.before) * columns.image + j * columns.phases + phase - columns.before;
        T* to = frame + (f * columns.phases + phase) * phase_size() + i * columns.pitch + j;
        for (std::int64_t c = 0; c < channels; ++c, from += rows.image * columns.image, to += plane_size())
          pick(from, rows.phases * columns.image, columns.phases, lines, count, to, columns.pitch);
      }
  }
};

// The frame of an image under a convolution's windows, cut into the phases of the stride or in one piece.
Frame frame_of(const Geometry& geometry, bool in_phases) {
  const auto axis = [&](const Axis& a) {
    const std::int64_t phases = in_phases ? a.stride : 1;
    const std::int64_t seen = ((a.outputs - 1) * a.stride + (a.kernel - 1) * a.dilation) / phases + 1;
    // Without padding and phases the frame may as well have the numbers that no window sees.
    return frame_axis(a.extent, phases, a.padding, phases == 1 && a.padding == 0 ? a.extent : seen);
  };
  return {geometry.in, axis(geometry.axes[0]), axis(geometry.axes[1])};
}

// tap[k] for the numbers k of a window, (channel, row, column) of one group.
std::vector<std::int64_t> taps_in(const Frame& frame, const Geometry& geometry) {
  const auto& [rows, columns] = geometry.axes;
  std::vector<std::int64_t> taps;
  for (std::int64_t c = 0; c < geometry.group_in(); ++c)
    for (std::int64_t i = 0; i < rows.kernel; ++i)
      for (std::int64_t j = 0; j < columns.kernel; ++j)
        taps.push_back(c * frame.plane_size() + frame.place(i * rows.dilation, j * columns.dilation));
  return taps;
}

// ---- the three products -------------------------------------------------------------------------------------------

// At most so many parts; each at least so many multiply-adds.
constexpr std::int64_t kMaxParts = 16;
constexpr double kWorkOfPart = 1 << 18;

// Images in a part, from sizes alone.
std::int64_t images_in_part(const Geometry& geometry, std::int64_t max_parts) {
  const double work = std::max(geometry.multiply_adds() / static_cast<double>(geometry.batch), 1.0);
  const auto enough = static_cast<std::int64_t>(std::min(kWorkOfPart / work, 1e9)) + 1;
  return std::max(enough, ceil_div(geometry.batch, max_parts));
}

// Memory for a while.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::int64_t count) : storage_(static_cast<std::size_t>(count) * sizeof(T)) {}
  T* data() const { return reinterpret_cast<T*>(storage_.data()); }

 private:
  Storage storage_;
};

// f(n, image n's frame) for all images of [begin, end). Behind a frame there are `slack` numbers more.
template <class T, class F>
void for_each_frame(const Frame& frame, const T* images, std::int64_t begin, std::int64_t end, std::int64_t slack,
                    const F& f) {
  const std::int64_t image_size = frame.channels * frame.rows.image * frame.columns.image;
  if (frame.is_image() && slack == 0) {
    for (std::int64_t n = begin; n < end; ++n) f(n, images + n * image_size);
    return;
  }
  const Scratch<T> numbers(frame.size() + slack);
  std::fill_n(numbers.data(), frame.size() + slack, T(0));
  for (std::int64_t n = begin; n < end; ++n) {
    frame.fill(images + n * image_size, numbers.data());
    f(n, numbers.data());
  }
}

// Windows at `rows` x `columns` places of a frame: the first, and how far apart they are.
struct Grid {
  std::int64_t rows, columns, first, row_step, column_step;

  std::int64_t size() const { return rows * columns; }
  std::vector<std::int64_t> positions() const {
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) result.push_back(first + i * row_step + j * column_step);
    return result;
  }
};
Grid grid_of(const Geometry& geometry, const Frame& frame) {
  const auto& [rows, columns] = geometry.axes;
  return {rows.outputs, columns.outputs, 0, frame.place(rows.stride, 0), frame.place(0, columns.stride)};
}

// Weights times the windows of a frame, in one of two ways. Either way one operand is read number by number, each
// spread over a register, and the other register by register:
//   windows in the lanes. A run of windows side by side is a register as it stands in the frame. The last run of a line
//     overlaps the one before it, or reaches over the line's end if it is the only one;
//   channels in the lanes, with windows anywhere. The result is transposed.
// Which is better follows from the sizes.
template <class T>
class WeightedWindows {
 public:
  // How long the ways take for each number of the result, in cycles of AVX-512. The first way loads registers across
  // cache lines.
  static bool channels_in_lanes(std::int64_t channels, const Grid& grid, std::int64_t depth) {
    const std::int64_t lanes = kernels().conv.of<T>().lanes;
    const auto of = [](std::int64_t part, std::int64_t whole) {
      return static_cast<double>(whole) / static_cast<double>(part);
    };
    const std::int64_t wide = ceil_div(channels, lanes) * lanes;
    const double products = static_cast<double>(depth) / 32;
    const double by_channels = products * of(channels, wide) * (wide == lanes ? 1.25 : 1.05) + 0.4 * of(channels, wide);
    const Grid lines = in_lines(grid);
    const double by_windows =
        products * of(lines.columns, ceil_div(lines.columns, lanes) * lanes) * (channels < 4 ? 2 : 1.25) +
        (lines.columns < lanes ? 0.2 : 0.1);
    return by_channels < by_windows;
  }

  // weights is [groups, channels, depth].
  WeightedWindows(bool by_channels, std::int64_t groups, std::int64_t channels, std::vector<std::int64_t> taps,
                  const Grid& grid, const T* weights)
      : by_channels_(by_channels), channels_(channels), taps_(std::move(taps)), grid_(grid) {
    const auto depth = static_cast<std::int64_t>(taps_.size());
    const std::int64_t lanes = conv_.lanes;
    if (by_channels_) {
      places_ = grid.positions();
      const std::int64_t vectors = ceil_div(channels, lanes), panels = ceil_div(vectors, conv_.panel_vectors);
      wide_ = vectors * lanes;
      for (std::int64_t p = 0; p <= panels; ++p) panels_.push_back(vectors * p / panels);
    } else {
      const Grid lines = in_lines(grid);
      const std::int64_t last = std::max<std::int64_t>(lines.columns - lanes, 0);
      slack_ = std::max<std::int64_t>(lanes - lines.columns, 0);
      for (std::int64_t i = 0; i < lines.rows; ++i)
        for (std::int64_t j = 0; j < lines.columns; j += lanes) {
          places_.push_back(lines.first + i * lines.row_step + std::min(j, last));
          columns_.push_back(i * lines.columns + std::min(j, last));
        }
    }
    group_size_ = (by_channels_ ? wide_ : channels) * depth;
    weights_.resize(static_cast<std::size_t>(groups * group_size_));
    for (std::int64_t g = 0; g < groups; ++g) {
      const T* const from = weights + g * channels * depth;
      T* const to = weights_.data() + g * group_size_;
      if (!by_channels_) {
        conv_.pack_weights(from, channels, depth, to);
        continue;
      }
      for (std::size_t p = 1; p < panels_.size(); ++p) {
        const std::int64_t first = panels_[p - 1] * lanes, width = panels_[p] * lanes - first;
        conv_.pack_panel(from + first * depth, depth, std::min(width, channels - first), depth, width,
                         to + first * depth);
      }
    }
  }

  // So many numbers behind the frame are read, and as many are written behind each channel's result.
  std::int64_t slack() const { return slack_; }
  std::int64_t width() const { return grid_.size() + slack_; }
  // Numbers that are needed for the work.
  std::int64_t workspace() const { return by_channels_ ? (grid_.size() + 1) * wide_ : 0; }

  void operator()(std::int64_t group, const T* frame, const T* bias, T* to, std::int64_t to_step, T* work) const {
    const auto depth = static_cast<std::int64_t>(taps_.size());
    const T* const weights = weights_.data() + group * group_size_;
    if (!by_channels_) {
      conv_.windows_product({channels_, depth, static_cast<std::int64_t>(places_.size()), weights, frame, taps_.data(),
                             places_.data(), columns_.data(), bias, to, to_step});
      return;
    }
    T* const biases = work + grid_.size() * wide_;  // as many as there are lanes
    if (bias) std::copy_n(bias, channels_, biases);
    for (std::size_t p = 1; p < panels_.size(); ++p) {
      const std::int64_t first = panels_[p - 1] * conv_.lanes;
      conv_.panel_product({grid_.size(), depth, panels_[p] - panels_[p - 1], frame, places_.data(), taps_.data(),
                           weights + first * depth, bias ? biases + first : nullptr, work + first, wide_, false});
    }
    conv_.transpose(work, wide_, grid_.size(), channels_, to, to_step);
  }

 private:
  // Lines that follow one another are one.
  static Grid in_lines(const Grid& grid) {
    if (grid.row_step != grid.columns) return grid;
    return {1, grid.size(), grid.first, 0, 1};
  }

  const ConvKernelsOf<T>& conv_ = kernels().conv.of<T>();
  bool by_channels_;
  std::int64_t channels_;
  std::vector<std::int64_t> taps_, places_, columns_;
  Grid grid_;
  std::int64_t slack_ = 0, wide_ = 0, group_size_ = 0;
  std::vector<std::int64_t> panels_;  // in registers, where each begins and the last ends
  std::vector<T> weights_;
};

// y[n] = w windows(x[n]) + bias
template <class T>
void forward(const Geometry& geometry, const T* x, const T* w, const T* bias, T* y) {
  const std::int64_t outputs = geometry.outputs(), channels = geometry.group_out(), window = geometry.window();
  Frame frame = frame_of(geometry, true);
  const bool by_channels = WeightedWindows<T>::channels_in_lanes(channels, grid_of(geometry, frame), window);
  if (by_channels) frame = frame_of(geometry, false);
  const Grid grid = grid_of(geometry, frame);
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const WeightedWindows<T> product(by_channels, geometry.groups, channels, taps_in(frame, geometry), grid, w);
  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const bool direct = product.slack() == 0;
    const Scratch<T> wide(direct ? 0 : channels * product.width()), work(product.workspace());
    for_each_frame(frame, x, begin, end, product.slack(), [&](std::int64_t n, const T* numbers) {
      for (std::int64_t g = 0; g < geometry.groups; ++g) {
        T* const planes = y + (n * geometry.out + g * channels) * outputs;
        product(g, numbers + g * geometry.group_in() * frame.plane_size(), bias ? bias + g * channels : nullptr,
                direct ? planes : wide.data(), product.width(), work.data());
        if (!direct) conv.pick(wide.data(), product.width(), 1, channels, outputs, planes, outputs);
      }
    });
  });
}

// The numbers of an axis of x that lie at one phase of the stride: first, first + stride, ... They are seen by the same
// taps of the kernel; tap[i] looks from number m of them at output m + start - back[i].
struct Phase {
  std::int64_t first, count, start;
  std::vector<std::int64_t> taps, back;
};
std::vector<Phase> phases_of(const Axis& axis) {
  std::vector<Phase> phases;
  for (std::int64_t first = 0; first < std::min(axis.stride, axis.extent); ++first) {
    Phase phase{};
    phase.first = first;
    const std::int64_t residue = (first + axis.padding) % axis.stride;
    phase.count = ceil_div(axis.extent - phase.first, axis.stride);
    phase.start = (phase.first + axis.padding) / axis.stride;
    for (std::int64_t tap = 0; tap < axis.kernel; ++tap) {
      if (tap * axis.dilation % axis.stride != residue) continue;
      phase.taps.push_back(tap);
      phase.back.push_back(tap * axis.dilation / axis.stride);
    }
    phases.push_back(phase);
  }
  return phases;
}

// A frame of outputs wide enough for all phases.
FrameAxis frame_axis_of(const Axis& axis, const std::vector<Phase>& phases) {
  std::int64_t before = 0, end = axis.outputs;
  for (const Phase& phase : phases)
    for (const std::int64_t back : phase.back) {
      before = std::max(before, back - phase.start);
      end = std::max(end, phase.start - back + phase.count);
    }
  return frame_axis(axis.outputs, 1, before, before + end);
}

Grid grid_of(const Frame& frame, const Phase& row, const Phase& column) {
  const std::int64_t pitch = frame.columns.pitch;
  return {row.count, column.count, (row.start + frame.rows.before) * pitch + column.start + frame.columns.before, pitch,
          1};
}

// A phase of x from a frame of g: the weights of its taps are [groups, in, (out, taps)].
template <class T>
WeightedWindows<T> product_of(const Geometry& geometry, const Frame& frame, const Phase& row, const Phase& column,
                              bool by_channels, const T* w) {
  const std::int64_t channels = geometry.group_in(), group_out = geometry.group_out();
  std::vector<std::int64_t> taps;
  for (std::int64_t o = 0; o < group_out; ++o)
    for (const std::int64_t i : row.back)
      for (const std::int64_t j : column.back) taps.push_back(o * frame.plane_size() - i * frame.columns.pitch - j);
  std::vector<T> weights;
  for (std::int64_t c = 0; c < geometry.in; ++c)
    for (std::int64_t o = 0; o < group_out; ++o) {
      const T* const kernel = w + ((c / channels * group_out + o) * channels + c % channels) * geometry.kernels();
      for (const std::int64_t i : row.taps)
        for (const std::int64_t j : column.taps) weights.push_back(kernel[i * geometry.axes[1].kernel + j]);
    }
  return WeightedWindows<T>(by_channels, geometry.groups, channels, std::move(taps), grid_of(frame, row, column),
                            weights.data());
}

// x[n] = w transposed, times g[n], scattered, + bias. Seen from x: at each phase of the stride it is a convolution of g
// with some of the taps.
template <class T>
void input_gradient(const Geometry& geometry, const T* g, const T* w, const T* bias, T* x) {
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const Axis &height = geometry.axes[0], &width = geometry.axes[1];  // clang 14 captures no structured bindings
  const std::vector<Phase> row_phases = phases_of(height), column_phases = phases_of(width);
  const Frame frame{geometry.out, frame_axis_of(height, row_phases), frame_axis_of(width, column_phases)};
  const std::int64_t channels = geometry.group_in(), group_out = geometry.group_out();

  // One product for each phase along both axes, all in the same way.
  const bool by_channels =
      WeightedWindows<T>::channels_in_lanes(channels, grid_of(frame, row_phases[0], column_phases[0]),
                                            group_out * geometry.kernels() / (height.stride * width.stride));
  std::vector<WeightedWindows<T>> products;
  std::int64_t widest = 0, slack = 0, workspace = 0;
  for (const Phase& row : row_phases)
    for (const Phase& column : column_phases) {
      products.push_back(product_of(geometry, frame, row, column, by_channels, w));
      widest = std::max(widest, products.back().width());
      slack = std::max(slack, products.back().slack());
      workspace = std::max(workspace, products.back().workspace());
    }
  const bool direct = height.stride == 1 && width.stride == 1 && slack == 0;

  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const std::size_t across = column_phases.size();
    const Scratch<T> wide(direct ? 0 : static_cast<std::int64_t>(across) * channels * widest), work(workspace);
    std::vector<const T*> lines(across);
    std::vector<std::int64_t> pitches;
    for (std::size_t q = 0; q < across; ++q) pitches.push_back(column_phases[q].count);
    for_each_frame(frame, g, begin, end, slack, [&](std::int64_t n, const T* numbers) {
      for (std::int64_t group = 0; group < geometry.groups; ++group) {
        T* const planes = x + (n * geometry.in + group * channels) * geometry.extents();
        const auto multiply = [&](const WeightedWindows<T>& product, T* to, std::int64_t to_step) {
          product(group, numbers + group * group_out * frame.plane_size(), bias ? bias + group * channels : nullptr, to,
                  to_step, work.data());
        };
        if (direct) {
          multiply(products[0], planes, geometry.extents());
          continue;
        }
        for (std::size_t p = 0; p < row_phases.size(); ++p) {
          for (std::size_t q = 0; q < across; ++q)
            multiply(products[p * across + q], wide.data() + static_cast<std::int64_t>(q) * channels * widest, widest);
          for (std::int64_t c = 0; c < channels; ++c) {
            for (std::size_t q = 0; q < across; ++q)
              lines[q] = wide.data() + (static_cast<std::int64_t>(q) * channels + c) * widest;
            conv.weave(lines.data(), pitches.data(), width.stride, row_phases[p].count, width.extent,
                       planes + c * geometry.extents() + row_phases[p].first * width.extent,
                       height.stride * width.extent);
          }
        }
      }
    });
  });
}

// w = sum over n of g[n] windows(x[n]) transposed, computed as its own transpose: a window's numbers are the rows, and
// g's channels lie in the lanes. Each part of the batch sums on its own, and the sums are added up in order.
template <class T>
void weight_gradient(const Geometry& geometry, const T* x, const T* g, T* w) {
  constexpr std::int64_t block = 256;  // windows, so that a panel of g stays in the cache
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const Frame frame = frame_of(geometry, false);
  const std::vector<std::int64_t> taps = taps_in(frame, geometry), positions = grid_of(geometry, frame).positions();
  const std::int64_t outputs = geometry.outputs(), window = geometry.window(), channels = geometry.group_out();
  const std::int64_t vectors = ceil_div(channels, conv.lanes), panels = ceil_div(vectors, conv.panel_vectors);
  const std::int64_t step = vectors * conv.lanes, size = geometry.groups * window * step;
  const std::int64_t grain = images_in_part(geometry, 8), parts = ceil_div(geometry.batch, grain);
  const Scratch<T> sums(parts * size);
  parallel_for(geometry.batch, grain, [&](std::int64_t begin, std::int64_t end) {
    const Scratch<T> panel(block * conv.panel_vectors * conv.lanes);
    for_each_frame(frame, x, begin, end, 0, [&](std::int64_t n, const T* numbers) {
      for (std::int64_t group = 0; group < geometry.groups; ++group)
        for (std::int64_t p = 0; p < panels; ++p) {
          const std::int64_t first = vectors * p / panels, width = vectors * (p + 1) / panels - first;
          const std::int64_t c = first * conv.lanes, count = std::min(width * conv.lanes, channels - c);
          T* const sum = sums.data() + begin / grain * size + group * window * step + c;
          const T* const rows = g + (n * geometry.out + group * channels + c) * outputs;
          for (std::int64_t k = 0; k < outputs; k += block) {
            const std::int64_t depth = std::min(block, outputs - k);
            conv.pack_panel(rows + k, outputs, count, depth, width * conv.lanes, panel.data());
            conv.panel_product({window, depth, width, numbers + group * geometry.group_in() * frame.plane_size(),
                                taps.data(), positions.data() + k, panel.data(), nullptr, sum, step,
                                n > begin || k > 0});
          }
        }
    });
  });
  T* const total = sums.data();
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < size; ++i) total[i] += total[part * size + i];
  for (std::int64_t group = 0; group < geometry.groups; ++group)
    conv.transpose(total + group * window * step, step, window, channels, w + group * channels * window, window);
}

// Operations of one face of the form: for each of g's numbers, a product with each number of a window.
double flops_of(std::int64_t outputs, const Geometry& geometry) {
  return 2.0 * static_cast<double>(outputs) * static_cast<double>(geometry.group_in() * geometry.kernels());
}

// ---- from tensors to geometry, for N spatial axes -----------------------------------------------------------------

template <int N>
Tensor conv(std::string_view op, const Tensor& x, const Tensor& weight, const Tensor* bias,
            const ConvOptions<N>& options) {
  check_same_dtype(op, x, weight);
  check_image<N>(op, "x", x);
  check(weight.dim() == N + 2, op, "weight is [out, in / groups, ", N == 1 ? "length" : "height, width", "], got ",
        describe(weight));
  if (options.padding.same) {
    const SamePadding<N> padding = same_padding<N>(op, weight.shape(), options);
    ConvOptions<N> numbers = options;
    numbers.padding = padding.both;
    return conv<N>(op, padding.after.empty() ? x : pad(x, padding.after), weight, bias, numbers);
  }
  Geometry geometry = geometry_of<N>(op, x, kernel_of<N>(weight), options);
  geometry.out = weight.shape()[0];
  check(geometry.in == weight.shape()[1] * options.groups, op, "channels differ: x is ", describe(x), ", weight is ",
        describe(weight), " in ", options.groups, " groups (", geometry.in, " against ",
        weight.shape()[1] * options.groups, ")");
  check(geometry.out % options.groups == 0, op, "cannot divide ", geometry.out, " outputs into ", options.groups,
        " groups: weight is ", describe(weight));
  check_bias(op, weight, bias, geometry.out);

  const Shape shape = shape_like<N>(x, geometry.out, geometry, &Axis::outputs);
  const Work work(op, flops_of(numel(shape), geometry), x, weight, bias);
  if (geometry.is_product())
    return reshape(linear(reshape(x, {geometry.batch, geometry.window()}),
                          reshape(weight, {geometry.out, geometry.window()}), bias),
                   shape);
  Tensor y(shape, x.dtype());
  if (y.numel() == 0) return y;
  const Tensor image = contiguous(x), kernel = contiguous(weight), shift = bias ? contiguous(*bias) : Tensor();
  dispatch_floating(op, x.dtype(), [&]<class T>() {
    forward<T>(geometry, image.data<T>(), kernel.data<T>(), bias ? shift.data<T>() : nullptr, y.mutable_data<T>());
  });
  return y;
}

template <int N>
Tensor conv_transpose(std::string_view op, const Tensor& x, const Tensor& weight, const Tensor* bias,
                      const ConvTransposeOptions<N>& options) {
  check_same_dtype(op, x, weight);
  check_image<N>(op, "x", x);
  check(weight.dim() == N + 2, op, "weight is [in, out / groups, ", N == 1 ? "length" : "height, width", "], got ",
        describe(weight));
  check_numbers<N>(op, options.stride, options.padding, options.dilation, options.groups);
  // In the form, x is g and the result is x.
  Geometry geometry{batch_of<N>(x), weight.shape()[1] * options.groups, channels_of<N>(x), options.groups, {}};
  check(geometry.out == weight.shape()[0], op, "channels differ: x is ", describe(x), ", weight is ", describe(weight),
        " (", geometry.out, " against ", weight.shape()[0], ")");
  check(geometry.out % options.groups == 0, op, "cannot divide ", geometry.out, " inputs into ", options.groups,
        " groups: weight is ", describe(weight));
  check_bias(op, weight, bias, geometry.in);
  geometry.axes[0] = {1, 1, 1, 1, 0, 1};
  for (int axis = 0; axis < N; ++axis) {
    const std::int64_t outputs = x.size(axis - N), kernel = weight.size(axis - N), stride = options.stride[axis];
    const std::int64_t padding = options.padding[axis], dilation = options.dilation[axis];
    const std::int64_t more = options.output_padding[axis];
    check(more >= 0 && more < std::max(stride, dilation), op,
          "output_padding is at least 0 and less than stride or dilation, got ", more, " with stride ", stride,
          " and dilation ", dilation);
    const std::int64_t extent = (outputs - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1;
    check(outputs >= 1 && kernel >= 1 && extent >= 1, op, "nothing is left of the result: x is ", describe(x),
          ", weight is ", describe(weight), ", the extent would be ", extent);
    geometry.axes[static_cast<std::size_t>(axis + 2 - N)] = {extent, kernel, outputs, stride, padding, dilation};
  }

  const Shape shape = shape_like<N>(x, geometry.in, geometry, &Axis::extent);
  const Work work(op, flops_of(x.numel(), geometry), x, weight, bias);
  if (geometry.is_product()) {
    Tensor each;  // a bias for each number of the window
    if (bias) each = reshape(expand(unsqueeze(*bias, 1), {geometry.in, geometry.kernels()}), {geometry.window()});
    return reshape(linear(reshape(x, {geometry.batch, geometry.out}),
                          transpose(reshape(weight, {geometry.out, geometry.window()})), bias ? &each : nullptr),
                   shape);
  }
  Tensor y(shape, x.dtype());
  if (y.numel() == 0) return y;
  const Tensor image = contiguous(x), kernel = contiguous(weight), shift = bias ? contiguous(*bias) : Tensor();
  dispatch_floating(op, x.dtype(), [&]<class T>() {
    input_gradient<T>(geometry, image.data<T>(), kernel.data<T>(), bias ? shift.data<T>() : nullptr,
                      y.mutable_data<T>());
  });
  return y;
}

template <int N>
Tensor conv_weight(std::string_view op, const Tensor& x, const Tensor& g, const PerAxis<N>& kernel,
                   const ConvOptions<N>& options) {
  check_same_dtype(op, x, g);
  check_image<N>(op, "x", x);
  check_image<N>(op, "g", g);
  check(!options.padding.same, op, "needs the padding in numbers");
  Geometry geometry = geometry_of<N>(op, x, kernel, options);
  geometry.out = channels_of<N>(g);
  check(geometry.in % options.groups == 0 && geometry.out % options.groups == 0, op, "cannot divide into ",
        options.groups, " groups: x is ", describe(x), ", g is ", describe(g));
  const Shape expected = shape_like<N>(x, geometry.out, geometry, &Axis::outputs);
  check(g.shape() == expected, op, "x is ", describe(x), ", which gives ", expected, ", but g is ", describe(g));

  Shape shape{geometry.out, geometry.group_in()};
  for (int axis = 0; axis < N; ++axis) shape.push_back(kernel[axis]);
  const Work work(op, flops_of(g.numel(), geometry), x, g);
  if (geometry.is_product())
    return reshape(
        matmul(transpose(reshape(g, {geometry.batch, geometry.out})), reshape(x, {geometry.batch, geometry.window()})),
        shape);
  if (x.numel() == 0 || g.numel() == 0) return zeros(shape, x.dtype());
  Tensor w(shape, x.dtype());
  const Tensor image = contiguous(x), gradient = contiguous(g);
  dispatch_floating(op, x.dtype(), [&]<class T>() {
    weight_gradient<T>(geometry, image.data<T>(), gradient.data<T>(), w.mutable_data<T>());
  });
  return w;
}

}  // namespace

template <int N>
SamePadding<N> same_padding(std::string_view op, const Shape& weight, const ConvOptions<N>& options) {
  SamePadding<N> result{0, std::vector<Padding>(N)};
  bool odd = false;
  for (int axis = 0; axis < N; ++axis) {
    check(options.stride[axis] == 1, op, "kSame needs stride 1, got ", options.stride[axis]);
    const std::int64_t total = options.dilation[axis] * (weight[weight.size() - N + axis] - 1);
    result.both[axis] = std::max<std::int64_t>(total / 2, 0);
    result.after[static_cast<std::size_t>(axis)].after = total % 2;
    odd |= total % 2 != 0;
  }
  if (!odd) result.after.clear();
  return result;
}
template SamePadding<1> same_padding(std::string_view, const Shape&, const ConvOptions<1>&);
template SamePadding<2> same_padding(std::string_view, const Shape&, const ConvOptions<2>&);

Tensor conv1d(const Tensor& x, const Tensor& weight, const Conv1dOptions& options) {
  return conv<1>("conv1d", x, weight, nullptr, options);
}
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  return conv<1>("conv1d", x, weight, &bias, options);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2dOptions& options) {
  return conv<2>("conv2d", x, weight, nullptr, options);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  return conv<2>("conv2d", x, weight, &bias, options);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const ConvTranspose1dOptions& options) {
  return conv_transpose<1>("conv_transpose1d", x, weight, nullptr, options);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose1dOptions& options) {
  return conv_transpose<1>("conv_transpose1d", x, weight, &bias, options);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const ConvTranspose2dOptions& options) {
  return conv_transpose<2>("conv_transpose2d", x, weight, nullptr, options);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  return conv_transpose<2>("conv_transpose2d", x, weight, &bias, options);
}
Tensor conv1d_weight(const Tensor& x, const Tensor& g, PerAxis<1> kernel, const Conv1dOptions& options) {
  return conv_weight<1>("conv1d_weight", x, g, kernel, options);
}
Tensor conv2d_weight(const Tensor& x, const Tensor& g, PerAxis<2> kernel, const Conv2dOptions& options) {
  return conv_weight<2>("conv2d_weight", x, g, kernel, options);
}

}  // namespace hourglass
