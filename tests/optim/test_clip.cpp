// SPDX-License-Identifier: MIT
// Gradient clipping. Expected values are PyTorch 1.13's.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "optim/clip.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/optim/problem.h"

using namespace hourglass;
using namespace hourglass::test;

TEST_CASE("clipping by the norm is PyTorch's") {
  struct Row {
    double max_norm, norm_type, norm;
    std::vector<double> clipped;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Row& row :
       std::vector<Row>{{6.5, 2, 13, {1.4999998846153937, 1.9999998461538582, 5.999999538461575}},
                        {100, 2, 13, {3, 4, 12}},
                        {4, infinity, 12, {0.9999999166666738, 1.3333332222222316, 3.999999666666695}},
                        {3, 1, 19, {0.47368418559556913, 0.6315789141274255, 1.8947367423822765}},
                        {2, 3, 12.207054953820634, {0.4915190052948095, 0.6553586737264127, 1.966076021179238}}}) {
    CAPTURE(row.norm_type);
    const auto [gradients, norm] =
        optim::clip_grad_norm({constant(Tensor::from<double>({3, 4})), constant(Tensor::from<double>({12}, {1, 1}))},
                              row.max_norm, {.norm_type = row.norm_type});
    CHECK(norm == doctest::Approx(row.norm).epsilon(1e-14));
    CHECK(gradients[1].shape() == Shape{1, 1});
    std::vector<double> all = gradients[0].value().to_vector<double>();
    all.push_back(gradients[1].item());
    check_relative(all, row.clipped, 1e-14);
  }
}

TEST_CASE("clipping does not hide a NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double type : {2.0, std::numeric_limits<double>::infinity()}) {
    const auto clipped = optim::clip_grad_norm({constant(full({2}, nan)), constant(ones({2}))}, 1, {.norm_type = type});
    CHECK(std::isnan(clipped.norm));
    CHECK(std::isnan(max(clipped.gradients[1].value()).item()));
  }
}

TEST_CASE(
    "a norm that is not finite is an error where the caller wants one, and passes on otherwise as PyTorch's does") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinity, -infinity})
    for (const double type : {1.0, 2.0, infinity}) {
      CAPTURE(bad);
      CAPTURE(type);
      const std::vector<Var> gradients{constant(ones({2})), constant(Tensor::from<double>({1, bad})),
                                       constant(ones({}))};
      const std::string shown = std::isnan(bad) ? "nan" : "inf";
      CHECK(error_of([&] { optim::clip_grad_norm(gradients, 1, {.norm_type = type, .error_if_nonfinite = true}); }) ==
            "clip_grad_norm: the norm of gradient 1 is " + shown + ": f64[2]");
      const auto passed = optim::clip_grad_norm(gradients, 1, {.norm_type = type});
      CHECK(!std::isfinite(passed.norm));
      const double finite = passed.gradients[0].value().to_vector<float>()[0];
      CHECK((std::isnan(bad) ? std::isnan(finite) : finite == 0));
      CHECK(std::isnan(passed.gradients[1].value().to_vector<double>()[1]));
    }
  const auto fine =
      optim::clip_grad_norm({constant(zeros({0})), constant(full({2}, 3))}, 1, {.error_if_nonfinite = true});
  CHECK(fine.norm == doctest::Approx(3 * std::sqrt(2)));
}

TEST_CASE("clipping by value keeps every number within bounds") {
  const std::vector<Var> clipped = optim::clip_grad_value({constant(Tensor::from<double>({-3, 0.5, 2}))}, 1);
  CHECK(clipped[0].value().to_vector<double>() == std::vector<double>{-1, 0.5, 1});
}
