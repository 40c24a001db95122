// SPDX-License-Identifier: MIT
// Stochastic nodes: samples on the tape, and the derivative of their expectation.
//
// A random number has no derivative by the parameters of its distribution, but its expectation has. sample() draws a
// value and records its distribution. One argument chooses the estimator of the derivative; the model stays the same:
//
//     const Var z = sample(q, rng, score_function(Baseline::leave_one_out, 8));   // or pathwise(), disarm(), ...
//     const Var cost = -decoder(z).log_prob(x);
//     adam.step(grad(mean(surrogate(cost)), parameters));
#pragma once
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "autograd/distributions/distributions.h"
#include "autograd/distributions/estimator.h"
#include "autograd/distributions/kl.h"
#include "autograd/node.h"

namespace hourglass {

/// A sample on the tape: its distribution, its estimator, and a copy of the random stream from before the draw.
class StochasticNode final : public Node {
 public:
  const Distribution& distribution() const { return *distribution_; }
  const Estimator& estimator() const { return estimator_; }
  /// The stream before the draw. Drawing from the distribution with it gives the same noise.
  Rng stream() const { return stream_; }
  const Tensor& value() const { return value_; }

  Share vjp(int i, const Var& g) override;

 private:
  void release_rules() override;
  friend Var sample(std::shared_ptr<const Distribution> distribution, Rng& rng, const Estimator& estimator);
  friend Var surrogate(const Var& cost, const std::vector<Var>& also);
  StochasticNode(std::shared_ptr<const Distribution> distribution, const Estimator& estimator, const Rng& stream,
                 Tensor value);

  std::shared_ptr<const Distribution> distribution_;
  Estimator estimator_;
  Rng stream_;
  Tensor value_;
  Tensor pair_weight_;  // arm and disarm: the factor of f(b) - f(b') for each logit
  // If false, the inputs are the distribution's parameters, and surrogate() makes their gradient.
  bool passes_gradient_ = true;
  bool in_surrogate_ = false;
  std::vector<NodePtr> inputs_;
};

/// Draws from the distribution. The value is always on the tape (unless NoGrad), even if the parameters are constants.
/// An estimator that does not fit the distribution is an error that names those that do.
Var sample(std::shared_ptr<const Distribution> distribution, Rng& rng, const Estimator& estimator = pathwise());
template <std::derived_from<Distribution> D>
Var sample(const D& distribution, Rng& rng, const Estimator& estimator = pathwise()) {
  return sample(std::make_shared<const D>(distribution), rng, estimator);
}

/// The cost with other derivatives: their expectation is the derivative of the expected cost, for all samples that the
/// cost was computed from and for all their estimators (Schulman et al. 2015, "Gradient estimation using stochastic
/// computation graphs"). It has the form of Foerster et al. 2018, "DiCE": its value is the cost, and its derivatives
/// are right to any order. Differentiate its mean over all samples.
///
/// The first axes of the cost are those of the samples, newest first. Those of the batch follow. Element [s, b] may
/// depend on the draws in row b, and on no other row. The log-probability of a sample is summed over the axes that come
/// after those of the batch. A scalar cost depends on everything.
///
/// A model with several costs adds up their surrogates: then each sample is weighted only by the costs that come after
/// it. `also` lists samples that the cost depends on only through their values (a class number that picked a row, a
/// comparison), which the tape does not see. Without surrogate(), a gradient that reaches a sample of the score
/// function, ARM or DisARM is an error. For ARM and DisARM only the first derivative is known.
Var surrogate(const Var& cost, const std::vector<Var>& also = {});

/// The samples that y was computed from, oldest first.
std::vector<Var> stochastic_nodes(const Var& y);
/// The node of a sample. An error if x is not a sample.
const StochasticNode& stochastic_node(const Var& x);

/// Calls model() with the noise of y: the n-th sample() draws the noise of the n-th sample that y was computed from.
/// Compares two parameters under one noise, or checks gradients. The model's random streams do not advance. An error if
/// the model draws other samples than y did.
Var replay(const Var& y, const std::function<Var()>& model);

}  // namespace hourglass
