// SPDX-License-Identifier: MIT
// Products of matrices against the sums that define them.
#include <vector>

#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

TEST_CASE("a product of matrices is the sum that defines it: narrow, deep, empty, transposed, with a bias") {
  struct Size {
    std::int64_t rows, depth, columns;
  };
  // The kernels cut a depth above 256 into blocks.
  for (const auto& [rows, depth, columns] : std::vector<Size>{{1, 1, 1},
                                                              {3, 7, 5},
                                                              {8, 64, 16},
                                                              {5, 256, 33},
                                                              {7, 257, 3},
                                                              {2, 700, 50},
                                                              {65, 300, 1},
                                                              {200, 20, 13},
                                                              {33, 0, 4},
                                                              {0, 3, 2}}) {
    CAPTURE(rows);
    CAPTURE(depth);
    CAPTURE(columns);
    // Short numbers, whose products and sums f32 holds without rounding.
    const Tensor a = ramp({rows, depth}, 1, Dtype::f64), b = ramp({depth, columns}, 5, Dtype::f64),
                 bias = ramp({columns}, 8, Dtype::f64);
    const std::vector<double> as = a.to_vector<double>(), bs = b.to_vector<double>();
    std::vector<double> sums(static_cast<std::size_t>(rows * columns));
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t k = 0; k < depth; ++k)
          sums[static_cast<std::size_t>(i * columns + j)] +=
              as[static_cast<std::size_t>(i * depth + k)] * bs[static_cast<std::size_t>(k * columns + j)];
    const Tensor wanted = Tensor::from(sums, {rows, columns});
    const auto turned = [](const Tensor& x) { return transpose(contiguous(transpose(x, 0, 1)), 0, 1); };
    for (const Dtype dtype : {Dtype::f32, Dtype::f64})
      for (const Tensor& x : {to(a, dtype), turned(to(a, dtype))})
        for (const Tensor& y : {to(b, dtype), turned(to(b, dtype))}) {
          const Tensor shift = to(bias, dtype);
          CHECK(equal(to(matmul(x, y), Dtype::f64), wanted));
          CHECK(equal(to(linear(x, transpose(y, 0, 1)), Dtype::f64), wanted));
          CHECK(equal(to(linear(x, transpose(y, 0, 1), &shift), Dtype::f64), wanted + bias));
        }
  }
}
