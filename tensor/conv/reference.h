// SPDX-License-Identifier: MIT
// The sum whose derivatives are convolution, its transpose and its weight gradient, term by term.
// It is slow: the tests compare the products with it.
#pragma once
#include <cstdint>

#include "tensor/conv/geometry.h"

namespace hourglass::conv {

/// T(x, w, g) is the sum of x[i] w[k] g[p] over all calls f(i, k, p).
template <class F>
void for_each_term(const Geometry& s, F&& f) {
  const auto& [rows, columns] = s.axes;
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t o = 0; o < s.out; ++o)
      for (std::int64_t c = 0; c < s.group_in(); ++c)
        for (std::int64_t p = 0; p < rows.outputs; ++p)
          for (std::int64_t q = 0; q < columns.outputs; ++q)
            for (std::int64_t i = 0; i < rows.kernel; ++i)
              for (std::int64_t j = 0; j < columns.kernel; ++j) {
                const std::int64_t row = rows.stride * p + rows.dilation * i - rows.padding;
                const std::int64_t column = columns.stride * q + columns.dilation * j - columns.padding;
                if (row < 0 || row >= rows.extent || column < 0 || column >= columns.extent) continue;
                const std::int64_t channel = n * s.in + o / s.group_out() * s.group_in() + c;
                f(static_cast<std::size_t>((channel * rows.extent + row) * columns.extent + column),
                  static_cast<std::size_t>(((o * s.group_in() + c) * rows.kernel + i) * columns.kernel + j),
                  static_cast<std::size_t>(((n * s.out + o) * rows.outputs + p) * columns.outputs + q));
              }
}

}  // namespace hourglass::conv
