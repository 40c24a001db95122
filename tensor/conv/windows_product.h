// SPDX-License-Identifier: MIT
// Weights times the windows of a frame, with windows or with channels in the lanes of the registers.
//
// In both cases one operand is read number by number, each copied to all lanes of a register, and
// the other operand register by register. The sizes decide which is faster.
#pragma once
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tensor/conv/frame.h"

namespace hourglass::conv {

/// The sizes that decide which layout is fastest: a product gives `channels` numbers for each of rows x columns windows
/// of `depth` numbers. All products together give `results` numbers for an image.
struct ProductSizes {
  std::int64_t channels, rows, columns, depth, results;
};

/// Estimated time for each number of the result, in cycles, with registers of `lanes` numbers.
double cycles_per_result(const ProductSizes& sizes, std::int64_t lanes, Layout layout, const Frame& frame);

/// The layout of the least estimated time; frame_of(layout) is the frame of an image in that layout.
template <class T, class FrameOf>
Layout fastest(const ProductSizes& sizes, const FrameOf& frame_of) {
  const auto cycles = [&](Layout layout) {
    return cycles_per_result(sizes, kernels().lanes<T>(), layout, frame_of(layout));
  };
  Layout best = Layout::kOnePiece;
  for (const Layout layout : {Layout::kLines, Layout::kSideBySide})
    if (cycles(layout) < cycles(best)) best = layout;
  return best;
}

template <class T>
class WeightedWindows {
 public:
  virtual ~WeightedWindows() = default;

  /// The result of one group and one image, [channels, windows] with rows to_step apart: weights times windows, plus
  /// a bias for each channel unless it is null.
  virtual void operator()(std::int64_t group, const T* frame, const T* bias, T* to, std::int64_t to_step,
                          T* workspace) const = 0;

  /// It reads this many numbers after the frame, and writes as many after each channel's result.
  virtual std::int64_t slack() const { return 0; }
  /// Numbers of workspace that a call needs.
  virtual std::int64_t workspace() const { return 0; }
  /// Numbers that are written for each channel, slack included.
  std::int64_t width() const { return grid_.size() + slack(); }
  /// Windows in a line.
  std::int64_t line() const { return grid_.columns; }

 protected:
  WeightedWindows(const Grid& grid, std::int64_t channels, std::vector<std::int64_t> offsets)
      : grid_(grid), channels_(channels), offsets_(std::move(offsets)) {}
  std::int64_t depth() const { return static_cast<std::int64_t>(offsets_.size()); }

  Grid grid_;
  std::int64_t channels_;
  std::vector<std::int64_t> offsets_;
};

/// Windows in the lanes: a run of neighbouring windows is a register as it lies in the frame. The last run of a line
/// overlaps the one before it, or reaches over the line's end if it is the only one.
template <class T>
class WindowsInLanes : public WeightedWindows<T> {
 public:
  /// weights is [groups, channels, depth], one weight for each offset.
  WindowsInLanes(std::int64_t groups, std::int64_t channels, std::vector<std::int64_t> offsets, const Grid& grid,
                 const T* weights);
  void operator()(std::int64_t group, const T* frame, const T* bias, T* to, std::int64_t to_step,
                  T* workspace) const override;
  std::int64_t slack() const override { return slack_; }

 private:
  const WindowsKernelsOf<T>& kernels_ = kernels().conv_windows.of<T>();
  std::int64_t slack_;
  std::vector<std::int64_t> positions_, columns_;  // of each run: in the frame, and in the result
  std::vector<T> weights_;
};

/// Channels in the lanes, with windows anywhere. The result is transposed at the end.
template <class T>
class ChannelsInLanes : public WeightedWindows<T> {
 public:
  ChannelsInLanes(std::int64_t groups, std::int64_t channels, std::vector<std::int64_t> offsets, const Grid& grid,
                  const T* weights);
  void operator()(std::int64_t group, const T* frame, const T* bias, T* to, std::int64_t to_step,
                  T* workspace) const override;
  std::int64_t workspace() const override { return (this->grid_.size() + 1) * width_; }

 private:
  const PanelKernelsOf<T>& kernels_ = kernels().conv_panels.of<T>();
  const std::int64_t lanes_ = kernels().lanes<T>();
  std::vector<std::int64_t> positions_;
  std::vector<std::int64_t> panels_;  // in registers: the beginning of each panel, and the end of the last
  std::int64_t width_;                // of all panels, in numbers
  std::vector<T> weights_;
};

template <class T>
std::unique_ptr<WeightedWindows<T>> weighted_windows(Layout layout, std::int64_t groups, std::int64_t channels,
                                                     std::vector<std::int64_t> offsets, const Grid& grid,
                                                     const T* weights) {
  if (layout == Layout::kOnePiece)
    return std::make_unique<ChannelsInLanes<T>>(groups, channels, std::move(offsets), grid, weights);
  return std::make_unique<WindowsInLanes<T>>(groups, channels, std::move(offsets), grid, weights);
}

}  // namespace hourglass::conv
