// SPDX-License-Identifier: MIT
#include "tests/tables/layer_table.h"

#include <limits>

#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/norm.h"
#include "nn/padding.h"
#include "nn/parametrize.h"
#include "nn/penalties.h"
#include "nn/pooling.h"
#include "nn/shaping.h"
#include "tests/tables/layer_rows.h"

namespace hourglass::test {
namespace {

void add_simple(std::vector<LayerRow>& rows) {
  // clang-format off
  const auto add = [&](LayerRow row) { rows.push_back(std::move(row)); };
  // ---- products
  add(random_layer<nn::Linear>("Linear", kRows, {.bad = Shape{3, 5}}, sizes(4, 3)));
  add(random_layer<nn::Linear>("Linear without bias", kRows, {.bad = Shape{3, 5}}, sizes(4, 3),
                           nn::LinearOptions{.bias = false}));
  add(random_layer<nn::LazyLinear>("LazyLinear", kRows, {.bad = Shape{}}, sizes(3)));
  add(random_layer<nn::MaskedLinear>("MaskedLinear", kRows, {.bad = Shape{3, 5}},
                                 sizes(Tensor::from<std::uint8_t>({1, 0, 0, 1, 0, 1, 1, 0}, {2, 4}))));
  add(module("Bilinear", {uniform({2, 3}, -2, 2), uniform({2, 2}, -2, 2)},
         [](Box& box, Rng& rng) -> auto& { return box.child<nn::Bilinear>("layer", 3, 2, 4, rng); },
         [](const nn::Bilinear& l, const Vars& v) { return Vars{l(v[0], v[1])}; }, {.bad = Shape{2, 4}}));

  // ---- normalisation
  add(layer<nn::BatchNorm1d>("BatchNorm1d", kSequences, {.bad = Shape{2, 4, 4}}, 3));
  add(layer<nn::BatchNorm2d>("BatchNorm2d", kImages, {.bad = Shape{2, 2, 3}}, 2));
  add(layer<nn::LazyBatchNorm2d>("LazyBatchNorm2d", kImages, {.bad = Shape{2, 2, 3}}));
  add(layer<nn::LazyBatchNorm1d>("LazyBatchNorm1d", kRows, {.bad = Shape{2}}));
  add(layer<nn::BatchNorm1d>("BatchNorm1d without affine", uniform({4, 3}, -2, 2), {.bad = Shape{4, 2}}, 3,
                         nn::BatchNormOptions{.eps = 0.1, .momentum = 0.4, .affine = false}));
  add(layer<nn::BatchNorm1d>("BatchNorm1d without statistics", uniform({4, 3}, -2, 2), {.bad = Shape{1, 3}}, 3,
                         nn::BatchNormOptions{.track_running_stats = false}));
  add(layer<nn::BatchNorm1d>("BatchNorm1d of cumulative statistics", uniform({4, 3}, -2, 2), {.bad = Shape{1, 3}}, 3,
                         nn::BatchNormOptions{.momentum = {}}));
  add(layer<nn::InstanceNorm1d>("InstanceNorm1d", kSequences, {.bad = Shape{2, 3, 1}}, 3));
  add(layer<nn::InstanceNorm2d>("InstanceNorm2d", kImages, {.bad = Shape{2, 2}}, 2));
  add(layer<nn::LazyInstanceNorm1d>("LazyInstanceNorm1d", kSequences, {.bad = Shape{3}},
                                nn::InstanceNormOptions{.affine = true}));
  add(layer<nn::LazyInstanceNorm2d>("LazyInstanceNorm2d", kImages, {.bad = Shape{3}},
                                nn::InstanceNormOptions{.affine = true}));
  add(layer<nn::InstanceNorm2d>("InstanceNorm2d with everything", kImages, {.bad = Shape{2, 3, 3, 4}}, 2,
                            nn::InstanceNormOptions{.affine = true, .track_running_stats = true}));
  add(layer<nn::LayerNorm>("LayerNorm", kSequences, {.bad = Shape{2, 3}}, Shape{4}));
  add(layer<nn::LayerNorm>("LayerNorm of two axes", kSequences, {.bad = Shape{4}}, Shape{3, 4}));
  add(layer<nn::LayerNorm>("LayerNorm without affine", kRows, {.bad = Shape{}}, Shape{4},
                       nn::LayerNormOptions{.eps = 0.1, .elementwise_affine = false}));
  add(layer<nn::GroupNorm>("GroupNorm", uniform({2, 4, 3}, -2, 2), {.bad = Shape{2, 3, 3}}, 2, 4));
  add(layer<nn::GroupNorm>("GroupNorm without affine", uniform({2, 4, 3, 2}, -2, 2), {.bad = Shape{4}}, 4, 4,
                       nn::GroupNormOptions{.affine = false}));
  add(layer<nn::BatchNorm1d>("BatchNorm1d without bias", kSequences, {.bad = Shape{2, 4, 4}}, 3,
                         nn::BatchNormOptions{.bias = false}));
  add(layer<nn::InstanceNorm1d>("InstanceNorm1d without bias", kSequences, {.bad = Shape{2, 3, 1}}, 3,
                            nn::InstanceNormOptions{.affine = true, .bias = false}));
  add(layer<nn::LayerNorm>("LayerNorm without bias", kSequences, {.bad = Shape{2, 3}}, Shape{4},
                       nn::LayerNormOptions{.bias = false}));
  add(layer<nn::GroupNorm>("GroupNorm without bias", uniform({2, 4, 3}, -2, 2), {.bad = Shape{2, 3, 3}}, 2, 4,
                       nn::GroupNormOptions{.bias = false}));

  // ---- noise
  add(random_layer<nn::Dropout>("Dropout", kRows, {}, sizes()));
  add(random_layer<nn::Dropout>("Dropout of everything", kRows, {}, sizes(), 1.0));
  add(random_layer<nn::Dropout1d>("Dropout1d", kSequences, {.bad = Shape{3}}, sizes(), 0.4));
  add(random_layer<nn::Dropout2d>("Dropout2d", kImages, {.bad = Shape{3}}, sizes(), 0.4));
  add(random_layer<nn::AlphaDropout>("AlphaDropout", kRows, {}, sizes(), 0.3));
  add(random_layer<nn::GaussianNoise>("GaussianNoise", kRows, {}, sizes(), 0.3));
  add(random_layer<nn::MaskingNoise>("MaskingNoise", kRows, {}, sizes(), 0.3));
  add(random_layer<nn::SaltAndPepperNoise>("SaltAndPepperNoise", kRows, {}, sizes(), 0.3));

  // ---- activations
  add(layer<nn::Identity>("Identity", kRows, {}));
  add(layer<nn::ReLU>("ReLU", kRows, {}));
  add(layer<nn::ReLU6>("ReLU6", uniform({3, 4}, -2, 9), {}));
  add(layer<nn::LeakyReLU>("LeakyReLU", kRows, {}, 0.2));
  add(layer<nn::ELU>("ELU", kRows, {}, 0.5));
  add(layer<nn::CELU>("CELU", kRows, {}, 0.5));
  add(layer<nn::SELU>("SELU", kRows, {}));
  add(layer<nn::SiLU>("SiLU", kRows, {}));
  add(layer<nn::Mish>("Mish", kRows, {}));
  add(layer<nn::GELU>("GELU", kRows, {}));
  add(layer<nn::Softsign>("Softsign", kRows, {}));
  add(layer<nn::Tanh>("Tanh", kRows, {}));
  add(layer<nn::Sigmoid>("Sigmoid", kRows, {}));
  add(layer<nn::LogSigmoid>("LogSigmoid", kRows, {}));
  add(layer<nn::Hardsigmoid>("Hardsigmoid", uniform({3, 4}, -5, 5), {}));
  add(layer<nn::Hardswish>("Hardswish", uniform({3, 4}, -5, 5), {}));
  add(layer<nn::Hardshrink>("Hardshrink", kRows, {}, 0.7));
  add(layer<nn::Softshrink>("Softshrink", kRows, {}, 0.7));
  add(layer<nn::Tanhshrink>("Tanhshrink", kRows, {}));
  add(layer<nn::Softmax>("Softmax", kSequences, {.bad = Shape{3}}, 1));
  add(layer<nn::LogSoftmax>("LogSoftmax", kSequences, {.bad = Shape{3}}, 1));
  add(layer<nn::PReLU>("PReLU", kRows, {}));
  add(layer<nn::PReLU>("PReLU of channels", kSequences, {.bad = Shape{2, 4}}, 3));
  add(random_layer<nn::RReLU>("RReLU", kRows, {}, sizes(), 0.1, 0.4));
  add(layer<nn::KSparse>("KSparse", kRows, {.bad = Shape{3, 1}}, 2, 1.5));
  add(layer<nn::TopK>("TopK", kRows, {.bad = Shape{3, 1}}, 2));
  add(layer<nn::GELU>("GELU of tanh", kRows, {}, nn::GeluApproximation::tanh));
  add(layer<nn::Softplus>("Softplus", kRows, {}, 2, 3));
  add(layer<nn::Softmin>("Softmin", kRows, {}));
  add(layer<nn::Softmax2d>("Softmax2d", kImages, {.bad = Shape{3, 1}}));
  add(layer<nn::Hardtanh>("Hardtanh", uniform({3, 4}, -2.2, 2), {}, -0.5, 1.5));
  add(layer<nn::Threshold>("Threshold", kRows, {}, 0.5, -1));
  add(layer<nn::GLU>("GLU", kRows, {.bad = Shape{3, 5}}));

  // ---- shapes
  add(layer<nn::Flatten>("Flatten", kSequences, {.bad = Shape{3}}));
  add(layer<nn::Unflatten>("Unflatten", uniform({2, 6}, -2, 2), {.bad = Shape{2, 5}}, 1, Shape{2, -1}));
  add(layer<nn::Reshape>("Reshape", uniform({2, 6}, -2, 2), {.bad = Shape{2, 5}}, Shape{-1, 3}));
  add(layer<nn::PixelShuffle>("PixelShuffle", uniform({2, 4, 2, 3}, -2, 2), {.bad = Shape{2, 3, 2, 3}}, 2));
  add(layer<nn::PixelUnshuffle>("PixelUnshuffle", uniform({2, 2, 4, 2}, -2, 2), {.bad = Shape{2, 2, 3, 2}}, 2));
  add(layer<nn::ZeroPad1d>("ZeroPad1d", kSequences, {.bad = Shape{2}}, nn::Sides1d(1)));
  add(layer<nn::ConstantPad1d>("ConstantPad1d", kSequences, {.bad = Shape{2}}, nn::Sides1d(1, 2), 0.75));
  add(layer<nn::ReflectionPad1d>("ReflectionPad1d", kSequences, {.bad = Shape{2, 3, 2}}, nn::Sides1d(1, 2)));
  add(layer<nn::ReplicationPad1d>("ReplicationPad1d", kSequences, {.bad = Shape{2, 3, 0}}, nn::Sides1d(1, 2)));
  add(layer<nn::CircularPad1d>("CircularPad1d", kSequences, {.bad = Shape{2, 3, 1}}, nn::Sides1d(1, 2)));
  add(layer<nn::ZeroPad2d>("ZeroPad2d", kImages, {.bad = Shape{2}}, nn::Sides2d(1, 2, 0, 1)));
  add(layer<nn::ConstantPad2d>("ConstantPad2d", kImages, {.bad = Shape{2}}, nn::Sides2d(1, -1, 0, 2), 0.75));
  add(layer<nn::ReflectionPad2d>("ReflectionPad2d", kImages, {.bad = Shape{2, 2, 3, 2}}, nn::Sides2d(1, 2, 0, 1)));
  add(layer<nn::ReplicationPad2d>("ReplicationPad2d", kImages, {.bad = Shape{2, 2, 0, 2}}, nn::Sides2d(1, 2, 0, 4)));
  add(layer<nn::CircularPad2d>("CircularPad2d", kImages, {.bad = Shape{2, 2, 3, 1}}, nn::Sides2d(1, 2, 0, 1)));
  add(module("Sequential", {kRows},
         [](Box& box, Rng& rng) -> auto& {
           return box.child("layer", nn::Sequential{nn::Linear(4, 3, rng), nn::Tanh(), nn::LayerNorm({3})});
         },
         [](const nn::Sequential& l, const Vars& v) { return Vars{l(v[0])}; }, {.bad = Shape{3, 5}}));
  add(module("Residual", {kRows},
         [](Box& box, Rng& rng) -> auto& { return box.child("layer", nn::Residual{nn::Linear(4, 4, rng), nn::Tanh()}); },
         [](const nn::Residual& l, const Vars& v) { return Vars{l(v[0])}; }, {.bad = Shape{3, 5}}));
  add(module("Concat", {kRows},
         [](Box& box, Rng& rng) -> auto& { return box.child("layer", nn::Concat{nn::Identity(), nn::Linear(4, 3, rng)}); },
         [](const nn::Concat& l, const Vars& v) { return Vars{l(v[0])}; }, {.bad = Shape{3, 5}}));
  // clang-format on
}

void add_convolutions(std::vector<LayerRow>& rows) {
  const Input series = uniform({2, 2, 5}, -2, 2), images = uniform({2, 2, 4, 5}, -2, 2),
              small = uniform({2, 2, 2, 3}, -2, 2);
  const auto conv1 = [&](const std::string& name, const nn::Conv1dOptions& options) {
    rows.push_back(random_layer<nn::Conv1d>(name, series, {.bad = Shape{2, 3, 5}}, sizes(2, 4, options)));
  };
  const auto conv2 = [&](const std::string& name, const nn::Conv2dOptions& options) {
    rows.push_back(random_layer<nn::Conv2d>(name, images, {.bad = Shape{2, 3, 4, 5}}, sizes(2, 4, options)));
  };
  conv1("Conv1d", {.kernel = 3});
  conv1("Conv1d with everything",
        {.kernel = 2, .stride = 2, .padding = 1, .dilation = 2, .groups = 2, .padding_mode = nn::PadMode::circular});
  conv2("Conv2d", {.kernel = 3});
  conv2("Conv2d with everything", {.kernel = {2, 3}, .stride = {2, 1}, .padding = {1, 0}, .groups = 2, .bias = false});
  conv2("Conv2d, same size", {.kernel = {2, 3}, .padding = kSame, .dilation = {1, 2}});
  conv2("Conv2d, same size by reflection", {.kernel = {2, 3}, .padding = kSame, .padding_mode = nn::PadMode::reflect});
  conv2("Conv2d by replication", {.kernel = 3, .padding = {2, 1}, .padding_mode = nn::PadMode::replicate});
  rows.push_back(
      random_layer<nn::LazyConv1d>("LazyConv1d", series, {.bad = Shape{5}}, sizes(4, nn::Conv1dOptions{.kernel = 2})));
  rows.push_back(random_layer<nn::LazyConv2d>("LazyConv2d", images, {.bad = Shape{4, 5}},
                                              sizes(4, nn::Conv2dOptions{.kernel = 2, .groups = 2})));
  rows.push_back(random_layer<nn::ConvTranspose1d>("ConvTranspose1d", series, {.bad = Shape{2, 3, 5}},
                                                   sizes(2, 3, nn::ConvTranspose1dOptions{.kernel = 3, .stride = 2})));
  rows.push_back(random_layer<nn::ConvTranspose2d>(
      "ConvTranspose2d with everything", small, {.bad = Shape{2, 3, 2, 3}},
      sizes(2, 4,
            nn::ConvTranspose2dOptions{
                .kernel = {3, 2}, .stride = 2, .padding = {1, 0}, .output_padding = {1, 0}, .groups = 2})));
  rows.push_back(random_layer<nn::LazyConvTranspose1d>("LazyConvTranspose1d", series, {.bad = Shape{5}},
                                                       sizes(3, nn::ConvTranspose1dOptions{.kernel = 2})));
  rows.push_back(
      random_layer<nn::LazyConvTranspose2d>("LazyConvTranspose2d", small, {.bad = Shape{4, 5}},
                                            sizes(3, nn::ConvTranspose2dOptions{.kernel = 2, .bias = false})));
  rows.push_back(module(
      "ConvTranspose2d to a size", {small}, [](Box & box, Rng & rng) -> auto& {
        return box.child<nn::ConvTranspose2d>("layer", 2, 3, nn::ConvTranspose2dOptions{.kernel = 3, .stride = 2}, rng);
      },
      [](const nn::ConvTranspose2d& l, const Vars& v) {
        return Vars{l(v[0], {6, 7})};
      },
      {.bad = Shape{2, 2, 4, 3}}));

  const Input volumes = uniform({2, 2, 3, 2, 3}, -2, 2);
  rows.push_back(random_layer<nn::Conv3d>(
      "Conv3d", volumes, {.bad = Shape{2, 3, 3, 2, 3}},
      sizes(2, 4, nn::Conv3dOptions{.kernel = {2, 1, 2}, .stride = {1, 1, 2}, .padding = {1, 0, 1}})));
  rows.push_back(random_layer<nn::Conv3d>("Conv3d by replication", volumes, {.bad = Shape{3, 2}},
                                          sizes(2, 4,
                                                nn::Conv3dOptions{.kernel = 2,
                                                                  .padding = {0, 1, 1},
                                                                  .dilation = {2, 1, 1},
                                                                  .groups = 2,
                                                                  .bias = false,
                                                                  .padding_mode = nn::PadMode::replicate})));
  rows.push_back(random_layer<nn::LazyConv3d>("LazyConv3d", volumes, {.bad = Shape{4, 5}},
                                              sizes(4, nn::Conv3dOptions{.kernel = 2})));
  rows.push_back(random_layer<nn::ConvTranspose3d>(
      "ConvTranspose3d", volumes, {.bad = Shape{2, 3, 3, 2, 3}},
      sizes(2, 4,
            nn::ConvTranspose3dOptions{
                .kernel = {2, 1, 2}, .stride = 2, .padding = {1, 0, 0}, .output_padding = {1, 0, 1}, .groups = 2})));
  rows.push_back(
      random_layer<nn::LazyConvTranspose3d>("LazyConvTranspose3d", volumes, {.bad = Shape{4, 5}},
                                            sizes(3, nn::ConvTranspose3dOptions{.kernel = 2, .bias = false})));
  rows.push_back(module(
      "ConvTranspose3d to a size", {volumes}, [](Box & box, Rng & rng) -> auto& {
        return box.child<nn::ConvTranspose3d>("layer", 2, 3,
                                              nn::ConvTranspose3dOptions{.kernel = 2, .stride = {2, 1, 2}}, rng);
      },
      [](const nn::ConvTranspose3d& l, const Vars& v) {
        return Vars{l(v[0], {7, 3, 6})};
      },
      {.bad = Shape{2, 2, 4, 2, 3}}));
  rows.push_back(layer<nn::MaxPool3d>("MaxPool3d", volumes, {.bad = Shape{2}},
                                      MaxPool3dOptions{.kernel = {2, 1, 2}, .stride = 1}));
  rows.push_back(layer<nn::AvgPool3d>("AvgPool3d", volumes, {.bad = Shape{2}},
                                      AvgPool3dOptions{.kernel = 2, .padding = {1, 0, 1}}));
  rows.push_back(layer<nn::AdaptiveMaxPool3d>("AdaptiveMaxPool3d", volumes, {.bad = Shape{2}}, PerAxis<3>(2, 1, 2)));
  rows.push_back(layer<nn::AdaptiveAvgPool3d>("AdaptiveAvgPool3d", volumes, {.bad = Shape{2}}, PerAxis<3>(1)));
  rows.push_back(layer<nn::BatchNorm3d>("BatchNorm3d", volumes, {.bad = Shape{2, 2, 3}}, 2));
  rows.push_back(layer<nn::LazyBatchNorm3d>("LazyBatchNorm3d", volumes, {.bad = Shape{2, 2, 3}}));
  rows.push_back(layer<nn::InstanceNorm3d>("InstanceNorm3d", volumes, {.bad = Shape{2, 2}}, 2));
  rows.push_back(layer<nn::LazyInstanceNorm3d>("LazyInstanceNorm3d", volumes, {.bad = Shape{3}},
                                               nn::InstanceNormOptions{.affine = true}));
  rows.push_back(random_layer<nn::Dropout3d>("Dropout3d", volumes, {.bad = Shape{3}}, sizes(), 0.4));

  const auto with_indices = [](const auto& layer, const Vars& v) { return Vars{layer.with_indices(v[0]).values}; };
  rows.push_back(layer<nn::MaxPool1d>("MaxPool1d", series, {.bad = Shape{}}, MaxPool1dOptions{.kernel = 2}));
  rows.push_back(module("MaxPool2d", {images}, [](Box & box, Rng&) -> auto& {
    return box.child<nn::MaxPool2d>("layer", MaxPool2dOptions{.kernel = 3, .stride = 2, .padding = 1});
  },
                        with_indices, {.bad = Shape{2}}));
  rows.push_back(module(
      "MaxUnpool2d", {images}, [](Box & box, Rng&) -> auto& {
        return box.child<nn::MaxUnpool2d>("layer", MaxUnpool2dOptions{.kernel = 2, .output_size = {4, 5}});
      },
      [](const nn::MaxUnpool2d& l, const Vars& v) {
        const PooledVar pooled = nn::in_context("layer", [&] { return max_pool2d_with_indices(v[0], {.kernel = 2}); });
        return Vars{l(pooled.values, pooled.indices)};
      },
      {.bad = Shape{2}}));
  rows.push_back(module(
      "MaxUnpool1d", {series},
      [](Box & box, Rng&) -> auto& { return box.child<nn::MaxUnpool1d>("layer", MaxUnpool1dOptions{.kernel = 2}); },
      [](const nn::MaxUnpool1d& l, const Vars& v) {
        const PooledVar pooled = nn::in_context("layer", [&] { return max_pool1d_with_indices(v[0], {.kernel = 2}); });
        return Vars{l(pooled.values, pooled.indices)};
      },
      {.bad = Shape{}}));
  rows.push_back(layer<nn::AvgPool1d>("AvgPool1d", series, {.bad = Shape{}},
                                      AvgPool1dOptions{.kernel = 3, .stride = 2, .padding = 1}));
  rows.push_back(layer<nn::AvgPool2d>(
      "AvgPool2d", images, {.bad = Shape{2}},
      AvgPool2dOptions{.kernel = {2, 3}, .padding = {0, 1}, .ceil_mode = true, .count_include_pad = false}));
  rows.push_back(layer<nn::AdaptiveMaxPool1d>("AdaptiveMaxPool1d", series, {.bad = Shape{}}, PerAxis<1>(3)));
  rows.push_back(layer<nn::AdaptiveMaxPool2d>("AdaptiveMaxPool2d", images, {.bad = Shape{2}}, PerAxis<2>(3, 2)));
  rows.push_back(layer<nn::AdaptiveAvgPool1d>("AdaptiveAvgPool1d", series, {.bad = Shape{}}, PerAxis<1>(3)));
  rows.push_back(layer<nn::AdaptiveAvgPool2d>("AdaptiveAvgPool2d", images, {.bad = Shape{2}}, PerAxis<2>(3, 2)));
  rows.push_back(layer<nn::Upsample>("Upsample", small, {.bad = Shape{2}}, InterpolateOptions{.scale_factor = {2}}));
  rows.push_back(layer<nn::Upsample>(
      "Upsample, bilinear", small, {.bad = Shape{2}},
      InterpolateOptions{.size = {5, 4}, .mode = InterpolateMode::bilinear, .align_corners = true}));
}

void add_computed_weights(std::vector<LayerRow>& rows) {
  for (const auto& [name, dim] : {std::pair{"weight_norm", 0}, {"weight_norm of dim 1", 1}, {"weight_norm of all", -1}})
    rows.push_back(module(
        name, {uniform({2, 4}, -2, 2)},
        [dim = dim](Box & box, Rng & rng) -> auto& {
          nn::Linear& linear = box.child<nn::Linear>("layer", 4, 3, rng);
          nn::weight_norm(linear, "weight", dim);
          return linear;
        },
        [](const nn::Linear& l, const Vars& v) { return Vars{l(v[0])}; }, {.bad = Shape{2, 3}}));
  for (const int dim : {0, 1})
    rows.push_back(module(
        dim == 0 ? "spectral_norm" : "spectral_norm of dim 1", {uniform({2, 4}, -2, 2)},
        [dim](Box & box, Rng & rng) -> auto& {
          nn::Linear& linear = box.child<nn::Linear>("layer", 4, 3, rng);
          nn::spectral_norm(linear, rng, {.n_power_iterations = dim == 0 ? 2 : 1, .dim = dim});
          return linear;
        },
        [](const nn::Linear& l, const Vars& v) { return Vars{l(v[0])}; },
        {.bad = Shape{2, 3}, .exact = Exact::in_evaluation}));
}

void add_losses(std::vector<LayerRow>& rows) {
  const Input x = uniform({3, 2}, -2, 2), p = uniform({3, 2}, 0.1, 0.9), positive = uniform({3, 2}, 0.2, 2),
              weight = uniform({2}, 0.2, 2), logits = uniform({3, 4}, -2, 2), classes = integers({3}, 0, 4),
              class_weight = uniform({4}, 0.2, 2), embedding = uniform({3, 4}, -2, 2), signs = {{3}, 1, 2, Dtype::i64},
              numbers = uniform({3}, -2, 2);
  const auto add = [&](const std::string& name, Inputs inputs, std::function<Var(const Vars&)> f, int constants = 0) {
    rows.push_back(function(name, std::move(inputs), std::move(f), {.batch = {}, .constants = constants}));
  };
  const std::pair<std::string, Reduction> reductions[] = {
      {"none", Reduction::none}, {"mean", Reduction::mean}, {"sum", Reduction::sum}};
  for (const auto& [how, r] : reductions) {
    const Reduction by = r;
    add("mse_loss " + how, {x, x}, [by](const Vars& v) { return nn::mse_loss(v[0], v[1], by); });
    add("l1_loss " + how, {x, uniform({3, 2}, -1.7, 2.2)}, [by](const Vars& v) { return nn::l1_loss(v[0], v[1], by); });
    add("kl_div " + how, {x, p}, [by](const Vars& v) { return nn::kl_div(v[0], v[1], {.reduction = by}); });
    add("binary_cross_entropy " + how, {p, p},
        [by](const Vars& v) { return nn::binary_cross_entropy(v[0], v[1], by); });
    add("binary_cross_entropy_with_logits " + how, {x, p},
        [by](const Vars& v) { return nn::binary_cross_entropy_with_logits(v[0], v[1], by); });
    add("cross_entropy " + how, {logits, classes},
        [by](const Vars& v) { return nn::cross_entropy(v[0], v[1].value(), by); });
    add("nll_loss " + how, {logits, classes}, [by](const Vars& v) { return nn::nll_loss(v[0], v[1].value(), by); });
    add("smooth_l1_loss " + how, {x, x}, [by](const Vars& v) { return nn::smooth_l1_loss(v[0], v[1], by, 0.5); });
    add("huber_loss " + how, {x, x}, [by](const Vars& v) { return nn::huber_loss(v[0], v[1], by, 0.75); });
    add("gaussian_nll_loss " + how, {x, x, positive},
        [by](const Vars& v) { return nn::gaussian_nll_loss(v[0], v[1], v[2], {.reduction = by, .full = true}); });
    add("poisson_nll_loss " + how, {x, uniform({3, 2}, 0, 4)},
        [by](const Vars& v) { return nn::poisson_nll_loss(v[0], v[1], {.full = true, .reduction = by}); });
    add(
        "binary_cross_entropy with weights " + how, {p, p, weight},
        [by](const Vars& v) { return nn::binary_cross_entropy(v[0], v[1], {.weight = v[2].value(), .reduction = by}); },
        1);
    add(
        "binary_cross_entropy_with_logits with weights " + how, {x, p, weight, weight},
        [by](const Vars& v) {
          return nn::binary_cross_entropy_with_logits(
              v[0], v[1], {.weight = v[2].value(), .pos_weight = v[3].value(), .reduction = by});
        },
        2);
    for (const double smoothing : {0.0, 0.3}) {
      const std::string text = how + (smoothing == 0 ? " 0.0" : " 0.3");
      add(
          "cross_entropy with options " + text, {logits, classes, class_weight},
          [by, smoothing](const Vars& v) {
            return nn::cross_entropy(v[0], v[1].value(),
                                     {.weight = v[2].value(), .reduction = by, .label_smoothing = smoothing});
          },
          1);
      add(
          "cross_entropy of probabilities " + text, {uniform({2, 4, 3}, -2, 2), uniform({2, 4, 3}, 0, 1), class_weight},
          [by, smoothing](const Vars& v) {
            return nn::cross_entropy(v[0], v[1],
                                     {.weight = v[2].value(), .reduction = by, .label_smoothing = smoothing});
          },
          1);
    }
    add("cross_entropy of pixels " + how, {uniform({2, 3, 2, 2}, -2, 2), integers({2, 2, 2}, 0, 3)},
        [by](const Vars& v) {
          return nn::cross_entropy(v[0], v[1].value(), {.reduction = by, .label_smoothing = 0.2});
        });
    add(
        "nll_loss with options " + how, {logits, classes, class_weight},
        [by](const Vars& v) { return nn::nll_loss(v[0], v[1].value(), {.weight = v[2].value(), .reduction = by}); }, 1);
    add("cosine_embedding_loss " + how, {embedding, embedding, signs},
        [by](const Vars& v) { return nn::cosine_embedding_loss(v[0], v[1], v[2].value(), -0.5, by); });
    add("hinge_embedding_loss " + how, {numbers, signs},
        [by](const Vars& v) { return nn::hinge_embedding_loss(v[0], v[1].value(), 1.5, by); });
    add("hinge_loss " + how, {numbers, signs}, [by](const Vars& v) { return nn::hinge_loss(v[0], v[1].value(), by); });
    add("margin_ranking_loss " + how, {numbers, numbers, signs},
        [by](const Vars& v) { return nn::margin_ranking_loss(v[0], v[1], v[2].value(), 0.5, by); });
    add("soft_margin_loss " + how, {numbers, signs},
        [by](const Vars& v) { return nn::soft_margin_loss(v[0], v[1].value(), by); });
    for (const bool swap : {false, true})
      add("triplet_margin_loss " + how + (swap ? ", swap" : ""), {embedding, embedding, embedding},
          [by, swap](const Vars& v) {
            return nn::triplet_margin_loss(v[0], v[1], v[2], {.margin = 2, .swap = swap, .reduction = by});
          });
  }
  add("kl_div of logarithms", {x, x},
      [](const Vars& v) { return nn::kl_div(v[0], v[1], {.reduction = Reduction::batchmean, .log_target = true}); });
  add("poisson_nll_loss of rates", {positive, positive},
      [](const Vars& v) { return nn::poisson_nll_loss(v[0], v[1], {.log_input = false}); });
  add("gaussian_nll_loss of small variances", {x, x, uniform({3, 1}, 0.6, 1)},
      [](const Vars& v) { return nn::gaussian_nll_loss(v[0], v[1], v[2], {.eps = 0.5}); });
  add("cosine_similarity", {embedding, embedding}, [](const Vars& v) { return nn::cosine_similarity(v[0], v[1]); });
  add("pairwise_distance", {embedding, uniform({3, 4}, -1.7, 2.2)},
      [](const Vars& v) { return nn::pairwise_distance(v[0], v[1], 3); });
  add("ssim", {uniform({2, 2, 6, 7}, 0, 1), uniform({2, 2, 6, 7}, 0, 1)},
      [](const Vars& v) { return nn::ssim(v[0], v[1], {.window_size = 5, .reduction = Reduction::none}); });
  add("ssim_loss of small images", {uniform({2, 1, 4, 3}, 0, 1), uniform({2, 1, 4, 3}, 0, 1)},
      [](const Vars& v) { return nn::ssim_loss(v[0], v[1]); });
  add("dice_loss", {uniform({2, 3, 2}, 0, 1), uniform({2, 3, 2}, 0, 1)},
      [](const Vars& v) { return nn::dice_loss(v[0], v[1], {.reduction = Reduction::none}); });

  add("l1_activity", {x}, [](const Vars& v) { return nn::l1_activity(v[0]); });
  add("kl_sparsity", {p}, [](const Vars& v) { return nn::kl_sparsity(v[0], 0.05); });
  add("group_lasso_penalty", {embedding}, [](const Vars& v) { return nn::group_lasso_penalty(v[0]); });
  add("orthogonal_penalty", {embedding}, [](const Vars& v) { return nn::orthogonal_penalty(v[0]); });
  for (const bool squares : {false, true})
    rows.push_back(module(
        squares ? "l2_penalty" : "l1_penalty", {uniform({2, 4}, -2, 2)},
        [](Box & box, Rng & rng) -> auto& { return box.child<nn::Linear>("layer", 4, 3, rng); },
        [squares](const nn::Linear& l, const Vars& v) {
          const std::vector<Parameter> weights = l.parameters();
          return Vars{l(v[0]), squares ? nn::l2_penalty(weights) : nn::l1_penalty(weights, {.biases = true})};
        },
        {.batch = {}}));
  rows.push_back(module(
      "KlSparsity", {uniform({4, 3}, 0.1, 0.9)}, [](Box & box, Rng&) -> auto& {
        return box.child<nn::KlSparsity>("layer", 3, nn::KlSparsityOptions{.momentum = 0.3});
      },
      [](const nn::KlSparsity& l, const Vars& v) { return Vars{l(v[0])}; }, {.batch = {}, .bad = Shape{4, 2}}));
}

// Input and target of different shapes.
void add_broadcast_losses(std::vector<LayerRow>& rows) {
  const Input x = uniform({3, 1, 2}, -2, 2), t = uniform({1, 4, 2}, -1.7, 2.2), p = uniform({3, 1, 2}, 0.1, 0.9),
              q = uniform({1, 4, 2}, 0.1, 0.9), factors = uniform({4, 1}, 0.2, 2), number = uniform({}, 0.1, 0.9);
  const auto add = [&](const std::string& name, Inputs inputs, std::function<Var(const Vars&)> f, int constants = 0) {
    rows.push_back(function(name, std::move(inputs), std::move(f), {.batch = {}, .constants = constants}));
  };
  const std::pair<std::string, Reduction> reductions[] = {{" none", Reduction::none},
                                                          {" mean", Reduction::mean},
                                                          {" sum", Reduction::sum},
                                                          {" batchmean", Reduction::batchmean}};
  for (const auto& [how, r] : reductions) {
    const Reduction by = r;
    add("mse_loss, broadcast" + how, {x, t}, [by](const Vars& v) { return nn::mse_loss(v[0], v[1], by); });
    add("binary_cross_entropy_with_logits, broadcast" + how, {x, q},
        [by](const Vars& v) { return nn::binary_cross_entropy_with_logits(v[0], v[1], by); });
    add("kl_div, broadcast" + how, {x, q}, [by](const Vars& v) { return nn::kl_div(v[0], v[1], {.reduction = by}); });
  }
  add("mse_loss to a number", {x, number}, [](const Vars& v) { return nn::mse_loss(v[0], v[1]); });
  add("mse_loss of a number", {number, x}, [](const Vars& v) { return nn::mse_loss(v[0], v[1]); });
  add("l1_loss, broadcast", {x, t}, [](const Vars& v) { return nn::l1_loss(v[0], v[1]); });
  add("smooth_l1_loss, broadcast", {x, t}, [](const Vars& v) { return nn::smooth_l1_loss(v[0], v[1]); });
  add("huber_loss, broadcast", {x, t}, [](const Vars& v) { return nn::huber_loss(v[0], v[1]); });
  add("poisson_nll_loss, broadcast", {x, uniform({1, 4, 2}, 0, 4)},
      [](const Vars& v) { return nn::poisson_nll_loss(v[0], v[1], {.full = true}); });
  for (const Shape& shape : {Shape{3, 4, 2}, Shape{3, 4}, Shape{1, 4, 1}, Shape{}})
    add(join("gaussian_nll_loss, broadcast with variances ", shape), {x, t, uniform(shape, 0.2, 2)},
        [](const Vars& v) { return nn::gaussian_nll_loss(v[0], v[1], v[2]); });
  add(
      "binary_cross_entropy, broadcast with weights", {p, q, factors},
      [](const Vars& v) { return nn::binary_cross_entropy(v[0], v[1], {.weight = v[2].value()}); }, 1);
  add(
      "binary_cross_entropy_with_logits, broadcast with weights", {x, q, factors, factors},
      [](const Vars& v) {
        return nn::binary_cross_entropy_with_logits(v[0], v[1], {.weight = v[2].value(), .pos_weight = v[3].value()});
      },
      2);
}

std::vector<LayerRow> make_layer_table() {
  std::vector<LayerRow> rows;
  add_simple(rows);
  add_convolutions(rows);
  add_computed_weights(rows);
  add_sequence_rows(rows);
  add_losses(rows);
  add_broadcast_losses(rows);
  return rows;
}

}  // namespace

const std::vector<LayerRow>& layer_table() {
  static const std::vector<LayerRow> table = make_layer_table();
  return table;
}

const LayerRow& layer_named(const std::string& name) {
  for (const LayerRow& row : layer_table())
    if (row.name == name) return row;
  fail("layer_table", "no row is named \"", name, "\"");
}

}  // namespace hourglass::test
