// SPDX-License-Identifier: MIT
// Normalisation: (x - mean) / √(variance + eps) (the op standardize), then a trained scale and
// shift. The layers differ in the axes that they average over. For x of [n, c, h, w]:
//
//   BatchNorm      n, h, w    one mean per channel; running averages are kept for evaluation
//   LayerNorm      c, h, w    one mean per sample (or per position: the layer can take fewer axes)
//   InstanceNorm   h, w       one mean per channel of each sample
//   GroupNorm      groups of channels, h, w
#pragma once
#include <cstdint>
#include <optional>

#include "nn/layer.h"
#include "nn/lazy.h"

namespace hourglass::nn {

/// Options of BatchNorm and InstanceNorm: channels on axis 1 with scale, shift and running
/// statistics.
struct ChannelNormOptions {
  double eps = 1e-5;
  /// The weight of a batch in the running statistics. With std::nullopt all batches count equally.
  std::optional<double> momentum = 0.1;
  bool affine = true;
  /// Whether there is a shift as well as a scale, if affine.
  bool bias = true;
  bool track_running_stats = true;
  Dtype dtype = Dtype::f32;
};

class ChannelNorm : public Layer {
 public:
  const std::optional<Parameter>& weight() const { return weight_; }
  const std::optional<Parameter>& bias() const { return bias_; }

 protected:
  ChannelNorm(const char* op, std::int64_t num_features, ChannelNormOptions options);
  // Uses the statistics of x over `axes`; in evaluation it uses the running statistics, if any.
  Var normalize(const Var& x, const Axes& axes) const;
  const char* op() const { return op_; }

 private:
  void track(const Var& x, const Axes& axes) const;

  const char* op_;
  ChannelNormOptions options_;
  std::optional<Parameter> weight_, bias_;
  std::optional<Buffer> running_mean_, running_var_, num_batches_tracked_;
  Initializer initialize_;
};

using BatchNormOptions = ChannelNormOptions;
/// y = (x - mean) / √(var + eps) · weight + bias. In training, mean and (biased) var are those of
/// each channel over the batch. In evaluation they are running averages of the mean and of the
/// unbiased variance; training updates these averages (Ioffe & Szegedy 2015, "Batch
/// normalization"). weight is [c], initially 1, and bias is [c], initially 0.
class BatchNorm : public ChannelNorm {
 public:
  Var forward(const Var& x) const override;

 protected:
  BatchNorm(const char* op, int fewest, int most, std::int64_t num_features, BatchNormOptions options)
      : ChannelNorm(op, num_features, options), fewest_(fewest), most_(most) {}

 private:
  int fewest_, most_;  // axes of x
};
/// For [n, c] and [n, c, l].
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(std::int64_t num_features, BatchNormOptions options = {})
      : BatchNorm("batch_norm1d", 2, 3, num_features, options) {}
};
/// For [n, c, h, w].
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(std::int64_t num_features, BatchNormOptions options = {})
      : BatchNorm("batch_norm2d", 4, 4, num_features, options) {}
};
/// For [n, c, d, h, w].
class BatchNorm3d : public BatchNorm {
 public:
  explicit BatchNorm3d(std::int64_t num_features, BatchNormOptions options = {})
      : BatchNorm("batch_norm3d", 5, 5, num_features, options) {}
};
class LazyBatchNorm1d : public BatchNorm1d {
 public:
  explicit LazyBatchNorm1d(BatchNormOptions options = {}) : BatchNorm1d(kLazy, options) {}
};
class LazyBatchNorm2d : public BatchNorm2d {
 public:
  explicit LazyBatchNorm2d(BatchNormOptions options = {}) : BatchNorm2d(kLazy, options) {}
};
class LazyBatchNorm3d : public BatchNorm3d {
 public:
  explicit LazyBatchNorm3d(BatchNormOptions options = {}) : BatchNorm3d(kLazy, options) {}
};

struct InstanceNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;  ///< the weight of a batch in the running statistics
  bool affine = false;
  bool bias = true;  ///< if affine
  bool track_running_stats = false;
  Dtype dtype = Dtype::f32;
};
/// Normalises each channel of each sample separately (Ulyanov et al. 2016, "Instance
/// normalization"). Running statistics, if tracked, are averages over samples of the statistics of
/// each sample. Evaluation then uses them. As in PyTorch, num_batches_tracked stays 0.
class InstanceNorm : public ChannelNorm {
 public:
  Var forward(const Var& x) const override;

 protected:
  InstanceNorm(const char* op, int spatial, std::int64_t num_features, const InstanceNormOptions& o)
      : ChannelNorm(op, num_features, {o.eps, o.momentum, o.affine, o.bias, o.track_running_stats, o.dtype}),
        spatial_(spatial) {}

 private:
  int spatial_;
};
/// For [n, c, l] and [c, l].
class InstanceNorm1d : public InstanceNorm {
 public:
  explicit InstanceNorm1d(std::int64_t num_features, InstanceNormOptions options = {})
      : InstanceNorm("instance_norm1d", 1, num_features, options) {}
};
/// For [n, c, h, w] and [c, h, w].
class InstanceNorm2d : public InstanceNorm {
 public:
  explicit InstanceNorm2d(std::int64_t num_features, InstanceNormOptions options = {})
      : InstanceNorm("instance_norm2d", 2, num_features, options) {}
};
/// For [n, c, d, h, w] and [c, d, h, w].
class InstanceNorm3d : public InstanceNorm {
 public:
  explicit InstanceNorm3d(std::int64_t num_features, InstanceNormOptions options = {})
      : InstanceNorm("instance_norm3d", 3, num_features, options) {}
};
class LazyInstanceNorm1d : public InstanceNorm1d {
 public:
  explicit LazyInstanceNorm1d(InstanceNormOptions options = {}) : InstanceNorm1d(kLazy, options) {}
};
class LazyInstanceNorm2d : public InstanceNorm2d {
 public:
  explicit LazyInstanceNorm2d(InstanceNormOptions options = {}) : InstanceNorm2d(kLazy, options) {}
};
class LazyInstanceNorm3d : public InstanceNorm3d {
 public:
  explicit LazyInstanceNorm3d(InstanceNormOptions options = {}) : InstanceNorm3d(kLazy, options) {}
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;  ///< if elementwise_affine
  Dtype dtype = Dtype::f32;
};
/// Normalises over the last axes, whose shape is `normalized_shape`. weight (initially 1) and bias
/// (initially 0) have the same shape (Ba et al. 2016, "Layer normalization").
class LayerNorm : public Layer {
 public:
  explicit LayerNorm(const Shape& normalized_shape, LayerNormOptions options = {});
  Var forward(const Var& x) const override;

 private:
  Shape normalized_shape_;
  double eps_;
  std::optional<Parameter> weight_, bias_;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  bool bias = true;  ///< if affine
  Dtype dtype = Dtype::f32;
};
/// Divides the channels of [n, c, ...] into num_groups groups. Normalises each group of each sample
/// over all its channels and pixels. weight and bias are [c] (Wu & He 2018, "Group normalization").
class GroupNorm : public Layer {
 public:
  GroupNorm(std::int64_t num_groups, std::int64_t num_channels, GroupNormOptions options = {});
  Var forward(const Var& x) const override;

 private:
  std::int64_t groups_, channels_;
  double eps_;
  std::optional<Parameter> weight_, bias_;
};

}  // namespace hourglass::nn
