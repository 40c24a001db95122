// SPDX-License-Identifier: MIT
// Absurd arguments: whatever extents, strides, paddings and counts are asked for, the result is right or an Error.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/attention.h"
#include "nn/conv.h"
#include "nn/embedding.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/padding.h"
#include "nn/recurrent.h"
#include "nn/shaping.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

constexpr std::int64_t kMax = INT64_MAX, kHuge = std::int64_t{1} << 62;

// The library may use so much more memory while one lives.
class MoreMemory {
 public:
  explicit MoreMemory(std::int64_t bytes) { memory::set_limit(memory::bytes_in_use() + bytes); }
  ~MoreMemory() { memory::set_limit(before_); }
  MoreMemory(const MoreMemory&) = delete;
  MoreMemory& operator=(const MoreMemory&) = delete;

 private:
  std::int64_t before_ = memory::limit();
};

// The arguments of one call.
class Draw {
 public:
  explicit Draw(Rng& rng) : rng_(rng), absurd_(rng.below(4)) {}

  // A small number or an absurd one. In some calls all are small, in others many are absurd.
  std::int64_t number() {
    constexpr std::int64_t small[] = {0, 1, 1, 1, 2, 3},
                           any[] = {
                               -1,       -2,     5,        std::int64_t{1} << 31, std::int64_t{1} << 32, kHuge, kMax,
                               kMax - 1, -kHuge, INT64_MIN};
    return keep(rng_.below(12) >= absurd_ * absurd_ ? small[rng_.below(std::ssize(small))]
                                                    : any[rng_.below(std::ssize(any))]);
  }
  std::int64_t below(std::int64_t n) { return keep(rng_.below(n)); }
  std::int64_t small(std::int64_t least = 1) { return least + below(4); }
  bool coin() { return below(2) != 0; }
  template <int N>
  PerAxis<N> each() {
    PerAxis<N> result = 0;
    for (int axis = 0; axis < N; ++axis) result[axis] = number();
    return result;
  }
  Shape shape(int axes) {
    Shape result;
    for (int axis = 0; axis < axes; ++axis) result.push_back(number());
    return result;
  }
  Padding padding() {
    const std::int64_t before = number();
    return {before, number()};
  }

  // Numbers in a small shape; or, now and then, one number repeated to a shape of any size.
  Var tensor(int axes) {
    Shape extents;
    for (int axis = 0; axis < axes; ++axis) extents.push_back(small());
    if (absurd_ < 2 || rng_.below(4) > 0) return variable(rng_.uniform(extents, 0.5, 1, Dtype::f64));
    for (int axis = 0; axis < axes; ++axis)
      if (rng_.below(2) > 0) extents[axis] = number();
    return expand(variable(rng_.uniform(Axes::filled(axes, 1), 0.5, 1, Dtype::f64)), extents);
  }
  Var tensor_of(const Shape& extents) { return variable(rng_.uniform(extents, 0.5, 1, Dtype::f64)); }
  Rng& rng() { return rng_; }
  const std::vector<std::int64_t>& drawn() const { return drawn_; }

 private:
  std::int64_t keep(std::int64_t value) {
    drawn_.push_back(value);
    return value;
  }
  Rng& rng_;
  std::int64_t absurd_;
  std::vector<std::int64_t> drawn_;
};

// The result y of a call. If x is set, too, y is proportional to it: y(2 x) = 2 y(x).
struct Outcome {
  Var y, x;
};
struct ArgumentRow {
  std::string name;
  std::function<Outcome(Draw&)> call;
};

// A row's call of a linear op: op(d, x) for a tensor x with this number of axes.
template <class Op>
auto on_tensor(int axes, Op op) {
  return [=](Draw& d) {
    const Var x = d.tensor(axes);
    return Outcome{op(d, x), x};
  };
}

template <int N>
ConvOptions<N> conv_options(Draw& d) {
  ConvOptions<N> options{.stride = d.each<N>(), .padding = d.each<N>(), .dilation = d.each<N>()};
  options.groups = d.coin() ? 1 : d.number();
  return options;
}
template <int N>
ConvTransposeOptions<N> transpose_options(Draw& d) {
  return {.stride = d.each<N>(),
          .padding = d.each<N>(),
          .output_padding = d.each<N>(),
          .groups = d.coin() ? 1 : d.number(),
          .dilation = d.each<N>()};
}
template <int N>
MaxPoolOptions<N> max_pool_options(Draw& d) {
  return {.kernel = d.each<N>(),
          .stride = d.each<N>(),
          .padding = d.coin() ? PerAxis<N>(0) : d.each<N>(),
          .dilation = d.coin() ? PerAxis<N>(1) : d.each<N>(),
          .ceil_mode = d.coin()};
}
template <int N>
AvgPoolOptions<N> avg_pool_options(Draw& d) {
  return {.kernel = d.each<N>(),
          .stride = d.each<N>(),
          .padding = d.coin() ? PerAxis<N>(0) : d.each<N>(),
          .ceil_mode = d.coin(),
          .count_include_pad = d.coin(),
          .divisor_override = d.coin() ? 0 : d.number()};
}

template <int N>
Shape with_kernel(Draw& d, std::int64_t out, std::int64_t in) {
  Shape shape{out, in};
  for (int axis = 0; axis < N; ++axis) shape.push_back(d.small());
  return shape;
}

template <int N>
Outcome convolution(Draw& d) {
  const Var x = d.tensor(N + 2);
  const Var w = d.tensor_of(with_kernel<N>(d, d.small(), d.coin() ? x.size(1) : d.small()));
  if constexpr (N == 1) return {conv1d(x, w, conv_options<1>(d)), x};
  else if constexpr (N == 2) return {conv2d(x, w, conv_options<2>(d)), x};
  else return {conv3d(x, w, conv_options<3>(d)), x};
}
template <int N>
Outcome transposed(Draw& d) {
  const Var x = d.tensor(N + 2);
  const Var w = d.tensor_of(with_kernel<N>(d, d.coin() ? x.size(1) : d.small(), d.small()));
  if constexpr (N == 1) return {conv_transpose1d(x, w, transpose_options<1>(d)), x};
  else if constexpr (N == 2) return {conv_transpose2d(x, w, transpose_options<2>(d)), x};
  else return {conv_transpose3d(x, w, transpose_options<3>(d)), x};
}
template <int N>
Outcome weight_gradient(Draw& d) {
  const Var x = d.tensor(N + 2);
  const PerAxis<N> kernel = d.each<N>();
  const ConvOptions<N> options = conv_options<N>(d);
  const auto fitting = [&] {  // the shape of a result
    Shape shape{d.small(), x.size(1)};
    for (int axis = 0; axis < N; ++axis) shape.push_back(kernel[axis]);
    if constexpr (N == 1) return conv1d(x.value(), zeros(shape, Dtype::f64), options).shape();
    else return conv2d(x.value(), zeros(shape, Dtype::f64), options).shape();
  };
  const Var g = d.coin() ? d.tensor_of(fitting()) : d.tensor(N + 2);
  if constexpr (N == 1) return {conv1d_weight(x, g, kernel, options), x};
  else return {conv2d_weight(x, g, kernel, options), x};
}
Outcome interpolation(Draw& d) {
  using enum InterpolateMode;
  const bool series = d.coin(), by_size = d.coin();
  const Var x = d.tensor(series ? 3 : 4);
  InterpolateOptions options;
  options.mode = std::array{nearest, nearest_exact, area, series ? linear : bilinear,
                            series ? linear : bicubic}[static_cast<std::size_t>(d.below(5))];
  options.align_corners = (options.mode == linear || options.mode == bilinear || options.mode == bicubic) && d.coin();
  for (int axis = series ? 1 : 0; axis < 2; ++axis)
    if (by_size) options.size.push_back(d.number());
    else options.scale_factor.push_back(static_cast<double>(d.number()) / static_cast<double>(d.small()));
  return {interpolate(x, options), x};
}
Outcome padded(Draw& d, nn::PadMode mode) {
  const Var x = d.tensor(2);
  const Padding first = d.padding();
  return {nn::pad(x, {first, d.padding()}, mode), x};
}

const std::vector<ArgumentRow>& table() {
  static const std::vector<ArgumentRow> all_rows{
      {"zeros",
       [](Draw& d) {
         return Outcome{Var(zeros(d.shape(3))), {}};
       }},
      {"arange",
       [](Draw& d) {
         const std::int64_t start = d.number(), stop = d.number(), step = d.number();
         return Outcome{Var(arange(start, stop, step, d.coin() ? Dtype::i64 : d.coin() ? Dtype::f32 : Dtype::u8)), {}};
       }},
      {"linspace",
       [](Draw& d) {
         return Outcome{Var(linspace(0, 1, d.number())), {}};
       }},
      {"eye",
       [](Draw& d) {
         const std::int64_t rows = d.number();
         return Outcome{Var(eye(rows, d.number())), {}};
       }},
      {"one_hot",
       [](Draw& d) {
         return Outcome{Var(one_hot(arange(d.small()), d.number())), {}};
       }},
      {"randint",
       [](Draw& d) {
         return Outcome{Var(d.rng().randint(d.shape(2), 0, std::max<std::int64_t>(d.number(), 1))), {}};
       }},
      {"permutation",
       [](Draw& d) {
         return Outcome{Var(d.rng().permutation(d.number())), {}};
       }},
      {"view_of",
       [](Draw& d) {
         const Tensor base = d.tensor_of({4, 3}).value();
         const Shape shape = d.shape(2), strides = d.shape(2);
         return Outcome{Var(Tensor::view_of(base, shape, strides, d.number())), {}};
       }},
      {"reshape", on_tensor(2, [](Draw& d, const Var& x) { return reshape(x, d.shape(2)); })},
      {"flatten", on_tensor(3, [](Draw& d, const Var& x) { return flatten(x, d.number() % 3); })},
      {"expand", on_tensor(2, [](Draw& d, const Var& x) { return expand(x, d.shape(3)); })},
      {"slice",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const std::int64_t axis = d.number(), start = d.number(), stop = d.number();
         return Outcome{slice(x, axis, start, stop, d.number()), x};
       }},
      {"embed_slice",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const Shape shape{d.coin() ? x.size(0) : d.number(), d.number()};
         const std::int64_t start = d.number();
         return Outcome{embed_slice(x, shape, 1, start, d.number()), x};
       }},
      {"select",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const std::int64_t axis = d.number();
         return Outcome{select(x, axis, d.number()), x};
       }},
      {"unfold",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const std::int64_t axis = d.number(), size = d.number();
         return Outcome{unfold(x, axis, size, d.number()), x};
       }},
      {"fold",
       [](Draw& d) {
         const Var x = d.tensor(3);
         const Shape shape{x.size(0), d.number()};
         return Outcome{fold(x, shape, 1, x.size(2), d.number()), x};
       }},
      {"flip", on_tensor(2, [](Draw& d, const Var& x) { return flip(x, {d.number()}); })},
      {"transpose",
       [](Draw& d) {
         const Var x = d.tensor(3);
         const std::int64_t a = d.number();
         return Outcome{transpose(x, a, d.number()), x};
       }},
      {"concat", on_tensor(2,
                           [](Draw& d, const Var& x) {
                             return concat({x, x, x}, d.number());
                           })},
      {"stack", on_tensor(2,
                          [](Draw& d, const Var& x) {
                            return stack({x, x}, d.number());
                          })},
      {"split", on_tensor(2, [](Draw& d, const Var& x) { return split(x, d.number(), d.number() % 2).back(); })},
      {"pad",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const Padding first = d.padding();
         return Outcome{pad(x, {first, d.padding()}), x};
       }},
      {"triu", on_tensor(2, [](Draw& d, const Var& x) { return triu(x, d.number()); })},
      {"tril", on_tensor(2, [](Draw& d, const Var& x) { return tril(x, d.number()); })},
      {"top_k",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const std::int64_t k = d.number();
         return Outcome{top_k(x, k, d.number()).values, x};
       }},
      {"index_select",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const Tensor index = Tensor::from({d.number(), d.number()});
         return Outcome{index_select(x, d.number(), index), x};
       }},
      {"gather", on_tensor(2,
                           [](Draw& d, const Var& x) {
                             return gather(x, 1, Tensor::from({d.number(), d.number()}, {1, 2}));
                           })},
      {"conv1d", convolution<1>},
      {"conv2d", convolution<2>},
      {"conv3d", convolution<3>},
      {"conv_transpose1d", transposed<1>},
      {"conv_transpose2d", transposed<2>},
      {"conv_transpose3d", transposed<3>},
      {"conv1d_weight", weight_gradient<1>},
      {"conv2d_weight", weight_gradient<2>},
      {"max_pool1d", on_tensor(2, [](Draw& d, const Var& x) { return max_pool1d(x, max_pool_options<1>(d)); })},
      {"max_pool2d", on_tensor(3, [](Draw& d, const Var& x) { return max_pool2d(x, max_pool_options<2>(d)); })},
      {"avg_pool1d", on_tensor(2, [](Draw& d, const Var& x) { return avg_pool1d(x, avg_pool_options<1>(d)); })},
      {"avg_pool2d", on_tensor(3, [](Draw& d, const Var& x) { return avg_pool2d(x, avg_pool_options<2>(d)); })},
      {"max_pool3d", on_tensor(4, [](Draw& d, const Var& x) { return max_pool3d(x, max_pool_options<3>(d)); })},
      {"avg_pool3d", on_tensor(4, [](Draw& d, const Var& x) { return avg_pool3d(x, avg_pool_options<3>(d)); })},
      {"adaptive_avg_pool3d", on_tensor(4, [](Draw& d, const Var& x) { return adaptive_avg_pool3d(x, d.each<3>()); })},
      {"adaptive_max_pool2d", on_tensor(3, [](Draw& d, const Var& x) { return adaptive_max_pool2d(x, d.each<2>()); })},
      {"adaptive_avg_pool2d", on_tensor(3, [](Draw& d, const Var& x) { return adaptive_avg_pool2d(x, d.each<2>()); })},
      {"max_unpool1d",
       [](Draw& d) {
         const Var x = d.tensor(2);
         const Tensor indices = contiguous(expand(arange(x.size(1)), x.shape()));
         return Outcome{
             max_unpool1d(
                 x, indices,
                 {.kernel = d.each<1>(), .stride = d.each<1>(), .padding = d.each<1>(), .output_size = d.each<1>()}),
             x};
       }},
      {"max_unpool2d",
       [](Draw& d) {
         const Var x = d.tensor(3);
         const Tensor indices =
             contiguous(expand(reshape(arange(x.size(1) * x.size(2)), {x.size(1), x.size(2)}), x.shape()));
         return Outcome{
             max_unpool2d(
                 x, indices,
                 {.kernel = d.each<2>(), .stride = d.each<2>(), .padding = d.each<2>(), .output_size = d.each<2>()}),
             x};
       }},
      {"interpolate", interpolation},
      {"pad with zeros", [](Draw& d) { return padded(d, nn::PadMode::constant); }},
      {"pad by reflection", [](Draw& d) { return padded(d, nn::PadMode::reflect); }},
      {"pad by replication", [](Draw& d) { return padded(d, nn::PadMode::replicate); }},
      {"pad in a circle", [](Draw& d) { return padded(d, nn::PadMode::circular); }},
      {"Unflatten", on_tensor(2, [](Draw& d, const Var& x) { return nn::Unflatten(1, d.shape(2))(x); })},
      {"PixelShuffle",
       [](Draw& d) {
         const std::int64_t factor = d.number();
         const Var x = d.coin() ? d.tensor_of({d.small() * 4, d.small(0), 2}) : d.tensor(3);
         return Outcome{nn::PixelShuffle(factor)(x), x};
       }},
      {"PixelUnshuffle",
       [](Draw& d) {
         const std::int64_t factor = d.number();
         const Var x = d.coin() ? d.tensor_of({d.small(), d.small(0) * 2, 4}) : d.tensor(3);
         return Outcome{nn::PixelUnshuffle(factor)(x), x};
       }},
      {"Conv2d",
       [](Draw& d) {
         const Var x = d.tensor(4);
         const nn::Conv2dOptions options{.kernel = d.each<2>(),
                                         .stride = d.each<2>(),
                                         .padding = d.coin() ? ConvPadding<2>(kSame) : ConvPadding<2>(d.each<2>()),
                                         .dilation = d.each<2>(),
                                         .bias = false,
                                         .padding_mode = d.coin() ? nn::PadMode::circular : nn::PadMode::constant,
                                         .dtype = Dtype::f64};
         return Outcome{nn::Conv2d(d.coin() ? x.size(1) : d.number(), d.number(), options, d.rng())(x), x};
       }},
      {"ConvTranspose2d",
       [](Draw& d) {
         const Var x = d.tensor(4);
         const nn::ConvTranspose2dOptions options{.kernel = d.each<2>(),
                                                  .stride = d.each<2>(),
                                                  .padding = d.each<2>(),
                                                  .bias = false,
                                                  .dilation = d.each<2>(),
                                                  .dtype = Dtype::f64};
         const nn::ConvTranspose2d layer(x.size(1), d.number(), options, d.rng());
         if (d.coin()) return Outcome{layer(x), x};
         return Outcome{layer(x, d.each<2>()), x};
       }},
      {"Linear",
       [](Draw& d) {
         const Var x = d.tensor(2);
         return Outcome{nn::Linear(d.coin() ? x.size(1) : d.number(), d.number(), d.rng(),
                                   {.bias = false, .dtype = Dtype::f64})(x),
                        x};
       }},
      {"Embedding",
       [](Draw& d) {
         const std::int64_t rows = d.number();
         return Outcome{nn::Embedding(rows, d.number(), d.rng())(constant(arange(1))), {}};
       }},
      {"EmbeddingBag",
       [](Draw& d) {
         const std::int64_t rows = d.number();
         const nn::EmbeddingBag bags(rows, d.number(), d.rng());
         return Outcome{bags(arange(2), Tensor::from({d.number(), d.number()})), {}};
       }},
      {"LSTM",
       [](Draw& d) {
         const std::int64_t in = d.number(), hidden = d.number();
         const nn::LSTM lstm(in, hidden, d.rng(), {.num_layers = d.number(), .bidirectional = d.coin()});
         return Outcome{lstm(constant(ones({2, 1, in}))).output, {}};
       }},
      {"MultiheadAttention",
       [](Draw& d) {
         const std::int64_t width = d.number();
         const nn::MultiheadAttention attention(width, d.coin() ? 1 : d.number(), d.rng());
         const Var x = constant(ones({1, 2, width}));
         return Outcome{attention(x, x, x).output, {}};
       }},
      {"LayerNorm",
       [](Draw& d) {
         const nn::LayerNorm layer({d.coin() ? 2 : d.number(), d.coin() ? 3 : d.number()});
         return Outcome{layer(constant(ones({2, 2, 3}))), {}};
       }},
      {"GroupNorm",
       [](Draw& d) {
         const std::int64_t groups = d.number();
         const nn::GroupNorm layer(groups, d.number());
         return Outcome{layer(constant(ones({1, 2, 3}))), {}};
       }},
  };
  return all_rows;
}

// Reads all of y, or its corners if it is too large, which only a view can be.
void read(const Tensor& y) {
  if (y.numel() == 0) return;
  Tensor part = y;
  for (int axis = 0; axis < y.dim() && y.numel() > 100'000; ++axis)
    part = concat({slice(part, axis, 0, 1), slice(part, axis, -1, kMax)}, axis);
  CHECK(all(isfinite(to(part, Dtype::f64))).item() == 1);
}

}  // namespace

TEST_CASE("500 absurd calls of each op that makes shapes or windows end in a right value or in an Error") {
  const MoreMemory limit(32 << 20);
  Rng rng(14);
  for (const ArgumentRow& row : table()) {
    int done = 0, refused = 0;
    for (int i = 0; i < 30000; ++i) {
      Draw draw(rng);
      INFO(row.name, " ", i);
      try {
        const Outcome outcome = row.call(draw);
        read(outcome.y.value());
        ++done;
        // The value of a proportional op is its derivative times x.
        if (!outcome.y.needs_gradient() || outcome.x.numel() > 1000 || outcome.y.numel() > 100'000) continue;
        const Var g = grad(sum(outcome.y), {outcome.x})[0];
        const double value = sum(outcome.y.value()).item(), product = sum(g.value() * outcome.x.value()).item();
        if (std::abs(value - product) > 1e-9 * std::max(1.0, std::abs(value)))
          FAIL_CHECK(row.name, " ", to_string(Tensor::from(draw.drawn())), ": ", value, " is not the gradient's ",
                     product);
      } catch (const Error&) {
        ++refused;
      } catch (const std::exception& other) {
        FAIL_CHECK(row.name, " ", to_string(Tensor::from(draw.drawn())), ": ", std::string(other.what()));
      }
    }
    CHECK_MESSAGE(done >= 5, row.name, ": ", done);
    CHECK_MESSAGE(refused >= 5, row.name, ": ", refused);
  }
}

TEST_CASE("64-bit overflow in an argument is an error that names the op and the numbers") {
  const Tensor image = ones({1, 1, 4, 4}), kernel = ones({1, 1, 3, 3});
  CHECK(error_of([&] { conv2d(image, kernel, {.dilation = kMax}); }) ==
        "conv2d: out of range: 9223372036854775807 * 2 is too large");
  CHECK(error_of([&] { conv2d(image, kernel, {.padding = kHuge}); }) ==
        "conv2d: out of range: 4611686018427387904 * 2 is too large");
  CHECK(error_of([&] { conv_transpose2d(image, kernel, {.stride = kMax}); }) ==
        "conv_transpose2d: out of range: 3 * 9223372036854775807 is too large");
  CHECK(error_of([&] { pad(arange(5), {{kMax, kMax}}); }) == "pad: out of range: 5 + 9223372036854775807 is too large");
  CHECK(error_of([&] {
          nn::pad(Var(image), {{kMax, 0}}, nn::PadMode::replicate);
        }) == "pad: out of range: 4 + 9223372036854775807 is too large");
  CHECK(error_of([&] { nn::PixelShuffle(std::int64_t{1} << 32)(Var(image)); }) ==
        "pixel_shuffle: out of range: 4294967296 * 4294967296 is too large");
  CHECK(error_of([&] { max_pool2d(image, {.kernel = 2, .dilation = kMax}); }).find("out of range") !=
        std::string::npos);
  CHECK(error_of([] {
          concat({expand(ones({1}), {kHuge}), expand(ones({1}), {kHuge})}, 0);
        }) == "concat: out of range: 4611686018427387904 + 4611686018427387904 is too large");
}

TEST_CASE("what no memory can hold is an error that says how much") {
  CHECK(error_of([] {
          interpolate(ones({1, 1, 4}), {.size = {kHuge}});
        }) == "interpolate: out of range: 4611686018427387905 * 8 is too large");
  CHECK(error_of([] {
          interpolate(ones({1, 1, 4}), {.size = {std::int64_t{1} << 50}});
        }).starts_with("interpolate: out of memory: asked for 9007199254741000 bytes"));
  CHECK(error_of([] {
          interpolate(ones({1, 1, 4}), {.scale_factor = {1e300}});
        }) == "interpolate: cannot scale x by 1e+300: it is f32[1, 1, 4]");
  CHECK(error_of([] { adaptive_avg_pool1d(ones({1, 4}), kHuge); }).starts_with("adaptive_avg_pool1d: out of "));
  CHECK(error_of([] { split(expand(ones({1}), {kHuge}), 1, 0); }).starts_with("split: out of "));
  CHECK(error_of([] {
          conv1d(ones({1, 1, 4}), ones({1, 1, 1}), {.padding = std::int64_t{1} << 50});
        }).starts_with("conv1d: out of memory: asked for "));
  CHECK(error_of([] { (void)expand(ones({1}), {std::int64_t{1} << 50}).to_vector<float>(); }).find("out of memory") !=
        std::string::npos);
}

TEST_CASE("a view must lie within its storage") {
  const Tensor base = arange(4);
  CHECK(error_of([&] { (void)Tensor::view_of(base, {5}, {1}, 0); }) ==
        "view_of: shape [5] with strides [1] from 0 reaches elements 0 to 4, of a storage that holds 4");
  CHECK(error_of([&] { (void)Tensor::view_of(base, {2}, {-1}, 0); }) ==
        "view_of: shape [2] with strides [-1] from 0 reaches elements -1 to 0, of a storage that holds 4");
  CHECK(error_of([&] {
          (void)Tensor::view_of(base, {2, 2}, {1}, 0);
        }) == "view_of: shape [2, 2] and strides [1] differ in length");
  CHECK(error_of([&] { (void)Tensor::view_of(base, {3}, {kMax}, 0); }) ==
        "view_of: out of range: 2 * 9223372036854775807 is too large");
  CHECK(Tensor::view_of(base, {2, 2}, {1, 2}, 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2, 1, 3});
  CHECK(Tensor::view_of(base, {4}, {-1}, 3).to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 2, 1, 0});
}

TEST_CASE("strides, kernels and paddings as long as can be give the right windows where there are some") {
  const Tensor row = Tensor::from({1.0, 5.0, 3.0, 2.0}, {1, 1, 4});
  const auto values = [](const Tensor& y) { return y.to_vector<double>(); };
  using Numbers = std::vector<double>;
  CHECK(values(max_pool1d(row, {.kernel = 2, .stride = kMax})) == Numbers{5});
  CHECK(values(max_pool1d(row, {.kernel = 2, .stride = kMax, .ceil_mode = true})) == Numbers{5});
  CHECK(values(max_pool1d(row, {.kernel = 3, .stride = 2, .ceil_mode = true})) == Numbers{5, 3});
  CHECK(values(avg_pool1d(row, {.kernel = 2, .stride = kMax, .ceil_mode = true})) == Numbers{3});
  CHECK(values(max_pool1d(row, {.kernel = kHuge, .stride = kHuge, .padding = kHuge / 2})) == Numbers{5});
  CHECK(max_pool2d(ones({1, 1, 4, 4}), {.kernel = 2, .stride = kMax, .ceil_mode = true}).shape() == Shape{1, 1, 1, 1});
  const Tensor one = Tensor::from({2.0}, {1, 1, 1});
  CHECK(values(conv1d(row, one, {.stride = kMax})) == Numbers{2});
  const std::int64_t far = std::int64_t{1} << 20;  // the first and the last window see zeros
  CHECK(values(conv1d(row, one, {.stride = far, .padding = far})) == Numbers{0, 2, 0});
  CHECK(values(conv_transpose1d(one, row, {.stride = kMax})) == Numbers{2, 10, 6, 4});
}

TEST_CASE("ranges of integers are exact up to the ends of 64 bits") {
  const auto range = [](std::int64_t start, std::int64_t stop, std::int64_t step) {
    return arange(start, stop, step).to_vector<std::int64_t>();
  };
  using Integers = std::vector<std::int64_t>;
  constexpr std::int64_t past_double = (std::int64_t{1} << 53) + 1;
  CHECK(range(past_double, past_double + 2, 1) == Integers{past_double, past_double + 1});
  CHECK(range(INT64_MIN, kMax, kHuge) == Integers{INT64_MIN, -kHuge, 0, kHuge});
  CHECK(range(kMax, INT64_MIN, -kHuge) == Integers{kMax, kMax - kHuge, -1, -kHuge - 1});
  CHECK(range(kMax - 2, kMax, 1) == Integers{kMax - 2, kMax - 1});
  CHECK(range(0, 3, kMax) == Integers{0});
  CHECK(arange(0, 2.5).to_vector<std::int64_t>() == Integers{0, 1, 2});
  CHECK(error_of([] { arange(INT64_MIN, kMax); }) ==
        "arange: cannot go from -9223372036854775808 to 9223372036854775807 in steps of 1");
  CHECK(error_of([] { arange(0, kMax); }) == "tensor: out of memory: i64[9223372036854775807]");
  CHECK(error_of([] { arange(0, 1e19); }) == "arange: 1e+19 is not a value of dtype i64");
}

TEST_CASE("options in braces are options, and a bias is a bias") {
  const Tensor x = ones({1, 1, 2, 2}), w = ones({1, 1, 1, 1}), b = ones({1});
  CHECK(equal(conv2d(x, w, {}), x));
  CHECK(equal(conv2d(x, w, b), x + 1));
  CHECK(equal(conv_transpose2d(x, w, {}), x));
  CHECK(equal(conv2d(Var(x), Var(w), {}).value(), x));
  CHECK(equal(conv2d(Var(x), Var(w), Var(b)).value(), x + 1));
  CHECK(equal(conv2d(Var(x), Var(w), Parameter("b", b), {.stride = 2}).value(), ones({1, 1, 1, 1}) + 1));
  CHECK(equal(conv2d(Var(x), Var(w), Parameter("b", b)).value(), x + 1));
  CHECK(equal(conv_transpose2d(Var(x), Var(w), {}).value(), x));
}

TEST_CASE("a slice that is embedded from a negative start has its gradient") {
  const Var x = variable(Tensor::from({2.0, 3.0}));
  const Var y = embed_slice(x, {4}, 0, -2);
  CHECK(y.value().to_vector<double>() == std::vector<double>{0, 0, 2, 3});
  CHECK(grad(sum(y * constant(Tensor::from({1.0, 2.0, 3.0, 4.0}))), x).value().to_vector<double>() ==
        std::vector<double>{3, 4});
}
