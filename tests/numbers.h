// SPDX-License-Identifier: MIT
// Numbers that are not finite.
#pragma once
#include <limits>

namespace hourglass::test {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN(),
                        kInfinity = std::numeric_limits<double>::infinity();

}  // namespace hourglass::test
