// SPDX-License-Identifier: MIT
// Losses: one number that says how far a prediction is from its target. Names, formulas and
// averages are PyTorch's.
//
// The losses of numbers and of probabilities broadcast input and target, if both have equally many axes, or one is a
// single number []: a target [n, 1] or [1, c] for an input [n, c], for example. Every axis that is repeated is then
// there to see, as an extent of 1. [n] against [n, 1] is an error: NumPy's rule, which PyTorch follows with a warning,
// would compare each of n numbers with all n, and train for something else. A mean is over the elements of the common
// shape. The other losses need input and target of the same shape, unless the comment says otherwise.
#pragma once
#include <cstdint>
#include <optional>

#include "autograd/var.h"

namespace hourglass::nn {

/// How the losses of the elements become one loss. batchmean is the sum divided by the extent of the first axis: for a
/// batch of images, the loss per image, while mean is the loss per pixel.
enum class Reduction { none, mean, sum, batchmean };

// ---- numbers

/// (input - target)^2
Var mse_loss(const Var& input, const Var& target, Reduction reduction = Reduction::mean);
/// |input - target|
Var l1_loss(const Var& input, const Var& target, Reduction reduction = Reduction::mean);
/// With d = |input - target|: d² / 2 beta where d < beta, and d - beta / 2 beyond.
Var smooth_l1_loss(const Var& input, const Var& target, Reduction reduction = Reduction::mean, double beta = 1);
/// d² / 2 where d <= delta, and delta (d - delta / 2) beyond: smooth_l1_loss times delta.
Var huber_loss(const Var& input, const Var& target, Reduction reduction = Reduction::mean, double delta = 1);

struct GaussianNllOptions {
  Reduction reduction = Reduction::mean;
  /// Adds the constant log(2π) / 2.
  bool full = false;
  /// Lower bound of var. The gradient ignores the bound.
  double eps = 1e-6;
};
/// (log var + (input - target)² / var) / 2: -log of the normal density with mean `input` and
/// variance `var`. var broadcasts to the shape of input and target, or has this shape without the last axis.
Var gaussian_nll_loss(const Var& input, const Var& target, const Var& var, GaussianNllOptions options = {});

struct PoissonNllOptions {
  /// The input is the logarithm of the rate.
  bool log_input = true;
  /// Adds Stirling's approximation of log(target!) where target > 1.
  bool full = false;
  /// Keeps log(rate + eps) finite.
  double eps = 1e-8;
  Reduction reduction = Reduction::mean;
};
/// rate - target log(rate), for targets that are counts.
Var poisson_nll_loss(const Var& input, const Var& target, PoissonNllOptions options = {});

// ---- probabilities

/// -(t log p + (1 - t) log(1 - p)) for probabilities p and targets t in [0, 1]; other numbers and NaN are errors.
/// Logarithms are at least -100.
Var binary_cross_entropy(const Var& input, const Var& target, Reduction reduction = Reduction::mean);
/// The same for p = sigmoid(input), exact where p rounds to 0 or 1; any number may be an input.
Var binary_cross_entropy_with_logits(const Var& input, const Var& target, Reduction reduction = Reduction::mean);

struct BinaryCrossEntropyOptions {
  /// Weight of an element's loss; broadcasts to the input.
  std::optional<Tensor> weight{};
  /// Weight of the positive term -t log p; above 1 favours recall. Broadcasts; only for logits.
  std::optional<Tensor> pos_weight{};
  Reduction reduction = Reduction::mean;
};
Var binary_cross_entropy(const Var& input, const Var& target, const BinaryCrossEntropyOptions& options);
Var binary_cross_entropy_with_logits(const Var& input, const Var& target, const BinaryCrossEntropyOptions& options);

/// -log softmax(input)[target] for logits [n, classes], or [n, classes, d...], or [classes]. The
/// target holds the number of the right class (i64), in the input's shape without the class axis.
/// mean is over the targets.
Var cross_entropy(const Var& input, const Tensor& target, Reduction reduction = Reduction::mean);
/// -input[target] for log-probabilities, in the shapes of cross_entropy.
Var nll_loss(const Var& input, const Tensor& target, Reduction reduction = Reduction::mean);

struct ClassOptions {
  /// Weight of each class, [classes]. The mean is then the sum divided by the weights of all targets.
  std::optional<Tensor> weight{};
  /// A target with this number has loss 0 and does not count in the mean.
  std::int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
  /// Only for cross_entropy: the fraction of the target that is spread evenly over all classes
  /// (Szegedy et al. 2016, "Rethinking the Inception architecture", section 7).
  double label_smoothing = 0;
};
Var cross_entropy(const Var& input, const Tensor& target, const ClassOptions& options);
Var nll_loss(const Var& input, const Tensor& target, const ClassOptions& options);
/// -Σ target log softmax(input) for target probabilities of the input's shape; where the target is 0, so is the term,
/// even if the logit is -∞. mean is over the samples and positions.
Var cross_entropy(const Var& input, const Var& target, const ClassOptions& options = {});

struct KlDivOptions {
  /// batchmean is the mathematical divergence per sample; mean also divides by the class count.
  Reduction reduction = Reduction::mean;
  /// The target also holds log-probabilities.
  bool log_target = false;
};
/// t (log t - input), and 0 where t is 0. The sum is KL(t ‖ exp(input)): the input holds log-probabilities, the target
/// t probabilities. NaN and a negative t are errors. (Divergences of distributions are in autograd/kl.h.)
Var kl_div(const Var& input, const Var& target, KlDivOptions options = {});

// ---- distances and margins. y is 1 or -1.

/// Σ ab / (max(|a|, eps) max(|b|, eps)) along the axis, after a and b are broadcast to one shape. Long vectors do not
/// overflow.
Var cosine_similarity(const Var& a, const Var& b, std::int64_t axis = 1, double eps = 1e-8);
/// (Σ |a - b + eps|^p)^(1/p) along the last axis.
Var pairwise_distance(const Var& a, const Var& b, double p = 2, double eps = 1e-6, bool keepdim = false);
/// 1 - cos(a, b) where y is 1, max(0, cos(a, b) - margin) where y is -1; a and b are [n, d], y is [n] (or [d] and []).
Var cosine_embedding_loss(const Var& a, const Var& b, const Tensor& y, double margin = 0,
                          Reduction reduction = Reduction::mean);
/// input where y is 1, max(0, margin - input) where y is -1.
Var hinge_embedding_loss(const Var& input, const Tensor& y, double margin = 1, Reduction reduction = Reduction::mean);
/// max(0, 1 - y input): the loss of support vector machines.
Var hinge_loss(const Var& input, const Tensor& y, Reduction reduction = Reduction::mean);
/// max(0, margin - y (a - b)): a should be larger where y is 1, and b where it is -1.
Var margin_ranking_loss(const Var& a, const Var& b, const Tensor& y, double margin = 0,
                        Reduction reduction = Reduction::mean);
/// log(1 + e^(-y input))
Var soft_margin_loss(const Var& input, const Tensor& y, Reduction reduction = Reduction::mean);

struct TripletOptions {
  double margin = 1, p = 2, eps = 1e-6;
  /// Replaces d(anchor, negative) by d(positive, negative) where that is smaller.
  bool swap = false;
  Reduction reduction = Reduction::mean;
};
/// max(0, d(anchor, positive) - d(anchor, negative) + margin) with d = pairwise_distance, for [n, d].
Var triplet_margin_loss(const Var& anchor, const Var& positive, const Var& negative, TripletOptions options = {});

// ---- images

struct DiceOptions {
  /// Added to numerator and denominator, so that the loss of two empty masks is 0.
  double smooth = 1;
  Reduction reduction = Reduction::mean;
};
/// 1 - (2 Σ p t + s) / (Σ p² + Σ t² + s) for each sample, with probabilities p and a mask t
/// [n, ...]. The sums are over all elements of a sample; s is `smooth` (Milletari et al. 2016,
/// "V-Net", section 3).
Var dice_loss(const Var& input, const Var& target, DiceOptions options = {});

struct SsimOptions {
  /// The window is a Gaussian with this number of pixels (odd) and this standard deviation.
  std::int64_t window_size = 11;
  double sigma = 1.5;
  /// The largest possible value minus the smallest.
  double data_range = 1;
  double k1 = 0.01, k2 = 0.03;
  Reduction reduction = Reduction::mean;
};
/// The structural similarity of images [n, c, h, w], 1 where they are the same: the mean over pixels and channels of
///   (2 μa μb + c1) (2 σab + c2) / ((μa² + μb² + c1) (σa² + σb² + c2)),   c1 = (k1 range)², c2 = (k2 range)²,
/// Means, variances and covariance are those of a window around a pixel. Only windows that lie
/// completely inside the image count (Wang et al. 2004, "Image quality assessment: from error
/// visibility to structural similarity", equation 13). A window larger than the image shrinks to
/// the image's size. Reduction::none gives [n].
Var ssim(const Var& a, const Var& b, SsimOptions options = {});
/// 1 - ssim
Var ssim_loss(const Var& input, const Var& target, SsimOptions options = {});

}  // namespace hourglass::nn
