// SPDX-License-Identifier: MIT
// The search along a line for a step that lowers the loss enough.
#pragma once
#include <cstdint>
#include <functional>

#include "tensor/tensor.h"

namespace hourglass::optim {

/// A point of φ(step) = f(x + step d).
struct LinePoint {
  double step, value, slope;  ///< φ and φ' = d · ∇f there
  Tensor gradient;            ///< ∇f there
};

struct WolfeOptions {
  double c1 = 1e-4;  ///< the decrease must be at least c1 times what the slope at 0 predicts
  double c2 = 0.9;   ///< the slope must fall to c2 times the slope at 0: 0.9 for quasi-Newton, 0.1 to 0.4 for CG
  double max_step = 1e10;
  std::int64_t max_evaluations = 25;
};

/// A step a that satisfies the strong Wolfe conditions: φ(a) ≤ φ(0) + c1 a φ'(0) excludes steps that are too long, and
/// |φ'(a)| ≤ c2 |φ'(0)| those that are too short. `start` is the point at 0, with a negative slope, and `phi` evaluates
/// a point. If f is not finite there, the step was too long. If max_evaluations find no such step, the result is the
/// lowest point so far, which may be the start. (Moré & Thuente 1994, "Line search algorithms with guaranteed
/// sufficient decrease".)
LinePoint strong_wolfe(const std::function<LinePoint(double step)>& phi, const LinePoint& start, double first_step,
                       const WolfeOptions& options = {});

}  // namespace hourglass::optim
