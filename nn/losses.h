// Losses: one number that says how far a prediction is from its target. Names, meanings and averages are PyTorch's.
// Input and target have one shape; nothing is broadcast, because a loss that quietly compares [n, 1] with [n] trains
// something else than was meant.
#pragma once
#include "autograd/var.h"

namespace hourglass::nn {

/// From the losses of single elements to the loss. batchmean is the sum divided by the extent of the first axis: for a
/// batch of images, the loss of an image rather than of a pixel.
enum class Reduction { none, mean, sum, batchmean };

/// (input - target)^2
Var mse_loss(const Var& input, const Var& target, Reduction reduction = Reduction::mean);
/// |input - target|
Var l1_loss(const Var& input, const Var& target, Reduction reduction = Reduction::mean);
/// -(t log p + (1 - t) log(1 - p)) for probabilities p and targets t in [0, 1]. Logarithms are at least -100.
Var binary_cross_entropy(const Var& input, const Var& target, Reduction reduction = Reduction::mean);
/// The same for p = sigmoid(input), exact where p rounds to 0 or 1.
Var binary_cross_entropy_with_logits(const Var& input, const Var& target, Reduction reduction = Reduction::mean);

/// -log softmax(input)[target] for logits [n, classes], or [n, classes, d...], or [classes], and the numbers of the
/// right classes (i64) in the same shape without the axis of classes. mean is over the targets.
Var cross_entropy(const Var& input, const Tensor& target, Reduction reduction = Reduction::mean);
/// -input[target] for log-probabilities, in the shapes of cross_entropy.
Var nll_loss(const Var& input, const Tensor& target, Reduction reduction = Reduction::mean);

struct KlDivOptions {
  /// batchmean is the divergence as mathematics has it; mean divides by the number of classes as well.
  Reduction reduction = Reduction::mean;
  /// The target holds log-probabilities, too.
  bool log_target = false;
};
/// t (log t - input), KL(t ‖ exp(input)) when summed: the input holds log-probabilities, the target t probabilities.
/// (Divergences of distributions are in autograd/stochastic.h.)
Var kl_div(const Var& input, const Var& target, KlDivOptions options = {});

}  // namespace hourglass::nn
