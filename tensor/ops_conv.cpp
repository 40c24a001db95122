// Convolution, its transpose and its weight gradient: three products with the matrix of all windows of an image. That
// matrix is never made. Its element (k, p), number k of the window at p, is
//
//   frame[tap[k] + position[p]]
//
// where the *frame* is the image with zeros around it, so that no window stands over an edge, cut in one of several
// ways (Layout) so that neighbouring windows stand side by side. The products read from there (kernels/conv.cpp). Where
// there is neither padding nor stride, the image may be the frame.
#include <algorithm>
#include <array>
#include <set>

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

// Of each channel of an image, copies cut along both axes; what lies outside of the image is 0.
//   Rows in phases: line i of phase f is the image's row i phases + f - above.
//   Columns in planes, which may overlap: number j of a line in plane q is the image's column columns[q] + j step.
struct Frame {
  std::int64_t channels, height, width;  // of the image
  std::int64_t phases, above, lines;
  std::int64_t step, count, pitch;  // numbers in a line, and from one line to the next
  std::vector<std::int64_t> columns;

  // Which of `count` numbers, first, first + apart, ... lie in [0, extent).
  static std::pair<std::int64_t, std::int64_t> inside(std::int64_t first, std::int64_t apart, std::int64_t count,
                                                      std::int64_t extent) {
    const std::int64_t begin = std::clamp<std::int64_t>(ceil_div(-first, apart), 0, count);
    return {begin, std::clamp<std::int64_t>(ceil_div(extent - first, apart), begin, count)};
  }
  // The zeros at the end of a line may be those at the beginning of the next.
  void share_zeros() {
    pitch = 0;
    for (const std::int64_t column : columns) {
      const auto [first, end] = inside(column, step, count, width);
      pitch = std::max({pitch, end, count - first});
    }
  }

  bool is_image() const {
    return phases == 1 && above == 0 && lines == height && step == 1 && count == width &&
           columns == std::vector<std::int64_t>{0};
  }
  std::int64_t phase_size() const { return lines * pitch + count - pitch; }
  std::int64_t plane_size() const { return phases * phase_size(); }
  std::int64_t channel_size() const { return static_cast<std::int64_t>(columns.size()) * plane_size(); }
  std::int64_t size() const { return channels * channel_size(); }

  // Where row i of the padded image stands in a plane.
  std::int64_t row(std::int64_t i) const { return i % phases * phase_size() + i / phases * pitch; }
  // Where the image's column j stands in a line: in the plane that begins with it, or else in that of its phase.
  std::int64_t column(std::int64_t j) const {
    const auto plane = std::find(columns.begin(), columns.end(), j);
    if (plane != columns.end()) return (plane - columns.begin()) * plane_size();
    const std::int64_t at = j - columns[0];
    return at % step * plane_size() + at / step;
  }

  // What is copied of a channel: blocks of lines.
  struct Block {
    std::int64_t from, to, lines, count;
  };
  std::vector<Block> blocks() const {
    std::vector<Block> result;
    for (std::size_t q = 0; q < columns.size(); ++q)
      for (std::int64_t f = 0; f < phases; ++f) {
        const auto [i, i_end] = inside(f - above, phases, lines, height);
        const auto [j, j_end] = inside(columns[q], step, count, width);
        if (i == i_end || j == j_end) continue;
        result.push_back({(i * phases + f - above) * width + columns[q] + j * step,
                          static_cast<std::int64_t>(q) * plane_size() + f * phase_size() + i * pitch + j, i_end - i,
                          j_end - j});
      }
    return result;
  }
};

// Windows at `rows` x `columns` places of a frame, and how far apart they are.
struct Grid {
  std::int64_t rows, columns, row_step, column_step;

  std::int64_t size() const { return rows * columns; }
  // Lines that follow one another are one.
  Grid in_lines() const { return row_step == columns && column_step == 1 ? Grid{1, size(), 0, 1} : *this; }
  std::vector<std::int64_t> positions() const {
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) result.push_back(i * row_step + j * column_step);
    return result;
  }
};

// How windows stand in a frame.
enum class Layout {
  kOnePiece,    // anywhere: the frame is the image with its padding
  kLines,       // side by side within a line: each phase of the stride has a plane of its own
  kSideBySide,  // all in one line: so has each column of the kernel, and the lines of a plane are as long as the
                // result's
};

// The frame of an image for the windows of a convolution.
Frame frame_of(const Geometry& geometry, Layout layout) {
  const auto& [rows, columns] = geometry.axes;
  const std::int64_t row_phases = layout == Layout::kOnePiece ? 1 : rows.stride;
  const std::int64_t step = layout == Layout::kOnePiece ? 1 : columns.stride;
  // Without padding and phases, a line may as well have the numbers that no window sees.
  const auto seen = [](const Axis& a, std::int64_t phases) {
    return phases == 1 && a.padding == 0 ? a.extent
                                         : ((a.outputs - 1) * a.stride + (a.kernel - 1) * a.dilation) / phases + 1;
  };
  Frame frame{geometry.in, rows.extent, columns.extent, row_phases, rows.padding, seen(rows, row_phases), step, 0,
              0,           {}};
  if (layout == Layout::kSideBySide) {
    frame.count = frame.pitch = columns.outputs;
    for (std::int64_t j = 0; j < columns.kernel; ++j) frame.columns.push_back(j * columns.dilation - columns.padding);
  } else {
    frame.count = seen(columns, step);
    for (std::int64_t phase = 0; phase < step; ++phase) frame.columns.push_back(phase - columns.padding);
    frame.share_zeros();
  }
  return frame;
}

// Number k of the window at p is frame[tap[k] + position[p]], where k counts (channel, row, column) of one group.
std::vector<std::int64_t> taps_in(const Frame& frame, const Geometry& geometry) {
  const auto& [rows, columns] = geometry.axes;
  std::vector<std::int64_t> taps;
  for (std::int64_t c = 0; c < geometry.group_in(); ++c)
    for (std::int64_t i = 0; i < rows.kernel; ++i)
      for (std::int64_t j = 0; j < columns.kernel; ++j)
        taps.push_back(c * frame.channel_size() + frame.row(i * rows.dilation) +
                       frame.column(j * columns.dilation - columns.padding));
  return taps;
}
Grid grid_of(const Geometry& geometry, const Frame& frame) {
  const auto& [rows, columns] = geometry.axes;
  return {rows.outputs, columns.outputs, frame.row(rows.stride), columns.stride / frame.step};
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

// Memory for the frames of some images at a time, and `slack` numbers behind them.
template <class T>
class Frames {
 public:
  explicit Frames(const Frame& frame, std::int64_t slack = 0, std::int64_t together = 1)
      : frame_(frame),
        in_place_(frame.is_image() && slack == 0),
        blocks_(frame.blocks()),
        numbers_(in_place_ ? 0 : frame.size() * together + slack) {
    // Once: zeros stand at the same places in every frame.
    if (!in_place_) std::fill_n(numbers_.data(), frame.size() * together + slack, T(0));
  }

  // The frames of images [first, first + count), one behind the other.
  const T* of(const T* images, std::int64_t first, std::int64_t count = 1) const {
    const T* channel = images + first * frame_.channels * frame_.height * frame_.width;
    if (in_place_) return channel;
    T* to = numbers_.data();
    for (std::int64_t c = 0; c < count * frame_.channels; ++c) {
      for (const Frame::Block& block : blocks_)
        pick_(channel + block.from, frame_.phases * frame_.width, frame_.step, block.lines, block.count, to + block.to,
              frame_.pitch);
      channel += frame_.height * frame_.width;
      to += frame_.channel_size();
    }
    return numbers_.data();
  }

 private:
  decltype(ConvKernelsOf<T>::pick) pick_ = kernels().conv.of<T>().pick;
  const Frame& frame_;
  bool in_place_;
  std::vector<Frame::Block> blocks_;
  Scratch<T> numbers_;
};

// Weights times the windows of a frame, in one of two ways. Either way one operand is read number by number, each
// spread over a register, and the other register by register:
//   windows in the lanes. A run of windows side by side is a register as it stands in the frame. The last run of a line
//     overlaps the one before it, or reaches over the line's end if it is the only one;
//   channels in the lanes, with windows anywhere. The result is transposed.
// Which is better follows from the sizes.
template <class T>
class WeightedWindows {
 public:
  // The fastest of the layouts: how long they take for each number of the result, in cycles of AVX-512. A product gives
  // `channels` for each of rows x columns windows, an image all together `results`; frame(layout) is the image's frame.
  template <class FrameOf>
  static Layout fastest(std::int64_t channels, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                        std::int64_t results, const FrameOf& frame) {
    const std::int64_t lanes = kernels().conv.of<T>().lanes;
    const double products = static_cast<double>(depth) / 32;
    const auto filled = [&](std::int64_t count) {
      return static_cast<double>(count) / static_cast<double>(ceil_div(count, lanes) * lanes);
    };
    const auto cycles = [&](Layout layout) {
      const Frame copy = frame(layout);
      const double copying =
          copy.is_image() ? 0 : 0.2 * static_cast<double>(copy.size()) / static_cast<double>(results);
      if (layout == Layout::kOnePiece)
        return copying + (products * (channels <= lanes ? 1.35 : 1.05) + 0.4) / filled(channels);
      const std::int64_t line = layout == Layout::kLines ? columns : rows * columns;
      return copying + products * (channels < 4 ? 2 : 1.05) / filled(line) + (line < lanes ? 0.4 : 0.1);
    };
    Layout best = Layout::kOnePiece;
    for (const Layout layout : {Layout::kLines, Layout::kSideBySide})
      if (cycles(layout) < cycles(best)) best = layout;
    return best;
  }

  // weights is [groups, channels, depth].
  WeightedWindows(Layout layout, std::int64_t groups, std::int64_t channels, std::vector<std::int64_t> taps,
                  const Grid& grid, const T* weights)
      : by_channels_(layout == Layout::kOnePiece), channels_(channels), taps_(std::move(taps)), grid_(grid) {
    const auto depth = static_cast<std::int64_t>(taps_.size());
    const std::int64_t lanes = conv_.lanes;
    if (by_channels_) {
      places_ = grid.positions();
      const std::int64_t vectors = ceil_div(channels, lanes), panels = ceil_div(vectors, conv_.panel_vectors);
      wide_ = vectors * lanes;
      for (std::int64_t p = 0; p <= panels; ++p) panels_.push_back(vectors * p / panels);
    } else {
      const Grid lines = grid.in_lines();
      const std::int64_t last = std::max<std::int64_t>(lines.columns - lanes, 0);
      slack_ = std::max<std::int64_t>(lanes - lines.columns, 0);
      for (std::int64_t i = 0; i < lines.rows; ++i)
        for (std::int64_t j = 0; j < lines.columns; j += lanes) {
          places_.push_back(i * lines.row_step + std::min(j, last));
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
  // Windows in a line.
  std::int64_t line() const { return grid_.columns; }
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
  const Layout layout =
      WeightedWindows<T>::fastest(channels, geometry.axes[0].outputs, geometry.axes[1].outputs, window,
                                  geometry.out * outputs, [&](Layout each) { return frame_of(geometry, each); });
  const Frame frame = frame_of(geometry, layout);
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const WeightedWindows<T> product(layout, geometry.groups, channels, taps_in(frame, geometry),
                                   grid_of(geometry, frame), w);
  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const bool direct = product.slack() == 0;
    const Scratch<T> wide(direct ? 0 : channels * product.width()), work(product.workspace());
    const Frames<T> frames(frame, product.slack());
    for (std::int64_t n = begin; n < end; ++n) {
      const T* const numbers = frames.of(x, n);
      for (std::int64_t g = 0; g < geometry.groups; ++g) {
        T* const planes = y + (n * geometry.out + g * channels) * outputs;
        product(g, numbers + g * geometry.group_in() * frame.channel_size(), bias ? bias + g * channels : nullptr,
                direct ? planes : wide.data(), product.width(), work.data());
        if (!direct) conv.pick(wide.data(), product.width(), 1, channels, outputs, planes, outputs);
      }
    }
  });
}

// The numbers of an axis of x that lie at one phase of the stride: first, first + stride, ... They are seen by the same
// taps of the kernel; tap[i] looks from number m of them at output m + from[i].
struct Phase {
  std::int64_t first, count;
  std::vector<std::int64_t> taps, from;
};
std::vector<Phase> phases_of(const Axis& axis) {
  std::vector<Phase> phases;
  for (std::int64_t first = 0; first < std::min(axis.stride, axis.extent); ++first) {
    Phase phase{first, ceil_div(axis.extent - first, axis.stride), {}, {}};
    for (std::int64_t tap = 0; tap < axis.kernel; ++tap) {
      const std::int64_t distance = first + axis.padding - tap * axis.dilation;
      if (distance % axis.stride != 0) continue;
      phase.taps.push_back(tap);
      phase.from.push_back(distance / axis.stride);
    }
    phases.push_back(phase);
  }
  return phases;
}

// A frame of g for all phases of x. Side by side, every distance of a column of x from the column of g that it looks at
// has a plane of its own, as every column of the kernel has in windows_of.
Frame frame_of(const Geometry& geometry, const std::vector<Phase>& rows, const std::vector<Phase>& columns,
               Layout layout) {
  // The first number that is seen, and one behind the last; at least all there are.
  const auto seen = [](const std::vector<Phase>& phases, std::int64_t outputs) {
    std::pair<std::int64_t, std::int64_t> range{0, outputs};
    for (const Phase& phase : phases)
      for (const std::int64_t from : phase.from)
        range = {std::min(range.first, from), std::max(range.second, from + phase.count)};
    return range;
  };
  const auto [top, bottom] = seen(rows, geometry.axes[0].outputs);
  const auto [left, right] = seen(columns, geometry.axes[1].outputs);
  Frame frame{geometry.out, geometry.axes[0].outputs, geometry.axes[1].outputs, 1, -top, bottom - top, 1, 0, 0, {}};
  if (layout == Layout::kSideBySide) {
    frame.count = frame.pitch = columns[0].count;
    std::set<std::int64_t> distances;
    for (const Phase& phase : columns) distances.insert(phase.from.begin(), phase.from.end());
    frame.columns.assign(distances.begin(), distances.end());
  } else {
    frame.count = right - left;
    frame.columns = {left};
    frame.share_zeros();
  }
  return frame;
}

// A phase of x from a frame of g: the weights of its taps are [groups, in, (out, taps)].
template <class T>
WeightedWindows<T> product_of(const Geometry& geometry, const Frame& frame, const Phase& row, const Phase& column,
                              Layout layout, const T* w) {
  const std::int64_t channels = geometry.group_in(), group_out = geometry.group_out();
  std::vector<std::int64_t> taps, within;  // within: a tap's place in a kernel
  for (const std::int64_t i : row.taps)
    for (const std::int64_t j : column.taps) within.push_back(i * geometry.axes[1].kernel + j);
  for (std::int64_t o = 0; o < group_out; ++o)
    for (const std::int64_t i : row.from)
      for (const std::int64_t j : column.from)
        taps.push_back(o * frame.channel_size() + frame.row(i + frame.above) + frame.column(j));
  std::vector<T> weights(static_cast<std::size_t>(geometry.in) * taps.size());
  T* to = weights.data();
  for (std::int64_t c = 0; c < geometry.in; ++c) {
    const T* kernel = w + (c / channels * group_out * channels + c % channels) * geometry.kernels();
    for (std::int64_t o = 0; o < group_out; ++o, kernel += channels * geometry.kernels())
      for (const std::int64_t k : within) *to++ = kernel[k];
  }
  // Side by side, a line is as long as that of the longest phase.
  const std::int64_t line = layout == Layout::kSideBySide ? frame.pitch : column.count;
  return WeightedWindows<T>(layout, geometry.groups, channels, std::move(taps), {row.count, line, frame.pitch, 1},
                            weights.data());
}

// x[n] = w transposed, times g[n], scattered, + bias. Seen from x: at each phase of the stride it is a convolution of g
// with some of the taps.
template <class T>
void input_gradient(const Geometry& geometry, const T* g, const T* w, const T* bias, T* x) {
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const Axis &height = geometry.axes[0], &width = geometry.axes[1];  // clang 14 captures no structured bindings
  const std::vector<Phase> row_phases = phases_of(height), column_phases = phases_of(width);
  const std::int64_t channels = geometry.group_in(), group_out = geometry.group_out();

  // One product for each phase along both axes, all in the same way.
  const auto frame_of_phases = [&](Layout each) { return frame_of(geometry, row_phases, column_phases, each); };
  const Layout layout = WeightedWindows<T>::fastest(channels, row_phases[0].count, column_phases[0].count,
                                                    group_out * geometry.kernels() / (height.stride * width.stride),
                                                    geometry.in * geometry.extents(), frame_of_phases);
  const Frame frame = frame_of_phases(layout);
  std::vector<WeightedWindows<T>> products;
  std::int64_t widest = 0, slack = 0, workspace = 0;
  for (const Phase& row : row_phases)
    for (const Phase& column : column_phases) {
      products.push_back(product_of(geometry, frame, row, column, layout, w));
      widest = std::max(widest, products.back().width());
      slack = std::max(slack, products.back().slack());
      workspace = std::max(workspace, products.back().workspace());
    }
  const bool direct = height.stride == 1 && width.stride == 1 && slack == 0;

  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const std::size_t across = column_phases.size();
    const Scratch<T> wide(direct ? 0 : static_cast<std::int64_t>(across) * channels * widest), work(workspace);
    std::vector<const T*> lines(across);
    std::vector<std::int64_t> pitches(across);
    const Frames<T> frames(frame, slack);
    for (std::int64_t n = begin; n < end; ++n) {
      const T* const numbers = frames.of(g, n);
      for (std::int64_t group = 0; group < geometry.groups; ++group) {
        T* const planes = x + (n * geometry.in + group * channels) * geometry.extents();
        const auto multiply = [&](const WeightedWindows<T>& product, T* to, std::int64_t to_step) {
          product(group, numbers + group * group_out * frame.channel_size(), bias ? bias + group * channels : nullptr,
                  to, to_step, work.data());
        };
        if (direct) {
          multiply(products[0], planes, geometry.extents());
          continue;
        }
        for (std::size_t p = 0; p < row_phases.size(); ++p) {
          for (std::size_t q = 0; q < across; ++q) {
            pitches[q] = products[p * across + q].line();
            multiply(products[p * across + q], wide.data() + static_cast<std::int64_t>(q) * channels * widest, widest);
          }
          for (std::int64_t c = 0; c < channels; ++c) {
            for (std::size_t q = 0; q < across; ++q)
              lines[q] = wide.data() + (static_cast<std::int64_t>(q) * channels + c) * widest;
            conv.weave(lines.data(), pitches.data(), width.stride, row_phases[p].count, width.extent,
                       planes + c * geometry.extents() + row_phases[p].first * width.extent,
                       height.stride * width.extent);
          }
        }
      }
    }
  });
}

// The sums of the weight gradient over images [begin, end), each in a register of its own whose lanes are windows:
// [groups, out, window, lanes]. Windows are side by side, and so are g's numbers.
template <class T>
void lane_sums(const Geometry& geometry, const Frame& frame, const std::int64_t* taps, const Grid& lines, const T* x,
               const T* g, std::int64_t begin, std::int64_t end, T* sums) {
  constexpr std::int64_t block = 512;  // windows, so that a tile's part of g stays in the cache
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const std::int64_t outputs = geometry.outputs(), window = geometry.window(), channels = geometry.group_out();
  const std::int64_t images = std::clamp<std::int64_t>(block / outputs, 1, end - begin);
  const std::int64_t rows = std::clamp<std::int64_t>(block / lines.columns, 1, lines.rows);
  const Frames<T> frames(frame, 0, images);
  for (std::int64_t n = begin; n < end; n += images) {
    const T* const numbers = frames.of(x, n, std::min(images, end - n));
    for (std::int64_t group = 0; group < geometry.groups; ++group)
      for (std::int64_t i = 0; i < lines.rows; i += rows)
        conv.lane_sums({channels, window, std::min(images, end - n), std::min(rows, lines.rows - i), lines.columns,
                        g + (n * geometry.out + group * channels) * outputs + i * lines.columns, outputs,
                        geometry.out * outputs, lines.columns,
                        numbers + group * geometry.group_in() * frame.channel_size() + i * lines.row_step, frame.size(),
                        lines.row_step, taps, sums + group * channels * window * conv.lanes, n > begin || i > 0});
  }
}

// The same sums, transposed, with channels in the lanes: [groups, window, out, rounded up to lanes]. A window's numbers
// are the rows of a product, g is packed.
template <class T>
void channel_sums(const Geometry& geometry, const Frame& frame, const std::int64_t* taps,
                  const std::vector<std::int64_t>& positions, const T* x, const T* g, std::int64_t begin,
                  std::int64_t end, T* sums) {
  constexpr std::int64_t block = 256;  // windows, so that a panel of g stays in the cache
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const std::int64_t outputs = geometry.outputs(), window = geometry.window(), channels = geometry.group_out();
  const std::int64_t vectors = ceil_div(channels, conv.lanes), panels = ceil_div(vectors, conv.panel_vectors);
  const std::int64_t step = vectors * conv.lanes;
  const Scratch<T> panel(block * conv.panel_vectors * conv.lanes);
  const Frames<T> frames(frame);
  for (std::int64_t n = begin; n < end; ++n) {
    const T* const numbers = frames.of(x, n);
    for (std::int64_t group = 0; group < geometry.groups; ++group)
      for (std::int64_t p = 0; p < panels; ++p) {
        const std::int64_t first = vectors * p / panels, width = vectors * (p + 1) / panels - first;
        const std::int64_t c = first * conv.lanes, count = std::min(width * conv.lanes, channels - c);
        const T* const rows = g + (n * geometry.out + group * channels + c) * outputs;
        for (std::int64_t k = 0; k < outputs; k += block) {
          const std::int64_t depth = std::min(block, outputs - k);
          conv.pack_panel(rows + k, outputs, count, depth, width * conv.lanes, panel.data());
          conv.panel_product({window, depth, width, numbers + group * geometry.group_in() * frame.channel_size(), taps,
                              positions.data() + k, panel.data(), nullptr, sums + group * window * step + c, step,
                              n > begin || k > 0});
        }
      }
  }
}

// w = sum over n of g[n] windows(x[n]) transposed. Each part of the batch sums on its own, and the sums are added up in
// order.
template <class T>
void weight_gradient(const Geometry& geometry, const T* x, const T* g, T* w) {
  const ConvKernelsOf<T>& conv = kernels().conv.of<T>();
  const std::int64_t window = geometry.window(), channels = geometry.group_out();
  const std::int64_t weights = geometry.out * window, step = ceil_div(channels, conv.lanes) * conv.lanes;
  // A register for each sum: up to so many are in the way of nothing else in the cache.
  const bool in_lanes = geometry.outputs() >= conv.lanes && weights <= 1024;
  const bool lines_fill_lanes = geometry.axes[1].outputs % conv.lanes == 0 || geometry.axes[0].outputs == 1;
  const Frame frame = frame_of(geometry, !in_lanes          ? Layout::kOnePiece
                                         : lines_fill_lanes ? Layout::kLines
                                                            : Layout::kSideBySide);
  const std::vector<std::int64_t> taps = taps_in(frame, geometry);
  const Grid grid = grid_of(geometry, frame);
  const std::vector<std::int64_t> positions = grid.positions();

  const std::int64_t grain = images_in_part(geometry, 8), parts = ceil_div(geometry.batch, grain);
  const std::int64_t size = in_lanes ? weights * conv.lanes : geometry.groups * window * step;
  const Scratch<T> sums(parts * size);
  T* const total = sums.data();
  parallel_for(geometry.batch, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const part = total + begin / grain * size;
    if (in_lanes) lane_sums(geometry, frame, taps.data(), grid.in_lines(), x, g, begin, end, part);
    else channel_sums(geometry, frame, taps.data(), positions, x, g, begin, end, part);
  });
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < size; ++i) total[i] += total[part * size + i];
  if (in_lanes) return conv.add_lanes(total, weights, w);
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
