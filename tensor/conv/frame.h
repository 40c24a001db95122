// SPDX-License-Identifier: MIT
// The padded image that windows are read from: zeros around it, and cut so that neighbouring windows are neighbours in
// memory, too.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tensor/checked.h"
#include "tensor/conv/geometry.h"
#include "tensor/kernels/kernels.h"
#include "tensor/storage.h"

namespace hourglass::conv {

/// How windows lie in a frame.
enum class Layout {
  kOnePiece,    // anywhere: the frame is the image with its padding
  kLines,       // next to each other within a line: each phase of the stride has a plane of its own
  kSideBySide,  // all in one line: each column of the kernel has a plane, whose lines are as long as the result's
};

/// Copies of each channel of an image, cut along both axes. What lies outside of the image is 0.
///   Rows in phases: line i of phase f is the image's row i phases + f - above.
///   Columns in planes, which may overlap: number j of a line in plane q is the image's column columns[q] + j step.
struct Frame {
  std::int64_t channels, height, width;  // of the image
  std::int64_t phases, above, lines;
  std::int64_t step, count, pitch;  // numbers in a line, and from one line to the next
  std::vector<std::int64_t> columns;

  /// Whether the image itself, uncopied, is this frame.
  bool is_image() const;
  std::int64_t phase_size() const { return lines * pitch + count - pitch; }
  std::int64_t plane_size() const { return phases * phase_size(); }
  std::int64_t channel_size() const { return static_cast<std::int64_t>(columns.size()) * plane_size(); }
  std::int64_t size() const { return channels * channel_size(); }

  /// The place of the padded image's row i in a plane.
  std::int64_t row(std::int64_t i) const { return i % phases * phase_size() + i / phases * pitch; }
  /// The place of the image's column j in a line: in the plane that begins with it, or else in the plane of its phase.
  std::int64_t column(std::int64_t j) const;

  /// Sets the pitch so that the zeros at the end of a line are also those at the start of the next.
  void share_zeros();

  /// The parts of a channel that are copied: blocks of lines.
  struct Block {
    std::int64_t from, to, lines, count;
  };
  std::vector<Block> blocks() const;
};

/// Windows at `rows` x `columns` places of a frame, and the steps between them.
struct Grid {
  std::int64_t rows, columns, row_step, column_step;

  std::int64_t size() const { return rows * columns; }
  /// The same grid, as one line if its lines follow one another.
  Grid in_lines() const { return row_step == columns && column_step == 1 ? Grid{1, size(), 0, 1} : *this; }
  std::vector<std::int64_t> positions() const;
};

/// The frame of an image x for the windows of a convolution.
Frame frame_of(const Geometry& geometry, Layout layout);
/// Number k of the window at p is frame[offset[k] + position[p]]: the offsets, where k counts (channel, row, column) of
/// one group, and the positions.
std::vector<std::int64_t> kernel_offsets(const Geometry& geometry, const Frame& frame);
Grid grid_of(const Geometry& geometry, const Frame& frame);

/// Uninitialized scratch memory.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::int64_t count) : storage_(static_cast<std::size_t>(Checked("conv", count) * sizeof(T))) {}
  T* data() const { return reinterpret_cast<T*>(storage_.data()); }

 private:
  Storage storage_;
};

/// Memory for the frames of `together` images, and `slack` numbers after them.
template <class T>
class Frames {
 public:
  explicit Frames(const Frame& frame, std::int64_t slack = 0, std::int64_t together = 1)
      : frame_(frame),
        in_place_(frame.is_image() && slack == 0),
        blocks_(frame.blocks()),
        numbers_(in_place_ ? 0 : frame.size() * together + slack) {
    // Once is enough, since every frame has its zeros at the same places.
    if (!in_place_) std::fill_n(numbers_.data(), frame.size() * together + slack, T(0));
  }

  /// The frames of images [first, first + count), one after the other.
  const T* of(const T* images, std::int64_t first, std::int64_t count = 1) const {
    const T* channel = images + first * frame_.channels * frame_.height * frame_.width;
    if (in_place_) return channel;
    T* to = numbers_.data();
    for (std::int64_t c = 0; c < count * frame_.channels; ++c) {
      for (const Frame::Block& block : blocks_)
        copy_(channel + block.from, frame_.phases * frame_.width, frame_.step, block.lines, block.count, to + block.to,
              frame_.pitch);
      channel += frame_.height * frame_.width;
      to += frame_.channel_size();
    }
    return numbers_.data();
  }

 private:
  decltype(MoveKernelsOf<T>::deinterleave) copy_ = kernels().move.of<T>().deinterleave;
  const Frame& frame_;
  bool in_place_;
  std::vector<Frame::Block> blocks_;
  Scratch<T> numbers_;
};

}  // namespace hourglass::conv
