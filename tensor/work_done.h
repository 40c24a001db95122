// SPDX-License-Identifier: MIT
// WorkDone: what a Watch is told when a kernel has finished.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

namespace hourglass {

/// Work within work (a copy that a product needs) counts as part of the outer one.
struct WorkDone {
  std::string_view op;
  std::chrono::steady_clock::time_point begin, end;
  double flops;        ///< by the op's formula: 2 m n k for a product, one for each element of an elementwise op
  std::int64_t bytes;  ///< of the operands, and of what was allocated for results
};

}  // namespace hourglass
