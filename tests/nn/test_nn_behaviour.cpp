// SPDX-License-Identifier: MIT
// Properties that layer_table cannot express: statistics of noise, initial weights, lazy shapes,
// computed weights, and relations between layers.
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/attention.h"
#include "nn/checkpoint.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/embedding.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/norm.h"
#include "nn/parametrize.h"
#include "nn/penalties.h"
#include "nn/recurrent.h"
#include "nn/shaping.h"
#include "tests/error_of.h"
#include "tests/nn/check_close.h"
#include "tests/tables/layer_table.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

double mean_of(const Tensor& x) { return mean(x).item(); }
double std_of(const Tensor& x) { return stddev(x).item(); }

std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> all;
  for (const auto& [name, value] : module.state_dict()) all.push_back(name);
  return all;
}
using Names = std::vector<std::string>;

// All weights lie within ±bound, fill that range, and have the standard deviation of uniform numbers.
void check_uniform(const Parameter& p, double bound) {
  CAPTURE(p.name());
  CHECK(max(abs(p.value())).item() <= bound);
  if (p.numel() < 1000) return;
  CHECK(max(abs(p.value())).item() > 0.98 * bound);
  CHECK(std_of(p.value()) == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.03));
}

}  // namespace

// ---- noise

TEST_CASE("noise has the moments that its papers give, and is off in evaluation") {
  Rng rng(1);
  const Tensor x = Rng(2).normal({400, 500});
  const auto noisy = [&](nn::Layer& layer) {
    layer.eval();
    CHECK(equal(layer(constant(x)).value(), x));
    layer.train();
    return layer(constant(x)).value();
  };
  nn::Dropout dropout(rng, 0.3);
  const Tensor dropped = noisy(dropout), zero = to(dropped == 0, Dtype::f32);
  CHECK(mean_of(zero) == doctest::Approx(0.3).epsilon(0.01));
  check_close(where(dropped == 0, x / 0.7, dropped), x / 0.7, 1e-5);

  nn::AlphaDropout alpha(rng, 0.2);
  const Tensor kept_moments = noisy(alpha);
  CHECK(std::abs(mean_of(kept_moments)) < 0.01);
  CHECK(std_of(kept_moments) == doctest::Approx(1).epsilon(0.01));

  nn::GaussianNoise gaussian(rng, 0.5);
  const Tensor difference = noisy(gaussian) - x;
  CHECK(std::abs(mean_of(difference)) < 0.005);
  CHECK(std_of(difference) == doctest::Approx(0.5).epsilon(0.01));

  nn::MaskingNoise masking(rng, 0.25);
  const Tensor masked = noisy(masking);
  CHECK(mean_of(to(masked == 0, Dtype::f32)) == doctest::Approx(0.25).epsilon(0.01));
  CHECK(equal(where(masked == 0, x, masked), x));

  nn::SaltAndPepperNoise salt(rng, 0.3, -7, 9);  // x has no -7 and no 9
  const Tensor salted = noisy(salt);
  CHECK(mean_of(to(salted == -7, Dtype::f32)) == doctest::Approx(0.15).epsilon(0.02));
  CHECK(mean_of(to(salted == 9, Dtype::f32)) == doctest::Approx(0.15).epsilon(0.02));
  CHECK(equal(where(logical_or(salted == -7, salted == 9), x, salted), x));

  nn::RReLU rrelu(rng, 0.1, 0.4);
  const Tensor slopes = rrelu(constant(full({100000}, -1))).value();
  CHECK(-max(slopes).item() >= 0.1);
  CHECK(-min(slopes).item() < 0.4);
  CHECK(-mean_of(slopes) == doctest::Approx(0.25).epsilon(0.01));
}

TEST_CASE("Dropout2d drops whole channels") {
  Rng rng(1);
  const nn::Dropout2d dropout(rng, 0.5);
  const Tensor y = dropout(constant(ones({20, 30, 4, 5}))).value(), kept = max(y, {2, 3});
  CHECK(equal(y, contiguous(expand(reshape(kept, {20, 30, 1, 1}), y.shape()))));
  CHECK(mean_of(to(kept == 2, Dtype::f32)) == doctest::Approx(0.5).epsilon(0.1));
}

TEST_CASE("each layer has its own random numbers: a seed repeats them, a checkpoint keeps them") {
  const auto make = [](Box& box) {
    Rng rng(5);
    box.child<nn::Dropout>("a", rng);
    box.child<nn::Dropout>("b", rng);
  };
  const auto call = [](const Box& box, std::size_t i) {
    return dynamic_cast<const nn::Layer&>(*box.children()[i])(constant(ones({50}))).value();
  };
  Box box, again, other;
  make(box);
  make(again);
  make(other);
  CHECK(box.random_states().size() == 2);
  CHECK(box.random_states()[1].name() == "b.noise");
  const Tensor a = call(box, 0), b = call(box, 1);
  CHECK_FALSE(equal(a, b));
  CHECK_FALSE(equal(a, call(box, 0)));
  CHECK(equal(a, call(again, 0)));
  CHECK(equal(b, call(again, 1)));

  nn::Checkpoint checkpoint, into;
  checkpoint.add("model", box);
  into.add("model", other);
  into.load_state_dict(checkpoint.state_dict());
  CHECK(equal(call(box, 0), call(other, 0)));
  CHECK(equal(call(box, 1), call(other, 1)));
  CHECK(box.state_dict().empty());  // streams are not among the weights, as in PyTorch
}

// ---- initial weights

TEST_CASE("layers start with PyTorch's distributions") {
  Rng rng(3);
  const auto all_within = [](const nn::Module& module, double bound) {
    for (const Parameter& p : module.parameters()) check_uniform(p, bound);
  };
  all_within(nn::Bilinear(100, 30, 40, rng), 1 / std::sqrt(100.0));
  all_within(nn::Conv2d(16, 64, {.kernel = 3, .groups = 2}, rng), 1 / std::sqrt(8 * 9.0));
  all_within(nn::Conv1d(30, 64, {.kernel = 5}, rng), 1 / std::sqrt(150.0));
  all_within(nn::ConvTranspose2d(16, 64, {.kernel = 3, .groups = 2}, rng), 1 / std::sqrt(32 * 9.0));
  all_within(nn::LSTM(30, 50, rng), 1 / std::sqrt(50.0));
  all_within(nn::GRU(30, 50, rng, {.num_layers = 2, .bidirectional = true}), 1 / std::sqrt(50.0));
  all_within(nn::RNNCell(40, 50, rng), 1 / std::sqrt(50.0));
  const nn::Embedding embedding(200, 100, rng, {.padding_idx = 3});
  CHECK(std_of(embedding.weight().value()) == doctest::Approx(1).epsilon(0.02));
  CHECK(equal(select(embedding.weight().value(), 0, 3), zeros({100})));
  const nn::MultiheadAttention attention(64, 4, rng);
  const std::vector<Parameter> p = attention.parameters();
  check_uniform(p[0], std::sqrt(6.0 / (64 + 3 * 64)));
  CHECK(equal(p[1].value(), zeros({192})));
  check_uniform(p[2], 1 / 8.0);
  CHECK(equal(p[3].value(), zeros({64})));
  for (const Parameter& q : nn::BatchNorm2d(3).parameters())
    CHECK(equal(q.value(), q.name() == "weight" ? ones({3}) : zeros({3})));
}

TEST_CASE("truncated normal numbers stay within their bounds and have the truncated moments") {
  Rng rng(4);
  const Tensor x = nn::init::trunc_normal({300, 300}, rng, {.std = 2, .low = -2, .high = 2, .dtype = Dtype::f64});
  CHECK(max(abs(x)).item() <= 2);
  CHECK(max(x).item() > 1.99);
  CHECK(std::abs(mean_of(x)) < 0.02);
  CHECK(std_of(x) == doctest::Approx(2 * 0.5396).epsilon(0.01));  // √(1 - 2 φ(1) / (2 Φ(1) - 1)) = 0.5396
  const Tensor tail = nn::init::trunc_normal({10000}, rng, {.low = 6, .high = 7, .dtype = Dtype::f64});
  CHECK(min(tail).item() >= 6);
  CHECK(mean_of(tail) == doctest::Approx(6.158).epsilon(0.002));  // φ(6) / (1 - Φ(6))
  CHECK(error_of([&] { nn::init::trunc_normal({2}, rng, {.low = 1, .high = 1}); }).find("trunc_normal: ") == 0);
}

TEST_CASE("a convolution with dirac weights passes its channels on unchanged") {
  Rng rng(1);
  const nn::Conv2d conv(2, 4, {.kernel = {3, 5}, .padding = kSame, .groups = 2, .bias = false}, rng);
  conv.weight().set_value(nn::init::dirac(conv.weight().shape(), 2));
  const Tensor x = rng.normal({2, 2, 4, 6});
  const Tensor y = conv(constant(x)).value();
  CHECK(equal(contiguous(slice(y, 1, 0, 4, 2)), x));
  CHECK(equal(contiguous(slice(y, 1, 1, 4, 2)), zeros_like(x)));
  CHECK(nn::init::dirac({3, 2, 3}).to_vector<float>() ==
        std::vector<float>{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  CHECK(error_of([&] {
          nn::init::dirac({4, 4});
        }) == "dirac: expects [out, in, k...] with 1 to 3 axes of a kernel, got [4, 4]");
}

TEST_CASE("sparse weights have the given share of zeros in each column") {
  Rng rng(1);
  const Tensor w = nn::init::sparse({25, 40}, rng, 0.3, 2);
  CHECK(equal(sum(to(w == 0, Dtype::i64), {0}), full({40}, 8, Dtype::i64)));  // 7.5, rounded up
  CHECK(std_of(w) == doctest::Approx(2 * std::sqrt(17 / 25.0)).epsilon(0.1));
}

// ---- lazy shapes

TEST_CASE(
    "the first batch gives a lazy layer its shape, and until then using its weights is an error that names them") {
  Rng rng(1);
  nn::Sequential net;
  net.add<nn::LazyLinear>(3, rng);
  net.add<nn::LazyBatchNorm1d>();
  CHECK(net.num_parameters() == 0);
  CHECK(net.summary().find("not known yet") != std::string::npos);
  CHECK(error_of([&] { net.parameters()[0].value(); }) ==
        "0.weight: has no shape yet, as it depends on the first batch; pass one through the model before this");
  CHECK(error_of([&] { net.state_dict(); }).find("weight: has no shape yet") != std::string::npos);
  CHECK(net(constant(ones({4, 5}))).shape() == Shape{4, 3});
  CHECK(names(net) ==
        Names{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"});
  CHECK(net.num_parameters() == 3 * 5 + 3 + 3 + 3);
  CHECK(error_of([&] {
          net(constant(ones({4, 6})));
        }) == "0: linear: inner axes differ: x is f32[4, 6], weight is f32[3, 5] (6 against 5)");
}

TEST_CASE("a state dict gives a lazy layer its shape, too") {
  Rng rng(1);
  nn::BatchNorm2d known(3);
  nn::LazyBatchNorm2d batch_norm;
  known.weight()->set_value(full({3}, 4));
  batch_norm.load_state_dict(known.state_dict());
  CHECK(equal(batch_norm.weight()->value(), full({3}, 4)));
  nn::LazyConv2d conv(4, {.kernel = 3}, rng);
  conv.load_state_dict(nn::Conv2d(2, 4, {.kernel = 3}, rng).state_dict());
  CHECK(conv.weight().shape() == Shape{4, 2, 3, 3});
}

TEST_CASE("the initial weights of a lazy layer do not depend on when it is called") {
  const auto weight = [](bool later) {
    Rng rng(1);
    const nn::LazyLinear layer(3, rng);
    if (later) rng.normal({10});
    layer(constant(ones({1, 4})));
    return layer.weight().value();
  };
  CHECK(equal(weight(false), weight(true)));
}

// ---- computed weights

TEST_CASE("weight norm keeps the weight, trains length and direction apart, and can be removed") {
  Rng rng(1);
  nn::Linear layer(4, 3, rng);
  const Tensor before = layer.weight().value();
  nn::weight_norm(layer);
  CHECK(names(layer) == Names{"bias", "weight_g", "weight_v"});
  check_close(layer.weight().value(), before, 1e-6);
  layer.parameters()[1].set_value(full({3, 1}, 2));
  check_close(norm(layer.weight().value(), {1}), full({3}, 2), 1e-6);
  CHECK(error_of([&] { layer.weight().set_value(before); }) ==
        "weight: is computed from other parameters; give those a value");
  nn::remove_weight_norm(layer);
  CHECK(names(layer) == Names{"bias", "weight"});
  check_close(norm(layer.weight().value(), {1}), full({3}, 2), 1e-6);
  CHECK(error_of([&] { nn::remove_weight_norm(layer); }) ==
        "restore_parameter: 'weight' is not computed from other parameters");
  CHECK(error_of([&] { nn::weight_norm(layer, "scale"); }) == "weight_norm: the module has no parameter 'scale'");
}

TEST_CASE("a moved layer keeps its computed weight") {
  const auto make = [] {
    Rng rng(1);
    nn::Linear layer(4, 3, rng);
    nn::spectral_norm(layer, rng);
    return nn::Linear(std::move(layer));
  };
  nn::Linear layer = make();
  layer.eval();
  CHECK(layer(constant(ones({2, 4}))).shape() == Shape{2, 3});
}

TEST_CASE("spectral norm finds the largest singular value, only during training") {
  Rng rng(1);
  nn::Linear layer(5, 4, rng, {.dtype = Dtype::f64});
  const Tensor w = layer.weight().value();
  nn::spectral_norm(layer, rng);
  const Var x = variable(rng.normal({2, 5}, 0, 1, Dtype::f64));
  {
    const NoGrad no_grad;  // without a gradient nothing is trained, either
    const Tensor start = layer.buffers()[0].value();
    layer(x);
    CHECK(equal(layer.buffers()[0].value(), start));
  }
  for (int k = 0; k < 300; ++k) layer(x);
  const Tensor ratio = w / layer.weight().value();
  double largest = 0;  // the largest |w v| over |v| = 1, found by another way: powers of wᵀw
  Tensor power = matmul(transpose(w), w);
  for (int k = 0; k < 8; ++k) power = matmul(power, power) / max(abs(power)).item();
  const Tensor v = slice(power, 1, 0, 1);
  largest = norm(matmul(w, v)).item() / norm(v).item();
  check_close(ratio, full_like(ratio, largest), 1e-9);
  const Tensor u = layer.buffers()[0].value();
  layer.eval();
  layer(x);
  layer.weight().value();
  CHECK(equal(layer.buffers()[0].value(), u));
}

TEST_CASE("weight norm works on any parameter of any layer, at any order") {
  Rng rng(1);
  nn::LSTM lstm(3, 2, rng, {.dtype = Dtype::f64});
  const Var x = variable(rng.normal({4, 2, 3}, 0, 1, Dtype::f64));
  const Tensor before = lstm(x).output.value();
  nn::weight_norm(lstm, "weight_hh_l0");
  check_close(lstm(x).output.value(), before, 1e-14);
  const Var g = grad(sum(square(lstm(x).output)), x, {.create_graph = true});
  for (const Var& second : grad(sum(square(g)), lstm.parameters())) CHECK(all(isfinite(second.value())).item() == 1);
}

// ---- relations between layers

TEST_CASE("a recurrent layer is its cell, step by step; numbers after a sequence do not count") {
  Rng rng(1);
  const nn::LSTM lstm(3, 2, rng, {.dtype = Dtype::f64});
  nn::LSTMCell cell(3, 2, rng, {.dtype = Dtype::f64});
  StateDict state;
  for (const auto& [name, value] : lstm.state_dict()) state.emplace_back(name.substr(0, name.size() - 3), value);
  cell.load_state_dict(state);
  Tensor x = rng.normal({5, 2, 3}, 0, 1, Dtype::f64);
  nn::LSTMCell::States states = cell(Var(select(x, 0, 0)));
  for (int t = 1; t < 5; ++t) states = cell(Var(select(x, 0, t)), states);
  const nn::LSTM::Output whole = lstm(Var(x));
  check_close(squeeze(whole.h.value(), 0), states.h.value());
  check_close(squeeze(whole.c.value(), 0), states.c.value());

  const Tensor lengths = Tensor::from<std::int64_t>({5, 2});
  const Tensor late = reshape(arange(5) >= 2, {5, 1, 1}), second = reshape(arange(2) == 1, {1, 2, 1});
  const Tensor poisoned = masked_fill(x, logical_and(late, second), NAN);
  const Var input = variable(poisoned);
  const nn::LSTM::Output cut = lstm(input, {.lengths = lengths});
  const nn::LSTM::Output alone = lstm(Var(slice(slice(x, 1, 1, 2), 0, 0, 2)));
  check_close(slice(cut.h.value(), 1, 1, 2), alone.h.value());
  check_close(slice(slice(cut.output.value(), 1, 1, 2), 0, 0, 2), alone.output.value());
  CHECK(max(abs(slice(slice(cut.output.value(), 1, 1, 2), 0, 2, 5))).item() == 0);
  for (const Var& g : grad(sum(cut.output) + sum(cut.c), lstm.parameters()))
    CHECK(all(isfinite(g.value())).item() == 1);
}

TEST_CASE("the dropout of a recurrent layer lies between its layers: not behind the last, so not behind the only one") {
  Rng rng(1);
  const Var x = constant(rng.normal({3, 2, 4}));
  for (const std::int64_t layers : {1, 2}) {
    nn::GRU gru(4, 50, rng, {.num_layers = layers, .dropout = 0.5});
    const Tensor noisy = gru(x).output.value();
    CHECK(all(noisy != 0).item() == 1);
    gru.eval();
    CHECK(equal(gru(x).output.value(), noisy) == (layers == 1));
  }
}

TEST_CASE("attention does not hide a NaN") {
  Rng rng(1);
  const nn::MultiheadAttention attention(4, 2, rng);
  Tensor x = rng.normal({3, 2, 4});  // [length, batch, features]
  x.mutable_data<float>()[0] = NAN;
  const auto out = attention.forward(constant(x), constant(x), constant(x));
  const Tensor bad = isnan(out.output.value());
  CHECK(all(select(bad, 1, 0)).item() == 1);  // every query of this sequence sees it as a key
  CHECK(any(select(bad, 1, 1)).item() == 0);
  CHECK(all(select(isnan(out.weights.value()), 0, 0)).item() == 1);
}

TEST_CASE("an embedding with max_norm shortens each row that it uses once") {
  Rng rng(1);
  const nn::Embedding embedding(4, 3, rng, {.max_norm = 1});
  embedding.weight().set_value(Tensor::from<float>({3, 0, 4, 0.3F, 0, 0.4F, 6, 0, 8, 0, 2, 0}, {4, 3}));
  const Tensor y = embedding(Tensor::from<std::int64_t>({0, 1, 0})).value();
  check_close(y, Tensor::from<float>({0.6F, 0, 0.8F, 0.3F, 0, 0.4F, 0.6F, 0, 0.8F}, {3, 3}), 1e-6);
  check_close(embedding.weight().value(), Tensor::from<float>({0.6F, 0, 0.8F, 0.3F, 0, 0.4F, 6, 0, 8, 0, 2, 0}, {4, 3}),
              1e-6);
  CHECK(error_of([&] { embedding(ones({2})); }) == "embedding: indices must be i64, got f32[2]");
  CHECK(error_of([&] { embedding(Tensor::from<std::int64_t>({4})); }).find("index_select: ") == 0);
}

TEST_CASE("an empty bag gives 0, and padding is not in a bag") {
  Rng rng(1);
  for (const nn::BagMode mode : {nn::BagMode::sum, nn::BagMode::mean, nn::BagMode::max}) {
    const nn::EmbeddingBag bags(4, 2, rng, {.mode = mode, .include_last_offset = true, .padding_idx = 3});
    const auto words = [](const std::vector<std::int64_t>& all) { return Tensor::from(all); };
    const Var y = bags(words({1, 3, 3, 0}), words({0, 0, 2, 3, 4}));
    const Tensor rows = bags.weight().value(), nothing = zeros({2});
    check_close(y.value(), stack({nothing, select(rows, 0, 1), nothing, select(rows, 0, 0)}));
    const Tensor g = grad(sum(square(y)), Var(bags.weight())).value();
    check_close(select(g, 0, 1), select(rows, 0, 1) * 2);
    CHECK(any(select(g, 0, 3)).item() == 0);
    CHECK(bags(words({}), words({0})).shape() == Shape{0, 2});
    check_close(bags(zeros({3, 0}, Dtype::i64)).value(), zeros({3, 2}));
    CHECK(error_of([&] {
            bags(words({1, 2}), words({0, 1}));
          }) == "embedding_bag: the last offset is the number of indices, 2, got 1");
  }
}

TEST_CASE("a bag refuses what it cannot divide") {
  Rng rng(1);
  const nn::EmbeddingBag bags(4, 2, rng), sums(4, 2, rng, {.mode = nn::BagMode::sum});
  const auto words = [](const std::vector<std::int64_t>& all) { return Tensor::from(all); };
  CHECK(error_of([&] {
          bags(words({1, 2}));
        }) == "embedding_bag: indices are [bags, l], or [k] with offsets, got i64[2]");
  CHECK(error_of([&] { bags(ones({2, 2})); }) == "embedding_bag: indices must be i64, got f32[2, 2]");
  CHECK(error_of([&] {
          bags(words({1, 2}), words({1, 2}));
        }) == "embedding_bag: offsets begin with 0 and reach at most the 2 indices, got 1 to 2");
  CHECK(error_of([&] {
          bags(words({1, 2}), words({0, 3}));
        }) == "embedding_bag: offsets begin with 0 and reach at most the 2 indices, got 0 to 3");
  CHECK(error_of([&] {
          bags(words({1, 2}), words({0, 2, 1}));
        }) == "embedding_bag: offsets ascend, but 1 comes after 2");
  CHECK(error_of([&] {
          bags(words({1, 2}), words({}));
        }) == "embedding_bag: offsets are i64[0], so indices must be i64[0], got i64[2]");
  CHECK(error_of([&] { bags(words({1, 4}), words({0})); }).starts_with("index_select: "));
  CHECK(error_of([&] {
          bags(words({1, 2}), words({0}), constant(ones({2})));
        }) == "embedding_bag: per_sample_weights are only for the mode sum");
  CHECK(error_of([&] {
          sums(words({1, 2}), words({0}), constant(ones({3})));
        }) == "embedding_bag: per_sample_weights must be f32[2], got f32[3]");
  CHECK(error_of([&] { nn::EmbeddingBag(4, 2, rng, {.scale_grad_by_freq = true, .mode = nn::BagMode::max}); }) ==
        "embedding_bag: scale_grad_by_freq is not for the mode max");
  CHECK(error_of([&] { nn::EmbeddingBag(4, 2, rng, {.padding_idx = 4}); }) ==
        "embedding_bag: padding_idx is 4, but there are 4 rows");
}

TEST_CASE("weights where the mask is 0 get no gradient") {
  Rng rng(1);
  const nn::MaskedLinear layer(Tensor::from<std::uint8_t>({1, 0, 0, 1}, {2, 2}), rng);
  const Tensor g = grad(sum(layer(constant(ones({3, 2})))), layer.parameters())[0].value();
  CHECK(g.to_vector<float>() == std::vector<float>{3, 0, 0, 3});
}

TEST_CASE("k-sparse layers keep the k largest, and alpha k in evaluation") {
  nn::KSparse layer(2, 1.5);
  const Var x = constant(Tensor::from<float>({3, -1, 2, 1, -4}, {1, 5}));
  CHECK(layer(x).value().to_vector<float>() == std::vector<float>{3, 0, 2, 0, 0});
  layer.eval();
  CHECK(layer(x).value().to_vector<float>() == std::vector<float>{3, 0, 2, 1, 0});
  CHECK(nn::TopK(4)(x).value().to_vector<float>() == std::vector<float>{3, 0, 2, 1, 0});
}

TEST_CASE("the running mean of the sparsity penalty follows the batches") {
  nn::KlSparsity penalty(2, {.rho = 0.1, .momentum = 0.5});
  const Var h = constant(Tensor::from<float>({0.2F, 0.3F, 0.4F, 0.1F}, {2, 2}));
  penalty(h);
  check_close(penalty.buffers()[0].value(), Tensor::from<float>({0.2F, 0.15F}), 1e-6);
  penalty.eval();
  penalty(h);
  check_close(penalty.buffers()[0].value(), Tensor::from<float>({0.2F, 0.15F}), 1e-6);
  CHECK(nn::kl_sparsity(constant(full({3}, 0.05, Dtype::f64)), 0.05).item() == doctest::Approx(0).epsilon(1e-12));
  CHECK(std::isfinite(nn::kl_sparsity(constant(zeros({3})), 0.05).item()));
}

TEST_CASE("Stirling's term of the Poisson loss begins above a target of 1") {
  // PyTorch adds log n! only where n > 1: at 1 it is 0, and Stirling's formula would give -0.08.
  const Var input = constant(full({3}, 0.5, Dtype::f64)), target = constant(Tensor::from({0.0, 1.0, 2.0}));
  const nn::PoissonNllOptions each{.full = true, .reduction = nn::Reduction::none};
  const double stirling = 2 * std::log(2.0) - 2 + std::log(4 * std::numbers::pi) / 2;
  const double e = std::exp(0.5);
  check_close(nn::poisson_nll_loss(input, target, each).value(), Tensor::from({e, e - 0.5, e - 1 + stirling}), 1e-12);
}

TEST_CASE("a unit that is never or always active has a gradient that moves it") {
  const double rho = 0.05, eps = 1e-3;
  const Parameter activation("activation", Tensor::from({0.0, 1.0, 0.5}));
  const Var penalty = nn::kl_sparsity(activation, rho, eps);
  CHECK(std::isfinite(penalty.item()));
  const double never = -rho / eps + (1 - rho) / (1 - eps), always = -rho / (1 - eps) + (1 - rho) / eps;
  check_close(grad(penalty, activation).value(), Tensor::from({never, always, -rho / 0.5 + (1 - rho) / 0.5}), 1e-9);
  // The curve and its slope have no jump at the bounds.
  const auto at = [&](double x) { return nn::kl_sparsity(constant(full({1}, x, Dtype::f64)), rho, eps).item(); };
  CHECK(at(eps * 0.999) == doctest::Approx(at(eps * 1.001)).epsilon(1e-3));
  CHECK(at(0) > at(eps));
}

TEST_CASE("weight penalties count matrices, and biases only with the option biases") {
  Rng rng(1);
  const nn::Linear layer(2, 2, rng);
  layer.weight().set_value(Tensor::from<float>({1, -2, 3, -4}, {2, 2}));
  layer.bias()->set_value(full({2}, 10));
  const std::vector<Parameter> p = layer.parameters();
  CHECK(nn::l1_penalty(p).item() == 10);
  CHECK(nn::l2_penalty(p).item() == 30);
  CHECK(nn::l2_penalty(p, {.biases = true}).item() == 230);
  CHECK(nn::orthogonal_penalty(constant(eye(3, 5))).item() == 0);
  CHECK(nn::group_lasso_penalty(constant(Tensor::from<float>({3, 4, 0, 0}, {2, 2}))).item() == 5);
}

TEST_CASE("ssim is 1 for the same image, and negative for an image and its negative") {
  Rng rng(1);
  const Var x = constant(rng.uniform({2, 1, 28, 28}, 0, 1, Dtype::f64));
  CHECK(nn::ssim(x, x).item() == doctest::Approx(1).epsilon(1e-12));
  CHECK(nn::ssim(x, 1 - x).item() < 0);
  CHECK(error_of([&] {
          nn::ssim(constant(ones({2, 3})), constant(ones({2, 3})));
        }) == "ssim: expects images [n, c, h, w], got f32[2, 3]");
}

TEST_CASE("ignored targets have no gradient, and the mean of a batch of ignored targets is NaN") {
  const Var x = variable(Tensor::from({1.0, 2.0, 3.0, 4.0}, {2, 2}));
  const Tensor target = Tensor::from<std::int64_t>({-100, 1});
  const Tensor g = grad(nn::cross_entropy(x, target), x).value();
  CHECK(equal(select(g, 0, 0), zeros({2}, Dtype::f64)));
  CHECK(std::isnan(nn::cross_entropy(x, Tensor::from<std::int64_t>({-100, -100})).item()));
}

TEST_CASE("constructors refuse invalid arguments") {
  Rng rng(1);
  CHECK(error_of([&] { nn::GroupNorm(3, 4); }) == "group_norm: 4 channels cannot be put in 3 equal groups");
  CHECK(error_of([&] { nn::MultiheadAttention(5, 2, rng); }) ==
        "multihead_attention: 5 cannot be divided among 2 heads");
  CHECK(error_of([&] { nn::Dropout(rng, 1.5); }) == "dropout: p is a probability, got 1.5");
  CHECK(error_of([&] { nn::Conv2d(3, 4, {.kernel = 3, .groups = 2}, rng); }) ==
        "conv2d: 3 inputs and 4 outputs cannot be put in 2 equal groups");
  CHECK(error_of([&] { nn::LSTM(3, 0, rng); }) == "lstm: needs sizes of at least 1, got 3 inputs and 0 hidden");
  CHECK(error_of([&] { nn::BatchNorm2d(0); }) == "batch_norm2d: needs at least 1 channel, got 0");
}
