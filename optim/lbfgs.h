// SPDX-License-Identifier: MIT
// L-BFGS: Newton's method with the curvature estimated from the last few steps.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "optim/minimizer.h"

namespace hourglass::optim {

/// What L-BFGS adds to the options of all minimizers.
struct LBFGSOptions {
  /// The number of steps that are remembered, as two vectors each.
  std::int64_t history_size = 10;
  /// Searches along each direction. Without a search a step is lr times the direction, and the very first step
  /// lr min(1, 1 / Σ|gᵢ|) times: this is what PyTorch does by default (no line_search_fn).
  bool line_search = true;
  double lr = 1;
};

/// Newton's direction -H⁻¹g, with an inverse Hessian that agrees with the last steps. When step sᵢ changed the gradient
/// by yᵢ, then H⁻¹yᵢ = sᵢ for the newest. H⁻¹ is never formed: two passes over the pairs multiply by it (Nocedal 1980,
/// "Updating quasi-Newton matrices with limited storage"; Nocedal & Wright 2006, algorithm 7.4). Line search: strong
/// Wolfe, beginning with step 1, which is Newton's.
///
///   optim::LBFGS lbfgs(model.parameters(), {.max_iter = 200}, {.history_size = 50});
class LBFGS : public Minimizer {
 public:
  explicit LBFGS(std::vector<Parameter> parameters, MinimizerOptions options = {}, LBFGSOptions own = {});
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
  std::optional<double> lr_;  // only without a line search
};

}  // namespace hourglass::optim
