// SPDX-License-Identifier: MIT
// check_close: |a - b| is at most `tolerance`, everywhere.
#pragma once
#include <doctest/doctest.h>

#include "tensor/ops.h"

namespace hourglass::test {

inline void check_close(const Tensor& a, const Tensor& b, double tolerance = 1e-14) {
  CAPTURE(to_string(a));
  CAPTURE(to_string(b));
  REQUIRE(a.shape() == b.shape());
  CHECK(allclose(a, b, 0, tolerance));
}

}  // namespace hourglass::test
