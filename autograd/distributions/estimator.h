// SPDX-License-Identifier: MIT
// Estimator: how the derivative of an expectation is estimated from samples.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace hourglass {

/// A number that the score function subtracts from the cost. It lowers the variance and does not change the mean.
enum class Baseline {
  none,
  moving_average,  ///< of the costs of earlier steps, whose weight falls by the factor `decay` per step
  leave_one_out    ///< the mean cost of the other samples (Kool, van Hoof & Welling 2019)
};

/// How the derivative through a sample is estimated. The functions below make estimators.
struct Estimator {
  struct MovingAverage {
    double decay, sum = 0, weight = 0;
    double value() const { return weight > 0 ? sum / weight : 0; }
  };

  struct Pathwise {
    std::string name() const { return "pathwise"; }
  };
  struct ScoreFunction {
    Baseline baseline;
    std::shared_ptr<MovingAverage> average{};  ///< shared by all copies of the estimator, from step to step
    std::string name() const;
  };
  struct StraightThrough {
    std::string name() const { return "straight-through"; }
  };
  struct GumbelSoftmax {
    double temperature;
    bool hard;
    std::string name() const;
  };
  struct Arm {
    std::string name() const { return "ARM"; }
  };
  struct DisArm {
    std::string name() const { return "DisARM"; }
  };

  std::variant<Pathwise, ScoreFunction, StraightThrough, GumbelSoftmax, Arm, DisArm> kind;
  /// n >= 1 draws n samples along a new first axis, which the model carries along by broadcasting, like an axis of a
  /// batch. 0 draws one sample and adds no axis.
  std::int64_t samples = 0;

  std::string name() const;
  /// The state of Baseline::moving_average, for a program that saves it. Null for every other estimator.
  MovingAverage* average() const;
};

/// ∇f(z(θ, noise)): for distributions with rsample. Unbiased, and mostly of the least variance.
Estimator pathwise(std::int64_t samples = 0);
/// (f(z) - baseline) ∇log p(z) (REINFORCE, Williams 1992): for any distribution and any f. Unbiased. leave_one_out
/// compares the samples along the node's first axis. It needs 2 or more, or parameters that have the axis of an earlier
/// node's samples.
Estimator score_function(Baseline baseline = Baseline::none, std::int64_t samples = 0, double decay = 0.9);
/// The choice itself forwards, the derivative of its mean backwards (Bengio, Léonard & Courville 2013). Biased unless f
/// is linear. For Bernoulli and OneHotCategorical.
Estimator straight_through(std::int64_t samples = 0);
/// A sample of the relaxed distribution, with its pathwise derivative. If `hard`, the choice forwards and the relaxed
/// sample's derivative backwards (Jang, Gu & Poole 2017). Biased. A lower temperature has less bias and more variance.
/// For Bernoulli and OneHotCategorical.
Estimator gumbel_softmax(double temperature = 1, bool hard = false, std::int64_t samples = 0);
/// Two samples b, b' from one uniform number u and its mirror image 1 - u: (f(b) - f(b')) (u - ½) by each logit (ARM,
/// Yin & Zhou 2019), and its mean over all u that give the same b, b' (DisARM, Dong, Mnih & Tucker 2020; Yin et al.
/// 2020): ½ (f(b) - f(b')) (-1)^b' [b ≠ b'] sigmoid(|logit|). Unbiased. For Bernoulli. Adds an axis of the two samples.
Estimator arm();
Estimator disarm();

}  // namespace hourglass
