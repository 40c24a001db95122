// SPDX-License-Identifier: MIT
// Copies between strided tensors: plans the two innermost loops, tiles them, and divides the rest among threads.
#include "tensor/iterate.h"

#include <algorithm>
#include <concepts>
#include <cstdlib>
#include <limits>

#include "tensor/kernels/kernels.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

// Tiles are as wide as a cache line of f32, so that a transposing copy reads and writes whole lines while they are in
// L1: 4096 x 784 f32 in tiles of 16 runs at 13 GB/s a thread, of 32 at 9, untiled at less than 1 (memcpy: 32).
constexpr std::int64_t kTile = 16;
constexpr std::int64_t kRun = 4096;         // a block is kTile runs of at most this many elements
constexpr std::int64_t kShort = 8;          // a loop of fewer elements is not the inner one: 2 to 4 times as fast
constexpr std::int64_t kCopyGrain = 32768;  // elements a chunk: copying them takes about as long as waking a thread

// One axis of a copy: how many elements, and how far apart they are on both sides.
struct Loop {
  std::int64_t count = 1, to = 0, from = 0;

  Loop part(std::int64_t begin, std::int64_t size) const { return {std::min(size, count - begin), to, from}; }
};

struct Copy {
  template <class T>
  void operator()(T& to, T from) const {
    to = from;
  }
};
struct Add {
  template <class T>
  void operator()(T& to, T from) const {
    to = plus(to, from);
  }
};

template <class T, class Combine>
void visit_block(const Loop& outer, const Loop& inner, T* to, const T* from, Combine combine) {
  const auto visit = [&](std::int64_t i, std::int64_t j) {
    combine(to[i * outer.to + j * inner.to], from[i * outer.from + j * inner.from]);
  };
  if (inner.to == 1 && inner.from == 1) {
    for (std::int64_t i = 0; i < outer.count; ++i)
      for (std::int64_t j = 0; j < inner.count; ++j) combine(to[i * outer.to + j], from[i * outer.from + j]);
    return;
  }
  std::int64_t tiled = 0;
  if constexpr (std::floating_point<T> && std::same_as<Combine, Copy>) {
    if (inner.from == 1 && outer.to == 1) {  // in registers: 1.5 times as fast if all fits into the caches
      constexpr std::int64_t strip = 4 * kTile;
      for (; tiled < inner.count; tiled += strip)
        kernels().move.of<T>().transpose(from + tiled, outer.from, outer.count, std::min(strip, inner.count - tiled),
                                         to + tiled * inner.to, inner.to);
      return;
    }
  }
  if (outer.count == kTile) {
    for (; tiled + kTile <= inner.count; tiled += kTile)
      for (std::int64_t j = tiled; j < tiled + kTile; ++j)
        for (std::int64_t i = 0; i < kTile; ++i) visit(i, j);
  }
  for (std::int64_t i = 0; i < outer.count; ++i)
    for (std::int64_t j = tiled; j < inner.count; ++j) visit(i, j);
}

// The inner loop is the axis along which the source has the smallest step. The outer one is the last axis that is left:
// where that is the target's fastest axis, the copy transposes.
class Plan {
 public:
  Plan(const Shape& shape, const Strides& to, const Strides& from) {
    const TensorIterator<2> joined(shape, {to, from});
    shape_ = joined.shape();
    strides_ = {joined.strides(0), joined.strides(1)};
    int fastest = shape_.size() - 1;
    const auto distance = [&](int axis) {  // repeated elements and short loops make poor inner loops
      const std::int64_t step = std::abs(strides_[1][axis]);
      return step == 0 || shape_[axis] < kShort ? std::numeric_limits<std::int64_t>::max() : step;
    };
    for (int axis = fastest - 1; axis >= 0; --axis)
      if (distance(axis) < distance(fastest)) fastest = axis;
    inner = take(fastest);
    if (!shape_.empty()) outer = take(shape_.size() - 1);
  }

  Loop outer, inner;
  /// The axes around the two loops.
  TensorIterator<2> planes() const { return {shape_, strides_}; }
  std::int64_t count_planes() const { return numel(shape_); }

 private:
  Loop take(int axis) {
    const Loop loop{shape_[axis], strides_[0][axis], strides_[1][axis]};
    shape_.erase(axis);
    for (Strides& strides : strides_) strides.erase(axis);
    return loop;
  }

  Shape shape_;
  std::array<Strides, 2> strides_;
};

template <class T, class Combine>
void visit(const Tensor& x, T* to, const Strides& to_strides, Combine combine) {
  if (x.numel() == 0) return;
  const T* const from = x.data<T>();
  const Plan plan(x.shape(), to_strides, x.strides());
  const Loop outer = plan.outer, inner = plan.inner;
  const TensorIterator<2> planes = plan.planes();
  const std::int64_t bands = (outer.count + kTile - 1) / kTile, runs = (inner.count + kRun - 1) / kRun;
  const std::int64_t blocks = bands * runs;  // of each plane
  const std::int64_t block_size = std::min(outer.count, kTile) * std::min(inner.count, kRun);
  parallel_for(
      plan.count_planes() * blocks, std::max<std::int64_t>(1, kCopyGrain / block_size),
      [&](std::int64_t begin, std::int64_t end) {
        const std::array<std::int64_t, 2> steps = planes.steps();
        const auto visit_planes = [&](std::int64_t position, std::array<std::int64_t, 2> offsets, std::int64_t count) {
          for (std::int64_t plane = position; plane < position + count; ++plane) {
            const std::int64_t first = std::max<std::int64_t>(0, begin - plane * blocks);
            const std::int64_t last = std::min(blocks, end - plane * blocks);
            for (std::int64_t block = first; block < last; ++block) {
              const std::int64_t i = block / runs * kTile, j = block % runs * kRun;
              visit_block(outer.part(i, kTile), inner.part(j, kRun), to + offsets[0] + i * outer.to + j * inner.to,
                          from + offsets[1] + i * outer.from + j * inner.from, combine);
            }
            for (std::size_t side = 0; side < 2; ++side) offsets[side] += steps[side];
          }
        };
        planes.for_each_run(begin / blocks, (end + blocks - 1) / blocks, visit_planes);
      });
}

}  // namespace

Strides broadcast_strides(const Tensor& x, const Shape& shape) {
  Strides strides = Axes::filled(shape.size(), 0);
  const int added = shape.size() - x.dim();
  for (int axis = 0; axis < x.dim(); ++axis)
    if (x.shape()[axis] == shape[axis + added]) strides[axis + added] = x.strides()[axis];
  return strides;
}

template <Element T>
void copy_to(const Tensor& x, T* out, const Strides& out_strides) {
  visit(x, out, out_strides, Copy{});
}
template <Element T>
void add_to(const Tensor& x, T* out, const Strides& out_strides) {
  visit(x, out, out_strides, Add{});
}

#define HOURGLASS_INSTANTIATE(T)                               \
  template void copy_to<T>(const Tensor&, T*, const Strides&); \
  template void add_to<T>(const Tensor&, T*, const Strides&);
HOURGLASS_INSTANTIATE(float)
HOURGLASS_INSTANTIATE(double)
HOURGLASS_INSTANTIATE(std::int64_t)
HOURGLASS_INSTANTIATE(std::uint8_t)
#undef HOURGLASS_INSTANTIATE

}  // namespace hourglass
