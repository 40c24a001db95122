// Nonlinear conjugate gradients: directions that do not undo each other, from the memory of one.
#pragma once
#include <cstdint>
#include <vector>

#include "optim/minimizer.h"

namespace hourglass::optim {

struct NonlinearCGOptions {
  std::int64_t max_iter = 20;
  std::int64_t max_eval = 0;  ///< 0: as many as it takes
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
};

/// d ← -g + β d,  β = max(0, g · (g - g') / (g' · g')), where g' was the gradient before: Polak & Ribière's β, which on
/// a quadratic makes directions conjugate, cut off at 0, which starts anew when they have become useless (Polak &
/// Ribière 1969; Gilbert & Nocedal 1992, "Global convergence properties of conjugate gradient methods for
/// optimization"). Line search: strong Wolfe with c2 = 0.4, tighter than L-BFGS needs. Three vectors of memory.
class NonlinearCG : public Minimizer {
 public:
  explicit NonlinearCG(std::vector<Parameter> parameters, NonlinearCGOptions options = {});
  StateDict state_dict() const override;
  void load_state_dict(const StateDict& state) override;

 private:
  Tensor direction(const Tensor& gradient) override;
  double first_step(const Tensor& gradient, double slope) const override;
  void learn(const Tensor& moved, const Tensor& before, const Tensor& after, const LinePoint& taken,
             double value_before) override;
  void forget() override;

  // The last direction, the gradient that it was made from, and how much the loss fell along it.
  Tensor direction_, gradient_;
  double fallen_ = 0;
};

}  // namespace hourglass::optim
