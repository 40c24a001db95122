// L-BFGS: the curvature of the objective, from the last few steps.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "optim/minimizer.h"

namespace hourglass::optim {

struct LBFGSOptions {
  std::int64_t max_iter = 20;
  std::int64_t max_eval = 0;  ///< 0: as many as it takes
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
  /// How many steps are remembered, two vectors each.
  std::int64_t history_size = 10;
  /// Searches along each direction for a step. Otherwise each is lr times the direction, and the very first
  /// lr min(1, 1 / Σ|gᵢ|) times: what PyTorch does unless it is given a line_search_fn.
  bool line_search = true;
  double lr = 1;
};

/// Newton's direction -H⁻¹g, with an inverse Hessian that agrees with the last steps: H⁻¹yᵢ = sᵢ for the newest, where
/// step sᵢ changed the gradient by yᵢ. It is never formed: two passes over the pairs multiply with it (Nocedal 1980,
/// "Updating quasi-Newton matrices with limited storage"; Nocedal & Wright 2006, algorithm 7.4). Line search: strong
/// Wolfe, beginning with step 1, Newton's own.
class LBFGS : public Minimizer {
 public:
  explicit LBFGS(std::vector<Parameter> parameters, LBFGSOptions options = {});
  StateDict state_dict() const override;
  void load_state_dict(const StateDict& state) override;

 private:
  Tensor direction(const Tensor& gradient) override;
  double first_step(const Tensor& gradient, double slope) const override;
  void learn(const Tensor& moved, const Tensor& before, const Tensor& after, const LinePoint& taken,
             double value_before) override;
  void forget() override { pairs_.clear(); }

  struct Pair {
    Tensor s, y;
    double sy;
  };
  std::deque<Pair> pairs_;  // oldest first
  std::size_t history_size_;
  std::optional<double> lr_;  // of steps that are not searched for
};

}  // namespace hourglass::optim
