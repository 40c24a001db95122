// SPDX-License-Identifier: MIT
// The statistics of a tensor that pictures and reports show.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "autograd/inspect/statistics.h"
#include "tensor/ops.h"
#include "tests/numbers.h"

using namespace hourglass;
using test::kInfinity;

TEST_CASE("a NaN is printed without a sign") {
  const double minus = -std::numeric_limits<double>::quiet_NaN();
  REQUIRE(std::signbit(minus));
  CHECK(three_digits(minus) == "nan");
  CHECK(join(minus, " ", static_cast<float>(minus)) == "nan nan");
  CHECK(to_string(scalar(minus, Dtype::f64)).find("-nan") == std::string::npos);
}

TEST_CASE("statistics separate the finite numbers from the rest") {
  const Statistics s = statistics_of(Tensor::from({0.0, 3.0, -1.0, double(NAN), kInfinity, -kInfinity}));
  CHECK(s.count == 6);
  CHECK(s.zeros == 1);
  CHECK(s.nans == 1);
  CHECK(s.infinities == 2);
  CHECK(s.min == -1);
  CHECK(s.max == 3);
  CHECK(s.mean == doctest::Approx(2.0 / 3));
  CHECK(s.norm == doctest::Approx(std::sqrt(10.0)));
  CHECK(join(s) == "-1 to 3, mean 0.667, std 1.7, 16.7 % zeros, 1 NaN, 2 infinite");
  CHECK(join(statistics_of(zeros({0}))) == "empty");
  CHECK(join(statistics_of(full({2}, NAN))) == "nothing finite, 2 NaN");
  CHECK(join(statistics_of(scalar(2.5))) == "2.5");
  CHECK(statistics_of(full({4}, 1e300, Dtype::f64)).norm == doctest::Approx(2e300));
  CHECK(statistics_of(transpose(Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2}))).mean == 2.5);
  CHECK(has_nan(full({2}, NAN)));
  CHECK(!has_nan(full({2}, kInfinity)));
  CHECK(has_infinity(full({2}, -kInfinity)));
  CHECK(!has_infinity(zeros({3}, Dtype::i64)));
}
