// SPDX-License-Identifier: MIT
// Nonlinear conjugate gradients: a direction that does not undo the step before, from the memory of one step.
#pragma once
#include <cstdint>
#include <vector>

#include "optim/minimizer.h"

namespace hourglass::optim {

/// d ← -g + β d,  β = max(0, g · (g - g') / (g' · g')), where g' is the gradient of the step before. On a quadratic,
/// Polak & Ribière's β makes the directions conjugate. The maximum with 0 restarts the method, from -g, when successive
/// gradients are too alike (Polak & Ribière 1969; Gilbert & Nocedal 1992, "Global convergence properties of conjugate
/// gradient methods for optimization"). Line search: strong Wolfe with c2 = 0.4, tighter than L-BFGS needs. It keeps
/// three vectors.
class NonlinearCG : public Minimizer {
 public:
  explicit NonlinearCG(std::vector<Parameter> parameters, MinimizerOptions options = {});
  StateDict state_dict() const override;
  void load_state_dict(const StateDict& state) override;

 private:
  Tensor direction(const Tensor& gradient) override;
  double first_step(const Tensor& gradient, double slope) const override;
  void learn(const Tensor& moved, const Tensor& before, const Tensor& after, const LinePoint& taken,
             double value_before) override;
  void forget() override;

  // The last direction, the gradient it was computed from, and how much the loss fell along it.
  Tensor direction_, gradient_;
  double fallen_ = 0;
};

}  // namespace hourglass::optim
