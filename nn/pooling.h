// SPDX-License-Identifier: MIT
// Pooling, unpooling and resizing as layers: the functions of autograd/ops.h with their options.
#pragma once
#include "autograd/ops.h"
#include "nn/layer.h"

namespace hourglass::nn {

// A table with one layer per line: its name, its options and the function.
#define HOURGLASS_POOL(Name, Options, function)                                \
  class Name : public Layer {                                                  \
   public:                                                                     \
    explicit Name(const Options& options) : options_(options) {}               \
    Var forward(const Var& x) const override { return function(x, options_); } \
                                                                               \
   private:                                                                    \
    Options options_;                                                          \
  };
// The same for max pooling: layer.with_indices(x) also returns the positions of the maxima.
#define HOURGLASS_MAX_POOL(Name, Options, function)                                    \
  class Name : public Layer {                                                          \
   public:                                                                             \
    explicit Name(const Options& options) : options_(options) {}                       \
    Var forward(const Var& x) const override { return function(x, options_); }         \
    PooledVar with_indices(const Var& x) const {                                       \
      return in_context(name(), [&] { return function##_with_indices(x, options_); }); \
    }                                                                                  \
                                                                                       \
   private:                                                                            \
    Options options_;                                                                  \
  };
// Puts numbers back where a max-pooling layer found them: layer(pooled.values, pooled.indices).
#define HOURGLASS_UNPOOL(Name, Options, function)                                \
  class Name : public Module {                                                   \
   public:                                                                       \
    explicit Name(const Options& options) : options_(options) {}                 \
    Var operator()(const Var& x, const Tensor& indices) const {                  \
      return in_context(name(), [&] { return function(x, indices, options_); }); \
    }                                                                            \
                                                                                 \
   private:                                                                      \
    Options options_;                                                            \
  };

HOURGLASS_MAX_POOL(MaxPool1d, MaxPool1dOptions, max_pool1d)
HOURGLASS_MAX_POOL(MaxPool2d, MaxPool2dOptions, max_pool2d)
HOURGLASS_UNPOOL(MaxUnpool1d, MaxUnpool1dOptions, max_unpool1d)
HOURGLASS_UNPOOL(MaxUnpool2d, MaxUnpool2dOptions, max_unpool2d)
HOURGLASS_POOL(AvgPool1d, AvgPool1dOptions, avg_pool1d)
HOURGLASS_POOL(AvgPool2d, AvgPool2dOptions, avg_pool2d)
HOURGLASS_POOL(MaxPool3d, MaxPool3dOptions, max_pool3d)
HOURGLASS_POOL(AvgPool3d, AvgPool3dOptions, avg_pool3d)
// The option is the size of the output: AdaptiveAvgPool2d(1) is the mean of each channel,
// AdaptiveAvgPool2d({4, 3}) gives 4 by 3 means.
HOURGLASS_MAX_POOL(AdaptiveMaxPool1d, PerAxis<1>, adaptive_max_pool1d)
HOURGLASS_MAX_POOL(AdaptiveMaxPool2d, PerAxis<2>, adaptive_max_pool2d)
HOURGLASS_POOL(AdaptiveAvgPool1d, PerAxis<1>, adaptive_avg_pool1d)
HOURGLASS_POOL(AdaptiveAvgPool2d, PerAxis<2>, adaptive_avg_pool2d)
HOURGLASS_POOL(AdaptiveMaxPool3d, PerAxis<3>, adaptive_max_pool3d)
HOURGLASS_POOL(AdaptiveAvgPool3d, PerAxis<3>, adaptive_avg_pool3d)
// Upsample({.scale_factor = {2}}), Upsample({.size = {28, 28}, .mode = InterpolateMode::bilinear}).
HOURGLASS_POOL(Upsample, InterpolateOptions, interpolate)

#undef HOURGLASS_POOL
#undef HOURGLASS_MAX_POOL
#undef HOURGLASS_UNPOOL

}  // namespace hourglass::nn
