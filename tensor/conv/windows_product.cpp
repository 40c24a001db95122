// SPDX-License-Identifier: MIT
// Estimates which layout is fastest, prepares the weights for it, and calls the kernels.
#include "tensor/conv/windows_product.h"

#include <algorithm>

#include "tensor/parallel.h"

namespace hourglass::conv {

// ---- the cost model -----------------------------------------------------------------------------------------------

// Estimates for AVX-512 and f32, in cycles. A product takes the cycles that the multipliers need at
// their peak, times a factor for the loads that delay them.
constexpr double kPeak = 32;           // multiply-adds a cycle: two units of 16 lanes
constexpr double kFullTile = 1.05;     // factor of a tile with enough multiply-adds for each load
constexpr double kOneRegister = 1.35;  // factor where all channels fit into one register
constexpr double kFewChannels = 2;     // factor where a register of windows serves fewer than kChannels channels
constexpr std::int64_t kChannels = 4;
constexpr double kTranspose = 0.4;  // to transpose a number of the result
constexpr double kStore = 0.1;      // to store a number of the result where it belongs
constexpr double kStoreWide = 0.4;  // to store it in a line with slack, and to copy it from there
constexpr double kCopy = 0.2;       // to copy a number into the frame

double cycles_per_result(const ProductSizes& sizes, std::int64_t lanes, Layout layout, const Frame& frame) {
  // The fraction of lanes in use when `count` numbers fill registers.
  const auto filled = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(ceil_div(count, lanes) * lanes);
  };
  const double product = static_cast<double>(sizes.depth) / kPeak;
  const double copying =
      frame.is_image() ? 0 : kCopy * static_cast<double>(frame.size()) / static_cast<double>(sizes.results);
  if (layout == Layout::kOnePiece) {
    const double factor = sizes.channels <= lanes ? kOneRegister : kFullTile;
    return copying + (product * factor + kTranspose) / filled(sizes.channels);
  }
  const std::int64_t line = layout == Layout::kLines ? sizes.columns : sizes.rows * sizes.columns;
  const double factor = sizes.channels < kChannels ? kFewChannels : kFullTile;
  return copying + product * factor / filled(line) + (line < lanes ? kStoreWide : kStore);
}

// ---- windows in the lanes -----------------------------------------------------------------------------------------

template <class T>
WindowsInLanes<T>::WindowsInLanes(std::int64_t groups, std::int64_t channels, std::vector<std::int64_t> offsets,
                                  const Grid& grid, const T* weights)
    : WeightedWindows<T>(grid, channels, std::move(offsets)),
      weights_(static_cast<std::size_t>(groups * channels * this->depth())) {
  const Grid lines = grid.in_lines();
  const std::int64_t lanes = kernels().lanes<T>();
  const std::int64_t last = std::max<std::int64_t>(lines.columns - lanes, 0);
  slack_ = std::max<std::int64_t>(lanes - lines.columns, 0);
  for (std::int64_t i = 0; i < lines.rows; ++i)
    for (std::int64_t j = 0; j < lines.columns; j += lanes) {
      positions_.push_back(i * lines.row_step + std::min(j, last));
      columns_.push_back(i * lines.columns + std::min(j, last));
    }
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t from = g * channels * this->depth();
    kernels_.pack_weights(weights + from, channels, this->depth(), weights_.data() + from);
  }
}

template <class T>
void WindowsInLanes<T>::operator()(std::int64_t group, const T* frame, const T* bias, T* to, std::int64_t to_step,
                                   T*) const {
  kernels_.product({this->channels_, this->depth(), static_cast<std::int64_t>(positions_.size()),
                    weights_.data() + group * this->channels_ * this->depth(), frame, this->offsets_.data(),
                    positions_.data(), columns_.data(), bias, to, to_step});
}

// ---- channels in the lanes ----------------------------------------------------------------------------------------

template <class T>
ChannelsInLanes<T>::ChannelsInLanes(std::int64_t groups, std::int64_t channels, std::vector<std::int64_t> offsets,
                                    const Grid& grid, const T* weights)
    : WeightedWindows<T>(grid, channels, std::move(offsets)), positions_(grid.positions()) {
  const std::int64_t depth = this->depth();
  const std::int64_t vectors = ceil_div(channels, lanes_), panels = ceil_div(vectors, kernels_.max_vectors);
  for (std::int64_t p = 0; p <= panels; ++p) panels_.push_back(vectors * p / panels);
  width_ = vectors * lanes_;
  weights_.resize(static_cast<std::size_t>(groups * width_ * depth));
  for (std::int64_t g = 0; g < groups; ++g)
    for (std::size_t p = 1; p < panels_.size(); ++p) {
      const std::int64_t first = panels_[p - 1] * lanes_, width = panels_[p] * lanes_ - first;
      kernels_.pack_panel(weights + (g * channels + first) * depth, depth, std::min(width, channels - first), depth,
                          width, weights_.data() + (g * width_ + first) * depth);
    }
}

template <class T>
void ChannelsInLanes<T>::operator()(std::int64_t group, const T* frame, const T* bias, T* to, std::int64_t to_step,
                                    T* workspace) const {
  const std::int64_t windows = this->grid_.size(), depth = this->depth();
  const T* const weights = weights_.data() + group * width_ * depth;
  T* const biases = workspace + windows * width_;  // as many as there are lanes
  if (bias) std::copy_n(bias, this->channels_, biases);
  for (std::size_t p = 1; p < panels_.size(); ++p) {
    const std::int64_t first = panels_[p - 1] * lanes_;
    kernels_.product({windows, depth, panels_[p] - panels_[p - 1], frame, positions_.data(), this->offsets_.data(),
                      weights + first * depth, bias ? biases + first : nullptr, workspace + first, width_, false});
  }
  kernels().move.of<T>().transpose(workspace, width_, windows, this->channels_, to, to_step);
}

template class WindowsInLanes<float>;
template class WindowsInLanes<double>;
template class ChannelsInLanes<float>;
template class ChannelsInLanes<double>;

}  // namespace hourglass::conv
