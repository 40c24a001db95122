// Stochastic nodes: samples on the tape, and estimators of the derivative of an expectation.
//
// A random number has no derivative by the parameters of its distribution; its expectation has. sample() draws a value
// and records where it came from; how its derivative is estimated is one argument, and the model does not change:
//
//     const Var z = sample(q, rng, score_function(Baseline::leave_one_out, 8));   // or pathwise(), disarm(), ...
//     const Var cost = -decoder(z).log_prob(x);
//     adam.step(grad(mean(surrogate(cost)), parameters));
#pragma once
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "autograd/distributions/distributions.h"
#include "autograd/distributions/kl.h"
#include "autograd/node.h"

namespace hourglass {

/// What the score function is weighed against; it lowers the variance and leaves the mean as it is.
enum class Baseline {
  none,
  moving_average,  ///< of the costs so far, forgotten with `decay` a step
  leave_one_out    ///< the mean cost of the other samples (Kool, van Hoof & Welling 2019)
};

/// How the derivative through a sample is estimated. `samples` n >= 1 draws so many along a new first axis, which the
/// model carries along as it would any other axis of a batch, by broadcasting; 0 draws one and adds no axis.
struct Estimator {
  enum class Kind { pathwise, score_function, straight_through, gumbel_softmax, arm, disarm };
  Kind kind = Kind::pathwise;
  std::int64_t samples = 0;
  Baseline baseline = Baseline::none;
  double temperature = 1;
  bool hard = false;
  struct MovingAverage {
    double decay = 0.9, sum = 0, weight = 0;
    double value() const { return weight > 0 ? sum / weight : 0; }
  };
  std::shared_ptr<MovingAverage> average{};  ///< shared by all copies of the estimator, from step to step

  std::string name() const;
};

/// ∇f(z(θ, noise)): for what has rsample. Unbiased, and mostly of the least variance.
Estimator pathwise(std::int64_t samples = 0);
/// (f(z) - baseline) ∇log p(z) (REINFORCE, Williams 1992): for any distribution and any f. Unbiased. leave_one_out
/// compares the samples along the node's first axis: it needs 2 or more of them, unless the parameters already have
/// the axis of an earlier node's samples.
Estimator score_function(Baseline baseline = Baseline::none, std::int64_t samples = 0, double decay = 0.9);
/// The choice itself forwards, the derivative of its mean backwards (Bengio, Léonard & Courville 2013). Biased, unless
/// f is linear. Bernoulli and OneHotCategorical.
Estimator straight_through(std::int64_t samples = 0);
/// A sample of the relaxed distribution, with its pathwise derivative; if `hard`, the choice forwards and the relaxed
/// sample's derivative backwards (Jang, Gu & Poole 2017). Biased; less so, and with more variance, the lower the
/// temperature. Bernoulli and OneHotCategorical.
Estimator gumbel_softmax(double temperature = 1, bool hard = false, std::int64_t samples = 0);
/// Two samples b, b' from one uniform number u and its mirror image 1 - u: (f(b) - f(b')) (u - ½) by each logit (ARM,
/// Yin & Zhou 2019), and its mean over all u that give the same b, b' (DisARM, Dong, Mnih & Tucker 2020; Yin et al.
/// 2020): ½ (f(b) - f(b')) (-1)^b' [b ≠ b'] sigmoid(|logit|). Unbiased. Bernoulli; always adds an axis of the two.
Estimator arm();
Estimator disarm();

/// What a sample is on the tape: its distribution, its estimator, and the random stream as it was before the draw.
class StochasticNode final : public Node {
 public:
  const Distribution& distribution() const { return *distribution_; }
  const Estimator& estimator() const { return estimator_; }
  /// Drawing from the distribution with this stream again gives the same noise.
  Rng stream() const { return stream_; }
  const Tensor& value() const { return value_; }

  int input_count() const override { return static_cast<int>(inputs_.size()); }
  const NodePtr& input(int i) const override { return inputs_[static_cast<std::size_t>(i)]; }
  Var pull(int i, const Var& g) override;
  void release() override;

 private:
  friend Var sample(std::shared_ptr<const Distribution> distribution, Rng& rng, const Estimator& estimator);
  friend Var surrogate(const Var& cost, const std::vector<Var>& also);
  StochasticNode(std::shared_ptr<const Distribution> distribution, const Estimator& estimator, const Rng& stream,
                 Tensor value);

  std::shared_ptr<const Distribution> distribution_;
  Estimator estimator_;
  Rng stream_;
  Tensor value_;
  Tensor pair_weight_;  // arm and disarm: what f(b) - f(b') is to be multiplied by, for each logit
  bool passes_gradient_ =
      true;  // otherwise its inputs are the parameters, and their gradient is the surrogate's affair
  bool in_surrogate_ = false;
  std::vector<NodePtr> inputs_;
};

/// Draws from the distribution. The value is always put on the tape (unless NoGrad), even where the parameters are
/// constants. An estimator that does not fit the distribution is an error that tells which ones do.
Var sample(std::shared_ptr<const Distribution> distribution, Rng& rng, const Estimator& estimator = pathwise());
template <std::derived_from<Distribution> D>
Var sample(const D& distribution, Rng& rng, const Estimator& estimator = pathwise()) {
  return sample(std::make_shared<const D>(distribution), rng, estimator);
}

/// The cost itself, with other derivatives: their expectation is the derivative of the expected cost, for all samples
/// that the cost was computed from, whatever their estimators (Schulman et al. 2015, "Gradient estimation using
/// stochastic computation graphs"; in the form of Foerster et al. 2018, "DiCE", whose value is the cost and which is
/// right to any order). Differentiate its mean over all samples.
///
/// The cost's first axes are those of the samples, newest first, then those of the batch: element [s, b] is taken to
/// depend on what was drawn in row b, and on no other row. What follows these axes in a sample is summed over in its
/// log-probability. A scalar cost depends on everything.
///
/// A model with several costs adds up their surrogates: each sample is then weighed by those costs alone that come
/// after it. `also` lists samples that the cost depends on through their values alone (a class number that picked a
/// row, a comparison), where the tape does not see it. Without surrogate(), a gradient that reaches a sample of the
/// score function, ARM or DisARM is an error; of the latter two, only the first derivative is known.
Var surrogate(const Var& cost, const std::vector<Var>& also = {});

/// The samples that y was computed from, oldest first.
std::vector<Var> stochastic_nodes(const Var& y);
/// The node of a sample; an error if x is none.
const StochasticNode& stochastic_node(const Var& x);

/// model() once more, where every sample() draws the noise that the sample in its place drew while y was computed: to
/// compare two parameters under one noise, or to check gradients. (Calling the model again without this resamples
/// it.) The random streams that the model is given do not move. An error if the model draws other samples than y's.
Var replay(const Var& y, const std::function<Var()>& model);

}  // namespace hourglass
