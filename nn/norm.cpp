// SPDX-License-Identifier: MIT
#include "nn/norm.h"

#include "autograd/ops.h"
#include "tensor/checked.h"

namespace hourglass::nn {
namespace {

std::int64_t extent(const char* op, const Var& x, const Axes& axes) {
  Checked count(op, 1);
  for (const std::int64_t axis : axes) count *= x.size(axis);
  return count;
}
// c, one number for each channel, reshaped to broadcast with x, whose channels are axis `at`.
Var along(const Var& c, const Var& x, int at) { return reshape(c, shape_along(x.dim(), at, c.numel())); }
Var scale_and_shift(const Var& x, const std::optional<Parameter>& weight, const std::optional<Parameter>& bias,
                    int at) {
  if (!weight) return x;
  const Var scale = along(*weight, x, at);
  return bias ? mul_add(x, scale, along(*bias, x, at)) : x * scale;
}

}  // namespace

// ---- channels

ChannelNorm::ChannelNorm(const char* op, std::int64_t num_features, ChannelNormOptions options)
    : op_(op), options_(options) {
  check(num_features > 0 || num_features == kLazy, op, "needs at least 1 channel, got ", num_features);
  if (options.affine) weight_ = parameter("weight", options.dtype);
  if (options.affine && options.bias) bias_ = parameter("bias", options.dtype);
  if (options.track_running_stats) {
    running_mean_ = buffer("running_mean", options.dtype);
    running_var_ = buffer("running_var", options.dtype);
    num_batches_tracked_ = buffer("num_batches_tracked", scalar(0, Dtype::i64));
  }
  Rng nothing_is_drawn;
  initialize_ = {num_features, nothing_is_drawn,
                 [dtype = options.dtype, weight = weight_, bias = bias_, mean = running_mean_, var = running_var_](
                     std::int64_t channels, Rng&) {
                   if (weight) weight->set_value(ones({channels}, dtype));
                   if (bias) bias->set_value(zeros({channels}, dtype));
                   if (mean) mean->set_value(zeros({channels}, dtype));
                   if (var) var->set_value(ones({channels}, dtype));
                 }};
}

Var ChannelNorm::normalize(const Var& x, const Axes& axes) const {
  if ((weight_ && !weight_->is_initialized()) || (running_mean_ && !running_mean_->is_initialized()))
    initialize_(x.size(1));
  if (weight_ || running_mean_) {
    const std::int64_t channels = weight_ ? weight_->numel() : running_mean_->value().numel();
    check(x.size(1) == channels, op_, "is for ", channels, " channels, got ", x.size(1), " in ", describe(x));
  }
  if (!is_training() && running_mean_) {
    const Var mean = constant(running_mean_->value()), scale = constant(rsqrt(running_var_->value() + options_.eps));
    return scale_and_shift((x - along(mean, x, 1)) * along(scale, x, 1), weight_, bias_, 1);
  }
  check(extent(op_, x, axes) != 1, op_, "needs more than 1 number for each channel, got ", describe(x));
  if (is_training() && running_mean_ && x.numel() > 0) track(x, axes);
  return scale_and_shift(standardize(x, axes, options_.eps), weight_, bias_, 1);
}

void ChannelNorm::track(const Var& x, const Axes& axes) const {
  const bool by_batch = axes.contains(0);  // PyTorch's InstanceNorm has the counter, but does not count
  if (by_batch) num_batches_tracked_->set_value(num_batches_tracked_->value() + 1);
  const double momentum = options_.momentum ? *options_.momentum : 1 / num_batches_tracked_->value().item();
  const Axes all = axes_but(x.dim(), 1);
  const auto update = [&](const Buffer& running, const Tensor& statistic) {
    running.set_value(running.value() * (1 - momentum) + mean(statistic, all) * momentum);
  };
  update(*running_mean_, x.value());
  update(*running_var_, var(x.value(), axes, true));
}

Var BatchNorm::forward(const Var& x) const {
  check(x.dim() >= fewest_ && x.dim() <= most_, op(), "expects ",
        most_ == 3   ? "[n, c] or [n, c, l]"
        : most_ == 4 ? "[n, c, h, w]"
                     : "[n, c, d, h, w]",
        ", got ", describe(x));
  return normalize(x, axes_but(x.dim(), 1));
}

Var InstanceNorm::forward(const Var& x) const {
  if (x.dim() == spatial_ + 1) return squeeze(forward(unsqueeze(x, 0)), 0);
  check(x.dim() == spatial_ + 2, op(), "expects ",
        spatial_ == 1   ? "[n, c, l] or [c, l]"
        : spatial_ == 2 ? "[n, c, h, w] or [c, h, w]"
                        : "[n, c, d, h, w] or [c, d, h, w]",
        ", got ", describe(x));
  Axes axes;
  for (int axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  return normalize(x, axes);
}

// ---- layers and groups

LayerNorm::LayerNorm(const Shape& normalized_shape, LayerNormOptions options)
    : normalized_shape_(normalized_shape), eps_(options.eps) {
  check(!normalized_shape.empty(), "layer_norm", "needs the shape of at least 1 axis");
  if (!options.elementwise_affine) return;
  weight_ = parameter("weight", ones(normalized_shape, options.dtype));
  if (options.bias) bias_ = parameter("bias", zeros(normalized_shape, options.dtype));
}

Var LayerNorm::forward(const Var& x) const {
  Axes axes;
  Shape last;
  for (int axis = x.dim() - normalized_shape_.size(); axis < x.dim(); ++axis) {
    axes.push_back(axis);
    if (axis >= 0) last.push_back(x.shape()[axis]);
  }
  check(last == normalized_shape_, "layer_norm", "is for ", normalized_shape_, " as the last axes, got ", describe(x));
  const Var y = standardize(x, axes, eps_);
  if (!weight_) return y;
  return bias_ ? mul_add(y, *weight_, *bias_) : y * *weight_;
}

GroupNorm::GroupNorm(std::int64_t num_groups, std::int64_t num_channels, GroupNormOptions options)
    : groups_(num_groups), channels_(num_channels), eps_(options.eps) {
  check(num_groups > 0 && num_channels > 0 && num_channels % num_groups == 0, "group_norm", num_channels,
        " channels cannot be put in ", num_groups, " equal groups");
  if (!options.affine) return;
  weight_ = parameter("weight", ones({num_channels}, options.dtype));
  if (options.bias) bias_ = parameter("bias", zeros({num_channels}, options.dtype));
}

Var GroupNorm::forward(const Var& x) const {
  check(x.dim() >= 2 && x.size(1) == channels_, "group_norm", "expects [n, ", channels_, ", ...], got ", describe(x));
  Checked each("group_norm", channels_ / groups_);
  for (int axis = 2; axis < x.dim(); ++axis) each *= x.shape()[axis];
  const Var groups = reshape(x, {x.size(0), groups_, each});
  return scale_and_shift(reshape(standardize(groups, {-1}, eps_), x.shape()), weight_, bias_, 1);
}

}  // namespace hourglass::nn
