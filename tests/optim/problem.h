// SPDX-License-Identifier: MIT
// The small problem on which optimizers are compared with PyTorch, and PyTorch's answers.
#pragma once
#include <vector>

#include "autograd/parameter.h"
#include "tests/reference_data.h"

namespace hourglass::test {

using Parameters = std::vector<Parameter>;

/// One of three numbers and one of two.
Parameters two_parameters(Dtype dtype);
/// Their gradients at a step, counted from 1. Those in f32 do not depend on the parameters, so that rounding errors do
/// not grow.
std::vector<Var> gradients_f64(const Parameters& parameters, int step);
std::vector<Var> gradients_f32(const Parameters& parameters, int step);
/// The numbers of all parameters.
std::vector<double> values(const Parameters& parameters);

/// Each number is within `tolerance` times its size of what is expected.
void check_relative(const std::vector<double>& got, const std::vector<double>& expected, double tolerance);

/// A part of the file that pytorch_optim_reference.py wrote: "trajectories" (where optimizers are
/// after 50 steps), "schedules", "plateaus" or "lbfgs".
Json pytorch_optim(const char* part);

}  // namespace hourglass::test
