// SPDX-License-Identifier: MIT
// Tensors of indices: their checks, and the loop that combines elements at the places that they pick.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/around.h"
#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {

inline constexpr std::int64_t kGatherGrain = 16384;  // elements a chunk

/// The index of element `position` of a row-major tensor.
inline Axes coordinates(std::int64_t position, const Shape& shape) {
  Axes result = shape;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    result[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return result;
}

/// The index, contiguous, after a check that its entries are i64 and less than `extent`, which is that of `target...`.
template <class... Target>
Tensor checked_index(std::string_view op, const Tensor& index, std::int64_t extent, const Target&... target) {
  check(index.dtype() == Dtype::i64, op, "the index must be i64, got ", describe(index));
  Tensor flat = contiguous(index);
  const std::span<const std::int64_t> entries = flat.span<std::int64_t>();
  const auto outside = [extent](std::int64_t entry) { return entry < 0 || entry >= extent; };
  bool any_outside = false;
  for (const std::int64_t entry : entries) any_outside |= outside(entry);
  if (!any_outside) return flat;
  const auto first = std::find_if(entries.begin(), entries.end(), outside);
  fail(op, "index ", *first, " at ", coordinates(first - entries.begin(), index.shape()), " is out of range for ",
       target..., " (extent ", extent, ")");
}

/// The index of gather and of the scatter ops may be shorter than x along all axes but `free_axis`, where it may have
/// any length. It may be shorter than the source along every axis.
inline void check_index_shape(std::string_view op, const Tensor& index, const Tensor& x, int free_axis) {
  check(index.dim() == x.dim(), op, "the index needs as many axes as the tensor: ", describe(index), " against ",
        describe(x), " (", index.dim(), " against ", x.dim(), ")");
  for (int axis = 0; axis < x.dim(); ++axis) {
    check(axis == free_axis || index.shape()[axis] <= x.shape()[axis], op,
          "the index is longer than the tensor in axis ", axis, ": ", describe(index), " against ", describe(x), " (",
          index.shape()[axis], " against ", x.shape()[axis], ")");
  }
}

/// combine(result, source) at picks along one axis, over the shape of picks. Only elements of the same line along the
/// axis can have the same target, and they are taken in order; lines run in parallel.
template <class T, class Combine>
void combine_at(Tensor& result, int axis, const Tensor& picks, const Tensor& source, Combine combine) {
  const std::int64_t length = picks.shape()[axis];
  if (picks.numel() == 0) return;
  Shape lines = picks.shape();
  std::array<Strides, 3> strides{result.strides(), picks.strides(), source.strides()};
  std::array<std::int64_t, 3> along{};
  lines.erase(axis);
  for (std::size_t k = 0; k < 3; ++k) {
    along[k] = strides[k][axis];
    strides[k].erase(axis);
  }
  const TensorIterator<3> iterator(lines, strides);
  const std::array<std::int64_t, 3> across = iterator.steps();
  T* const out = result.mutable_data<T>();
  const std::int64_t* const pick = picks.data<std::int64_t>();
  const T* const in = source.data<T>();
  // Neighbouring lines advance together, a few cache lines of them.
  const bool together = across[2] < along[2];
  const std::int64_t grain = std::max<std::int64_t>(together ? 64 : 1, kGatherGrain / length);
  parallel_for(numel(lines), grain, [&](std::int64_t begin, std::int64_t end) {
    iterator.for_each_run(begin, end,
                          [&](std::int64_t, const std::array<std::int64_t, 3>& offsets, std::int64_t count) {
                            const auto one = [&](std::int64_t line, std::int64_t j) {
                              const std::int64_t to = pick[offsets[1] + line * across[1] + j * along[1]];
                              combine(out[offsets[0] + line * across[0] + to * along[0]],
                                      in[offsets[2] + line * across[2] + j * along[2]]);
                            };
                            if (together) {
                              for (std::int64_t j = 0; j < length; ++j)
                                for (std::int64_t line = 0; line < count; ++line) one(line, j);
                            } else {
                              for (std::int64_t line = 0; line < count; ++line)
                                for (std::int64_t j = 0; j < length; ++j) one(line, j);
                            }
                          });
  });
}

}  // namespace hourglass
