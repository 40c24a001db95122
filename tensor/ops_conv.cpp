// Convolution, its transpose and its weight gradient: three products with the matrix of all windows of an image. That
// matrix is never made. Its element (k, p), number k of the window at p, is
//
//   frame[tap[k] + position[p]]
//
// where the *frame* is the image with zeros around it, so that no window stands over an edge, and cut into one plane
// for each phase of the stride, so that windows one stride apart are neighbours. The product packs its panels from
// there (kernels/gemm.cpp). Where there is neither padding nor stride, the image is the frame.
#include <algorithm>
#include <array>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

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

// One axis of a frame: for each of `phases`, `extent` numbers; number i of phase f is the image's i phases + f -
// before, or 0.
struct FrameAxis {
  std::int64_t image, phases, extent, before;
};

// A plane of a frame, all phases of it, for each channel of an image.
struct Frame {
  std::int64_t channels;
  std::array<FrameAxis, 2> axes;

  bool is_image() const {
    return std::all_of(axes.begin(), axes.end(),
                       [](const FrameAxis& a) { return a.phases == 1 && a.before == 0 && a.extent == a.image; });
  }
  std::int64_t width() const { return axes[1].extent; }
  std::int64_t phase_size() const { return axes[0].extent * axes[1].extent; }
  std::int64_t plane_size() const { return axes[0].phases * axes[1].phases * phase_size(); }
  std::int64_t size() const { return channels * plane_size(); }

  // Where number `row` x `column` of the padded image is: counted from the first number of its phase's plane.
  std::int64_t place(std::int64_t row, std::int64_t column) const {
    const std::int64_t phase = row % axes[0].phases * axes[1].phases + column % axes[1].phases;
    return phase * phase_size() + row / axes[0].phases * width() + column / axes[1].phases;
  }

  template <class T>
  void fill(const T* image, T* frame) const {
    const auto& [rows, columns] = axes;
    for (std::int64_t c = 0; c < channels; ++c, image += rows.image * columns.image)
      for (std::int64_t f = 0; f < rows.phases; ++f)
        for (std::int64_t phase = 0; phase < columns.phases; ++phase) {
          // The numbers of a row that come from the image; zeros before and after.
          const std::int64_t shift = phase - columns.before;
          const std::int64_t first = std::clamp<std::int64_t>(ceil_div(-shift, columns.phases), 0, columns.extent);
          const std::int64_t end =
              std::clamp<std::int64_t>(ceil_div(columns.image - shift, columns.phases), first, columns.extent);
          for (std::int64_t i = 0; i < rows.extent; ++i, frame += columns.extent) {
            const std::int64_t row = i * rows.phases + f - rows.before;
            if (row < 0 || row >= rows.image) {
              std::fill_n(frame, columns.extent, T(0));
              continue;
            }
            const T* const from = image + row * columns.image + shift;
            std::fill(frame, frame + first, T(0));
            if (columns.phases == 1) std::copy(from + first, from + end, frame + first);
            else
              for (std::int64_t j = first; j < end; ++j) frame[j] = from[j * columns.phases];
            std::fill(frame + end, frame + columns.extent, T(0));
          }
        }
  }
};

// The frame of an image under a convolution's windows.
Frame frame_of(const Geometry& geometry) {
  Frame frame{geometry.in, {}};
  for (std::size_t i = 0; i < 2; ++i) {
    const Axis& a = geometry.axes[i];
    frame.axes[i] = {a.extent, a.stride, a.outputs + (a.kernel - 1) * a.dilation / a.stride, a.padding};
    // Without padding and stride the frame may as well have the numbers that no window sees.
    if (a.stride == 1 && a.padding == 0) frame.axes[i].extent = a.extent;
  }
  return frame;
}

// tap[k] for the numbers k of a window, (channel, row, column) of one group; and position[p] for all windows.
std::vector<std::int64_t> taps_in(const Frame& frame, const Geometry& geometry) {
  const auto& [rows, columns] = geometry.axes;
  std::vector<std::int64_t> taps;
  for (std::int64_t c = 0; c < geometry.group_in(); ++c)
    for (std::int64_t i = 0; i < rows.kernel; ++i)
      for (std::int64_t j = 0; j < columns.kernel; ++j)
        taps.push_back(c * frame.plane_size() + frame.place(i * rows.dilation, j * columns.dilation));
  return taps;
}
std::vector<std::int64_t> positions_in(const Frame& frame, std::int64_t rows, std::int64_t columns,
                                       std::int64_t first = 0) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) positions.push_back(first + i * frame.width() + j);
  return positions;
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

// f(n, image n's frame) for all images of [begin, end).
template <class T, class F>
void for_each_frame(const Frame& frame, const T* images, std::int64_t begin, std::int64_t end, const F& f) {
  const std::int64_t image_size = frame.channels * frame.axes[0].image * frame.axes[1].image;
  if (frame.is_image()) {
    for (std::int64_t n = begin; n < end; ++n) f(n, images + n * image_size);
    return;
  }
  const Storage storage(static_cast<std::size_t>(frame.size()) * sizeof(T));
  T* const numbers = reinterpret_cast<T*>(storage.data());
  for (std::int64_t n = begin; n < end; ++n) {
    frame.fill(images + n * image_size, numbers);
    f(n, numbers);
  }
}

template <class T>
class Workspace {
 public:
  explicit Workspace(const GemmSize& size)
      : storage_(static_cast<std::size_t>(kernels().gemm.of<T>().workspace(size)) * sizeof(T)) {}
  T* data() const { return reinterpret_cast<T*>(storage_.data()); }

 private:
  Storage storage_;
};

// y[n] = w windows(x[n]) + bias
template <class T>
void forward(const Geometry& geometry, const T* x, const T* w, const T* bias, T* y) {
  const Frame frame = frame_of(geometry);
  const std::vector<std::int64_t> taps = taps_in(frame, geometry);
  const std::vector<std::int64_t> positions = positions_in(frame, geometry.axes[0].outputs, geometry.axes[1].outputs);
  const std::int64_t outputs = geometry.outputs(), window = geometry.window();
  const GemmSize size{geometry.group_out(), outputs, window};
  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const Workspace<T> workspace(size);
    for_each_frame(frame, x, begin, end, [&](std::int64_t n, const T* numbers) {
      T* const image = y + n * geometry.out * outputs;
      if (bias)
        for (std::int64_t o = 0; o < geometry.out; ++o) std::fill_n(image + o * outputs, outputs, bias[o]);
      for (std::int64_t g = 0; g < geometry.groups; ++g) {
        const std::int64_t first = g * size.rows;
        kernels().gemm.of<T>().matrix_times_windows(
            size, {w + first * window, window, 1},
            {numbers + g * geometry.group_in() * frame.plane_size(), taps.data(), positions.data()},
            {image + first * outputs, outputs, bias != nullptr}, workspace.data());
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
  for (std::int64_t residue = 0; residue < axis.stride; ++residue) {  // of number + padding
    Phase phase{};
    phase.first = ((residue - axis.padding) % axis.stride + axis.stride) % axis.stride;
    if (phase.first >= axis.extent) continue;
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
  return {axis.outputs, 1, before + end, before};
}

// x[n] = w transposed, times g[n], scattered, + bias. Seen from x: at each phase of the stride it is a convolution of g
// with some of the taps.
template <class T>
void input_gradient(const Geometry& geometry, const T* g, const T* w, const T* bias, T* x) {
  const auto& [height, width] = geometry.axes;
  const std::vector<Phase> row_phases = phases_of(height), column_phases = phases_of(width);
  const Frame frame{geometry.out, {frame_axis_of(height, row_phases), frame_axis_of(width, column_phases)}};
  const std::int64_t group_in = geometry.group_in(), group_out = geometry.group_out(), kernel = geometry.kernels();
  const bool direct = row_phases.size() == 1 && column_phases.size() == 1 && height.stride == 1 && width.stride == 1;

  // The product of one phase along both axes.
  struct Part {
    const Phase& rows;
    const Phase& columns;
    GemmSize size;
    std::vector<std::int64_t> taps, positions;
    std::vector<T> weights;  // for each group [in, (out, taps)]
  };
  std::vector<Part> parts;
  std::int64_t largest = 0;
  GemmSize any{group_in, 0, 0};
  for (const Phase& rows : row_phases)
    for (const Phase& columns : column_phases) {
      Part part{rows, columns, {group_in, rows.count * columns.count, 0}, {}, {}, {}};
      for (std::int64_t o = 0; o < group_out; ++o)
        for (const std::int64_t i : rows.back)
          for (const std::int64_t j : columns.back) part.taps.push_back(o * frame.plane_size() - i * frame.width() - j);
      part.size.depth = static_cast<std::int64_t>(part.taps.size());
      part.positions =
          positions_in(frame, rows.count, columns.count,
                       (rows.start + frame.axes[0].before) * frame.width() + columns.start + frame.axes[1].before);
      for (std::int64_t c = 0; c < geometry.in; ++c)
        for (std::int64_t o = 0; o < group_out; ++o)
          for (const std::int64_t i : rows.taps)
            for (const std::int64_t j : columns.taps) {
              const std::int64_t out = c / group_in * group_out + o;
              part.weights.push_back(w[(out * group_in + c % group_in) * kernel + i * width.kernel + j]);
            }
      largest = std::max(largest, part.size.columns);
      any.columns = std::max(any.columns, part.size.columns);
      any.depth = std::max(any.depth, part.size.depth);
      parts.push_back(std::move(part));
    }

  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const Workspace<T> workspace(any);
    const Storage storage(static_cast<std::size_t>(direct ? 0 : group_in * largest) * sizeof(T));
    T* const gathered = reinterpret_cast<T*>(storage.data());
    for_each_frame(frame, g, begin, end, [&](std::int64_t n, const T* numbers) {
      for (std::int64_t group = 0; group < geometry.groups; ++group)
        for (const Part& part : parts) {
          const std::int64_t count = part.size.columns, first = group * group_in;
          T* const planes = x + (n * geometry.in + first) * geometry.extents();
          T* const to = direct ? planes : gathered;
          if (bias)
            for (std::int64_t c = 0; c < group_in; ++c) std::fill_n(to + c * count, count, bias[first + c]);
          kernels().gemm.of<T>().matrix_times_windows(
              part.size, {part.weights.data() + first * part.size.depth, part.size.depth, 1},
              {numbers + group * group_out * frame.plane_size(), part.taps.data(), part.positions.data()},
              {to, count, bias != nullptr}, workspace.data());
          if (direct) continue;
          for (std::int64_t c = 0; c < group_in; ++c)
            for (std::int64_t i = 0; i < part.rows.count; ++i) {
              const T* const from = to + c * count + i * part.columns.count;
              T* const row = planes + c * geometry.extents() + (part.rows.first + i * height.stride) * width.extent +
                             part.columns.first;
              for (std::int64_t j = 0; j < part.columns.count; ++j) row[j * width.stride] = from[j];
            }
        }
    });
  });
}

// w = sum over n of g[n] windows(x[n]) transposed. Each part of the batch sums on its own, and the sums are added up in
// order.
template <class T>
void weight_gradient(const Geometry& geometry, const T* x, const T* g, T* w) {
  const Frame frame = frame_of(geometry);
  const std::vector<std::int64_t> taps = taps_in(frame, geometry);
  const std::vector<std::int64_t> positions = positions_in(frame, geometry.axes[0].outputs, geometry.axes[1].outputs);
  const std::int64_t outputs = geometry.outputs(), window = geometry.window();
  const GemmSize size{window, geometry.group_out(), outputs};  // of w transposed: windows are its rows
  const std::int64_t count = geometry.out * window;
  const std::int64_t grain = images_in_part(geometry, 8), parts = ceil_div(geometry.batch, grain);
  const Storage storage(static_cast<std::size_t>(parts * count) * sizeof(T));
  T* const sums = reinterpret_cast<T*>(storage.data());
  parallel_for(geometry.batch, grain, [&](std::int64_t begin, std::int64_t end) {
    T* const sum = sums + begin / grain * count;
    const Workspace<T> workspace(size);
    for_each_frame(frame, x, begin, end, [&](std::int64_t n, const T* numbers) {
      for (std::int64_t group = 0; group < geometry.groups; ++group)
        kernels().gemm.of<T>().windows_times_matrix(
            size, {numbers + group * geometry.group_in() * frame.plane_size(), taps.data(), positions.data()},
            {g + (n * geometry.out + group * size.columns) * outputs, 1, outputs},
            {sum + group * size.columns * window, size.columns, n > begin}, workspace.data());
    });
  });
  for (std::int64_t group = 0; group < geometry.groups; ++group)
    for (std::int64_t o = 0; o < size.columns; ++o)
      for (std::int64_t k = 0; k < window; ++k) {
        const T* from = sums + (group * window + k) * size.columns + o;
        T total = 0;
        for (std::int64_t part = 0; part < parts; ++part) total += from[part * count];
        w[(group * size.columns + o) * window + k] = total;
      }
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
  if (geometry.is_product())
    return reshape(
        matmul(transpose(reshape(g, {geometry.batch, geometry.out})), reshape(x, {geometry.batch, geometry.window()})),
        shape);
  Tensor w(shape, x.dtype());
  if (w.numel() == 0) return w;
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
