// SPDX-License-Identifier: MIT
// Layers as values: modules that are made first, and then moved into the model that they belong to.
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/parametrize.h"
#include "nn/recurrent.h"
#include "nn/sequential.h"
#include "nn/shaping.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

// Makes protected members public.
struct BareSequential : nn::Module {
  using Module::child;
};

using Names = std::vector<std::string>;
Names keys_of(const StateDict& state) {
  Names all;
  for (const auto& [name, value] : state) all.push_back(name);
  return all;
}

void check_same(const StateDict& a, const StateDict& b) {
  REQUIRE(keys_of(a) == keys_of(b));
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].first);
    CHECK(equal(a[i].second, b[i].second));
  }
}

template <class L>
concept SequentialInParentheses = requires(L a, L b) {
  nn::Sequential(std::move(a), std::move(b));
};

}  // namespace

TEST_CASE("a Sequential of values equals the one that add() makes, name for name and bit for bit") {
  Rng rng(1), again(1);
  BareSequential values, steps;
  const auto& of_values = values.child(
      "encoder", nn::Sequential{nn::Conv2d(1, 3, {.kernel = 3, .stride = 2}, rng), nn::BatchNorm2d(3), nn::ReLU(),
                                nn::Flatten(), nn::Linear(27, 5, rng), nn::Dropout(rng), nn::Linear(5, 4, rng)});

  auto& of_steps = steps.child<nn::Sequential>("encoder");
  of_steps.add<nn::Conv2d>(1, 3, nn::Conv2dOptions{.kernel = 3, .stride = 2}, again);
  of_steps.add<nn::BatchNorm2d>(3);
  of_steps.add<nn::ReLU>();
  of_steps.add<nn::Flatten>();
  of_steps.add<nn::Linear>(27, 5, again);
  of_steps.add<nn::Dropout>(again);
  of_steps.add(nn::Linear(5, 4, again));

  check_same(values.state_dict(), steps.state_dict());
  CHECK(values.summary() == steps.summary());
  CHECK(rng.state() == again.state());
  CHECK(of_values.size() == 7);
  const Var x = constant(rng.normal({2, 1, 7, 7}));
  CHECK(equal(of_values(x).value(), of_steps(x).value()));  // dropout draws the same numbers, too
  CHECK(equal(of_values(x).value(), of_steps(x).value()));
}

TEST_CASE("a Sequential within a Sequential is a layer, even if it is the only one") {
  Rng rng(1);
  const nn::Sequential two{nn::Sequential{nn::Linear(3, 3, rng), nn::ReLU()}, nn::Linear(3, 2, rng)};
  CHECK(keys_of(two.state_dict()) == Names{"0.0.weight", "0.0.bias", "1.weight", "1.bias"});

  nn::Sequential one{nn::Sequential{nn::Linear(3, 3, rng)}};
  CHECK(keys_of(one.state_dict()) == Names{"0.0.weight", "0.0.bias"});
  one.add(nn::Sequential{nn::Linear(3, 2, rng)});
  CHECK(keys_of(one.state_dict()) == Names{"0.0.weight", "0.0.bias", "1.0.weight", "1.0.bias"});

  const nn::Sequential moved(std::move(one));  // parentheses move, as make_unique does
  CHECK(keys_of(moved.state_dict()) == Names{"0.0.weight", "0.0.bias", "1.0.weight", "1.0.bias"});
  const nn::Sequential residual{nn::Residual{nn::Residual{nn::Linear(3, 3, rng)}}};
  CHECK(keys_of(residual.state_dict()) == Names{"0.0.0.weight", "0.0.0.bias"});
  CHECK(nn::Sequential{}.size() == 0);

  // With parentheses, the order of the draws would be unspecified.
  static_assert(!SequentialInParentheses<nn::ReLU>);
  static_assert(!std::is_constructible_v<nn::Sequential, nn::ReLU, nn::ReLU>);
}

TEST_CASE("Residual and Concat take layers as values") {
  Rng rng(1);
  const Var x = constant(rng.normal({2, 3}));
  const nn::Residual residual{nn::Linear(3, 3, rng), nn::Tanh()};
  CHECK(equal(residual(x).value(), (x + tanh(residual[0](x))).value()));
  const nn::Concat columns{nn::Identity(), nn::Sequential{nn::Linear(3, 2, rng), nn::ReLU()}};
  CHECK(keys_of(columns.state_dict()) == Names{"1.0.weight", "1.0.bias"});
  CHECK(equal(columns(x).value(), concat({x, columns[1](x)}, 1).value()));
  const nn::Concat rows({nn::Identity(), nn::Tanh()}, 0);
  CHECK(equal(rows(x).value(), concat({x, tanh(x)}, 0).value()));
  CHECK(nn::Concat(0).size() == 0);
}

TEST_CASE("a module that is not a layer may be a child as a value, also with an explicit type") {
  Rng rng(1), again(1);
  BareSequential values, arguments;
  values.child("rnn", nn::LSTM(3, 4, rng, {.num_layers = 2, .dropout = 0.5}));
  values.child<nn::Linear>("linear", nn::Linear(4, 2, rng));
  arguments.child<nn::LSTM>("rnn", 3, 4, again, nn::RecurrentOptions{.num_layers = 2, .dropout = 0.5});
  arguments.child<nn::Linear>("linear", 4, 2, again);
  check_same(values.state_dict(), arguments.state_dict());

  auto& lstm = dynamic_cast<nn::LSTM&>(*values.children()[0]);
  auto& other = dynamic_cast<nn::LSTM&>(*arguments.children()[0]);
  const Var x = constant(rng.normal({5, 2, 3}));
  CHECK(equal(lstm(x).output.value(), other(x).output.value()));  // with dropout, which is a child of each
}

TEST_CASE("a module that is moved keeps its children, its mode and its random numbers") {
  Rng rng(1);
  nn::Sequential made{nn::Dropout(rng), nn::Sequential{nn::BatchNorm1d(3), nn::Dropout(rng)}};
  made.eval();
  const nn::Layer* const second = &made[1];
  BareSequential model;
  nn::Sequential& net = model.child("net", std::move(made));
  CHECK(&net[1] == second);
  CHECK(net.name() == "net");
  CHECK(second->name() == "1");
  CHECK_FALSE(net.is_training());  // a trained model goes into a new one unchanged
  CHECK_FALSE(second->children()[1]->is_training());

  model.train();
  CHECK(net.is_training());
  CHECK(second->children()[1]->is_training());
  const Var x = constant(rng.normal({8, 3}));
  CHECK_FALSE(equal(net(x).value(), net(x).value()));
  model.eval();
  CHECK_FALSE(second->children()[1]->is_training());
  CHECK(equal(net(x).value(), net(x).value()));
}

TEST_CASE("a layer that is added in evaluation mode is in evaluation mode, with all its children") {
  Rng rng(4);
  nn::Sequential model{nn::ReLU()};
  model.eval();
  const nn::Sequential& added = model.add(nn::Sequential{nn::Dropout(rng, 0.5)});
  CHECK(!added.is_training());
  const Var x = constant(ones({3}));
  CHECK(equal(model(x).value(), x.value()));
  model.train();
  CHECK(added[0].is_training());
}

TEST_CASE("a computed weight stays computed after a move, and knows whether its module trains") {
  Rng rng(1);
  nn::Linear made(3, 2, rng);
  nn::spectral_norm(made, rng);
  const Tensor weight = made.weight().value();
  BareSequential model;
  nn::Linear& layer = model.child("layer", std::move(made));
  CHECK(keys_of(model.state_dict()) == Names{"layer.bias", "layer.weight_orig", "layer.weight_u", "layer.weight_v"});
  CHECK(equal(layer.weight().value(), weight));
  const auto iterations_change_u = [&] {
    const Tensor before = model.buffers()[0].value();
    layer(constant(ones({1, 3})));
    return !equal(model.buffers()[0].value(), before);
  };
  CHECK(iterations_change_u());
  model.eval();
  CHECK_FALSE(iterations_change_u());
  nn::remove_spectral_norm(layer);
  CHECK(keys_of(model.state_dict()) == Names{"layer.bias", "layer.weight"});
}

TEST_CASE("a lazy layer may be moved before its first batch") {
  Rng rng(1), again(1);
  nn::Sequential values{nn::LazyLinear(4, rng), nn::LazyBatchNorm1d()}, steps;
  steps.add<nn::LazyLinear>(4, again);
  steps.add<nn::LazyBatchNorm1d>();
  nn::Sequential moved(std::move(values));
  const Var x = constant(rng.normal({5, 3}));
  CHECK(equal(moved(x).value(), steps(x).value()));
  check_same(moved.state_dict(), steps.state_dict());
}

TEST_CASE("errors of layers that were values have the same path") {
  Rng rng(1);
  BareSequential model;
  nn::Sequential& net = model.child("encoder", nn::Sequential{nn::Sequential{nn::Linear(4, 3, rng)}, nn::ReLU()});
  CHECK(error_of([&] {
          net(constant(ones({2, 5})));
        }) == "encoder: 0: 0: linear: inner axes differ: x is f32[2, 5], weight is f32[3, 4] (5 against 4)");
  CHECK(error_of([&] { model.child("encoder", nn::ReLU()); }) == "module: 'encoder' is registered already");
  CHECK(error_of([&] { model.child("a.b", nn::ReLU()); }) ==
        "module: 'a.b' has a dot, which is what separates names in a path");
  // A layer made as a value has no name yet. A layer that add() makes from arguments has one.
  CHECK(error_of([&] { net.add(nn::Linear(0, 3, rng)); }) ==
        "linear: needs at least 1 input and 1 output, got 0 and 3");
  CHECK(error_of([&] { net.add<nn::Linear>(0, 3, rng); }) ==
        "2: linear: needs at least 1 input and 1 output, got 0 and 3");
}
