// SPDX-License-Identifier: MIT
// Where everything lies in a frame, and which blocks of an image are copied into it.
#include "tensor/conv/frame.h"

#include <utility>

#include "tensor/checked.h"
#include "tensor/parallel.h"

namespace hourglass::conv {
namespace {

// Numbers of a line that windows read. Without padding and phases, a line is the image's own, even if no window reads
// its last numbers.
std::int64_t line_length(const Axis& a, std::int64_t phases) {
  if (phases == 1 && a.padding == 0) return a.extent;
  return ((a.outputs - 1) * a.stride + (a.kernel - 1) * a.dilation) / phases + 1;
}

}  // namespace

bool Frame::is_image() const {
  return phases == 1 && above == 0 && lines == height && step == 1 && count == width &&
         columns == std::vector<std::int64_t>{0};
}

std::int64_t Frame::column(std::int64_t j) const {
  const auto plane = std::find(columns.begin(), columns.end(), j);
  if (plane != columns.end()) return (plane - columns.begin()) * plane_size();
  const std::int64_t at = j - columns[0];
  return at % step * plane_size() + at / step;
}

void Frame::share_zeros() {
  pitch = 0;
  for (const std::int64_t column : columns) {
    const auto [first, end] = range_inside(column, step, count, width);
    pitch = std::max({pitch, end, count - first});
  }
}

std::vector<Frame::Block> Frame::blocks() const {
  std::vector<Block> result;
  for (std::size_t q = 0; q < columns.size(); ++q)
    for (std::int64_t f = 0; f < phases; ++f) {
      const auto [i, i_end] = range_inside(f - above, phases, lines, height);
      const auto [j, j_end] = range_inside(columns[q], step, count, width);
      if (i == i_end || j == j_end) continue;
      result.push_back({(i * phases + f - above) * width + columns[q] + j * step,
                        static_cast<std::int64_t>(q) * plane_size() + f * phase_size() + i * pitch + j, i_end - i,
                        j_end - j});
    }
  return result;
}

std::vector<std::int64_t> Grid::positions() const {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) result.push_back(i * row_step + j * column_step);
  return result;
}

Frame frame_of(const Geometry& geometry, Layout layout) {
  const auto& [rows, columns] = geometry.axes;
  const std::int64_t row_phases = layout == Layout::kOnePiece ? 1 : rows.stride;
  const std::int64_t step = layout == Layout::kOnePiece ? 1 : columns.stride;
  Frame frame{.channels = geometry.in,
              .height = rows.extent,
              .width = columns.extent,
              .phases = row_phases,
              .above = rows.padding,
              .lines = line_length(rows, row_phases),
              .step = step,
              .count = 0,
              .pitch = 0,
              .columns = {}};
  if (layout == Layout::kSideBySide) {
    (void)(Checked("conv", frame.channels) * columns.kernel * row_phases * (frame.lines + 1) * columns.outputs);
    frame.count = frame.pitch = columns.outputs;
    for (std::int64_t j = 0; j < columns.kernel; ++j) frame.columns.push_back(j * columns.dilation - columns.padding);
  } else {
    frame.count = line_length(columns, step);
    // No window reads columns of a phase past the kernel.
    const std::int64_t phases = std::min(step, (columns.kernel - 1) * columns.dilation + 1);
    for (std::int64_t phase = 0; phase < phases; ++phase) frame.columns.push_back(phase - columns.padding);
    frame.share_zeros();
  }
  return frame;
}

std::vector<std::int64_t> kernel_offsets(const Geometry& geometry, const Frame& frame) {
  const auto& [rows, columns] = geometry.axes;
  std::vector<std::int64_t> offsets;
  for (std::int64_t c = 0; c < geometry.group_in(); ++c)
    for (std::int64_t i = 0; i < rows.kernel; ++i)
      for (std::int64_t j = 0; j < columns.kernel; ++j)
        offsets.push_back(c * frame.channel_size() + frame.row(i * rows.dilation) +
                          frame.column(j * columns.dilation - columns.padding));
  return offsets;
}

Grid grid_of(const Geometry& geometry, const Frame& frame) {
  const auto& [rows, columns] = geometry.axes;
  return {rows.outputs, columns.outputs, frame.row(rows.stride), columns.stride / frame.step};
}

}  // namespace hourglass::conv
