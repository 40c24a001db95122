// SPDX-License-Identifier: MIT
// The small problem on which optimizers are compared with PyTorch, and PyTorch's answers.
#include "tests/optim/problem.h"

#include <cmath>

#include <doctest/doctest.h>

#include "tensor/ops.h"

namespace hourglass::test {
namespace {

Tensor noise(int step, std::int64_t first, std::int64_t count) {
  std::vector<double> numbers;
  for (std::int64_t k = first; k < first + count; ++k)
    numbers.push_back(static_cast<double>((step * 7 + k * 5) % 13 - 6) / 8);
  return Tensor::from(numbers);
}

}  // namespace

Parameters two_parameters(Dtype dtype) {
  return {Parameter("a", to(Tensor::from<double>({0.5, -1.25, 2}), dtype)),
          Parameter("b", to(Tensor::from<double>({0.125, -0.75}), dtype))};
}

std::vector<Var> gradients_f64(const Parameters& parameters, int step) {
  std::vector<Var> all;
  for (std::size_t i = 0; i < 2; ++i) {
    const Tensor& p = parameters[i].value();
    all.push_back(constant(p * p * p - p * 0.5 + noise(step, static_cast<std::int64_t>(i) * 4, p.numel())));
  }
  return all;
}

std::vector<Var> gradients_f32(const Parameters& parameters, int step) {
  std::vector<Var> all;
  for (std::int64_t i = 0; i < 2; ++i) {
    const std::int64_t first = i * 4, count = parameters[static_cast<std::size_t>(i)].numel();
    const Tensor k = to(arange(first, first + count), Dtype::f64);
    all.push_back(constant(to(noise(step, first, count) + k / 8.0 - 0.25, Dtype::f32)));
  }
  return all;
}

std::vector<double> values(const Parameters& parameters) {
  std::vector<double> all;
  for (const Parameter& p : parameters)
    for (const double x : to(p.value(), Dtype::f64).to_vector<double>()) all.push_back(x);
  return all;
}

void check_relative(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CAPTURE(got[i]);
    CAPTURE(expected[i]);
    CHECK(std::abs(got[i] - expected[i]) <= tolerance * std::abs(expected[i]));
  }
}

Json pytorch_optim(const char* part) {
  static const Json json = reference_data("pytorch_optim.json");
  return json[part];
}

}  // namespace hourglass::test
