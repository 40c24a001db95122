#include "nn/losses.h"

#include "autograd/ops.h"
#include "nn/context.h"

namespace hourglass::nn {
namespace {

// `samples` is what batchmean divides by.
Var reduce(const Var& each, Reduction reduction, std::int64_t samples) {
  switch (reduction) {
    case Reduction::none: return each;
    case Reduction::mean: return mean(each);
    case Reduction::sum: return sum(each);
    case Reduction::batchmean: return sum(each) / samples;
  }
  fail("loss", "corrupt reduction ", static_cast<int>(reduction));
}
Var reduce(const Var& each, Reduction reduction) { return reduce(each, reduction, each.dim() == 0 ? 1 : each.size(0)); }

void check_alike(std::string_view loss, const Var& input, const Var& target) {
  check(input.shape() == target.shape() && input.dtype() == target.dtype(), loss, "input is ", describe(input),
        ", target is ", describe(target), "; they must be alike");
}

}  // namespace

Var mse_loss(const Var& input, const Var& target, Reduction reduction) {
  check_alike("mse_loss", input, target);
  return reduce(squared_difference(input, target), reduction);
}

Var l1_loss(const Var& input, const Var& target, Reduction reduction) {
  check_alike("l1_loss", input, target);
  return reduce(abs(input - target), reduction);
}

Var binary_cross_entropy(const Var& input, const Var& target, Reduction reduction) {
  check_alike("binary_cross_entropy", input, target);
  if (input.numel() > 0) {
    const double low = min(input.value()).item(), high = max(input.value()).item();
    check(!(low < 0) && !(high > 1), "binary_cross_entropy", "input reaches from ", low, " to ", high,
          ", but probabilities lie in [0, 1]; logits are for binary_cross_entropy_with_logits");
  }
  return reduce(bce(input, target), reduction);
}

Var binary_cross_entropy_with_logits(const Var& input, const Var& target, Reduction reduction) {
  check_alike("binary_cross_entropy_with_logits", input, target);
  return reduce(bce_with_logits(input, target), reduction);
}

Var nll_loss(const Var& input, const Tensor& target, Reduction reduction) {
  check(input.dim() > 0, "nll_loss", "input needs an axis of classes, got ", describe(input));
  check(target.dtype() == Dtype::i64, "nll_loss", "target must be i64, the numbers of the classes, got ",
        describe(target));
  const int classes = input.dim() == 1 ? 0 : 1;  // which axis they are
  Shape expected = input.shape();
  expected.erase(classes);
  check(target.shape() == expected, "nll_loss", "input is ", describe(input), ", so target must be i64", expected,
        ", got ", describe(target));
  const Var picked = in_context("nll_loss", [&] { return gather(input, classes, unsqueeze(target, classes)); });
  return reduce(-squeeze(picked, classes), reduction);
}

Var cross_entropy(const Var& input, const Tensor& target, Reduction reduction) {
  check(input.dim() > 0, "cross_entropy", "input needs an axis of classes, got ", describe(input));
  return in_context("cross_entropy",
                    [&] { return nll_loss(log_softmax(input, input.dim() == 1 ? 0 : 1), target, reduction); });
}

Var kl_div(const Var& input, const Var& target, KlDivOptions options) {
  check_alike("kl_div", input, target);
  if (options.log_target) return reduce(exp(target) * (target - input), options.reduction);
  // 0 log 0 is 0, and so is its gradient: the logarithm must not see the zeros.
  const Tensor positive = target.value() > 0;
  return reduce(where(positive, target * (log(where(positive, target, 1)) - input), 0), options.reduction);
}

}  // namespace hourglass::nn
