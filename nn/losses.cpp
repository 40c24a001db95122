// SPDX-License-Identifier: MIT
#include "nn/losses.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

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
// The same if the sum is already known.
Var reduce_sum(const Var& sum, Reduction reduction, const Var& input) {
  if (reduction == Reduction::sum) return sum;
  const std::int64_t samples = input.dim() == 0 ? 1 : input.size(0);
  return sum / (reduction == Reduction::mean ? input.numel() : samples);
}
Var reduce(const Var& each, Reduction reduction) { return reduce(each, reduction, each.dim() == 0 ? 1 : each.size(0)); }

void check_alike(std::string_view loss, const Var& input, const Var& target) {
  check(input.shape() == target.shape() && input.dtype() == target.dtype(), loss, "input is ", describe(input),
        ", target is ", describe(target), "; they must be alike");
}

// A single number fits everything. Otherwise both have all axes, and their extents agree or are 1: [n] against [n, 1]
// would be n² pairs, which is never meant.
bool fit(const Shape& a, const Shape& b) {
  return a.empty() || b.empty() ||
         std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](std::int64_t m, std::int64_t n) { return m == n || m == 1 || n == 1; });
}

// Both in their common shape.
std::pair<Var, Var> broadcast_pair(std::string_view loss, const Var& input, const Var& target) {
  check(fit(input.shape(), target.shape()) && input.dtype() == target.dtype(), loss, "input is ", describe(input),
        ", target is ", describe(target), "; they need one dtype, and equally many axes whose extents agree or are 1");
  if (input.shape() == target.shape()) return {input, target};
  const Shape shape = broadcast_shapes(loss, input.value(), target.value());
  return {expand(input, shape), expand(target, shape)};
}

}  // namespace

// ---- numbers

Var mse_loss(const Var& x, const Var& t, Reduction reduction) {
  const auto [input, target] = broadcast_pair("mse_loss", x, t);
  if (reduction == Reduction::none) return squared_difference(input, target);
  return reduce_sum(squared_difference_sum(input, target), reduction, input);
}

Var l1_loss(const Var& x, const Var& t, Reduction reduction) {
  const auto [input, target] = broadcast_pair("l1_loss", x, t);
  return reduce(abs(input - target), reduction);
}

namespace {
// d² / 2 up to delta, then the tangent at delta.
Var huber(const Var& difference, double delta) {
  return where(abs(difference.value()) <= delta, square(difference) * 0.5, (abs(difference) - delta / 2) * delta);
}
}  // namespace

Var smooth_l1_loss(const Var& x, const Var& t, Reduction reduction, double beta) {
  const auto [input, target] = broadcast_pair("smooth_l1_loss", x, t);
  check(beta >= 0, "smooth_l1_loss", "beta must be at least 0, got ", beta);
  if (beta == 0) return reduce(abs(input - target), reduction);
  return reduce(huber(input - target, beta) / beta, reduction);
}

Var huber_loss(const Var& x, const Var& t, Reduction reduction, double delta) {
  const auto [input, target] = broadcast_pair("huber_loss", x, t);
  check(delta > 0, "huber_loss", "delta must be more than 0, got ", delta);
  return reduce(huber(input - target, delta), reduction);
}

Var gaussian_nll_loss(const Var& x, const Var& t, const Var& var, GaussianNllOptions options) {
  const auto [input, target] = broadcast_pair("gaussian_nll_loss", x, t);
  Shape without_last = input.shape();
  if (input.dim() > 0) without_last.erase(input.dim() - 1);
  const Var wide = input.dim() > 0 && var.shape() == without_last ? unsqueeze(var, -1) : var;
  check(fit(wide.shape(), input.shape()) &&
            broadcast_shapes("gaussian_nll_loss", wide.value(), input.value()) == input.shape(),
        "gaussian_nll_loss", "the loss is ", input.shape(),
        ", so var must have that shape, with extents of 1 instead or without the last axis, got ", describe(var));
  check(var.numel() == 0 || min(var.value()).item() >= 0, "gaussian_nll_loss", "var must not be negative, got ",
        var.numel() == 0 ? 0 : min(var.value()).item());
  // A variance below eps counts as eps, but its gradient still passes.
  const Var v = where(wide.value() < options.eps, wide - wide.detach() + options.eps, wide);
  const Var each = (log(v) + squared_difference(input, target) / v) * 0.5;
  return reduce(options.full ? each + std::log(2 * std::numbers::pi) / 2 : each, options.reduction);
}

Var poisson_nll_loss(const Var& x, const Var& t, PoissonNllOptions options) {
  const auto [input, target] = broadcast_pair("poisson_nll_loss", x, t);
  Var each = options.log_input ? exp(input) - target * input : input - target * log(input + options.eps);
  if (options.full) {  // log n! ~ n log n - n + log(2πn) / 2
    const Tensor large = target.value() > 1;
    const Var n = where(large, target, 1);
    each = each + where(large, n * log(n) - n + log(n * (2 * std::numbers::pi)) * 0.5, 0);
  }
  return reduce(each, options.reduction);
}

// ---- probabilities

namespace {
// A weight of 0 leaves an element out, even if its loss is infinite.
Var weighted(const Var& each, const std::optional<Tensor>& weight) {
  return weight ? strong_mul(constant(expand(*weight, each.shape())), each) : each;
}
// An error unless all numbers lie in [0, 1]. NaN does not.
void check_probabilities(std::string_view loss, std::string_view what, const Var& x, std::string_view advice = "") {
  if (x.numel() == 0) return;
  const double low = min(x.value()).item(), high = max(x.value()).item();
  check(low >= 0 && high <= 1, loss, what, " reaches from ", low, " to ", high, ", but probabilities lie in [0, 1]",
        advice);
}
}  // namespace

Var binary_cross_entropy(const Var& x, const Var& t, const BinaryCrossEntropyOptions& options) {
  const auto [input, target] = broadcast_pair("binary_cross_entropy", x, t);
  check(!options.pos_weight, "binary_cross_entropy", "pos_weight is only for binary_cross_entropy_with_logits");
  check_probabilities("binary_cross_entropy", "input", input, "; logits are for binary_cross_entropy_with_logits");
  check_probabilities("binary_cross_entropy", "target", target);
  return reduce(weighted(bce(input, target), options.weight), options.reduction);
}
Var binary_cross_entropy(const Var& input, const Var& target, Reduction reduction) {
  return binary_cross_entropy(input, target, {.reduction = reduction});
}

Var binary_cross_entropy_with_logits(const Var& x, const Var& t, const BinaryCrossEntropyOptions& options) {
  const auto [input, target] = broadcast_pair("binary_cross_entropy_with_logits", x, t);
  if (!options.weight && !options.pos_weight && options.reduction != Reduction::none)
    return reduce_sum(bce_with_logits_sum(input, target), options.reduction, input);
  check_probabilities("binary_cross_entropy_with_logits", "target", target);
  Var each = bce_with_logits(input, target);
  if (options.pos_weight)  // `each` already has -log p = softplus(-x) once
    each = each + strong_mul(target, softplus(-input)) * constant(expand(*options.pos_weight - 1, input.shape()));
  return reduce(weighted(each, options.weight), options.reduction);
}
Var binary_cross_entropy_with_logits(const Var& input, const Var& target, Reduction reduction) {
  return binary_cross_entropy_with_logits(input, target, {.reduction = reduction});
}

namespace {

// The axis of the classes. An error if there is none, or if the options do not fit.
int class_axis(std::string_view loss, const Var& input, const ClassOptions& options) {
  check(input.dim() > 0, loss, "input needs an axis of classes, got ", describe(input));
  const int axis = input.dim() == 1 ? 0 : 1;
  if (options.weight)
    check(options.weight->shape() == Shape{input.shape()[axis]} && options.weight->dtype() == input.dtype(), loss,
          "input is ", describe(input), ", so weight must be ", input.dtype(), Shape{input.shape()[axis]}, ", got ",
          describe(*options.weight));
  check(options.label_smoothing >= 0 && options.label_smoothing <= 1, loss, "label_smoothing must be 0 to 1, got ",
        options.label_smoothing);
  return axis;
}

// weight [classes], reshaped to broadcast with input along `axis`.
Tensor reshaped_along(const Tensor& weight, const Var& input, int axis) {
  return reshape(weight, shape_along(input.dim(), axis, weight.numel()));
}

// Reduces the losses of the targets. Ignored targets have loss 0; `counts` is the weight of each
// target in the mean.
Var reduce_counted(const Var& each, const Tensor& counts, Reduction reduction) {
  if (reduction == Reduction::mean) return sum(each) / sum(counts).item();
  return reduce(each, reduction);
}

// cross_entropy and nll_loss for log-probabilities. Smoothing adds a second loss, whose target is
// every class.
Var class_loss(const Var& input, const Tensor& target, const ClassOptions& options) {
  const int axis = class_axis("nll_loss", input, options);
  check(target.dtype() == Dtype::i64, "nll_loss", "target must be i64, the numbers of the classes, got ",
        describe(target));
  Shape expected = input.shape();
  expected.erase(axis);
  check(target.shape() == expected, "nll_loss", "input is ", describe(input), ", so target must be i64", expected,
        ", got ", describe(target));
  const Tensor ignored = target == options.ignore_index, known = where(ignored, 0, target);
  const Var picked = in_context("nll_loss", [&] { return squeeze(gather(input, axis, unsqueeze(known, axis)), axis); });
  Tensor counts = to(logical_not(ignored), input.dtype());
  if (options.weight) counts = counts * reshape(index_select(*options.weight, 0, flatten(known)), known.shape());
  const double smoothing = options.label_smoothing;
  const Var right = reduce_counted(where(ignored, 0, -strong_mul(constant(counts), picked)), counts, options.reduction);
  if (smoothing == 0) return right;
  const Var all =
      sum(options.weight ? strong_mul(constant(reshaped_along(*options.weight, input, axis)), input) : input, {axis});
  const Var even = reduce_counted(where(ignored, 0, -all), counts, options.reduction);
  return right * (1 - smoothing) + even * (smoothing / static_cast<double>(input.shape()[axis]));
}

}  // namespace

Var nll_loss(const Var& input, const Tensor& target, const ClassOptions& options) {
  check(options.label_smoothing == 0, "nll_loss", "label_smoothing is only for cross_entropy");
  return class_loss(input, target, options);
}
Var nll_loss(const Var& input, const Tensor& target, Reduction reduction) {
  return nll_loss(input, target, {.reduction = reduction});
}

Var cross_entropy(const Var& input, const Tensor& target, const ClassOptions& options) {
  const int axis = class_axis("cross_entropy", input, options);
  return in_context("cross_entropy", [&] { return class_loss(log_softmax(input, axis), target, options); });
}
Var cross_entropy(const Var& input, const Tensor& target, Reduction reduction) {
  return cross_entropy(input, target, {.reduction = reduction});
}

Var cross_entropy(const Var& input, const Var& target, const ClassOptions& options) {
  const int axis = class_axis("cross_entropy", input, options);
  check_alike("cross_entropy", input, target);
  const double classes = static_cast<double>(input.shape()[axis]), smoothing = options.label_smoothing;
  Var expected = smoothing == 0 ? target : target * (1 - smoothing) + smoothing / classes;
  if (options.weight) expected = expected * constant(reshaped_along(*options.weight, input, axis));
  // A class that the target excludes adds nothing, even if its logit is -∞.
  return reduce(-sum(strong_mul(expected, log_softmax(input, axis)), {axis}), options.reduction);
}

Var kl_div(const Var& x, const Var& t, KlDivOptions options) {
  const auto [input, target] = broadcast_pair("kl_div", x, t);
  const auto divergence = [&](const Var& log_q, const Var& p) {
    return options.log_target ? exp(p) * (p - log_q) : p * (log(p) - log_q);
  };
  if (input.numel() == 0) return reduce(divergence(input, target), options.reduction);
  const double least = min(target.value()).item();
  check(options.log_target ? !std::isnan(least) : least >= 0, "kl_div", "target has ", least, ", which is no ",
        options.log_target ? "log-probability" : "probability");
  check(!std::isnan(min(input.value()).item()), "kl_div", "input has nan, which is no log-probability");
  // 0 log 0 is 0, and so is its gradient: where the target is 0, the formula sees harmless numbers.
  const Tensor never = (options.log_target ? exp(target.value()) : target.value()) == 0;
  if (any(never).item() == 0) return reduce(divergence(input, target), options.reduction);
  const Var each = divergence(where(never, 0, input), where(never, 1, target));
  return reduce(where(never, 0, each), options.reduction);
}

// ---- distances and margins

Var cosine_similarity(const Var& a, const Var& b, std::int64_t axis, double eps) {
  const Shape shape = broadcast_shapes("cosine_similarity", a.value(), b.value());
  const Var x = a.shape() == shape ? a : expand(a, shape), y = b.shape() == shape ? b : expand(b, shape);
  const Var x_length = maximum(norm(x, {axis}, true), eps), y_length = maximum(norm(y, {axis}, true), eps);
  const Var cosine = sum(x * y, {axis}, true) / (x_length * y_length);
  if (all(isfinite(cosine.value())).item() != 0) return squeeze(cosine, axis);
  return sum((x / x_length) * (y / y_length), {axis});  // x y would leave the range of the dtype
}

Var pairwise_distance(const Var& a, const Var& b, double p, double eps, bool keepdim) {
  return norm(a - b + eps, {-1}, keepdim, p);
}

namespace {

// y in the input's dtype. An error if its shape is not `shape`.
Tensor signs(std::string_view loss, const Tensor& y, const Var& input, const Shape& shape) {
  check(y.shape() == shape, loss, "input is ", describe(input), ", so y must be ", shape, ", got ", describe(y));
  return to(y, input.dtype());
}

// x / √(|x|² + 1e-12), along the last axis. The length is that of x with one more element, 1e-6.
Var direction(const Var& x) {
  Shape one = x.shape();
  one.back() = 1;
  return x / norm(concat({x, constant(full(one, 1e-6, x.dtype()))}, -1), {-1}, true);
}
}  // namespace

Var cosine_embedding_loss(const Var& a, const Var& b, const Tensor& y, double margin, Reduction reduction) {
  check_alike("cosine_embedding_loss", a, b);
  check(a.dim() == 1 || a.dim() == 2, "cosine_embedding_loss", "expects [n, d] or [d], got ", describe(a));
  const Tensor sign = signs("cosine_embedding_loss", y, a, a.dim() == 2 ? Shape{a.size(0)} : Shape{});
  const Var cosine = sum(direction(a) * direction(b), {-1});
  return reduce(where(sign > 0, 1 - cosine, relu(cosine - margin)), reduction);
}

Var hinge_embedding_loss(const Var& input, const Tensor& y, double margin, Reduction reduction) {
  const Tensor sign = signs("hinge_embedding_loss", y, input, input.shape());
  return reduce(where(sign > 0, input, relu(margin - input)), reduction);
}

Var hinge_loss(const Var& input, const Tensor& y, Reduction reduction) {
  return reduce(relu(1 - input * constant(signs("hinge_loss", y, input, input.shape()))), reduction);
}

Var margin_ranking_loss(const Var& a, const Var& b, const Tensor& y, double margin, Reduction reduction) {
  check_alike("margin_ranking_loss", a, b);
  const Tensor sign = signs("margin_ranking_loss", y, a, a.shape());
  return reduce(relu((b - a) * constant(sign) + margin), reduction);
}

Var soft_margin_loss(const Var& input, const Tensor& y, Reduction reduction) {
  return reduce(softplus(-input * constant(signs("soft_margin_loss", y, input, input.shape()))), reduction);
}

Var triplet_margin_loss(const Var& anchor, const Var& positive, const Var& negative, TripletOptions options) {
  check_alike("triplet_margin_loss", anchor, positive);
  check_alike("triplet_margin_loss", anchor, negative);
  const auto distance = [&](const Var& a, const Var& b) { return pairwise_distance(a, b, options.p, options.eps); };
  const Var near = distance(anchor, positive);
  Var far = distance(anchor, negative);
  if (options.swap) far = minimum(far, distance(positive, negative));
  return reduce(relu(near - far + options.margin), options.reduction);
}

// ---- images

Var dice_loss(const Var& input, const Var& target, DiceOptions options) {
  check_alike("dice_loss", input, target);
  check(input.dim() >= 2, "dice_loss", "expects [n, ...], got ", describe(input));
  const auto total = [](const Var& x) { return sum(flatten(x, 1), {1}); };
  const Var overlap = total(input * target) * 2 + options.smooth;
  return reduce(1 - overlap / (total(square(input)) + total(square(target)) + options.smooth), options.reduction);
}

namespace {

// A matrix [n - size + 1, n] that blurs an axis of n pixels. Row i is the window at place i.
Tensor blur_matrix(std::int64_t n, std::int64_t size, double sigma, Dtype dtype) {
  const std::int64_t places = n - size + 1;
  std::vector<double> window, rows(static_cast<std::size_t>(places * n));
  double total = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    const double distance = static_cast<double>(i) - static_cast<double>(size - 1) / 2;
    window.push_back(std::exp(-distance * distance / (2 * sigma * sigma)));
    total += window.back();
  }
  for (std::int64_t place = 0; place < places; ++place)
    for (std::int64_t i = 0; i < size; ++i)
      rows[static_cast<std::size_t>(place * n + place + i)] = window[static_cast<std::size_t>(i)] / total;
  return to(Tensor::from(rows, {places, n}), dtype);
}

}  // namespace

Var ssim(const Var& a, const Var& b, SsimOptions options) {
  check_alike("ssim", a, b);
  check(a.dim() == 4 && a.size(2) > 0 && a.size(3) > 0, "ssim", "expects images [n, c, h, w], got ", describe(a));
  check(options.window_size > 0 && options.window_size % 2 == 1 && options.sigma > 0, "ssim",
        "needs an odd window and sigma > 0, got ", options.window_size, " and ", options.sigma);
  const auto blur_along = [&](int axis) {
    const std::int64_t n = a.size(axis);
    return constant(blur_matrix(n, std::min(n, options.window_size), options.sigma, a.dtype()));
  };
  const Var rows = blur_along(2), columns = transpose(blur_along(3));
  const auto blur = [&](const Var& x) { return matmul(rows, matmul(x, columns)); };  // a Gaussian is separable
  // Variances are differences of squares: around the mean of the image, so that its brightness costs no digits.
  const auto mean_of = [](const Var& x) { return mean(x.value(), {2, 3}, true); };
  const Tensor center_a = mean_of(a), center_b = mean_of(b);
  const Var u = a - constant(center_a), v = b - constant(center_b);
  const double c1 = std::pow(options.k1 * options.data_range, 2), c2 = std::pow(options.k2 * options.data_range, 2);
  const Var mean_u = blur(u), mean_v = blur(v), mean_a = mean_u + constant(center_a),
            mean_b = mean_v + constant(center_b);
  const Var both = mean_a * mean_b, squares = square(mean_a) + square(mean_b);
  const Var covariance = blur(u * v) - mean_u * mean_v;
  const Var variances = blur(square(u) + square(v)) - square(mean_u) - square(mean_v);
  const Var similarity = ((both * 2 + c1) * (covariance * 2 + c2)) / ((squares + c1) * (variances + c2));
  return reduce(mean(flatten(similarity, 1), {1}), options.reduction);
}

Var ssim_loss(const Var& input, const Var& target, SsimOptions options) { return 1 - ssim(input, target, options); }

}  // namespace hourglass::nn
