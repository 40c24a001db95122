// SPDX-License-Identifier: MIT
// The three products: the derivatives of T(x, w, g) by g, by x and by w. All operands are dense and row-major.
#pragma once
#include <algorithm>
#include <cstdint>

#include "tensor/conv/geometry.h"
#include "tensor/parallel.h"

namespace hourglass::conv {

/// y[n] = w windows(x[n]) + bias; the bias may be null.
template <class T>
void forward(const Geometry& geometry, const T* x, const T* w, const T* bias, T* y);

/// x[n] = w transposed, times g[n], + bias. Each number of the product is added to x at the place
/// where its window reads. The bias may be null.
template <class T>
void input_gradient(const Geometry& geometry, const T* g, const T* w, const T* bias, T* x);

/// w = the sum over n of g[n] windows(x[n]) transposed.
template <class T>
void weight_gradient(const Geometry& geometry, const T* x, const T* g, T* w);

/// Upper bound on the parts that a batch is divided into.
constexpr std::int64_t kMaxParts = 16;
/// Lower bound on the multiply-adds of a part.
constexpr double kMinWorkOfPart = 1 << 18;
/// Images in a part. It depends on sizes alone, so that results are the same on any number of threads.
inline std::int64_t images_in_part(const Geometry& geometry, std::int64_t max_parts) {
  const double work = std::max(geometry.multiply_adds() / static_cast<double>(geometry.batch), 1.0);
  const auto enough = static_cast<std::int64_t>(std::min(kMinWorkOfPart / work, 1e9)) + 1;
  return std::max(enough, ceil_div(geometry.batch, max_parts));
}

}  // namespace hourglass::conv
