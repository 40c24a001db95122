// SPDX-License-Identifier: MIT
// The input gradient, which is the transposed convolution. Seen from x it is a convolution of g again: the numbers of x
// at one phase of the stride are reached by some of the kernel's numbers, those at another phase by others. So there is
// one product for each phase, and the results are interleaved.
#include <set>
#include <utility>

#include "tensor/conv/products.h"
#include "tensor/conv/windows_product.h"

namespace hourglass::conv {
namespace {

// The numbers of an axis of x at one phase of the stride: first, first + stride, ... The kernel's number kernel[i]
// multiplies output m + from[i] for number m of them.
struct Phase {
  std::int64_t first, count;
  std::vector<std::int64_t> kernel, from;
};

std::vector<Phase> phases_of(const Axis& axis) {
  std::vector<Phase> phases;
  for (std::int64_t first = 0; first < std::min(axis.stride, axis.extent); ++first) {
    Phase phase{first, ceil_div(axis.extent - first, axis.stride), {}, {}};
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
      const std::int64_t distance = first + axis.padding - k * axis.dilation;
      if (distance % axis.stride != 0) continue;
      phase.kernel.push_back(k);
      phase.from.push_back(distance / axis.stride);
    }
    phases.push_back(phase);
  }
  return phases;
}

// The first output that any phase reads, and one past the last. The range includes all outputs.
std::pair<std::int64_t, std::int64_t> range_read(const std::vector<Phase>& phases, std::int64_t outputs) {
  std::pair<std::int64_t, std::int64_t> range{0, outputs};
  for (const Phase& phase : phases)
    for (const std::int64_t from : phase.from)
      range = {std::min(range.first, from), std::max(range.second, from + phase.count)};
  return range;
}

// One frame of g for all phases of x. With Layout::kSideBySide, g is copied once per offset between a column of x and
// the column of g that it reads.
Frame gradient_frame(const Geometry& geometry, const std::vector<Phase>& rows, const std::vector<Phase>& columns,
                     Layout layout) {
  const auto [top, bottom] = range_read(rows, geometry.axes[0].outputs);
  const auto [left, right] = range_read(columns, geometry.axes[1].outputs);
  Frame frame{.channels = geometry.out,
              .height = geometry.axes[0].outputs,
              .width = geometry.axes[1].outputs,
              .phases = 1,
              .above = -top,
              .lines = bottom - top,
              .step = 1,
              .count = 0,
              .pitch = 0,
              .columns = {}};
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

// The weights that reach a phase of x: [groups, in / groups, (out / groups, the phase's numbers of the kernel)].
template <class T>
std::vector<T> phase_weights(const Geometry& geometry, const Phase& row, const Phase& column, const T* w) {
  std::vector<std::int64_t> within;  // a kernel
  for (const std::int64_t i : row.kernel)
    for (const std::int64_t j : column.kernel) within.push_back(i * geometry.axes[1].kernel + j);
  const std::int64_t channels = geometry.group_in(), group_out = geometry.group_out();
  std::vector<T> weights(static_cast<std::size_t>(geometry.in * group_out) * within.size());
  T* to = weights.data();
  for (std::int64_t c = 0; c < geometry.in; ++c) {
    const T* kernel = w + (c / channels * group_out * channels + c % channels) * geometry.kernels();
    for (std::int64_t o = 0; o < group_out; ++o, kernel += channels * geometry.kernels())
      for (const std::int64_t k : within) *to++ = kernel[k];
  }
  return weights;
}

// A phase of x from a frame of g.
template <class T>
std::unique_ptr<WeightedWindows<T>> phase_product(const Geometry& geometry, const Frame& frame, const Phase& row,
                                                  const Phase& column, Layout layout, const T* w) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t o = 0; o < geometry.group_out(); ++o)
    for (const std::int64_t i : row.from)
      for (const std::int64_t j : column.from)
        offsets.push_back(o * frame.channel_size() + frame.row(i + frame.above) + frame.column(j));
  // With kSideBySide, a line is as long as the line of the longest phase.
  const std::int64_t line = layout == Layout::kSideBySide ? frame.pitch : column.count;
  return weighted_windows(layout, geometry.groups, geometry.group_in(), std::move(offsets),
                          {row.count, line, frame.pitch, 1}, phase_weights(geometry, row, column, w).data());
}

// All phases of both axes, in one layout.
template <class T>
class Phases {
 public:
  Phases(const Geometry& geometry, const T* w)
      : geometry_(geometry), rows_(phases_of(geometry.axes[0])), columns_(phases_of(geometry.axes[1])) {
    const auto frame_in = [&](Layout each) { return gradient_frame(geometry, rows_, columns_, each); };
    const auto strides = static_cast<std::int64_t>(rows_.size() * columns_.size());
    const Layout layout =
        fastest<T>({geometry.group_in(), rows_[0].count, columns_[0].count,
                    geometry.group_out() * geometry.kernels() / strides, geometry.in * geometry.extents()},
                   frame_in);
    frame_ = frame_in(layout);
    for (const Phase& row : rows_)
      for (const Phase& column : columns_) {
        products_.push_back(phase_product(geometry, frame_, row, column, layout, w));
        widest_ = std::max(widest_, products_.back()->width());
        slack_ = std::max(slack_, products_.back()->slack());
        workspace_ = std::max(workspace_, products_.back()->workspace());
      }
    direct_ = geometry.axes[0].stride == 1 && geometry.axes[1].stride == 1 && slack_ == 0;
  }

  /// x of images [begin, end).
  void multiply(const T* g, const T* bias, std::int64_t begin, std::int64_t end, T* x) const {
    const std::int64_t channels = geometry_.group_in(), across = static_cast<std::int64_t>(columns_.size());
    const Scratch<T> wide(direct_ ? 0 : across * channels * widest_), workspace(workspace_);
    const Frames<T> frames(frame_, slack_);
    for (std::int64_t n = begin; n < end; ++n) {
      const T* const numbers = frames.of(g, n);
      for (std::int64_t group = 0; group < geometry_.groups; ++group) {
        T* const planes = x + (n * geometry_.in + group * channels) * geometry_.extents();
        const auto product = [&](std::size_t phase, T* to, std::int64_t to_step) {
          (*products_[phase])(group, numbers + group * geometry_.group_out() * frame_.channel_size(),
                              bias ? bias + group * channels : nullptr, to, to_step, workspace.data());
        };
        if (direct_) {
          product(0, planes, geometry_.extents());
          continue;
        }
        for (std::size_t p = 0; p < rows_.size(); ++p) {
          for (std::size_t q = 0; q < columns_.size(); ++q)
            product(p * columns_.size() + q, wide.data() + static_cast<std::int64_t>(q) * channels * widest_, widest_);
          interleave(p, wide.data(), planes);
        }
      }
    }
  }

 private:
  // Interleaves the lines of all column phases, [columns, channels, widest], into the lines of x at
  // one row phase.
  void interleave(std::size_t row, const T* wide, T* planes) const {
    const Axis &height = geometry_.axes[0], &width = geometry_.axes[1];
    const std::int64_t channels = geometry_.group_in(), across = static_cast<std::int64_t>(columns_.size());
    std::vector<const T*> lines(columns_.size());
    std::vector<std::int64_t> pitches;
    for (std::size_t q = 0; q < columns_.size(); ++q) pitches.push_back(products_[row * columns_.size() + q]->line());
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t q = 0; q < across; ++q)
        lines[static_cast<std::size_t>(q)] = wide + (q * channels + c) * widest_;
      kernels().move.of<T>().interleave(lines.data(), pitches.data(), width.stride, rows_[row].count, width.extent,
                                        planes + c * geometry_.extents() + rows_[row].first * width.extent,
                                        std::min(height.stride, height.extent) * width.extent);
    }
  }

  const Geometry& geometry_;
  std::vector<Phase> rows_, columns_;
  Frame frame_;
  std::vector<std::unique_ptr<WeightedWindows<T>>> products_;  // for each row phase, all column phases
  std::int64_t widest_ = 0, slack_ = 0, workspace_ = 0;
  bool direct_ = false;  // one product writes x as it is
};

}  // namespace

template <class T>
void input_gradient(const Geometry& geometry, const T* g, const T* w, const T* bias, T* x) {
  const Phases<T> phases(geometry, w);
  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts),
               [&](std::int64_t begin, std::int64_t end) { phases.multiply(g, bias, begin, end, x); });
}

template void input_gradient(const Geometry&, const float*, const float*, const float*, float*);
template void input_gradient(const Geometry&, const double*, const double*, const double*, double*);

}  // namespace hourglass::conv
