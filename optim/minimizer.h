// SPDX-License-Identifier: MIT
// Minimizer: the base of methods that evaluate one objective several times for each step. The objective must return the
// same value each time: it uses the whole data set and has no noise.
//
//   optim::LBFGS lbfgs(model.parameters());
//   const optim::Progress end = lbfgs.step([&] { return mse_loss(model(x), x); });
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/parameter.h"
#include "optim/line_search.h"
#include "optim/state.h"

namespace hourglass::optim {

/// When a call of step() ends.
struct MinimizerOptions {
  std::int64_t max_iter = 20;      ///< after this many iterations
  std::int64_t max_eval = 0;       ///< after this many evaluations of the objective; 0: no limit
  double tolerance_grad = 1e-7;    ///< when no number of the gradient is larger than this
  double tolerance_change = 1e-9;  ///< when the loss and every parameter change by less than this
};

/// The state at the end of a call of step().
struct Progress {
  double loss;
  double gradient;  ///< the largest absolute value in it
  std::int64_t iterations, evaluations;
  bool converged;  ///< a tolerance was reached
};

class Minimizer {
 public:
  virtual ~Minimizer() = default;
  Minimizer(const Minimizer&) = delete;
  Minimizer& operator=(const Minimizer&) = delete;

  /// Iterates: chooses a direction and searches along it. `objective` computes the loss from the parameters' current
  /// values, and step() takes the gradient of it. Afterwards the parameters are at the best point found. With a line
  /// search the loss never rises.
  Progress step(const std::function<Var()>& objective);
  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// All that the next iteration depends on, apart from the parameters.
  virtual StateDict state_dict() const = 0;
  virtual void load_state_dict(const StateDict& state) = 0;

 protected:
  /// Without `wolfe` there is no line search: the first step along each direction is taken.
  Minimizer(std::string_view name, std::vector<Parameter> parameters, MinimizerOptions options,
            std::optional<WolfeOptions> wolfe);
  const std::string& name() const { return name_; }
  std::int64_t numel() const { return numel_; }

 private:
  // All vectors are f64[numel]: the numbers of all parameters end to end, for every dtype of the parameters.
  virtual Tensor direction(const Tensor& gradient) = 0;
  // The first step to try along a direction, given φ'(0).
  virtual double first_step(const Tensor& gradient, double slope) const = 0;
  // An iteration went from x to x + moved. The gradient was `before` at x and is `after` at x + moved.
  virtual void learn(const Tensor& moved, const Tensor& before, const Tensor& after, const LinePoint& taken,
                     double value_before) = 0;
  // Forgets what was learnt: the next direction is the negative gradient.
  virtual void forget() = 0;

  Tensor gather_values() const;
  void scatter_values(const Tensor& flat) const;

  std::string name_;
  std::vector<Parameter> parameters_;
  MinimizerOptions options_;
  std::optional<WolfeOptions> wolfe_;
  std::int64_t numel_ = 0;
};

/// The sum of a_i b_i.
double dot(const Tensor& a, const Tensor& b);

}  // namespace hourglass::optim
