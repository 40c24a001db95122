// SPDX-License-Identifier: MIT
// Modules, layers, losses and initial weights.
#include <chrono>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/losses.h"
#include "nn/sequential.h"
#include "nn/shaping.h"
#include "tensor/storage.h"
#include "tests/error_of.h"
#include "tests/nn/check_close.h"

using namespace hourglass;
using test::check_close;

namespace {

Tensor numbers(std::initializer_list<double> values, const Shape& shape) { return Tensor::from(values, shape); }

// |a - b| is at most `tolerance`, everywhere.
std::vector<std::string> names(const std::vector<Parameter>& parameters) {
  std::vector<std::string> all;
  for (const Parameter& p : parameters) all.push_back(p.name());
  return all;
}
std::vector<std::string> names(const StateDict& state) {
  std::vector<std::string> all;
  for (const auto& [name, value] : state) all.push_back(name);
  return all;
}
using Names = std::vector<std::string>;

// Makes protected members public.
struct Bare : nn::Module {
  using Module::buffer;
  using Module::child;
  using Module::parameter;
};

class Autoencoder : public nn::Module {
 public:
  explicit Autoencoder(Rng& rng, std::int64_t pixels = 6, std::int64_t code = 2)
      : scale_(parameter("scale", ones({}))),
        steps_(buffer("steps", zeros({1}, Dtype::i64))),
        encoder_(child<nn::Sequential>("encoder")),
        decoder_(child<nn::Linear>("decoder", code, pixels, rng)) {
    encoder_.add<nn::Linear>(pixels, 4, rng);
    encoder_.add<nn::ReLU>();
    encoder_.add<nn::Linear>(4, code, rng, nn::LinearOptions{.bias = false});
  }
  Var encode(const Var& x) const {
    return nn::in_context("encode", [&] { return encoder_(x); });
  }
  Var operator()(const Var& x) const { return decoder_(encode(x)) * scale_; }
  const nn::Buffer& steps() const { return steps_; }

 private:
  Parameter scale_;
  nn::Buffer steps_;
  nn::Sequential& encoder_;
  nn::Linear& decoder_;
};

const Names kNames{"scale",          "steps",       "encoder.0.weight", "encoder.0.bias", "encoder.2.weight",
                   "decoder.weight", "decoder.bias"};

}  // namespace

// ---- modules

TEST_CASE("parameters are named by their paths, in the order in which they were registered") {
  Rng rng(1);
  const Autoencoder model(rng);
  CHECK(names(model.parameters()) ==
        Names{"scale", "encoder.0.weight", "encoder.0.bias", "encoder.2.weight", "decoder.weight", "decoder.bias"});
  CHECK(names(model.state_dict()) == kNames);
  CHECK(model.buffers().size() == 1);
  CHECK(model.buffers()[0].name() == "steps");
  CHECK(model.num_parameters() == 1 + 4 * 6 + 4 + 2 * 4 + 6 * 2 + 6);
  CHECK(model.children().size() == 2);
  CHECK(model.children()[0]->name() == "encoder");
  CHECK(model.children()[0]->parameters()[0].name() == "0.weight");
}

TEST_CASE("a name is unique, is not empty and has no dot") {
  Bare module;
  module.parameter("weight", ones({2}));
  CHECK(error_of([&] { module.parameter("weight", ones({2})); }) == "module: 'weight' is registered already");
  CHECK(error_of([&] { module.buffer("weight", ones({2})); }) == "module: 'weight' is registered already");
  CHECK(error_of([&] { module.child<nn::ReLU>("weight"); }) == "module: 'weight' is registered already");
  CHECK(error_of([&] { module.parameter("", ones({2})); }) == "module: a parameter, buffer or child needs a name");
  CHECK(error_of([&] { module.child<nn::ReLU>("a.b"); }) ==
        "module: 'a.b' has a dot, which is what separates names in a path");
  CHECK(error_of([&] { module.parameter("index", ones({2}, Dtype::i64)); }) ==
        "index: a parameter needs f32 or f64, got i64[2]");
  CHECK(names(module.parameters()) == Names{"weight"});
}

TEST_CASE("a parameter registered in two places is trained once and saved under both names") {
  Bare module;
  const Parameter a = module.parameter("a", ones({2}));
  module.child<Bare>("child").parameter("b", a);
  CHECK(names(module.parameters()) == Names{"a"});
  CHECK(names(module.state_dict()) == Names{"a", "child.b"});
  CHECK(module.num_parameters() == 2);
  CHECK(module.summary().find("child.b  parameter  = a") != std::string::npos);
  CHECK(grad(sum(Var(a) * Var(a)), module.parameters())[0].value().to_vector<float>() == std::vector<float>{2, 2});
}

TEST_CASE("a module of 40,000 parameters is built, listed and restored in time that follows their number") {
  const auto seconds_of = [](int layers) {
    Rng rng(1);
    const auto start = std::chrono::steady_clock::now();
    nn::Sequential model;
    for (int i = 0; i < layers; ++i) model.add<nn::Linear>(1, 1, rng);
    CHECK(model.parameters().size() == 2 * static_cast<std::size_t>(layers));
    model.load_state_dict(model.state_dict());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double few = seconds_of(2000), many = seconds_of(20000);
  CHECK(many < 40 * few);  // quadratic time would be 100 times as much
}

TEST_CASE("a load that fits nowhere names a few of the differences") {
  Rng rng(1);
  nn::Linear model(1, 1, rng);
  StateDict state;
  for (int i = 0; i < 100'000; ++i) state.emplace_back(std::to_string(i) + std::string(1000, '\n'), zeros({1}));
  const std::string error = error_of([&] { model.load_state_dict(state); });
  CHECK(error.size() < 2000);
  CHECK(error.ends_with(" and 99980 more"));
  CHECK(error.find('\n') == std::string::npos);
}

TEST_CASE("a moved module keeps its children") {
  const auto make = [] {
    Rng rng(1);
    Autoencoder model(rng);
    return Autoencoder(std::move(model));
  };
  const Autoencoder model = make();
  CHECK(names(model.state_dict()) == kNames);
  CHECK(model(constant(ones({3, 6}))).shape() == Shape{3, 6});
}

TEST_CASE("train and eval reach all modules below") {
  Rng rng(1);
  Autoencoder model(rng);
  const nn::Module& below = *model.children()[0]->children()[1];
  CHECK(below.is_training());
  model.eval();
  CHECK_FALSE(model.is_training());
  CHECK_FALSE(below.is_training());
  model.train();
  CHECK(below.is_training());
}

TEST_CASE("to converts parameters and floating-point buffers") {
  Rng rng(1);
  Autoencoder model(rng);
  model.to(Dtype::f64);
  for (const Parameter& p : model.parameters()) {
    CHECK(p.dtype() == Dtype::f64);
    CHECK(Var(p).node()->dtype() == Dtype::f64);
  }
  CHECK(model.steps().value().dtype() == Dtype::i64);
  CHECK(model(constant(ones({3, 6}, Dtype::f64))).dtype() == Dtype::f64);
  CHECK(error_of([&] { model.to(Dtype::u8); }) == "to: a module can be f32 or f64, not u8");
}

TEST_CASE("a state dict is a snapshot that costs no memory, and restores a model") {
  Rng rng(1);
  Autoencoder model(rng);
  const std::int64_t before = memory::bytes_in_use();
  const StateDict state = model.state_dict();
  CHECK(memory::bytes_in_use() == before);

  const Tensor x = rng.normal({3, 6});
  const Tensor y = model(constant(x)).value();
  for (const Parameter& p : model.parameters()) p.set_value(p.value() * 2.0);
  model.steps().set_value(full({1}, 7, Dtype::i64));
  CHECK_FALSE(equal(model(constant(x)).value(), y));
  const nn::LoadResult result = model.load_state_dict(state);
  CHECK(result.missing.empty());
  CHECK(result.unexpected.empty());
  CHECK(equal(model(constant(x)).value(), y));
  CHECK(model.steps().value().item() == 0);

  Autoencoder wide(rng);
  wide.to(Dtype::f64);
  wide.load_state_dict(state);
  CHECK(wide.parameters()[0].dtype() == Dtype::f64);
  check_close(wide(constant(to(x, Dtype::f64))).value(), to(y, Dtype::f64), 1e-6);
}

TEST_CASE("a load that does not fit names every difference, and changes nothing") {
  Rng rng(1);
  Autoencoder model(rng);
  const StateDict before = model.state_dict();
  StateDict state;
  for (const auto& [name, value] : before) {
    if (name == "scale" || name == "encoder.0.bias") continue;
    state.emplace_back(name, name == "decoder.weight" ? zeros({2, 6}) : zeros_like(value));
  }
  state.emplace_back("decoder.gain", ones({2}));
  state.emplace_back("momentum", ones({2}));
  CHECK(error_of([&] { model.load_state_dict(state); }) ==
        "load_state_dict: missing: scale, encoder.0.bias; unexpected: decoder.gain, momentum; "
        "decoder.weight is f32[6, 2] here and f32[2, 6] there");
  CHECK(error_of([&] { model.load_state_dict(state, {.strict = false}); }) ==
        "load_state_dict: decoder.weight is f32[6, 2] here and f32[2, 6] there");
  const StateDict after = model.state_dict();
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(equal(before[i].second, after[i].second));

  StateDict twice = before;
  twice.push_back(before[0]);
  CHECK(error_of([&] { model.load_state_dict(twice); }) == "load_state_dict: 'scale' is given twice");
  StateDict counts = before;
  counts[1].second = zeros({1});
  CHECK(error_of([&] { model.load_state_dict(counts); }) == "load_state_dict: steps is i64[1] here and f32[1] there");
}

TEST_CASE("a partial load takes what fits and reports the rest") {
  Rng rng(1);
  Autoencoder model(rng);
  const nn::LoadResult result =
      model.load_state_dict({{"decoder.bias", full({6}, 3)}, {"head.bias", ones({1})}}, {.strict = false});
  CHECK(result.missing ==
        Names{"scale", "steps", "encoder.0.weight", "encoder.0.bias", "encoder.2.weight", "decoder.weight"});
  CHECK(result.unexpected == Names{"head.bias"});
  CHECK(equal(model.parameters().back().value(), full({6}, 3)));
}

TEST_CASE("errors begin with the path of the layer where they happened") {
  Rng rng(1);
  const Autoencoder model(rng);
  CHECK(error_of([&] {
          model(constant(ones({3, 5})));
        }) == "encode: encoder: 0: linear: inner axes differ: x is f32[3, 5], weight is f32[4, 6] (5 against 6)");
  Bare parent;
  CHECK(error_of([&] { parent.child<nn::Linear>("hidden", 0, 4, rng); }) ==
        "hidden: linear: needs at least 1 input and 1 output, got 0 and 4");
  CHECK(parent.children().empty());
}

TEST_CASE("the summary lists paths, types, shapes and counts") {
  Rng rng(1);
  const Autoencoder model(rng, 784, 32);
  CHECK(model.summary() ==
        "path              type         shape         parameters\n"
        "(model)           Autoencoder                    29,141\n"
        "scale             parameter    f32[]                  1\n"
        "steps             buffer       i64[1]                  \n"
        "encoder           Sequential                      3,268\n"
        "encoder.0         Linear                          3,140\n"
        "encoder.0.weight  parameter    f32[4, 784]        3,136\n"
        "encoder.0.bias    parameter    f32[4]                 4\n"
        "encoder.1         ReLU                                 \n"
        "encoder.2         Linear                            128\n"
        "encoder.2.weight  parameter    f32[32, 4]           128\n"
        "decoder           Linear                         25,872\n"
        "decoder.weight    parameter    f32[784, 32]      25,088\n"
        "decoder.bias      parameter    f32[784]             784\n"
        "29,141 parameters (116,564 bytes), 1 numbers in buffers\n");
}

// ---- layers

TEST_CASE("a sequence without layers is the identity") {
  const nn::Sequential empty;
  const Tensor x = ones({2, 3});
  CHECK(equal(empty(constant(x)).value(), x));
  CHECK(error_of([&] { empty[0]; }) == "sequential: there is no layer 0 among 0");
}

TEST_CASE("a sequence applies its layers in order and can be walked") {
  Rng rng(1);
  nn::Sequential net;
  const nn::Linear& first = net.add<nn::Linear>(3, 2, rng);
  net.add<nn::Tanh>();
  CHECK(net.size() == 2);
  CHECK(&net[0] == &first);
  Var y = constant(ones({1, 3}));
  const Var expected = tanh(first(y));
  for (const nn::Layer* layer : net) y = (*layer)(y);
  CHECK(equal(y.value(), expected.value()));
  CHECK(equal(net(constant(ones({1, 3}))).value(), expected.value()));
}

TEST_CASE("a linear layer computes x Wᵀ + b") {
  Rng rng(1);
  const nn::Linear layer(2, 3, rng, {.dtype = Dtype::f64});
  layer.weight().set_value(numbers({1, 2, 3, 4, 5, 6}, {3, 2}));
  layer.bias()->set_value(numbers({0.5, 0, -0.5}, {3}));
  check_close(layer(constant(numbers({1, -1}, {2}))).value(), numbers({-0.5, -1, -1.5}, {3}));
  CHECK_FALSE(nn::Linear(2, 3, rng, {.bias = false}).bias().has_value());
}

TEST_CASE("a linear layer starts uniform in ±1/√in") {
  Rng rng(3);
  const nn::Linear layer(400, 300, rng);
  const Tensor w = layer.weight().value();
  CHECK(max(abs(w)).item() <= 0.05);
  CHECK(max(abs(w)).item() > 0.0499);
  CHECK(stddev(w).item() == doctest::Approx(0.05 / std::sqrt(3.0)).epsilon(0.01));
  CHECK(std::abs(mean(w).item()) < 4 * 0.03 / std::sqrt(120000));
  CHECK(max(abs(layer.bias()->value())).item() <= 0.05);
}

TEST_CASE("activation layers are the functions of their names") {
  const Var x = constant(numbers({-1.5, -0.25, 0, 0.5, 2, 3}, {2, 3}));
  const auto same = [&](const nn::Layer& layer, const Var& y) { return equal(layer(x).value(), y.value()); };
  CHECK(same(nn::Identity(), x));
  CHECK(same(nn::ReLU(), relu(x)));
  CHECK(same(nn::GELU(), gelu(x)));
  CHECK(same(nn::SiLU(), silu(x)));
  CHECK(same(nn::Sigmoid(), sigmoid(x)));
  CHECK(same(nn::LogSigmoid(), log_sigmoid(x)));
  CHECK(same(nn::Tanh(), tanh(x)));
  CHECK(same(nn::Softplus(), softplus(x)));
  CHECK(same(nn::Softsign(), softsign(x)));
  CHECK(same(nn::LeakyReLU(), leaky_relu(x, 0.01)));
  CHECK(same(nn::LeakyReLU(0.2), leaky_relu(x, 0.2)));
  CHECK(same(nn::ELU(0.5), elu(x, 0.5)));
  CHECK(same(nn::Softmax(), softmax(x, 1)));
  CHECK(same(nn::LogSoftmax(0), log_softmax(x, 0)));
  CHECK(nn::Flatten()(constant(ones({5, 1, 4, 7}))).shape() == Shape{5, 28});
}

// ---- losses: expected values are PyTorch 1.13's

namespace {
const Tensor kInput = numbers({0.5, -1.25, 2, -0.75, 0.1, 1.5}, {2, 3});
const Tensor kTarget = numbers({0.25, 0.5, 1, 0, 1, 0.75}, {2, 3});

// All four reductions of a loss, given its values per element.
template <class Loss>
void check_loss(Loss loss, const Tensor& each) {
  check_close(loss(nn::Reduction::none).value(), each);
  check_close(loss(nn::Reduction::sum).value(), sum(each));
  check_close(loss(nn::Reduction::mean).value(), mean(each));
  check_close(loss(nn::Reduction::batchmean).value(), sum(each) / each.size(0));
}
}  // namespace

TEST_CASE("regression losses are PyTorch's") {
  const Var x = constant(kInput), t = constant(kTarget);
  check_loss([&](nn::Reduction r) { return nn::mse_loss(x, t, r); },
             numbers({0.0625, 3.0625, 1, 0.5625, 0.81, 0.5625}, {2, 3}));
  CHECK(nn::mse_loss(x, t).item() == doctest::Approx(1.01).epsilon(1e-14));
  check_loss([&](nn::Reduction r) { return nn::l1_loss(x, t, r); }, numbers({0.25, 1.75, 1, 0.75, 0.9, 0.75}, {2, 3}));
  CHECK(nn::l1_loss(x, t).item() == doctest::Approx(0.9).epsilon(1e-14));
}

TEST_CASE("binary cross entropy is PyTorch's, of probabilities and of logits") {
  const Var x = constant(kInput), t = constant(kTarget);
  const Tensor each = numbers({0.8490769841801067, 0.876929081345373, 0.1269280110429726, 0.3868710061149,
                               0.6443966600735709, 0.5764132779827524},
                              {2, 3});
  check_loss([&](nn::Reduction r) { return nn::binary_cross_entropy(sigmoid(x), t, r); }, each);
  check_loss([&](nn::Reduction r) { return nn::binary_cross_entropy_with_logits(x, t, r); }, each);
  CHECK(nn::binary_cross_entropy_with_logits(x, t).item() == doctest::Approx(0.5767691701232792).epsilon(1e-14));

  const Var certain = constant(numbers({0, 1, 0, 1}, {4})), truth = constant(numbers({1, 0, 0, 1}, {4}));
  check_close(nn::binary_cross_entropy(certain, truth, nn::Reduction::none).value(), numbers({100, 100, 0, 0}, {4}));
  CHECK(error_of([&] { nn::binary_cross_entropy(x, t); }) ==
        "binary_cross_entropy: input reaches from -1.25 to 2, but probabilities lie in [0, 1]; logits are for "
        "binary_cross_entropy_with_logits");
}

TEST_CASE("cross entropy is PyTorch's, for vectors, rows and images") {
  const Var x = constant(kInput);
  const Tensor classes = Tensor::from<std::int64_t>({2, 0});
  check_loss([&](nn::Reduction r) { return nn::cross_entropy(x, classes, r); },
             numbers({0.23262198310203266, 2.551582158462561}, {2}));
  check_loss([&](nn::Reduction r) { return nn::nll_loss(x, classes, r); }, numbers({-2, 0.75}, {2}));
  CHECK(nn::cross_entropy(x, classes).item() == doctest::Approx(1.3921020707822969).epsilon(1e-14));

  std::vector<double> values;
  for (int i = 0; i < 24; ++i) values.push_back(i * 7 % 11 / 3.0 - 1.5);
  const Var image = constant(Tensor::from(values, {2, 3, 4}));
  check_loss(
      [&](nn::Reduction r) {
        return nn::cross_entropy(image, Tensor::from<std::int64_t>({0, 2, 1, 1, 2, 0, 0, 1}, {2, 4}), r);
      },
      numbers({2.2808167243433983, 0.6161941000497483, 0.2808167243433982, 1.8692397664699238, 0.6161941000497483,
               2.2808167243433983, 0.2025730998032571, 2.616194100049748},
              {2, 4}));
  const Var vector = constant(numbers({1, 2, 0.5}, {3}));
  CHECK(nn::cross_entropy(vector, scalar(1, Dtype::i64)).item() == doctest::Approx(0.4643687841079449).epsilon(1e-14));
}

TEST_CASE("the gradient of cross entropy is softmax minus one-hot, per sample") {
  const Var x = variable(kInput);
  const Tensor classes = Tensor::from<std::int64_t>({2, 0});
  check_close(grad(nn::cross_entropy(x, classes), x).value(),
              (softmax(kInput, 1) - one_hot(classes, 3, Dtype::f64)) / 2);
}

TEST_CASE("the Kullback-Leibler divergence is PyTorch's") {
  const Var input = log_softmax(constant(kInput), 1), logs = log_softmax(constant(kTarget), 1);
  const Var target = variable(numbers({0.2, 0.3, 0.5, 0, 0.6, 0.4}, {2, 3}));
  check_loss([&](nn::Reduction r) { return nn::kl_div(input, target, {.reduction = r}); },
             numbers({0.024636814133586482, 0.6835947536328288, -0.23026259872895632, 0, 0.7144539208179421,
                      -0.24588342936463764},
                     {2, 3}));
  check_loss([&](nn::Reduction r) { return nn::kl_div(input, logs, {.reduction = r, .log_target = true}); },
             numbers({0.05698317814981685, 0.6566797765257099, -0.240134808350222, 0.1349822703180146,
                      0.43679518765958475, -0.25843218834887033},
                     {2, 3}));
  CHECK(nn::kl_div(input, target, {.reduction = nn::Reduction::batchmean}).item() ==
        doctest::Approx(0.47326973024538166).epsilon(1e-14));
  CHECK(all(isfinite(grad(nn::kl_div(input, target), target).value())).item() == 1);
}

TEST_CASE("losses refuse shapes that do not fit, with an error that shows both") {
  const Var x = constant(ones({4, 1})), t = constant(ones({4}));
  const std::string needs = "; they need one dtype, and equally many axes whose extents agree or are 1";
  CHECK(error_of([&] { nn::mse_loss(x, t); }) == "mse_loss: input is f32[4, 1], target is f32[4]" + needs);
  CHECK(error_of([&] { nn::mse_loss(constant(ones({3})), t); }) ==
        "mse_loss: input is f32[3], target is f32[4]" + needs);
  CHECK(error_of([&] {
          nn::l1_loss(x, constant(ones({4, 1}, Dtype::f64)));
        }) == "l1_loss: input is f32[4, 1], target is f64[4, 1]" + needs);
  using Loss = Var (*)(const Var&, const Var&, nn::Reduction);
  for (const Loss loss : {Loss(nn::binary_cross_entropy), Loss(nn::binary_cross_entropy_with_logits)})
    CHECK(error_of([&] { loss(x, t, nn::Reduction::mean); }).find(needs) != std::string::npos);
  for (const std::string& error :
       {error_of([&] { nn::smooth_l1_loss(x, t); }), error_of([&] { nn::huber_loss(x, t); }),
        error_of([&] { nn::poisson_nll_loss(x, t); }), error_of([&] { nn::gaussian_nll_loss(x, t, t); })})
    CHECK(error.find(needs) != std::string::npos);
  CHECK(error_of([&] {
          nn::gaussian_nll_loss(x, x, constant(ones({4, 2})));
        }) ==
        "gaussian_nll_loss: the loss is [4, 1], so var must have that shape, with extents of 1 instead or without the "
        "last axis, got f32[4, 2]");
  CHECK(error_of([&] { nn::kl_div(x, t); }).find("kl_div: ") == 0);

  const Var logits = constant(ones({4, 3}));
  CHECK(error_of([&] {
          nn::cross_entropy(logits, Tensor::from<std::int64_t>({0, 1}));
        }) == "cross_entropy: nll_loss: input is f32[4, 3], so target must be i64[4], got i64[2]");
  CHECK(error_of([&] { nn::nll_loss(logits, ones({4})); }) ==
        "nll_loss: target must be i64, the numbers of the classes, got f32[4]");
  CHECK(error_of([&] {
          nn::cross_entropy(logits, Tensor::from<std::int64_t>({0, 1, 2, 3}));
        }).find("cross_entropy: nll_loss: gather: ") == 0);
  CHECK(error_of([&] { nn::cross_entropy(constant(ones({})), scalar(0, Dtype::i64)); }) ==
        "cross_entropy: input needs an axis of classes, got f32[]");
}

TEST_CASE("a loss of no pairs is nothing, or 0, and a repeated target gets the sum of its gradients") {
  const Var x = variable(ones({0, 2})), t = variable(ones({1, 2}));
  CHECK(nn::mse_loss(x, t, nn::Reduction::none).shape() == Shape{0, 2});
  const Var none = nn::mse_loss(x, t, nn::Reduction::sum);
  CHECK(none.item() == 0);
  check_close(grad(none, t).value(), zeros({1, 2}));
  const Var rows = constant(zeros({3, 2}));
  check_close(grad(nn::mse_loss(rows, t), t).value(), full({1, 2}, 1));  // 2 · 3 / 6
  check_close(grad(nn::mse_loss(rows, t, nn::Reduction::batchmean), t).value(), full({1, 2}, 2));
}

// ---- initial weights

TEST_CASE("initial weights have the moments and bounds that their papers give") {
  using namespace nn::init;
  Rng rng(5);
  const Shape shape{300, 200};
  const auto check_uniform = [&](const Tensor& w, double bound) {
    CHECK(max(abs(w)).item() <= bound);
    CHECK(max(abs(w)).item() > 0.999 * bound);
    CHECK(stddev(w).item() == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.01));
  };
  check_uniform(xavier_uniform(shape, rng, {.gain = 2}), 2 * std::sqrt(6.0 / 500));
  check_uniform(kaiming_uniform(shape, rng, {.a = std::sqrt(5.0)}), std::sqrt(1.0 / 200));
  check_uniform(kaiming_uniform(shape, rng, {.mode = FanMode::fan_out, .nonlinearity = Nonlinearity::relu}),
                std::sqrt(6.0 / 300));
  CHECK(stddev(xavier_normal(shape, rng)).item() == doctest::Approx(std::sqrt(2.0 / 500)).epsilon(0.01));
  CHECK(stddev(kaiming_normal(shape, rng)).item() == doctest::Approx(std::sqrt(2.0 / 200)).epsilon(0.01));
  CHECK(stddev(kaiming_normal({20, 30, 5, 5}, rng)).item() == doctest::Approx(std::sqrt(2.0 / 750)).epsilon(0.02));
  const Tensor n = normal(shape, rng, 3, 0.5), u = uniform(shape, rng, -1, 3);
  CHECK(mean(n).item() == doctest::Approx(3).epsilon(0.01));
  CHECK(stddev(n).item() == doctest::Approx(0.5).epsilon(0.01));
  CHECK(mean(u).item() == doctest::Approx(1).epsilon(0.02));
  CHECK(equal(nn::init::constant({2}, 4), full({2}, 4)));
  CHECK(equal(nn::init::eye(3), hourglass::eye(3)));
  CHECK(xavier_uniform(shape, rng, {.dtype = Dtype::f64}).dtype() == Dtype::f64);
  CHECK(error_of([&] { kaiming_normal({5}, rng); }) == "kaiming_normal: needs at least the axes [out, in], got [5]");
  CHECK(error_of([&] {
          xavier_normal({5, 0}, rng);
        }) == "xavier_normal: needs an extent of at least 1 in every axis, got [5, 0]");
}

TEST_CASE("gains are PyTorch's") {
  using Kind = nn::init::Nonlinearity;
  CHECK(nn::init::calculate_gain(Kind::linear) == 1);
  CHECK(nn::init::calculate_gain(Kind::sigmoid) == 1);
  CHECK(nn::init::calculate_gain(Kind::tanh) == doctest::Approx(5.0 / 3));
  CHECK(nn::init::calculate_gain(Kind::relu) == doctest::Approx(1.4142135623730951));
  CHECK(nn::init::calculate_gain(Kind::leaky_relu, 0.2) == doctest::Approx(1.3867504905630728));
  CHECK(nn::init::calculate_gain(Kind::selu) == 0.75);
}

TEST_CASE("orthogonal weights are orthonormal along the shorter side") {
  Rng rng(6);
  const Tensor wide = nn::init::orthogonal({20, 50}, rng, 1, Dtype::f64);
  check_close(matmul(wide, transpose(wide, 0, 1)), eye(20, 20, Dtype::f64), 1e-14);
  const Tensor tall = nn::init::orthogonal({50, 20}, rng, 2, Dtype::f64);
  check_close(matmul(transpose(tall, 0, 1), tall), eye(20, 20, Dtype::f64) * 4.0, 1e-13);
  const Tensor filters = nn::init::orthogonal({8, 3, 3, 3}, rng);
  CHECK(filters.dtype() == Dtype::f32);
  const Tensor rows = reshape(filters, {8, 27});
  check_close(matmul(rows, transpose(rows, 0, 1)), eye(8), 1e-6);
}
