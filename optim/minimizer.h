// Minimizer: what methods share that look at one objective several times before they move, rather than follow the
// gradients of random batches. They need an objective that is the same each time it is asked: the whole data set, and
// no noise in it.
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

struct MinimizerOptions {
  std::int64_t max_iter = 20;      ///< iterations of one call of step()
  std::int64_t max_eval = 0;       ///< evaluations of one call of step(); 0: as many as it takes
  double tolerance_grad = 1e-7;    ///< done when no number of the gradient is larger than this
  double tolerance_change = 1e-9;  ///< done when the loss, and every parameter, changes by less than this
};

/// Where a call of step() got to.
struct Progress {
  double loss;
  double gradient;  ///< the largest absolute value in it
  std::int64_t iterations, evaluations;
  bool converged;  ///< by one of the tolerances
};

class Minimizer {
 public:
  virtual ~Minimizer() = default;
  Minimizer(const Minimizer&) = delete;
  Minimizer& operator=(const Minimizer&) = delete;

  /// Iterates: a direction, a line search along it. `objective` computes the loss from the parameters' present values;
  /// gradients are taken of what it returns. Afterwards the parameters are at the best point found: where steps are
  /// searched for, the loss never rises.
  Progress step(const std::function<Var()>& objective);
  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// What the next iteration depends on besides the parameters.
  virtual StateDict state_dict() const = 0;
  virtual void load_state_dict(const StateDict& state) = 0;

 protected:
  /// Without `wolfe` the first step along each direction is taken as it is.
  Minimizer(std::string_view name, std::vector<Parameter> parameters, MinimizerOptions options,
            std::optional<WolfeOptions> wolfe);
  const std::string& name() const { return name_; }
  std::int64_t numel() const { return numel_; }

 private:
  // All vectors are f64[numel], the parameters' numbers end to end, whatever the parameters' own dtype.
  virtual Tensor direction(const Tensor& gradient) = 0;
  // The first step to try along a direction, given φ'(0).
  virtual double first_step(const Tensor& gradient, double slope) const = 0;
  // An iteration went from x to x + moved, where the gradient had been `before` and is `after`.
  virtual void learn(const Tensor& moved, const Tensor& before, const Tensor& after, const LinePoint& taken,
                     double value_before) = 0;
  // Forgets what was learnt: the next direction is straight down.
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
