// How far to go: the search along a line for a step that makes enough progress.
#pragma once
#include <cstdint>
#include <functional>

#include "tensor/tensor.h"

namespace hourglass::optim {

/// A point of φ(step) = f(x + step d).
struct LinePoint {
  double step, value, slope;  ///< φ and φ' = d · ∇f there
  Tensor gradient;            ///< ∇f there, for whoever goes on from it
};

struct WolfeOptions {
  double c1 = 1e-4;  ///< the decrease must be this part of what the slope at 0 promises
  double c2 = 0.9;   ///< the slope must fall to this part of the slope at 0: 0.9 for quasi-Newton, 0.1 to 0.4 for CG
  double max_step = 1e10;
  std::int64_t max_evaluations = 25;
};

/// A step that satisfies the strong Wolfe conditions, φ(a) ≤ φ(0) + c1 a φ'(0) and |φ'(a)| ≤ c2 |φ'(0)|: far enough to
/// matter, and near a minimum along the line. `start` is the point at 0, with a negative slope; `phi` evaluates one
/// point. Where f is not finite the step was too long. If none is found in time, the lowest point that was seen, which
/// may be the start. (Moré & Thuente 1994, "Line search algorithms with guaranteed sufficient decrease".)
LinePoint strong_wolfe(const std::function<LinePoint(double step)>& phi, const LinePoint& start, double first_step,
                       const WolfeOptions& options = {});

}  // namespace hourglass::optim
