// SPDX-License-Identifier: MIT
// What watches a training run: reducing the rate on a plateau, stopping early, averaging the weights.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "nn/norm.h"
#include "optim/ema.h"
#include "optim/monitor.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/optim/problem.h"

using namespace hourglass;
using namespace hourglass::test;

TEST_CASE("the learning rate falls on a plateau when PyTorch's does, also after resuming") {
  const std::vector<std::pair<std::string, optim::ReduceLROnPlateauOptions>> all{
      {"relative", {.patience = 3}},
      {"absolute",
       {.factor = 0.5, .patience = 2, .threshold = 0.02, .relative = false, .cooldown = 3, .min_lr = 0.004}},
      {"max", {.mode = optim::Mode::max, .factor = 0.3, .patience = 4}},
  };
  CHECK(pytorch_optim("plateaus").size() == all.size());
  for (const auto& entry : all) {
    const auto& [name, options] = entry;
    CAPTURE(entry.first);
    const Json expected = pytorch_optim("plateaus")[name];
    std::vector<double> rates;
    optim::ReduceLROnPlateau plateau(0.05, options);
    for (const double loss : expected["losses"].numbers()) {
      rates.push_back(plateau.step(loss));
      const StateDict state = plateau.state_dict();
      plateau = optim::ReduceLROnPlateau(1, options);
      plateau.load_state_dict(state);
    }
    check_relative(rates, expected["rates"].numbers(), 1e-12);
  }
}

TEST_CASE("a relative threshold is a fraction of the size of the best figure, also below 0 and at 0") {
  struct Try {
    optim::Mode mode;
    double best, worse_by_less, better_by_less, better_by_more;
  };
  for (const Try& t :
       {Try{optim::Mode::min, -100, -99.995, -100.005, -100.02}, Try{optim::Mode::max, -100, -100.005, -99.995, -99.98},
        Try{optim::Mode::min, 100, 100.005, 99.995, 99.98}, Try{optim::Mode::max, 100, 99.995, 100.005, 100.02},
        Try{optim::Mode::min, 0, 0, 0, -1e-9}, Try{optim::Mode::max, 0, 0, 0, 1e-9}}) {
    CAPTURE(t.best);
    optim::Best best(t.mode, 1e-4, /*relative=*/true);
    CHECK(best.step(t.best));
    CHECK_FALSE(best.step(t.worse_by_less));
    CHECK_FALSE(best.step(t.better_by_less));
    CHECK(best.value() == t.best);
    CHECK(best.step(t.better_by_more));
  }
  // A log-likelihood that gets worse: the rate falls.
  optim::ReduceLROnPlateau plateau(1, {.patience = 1});
  for (const double value : {-100.0, -99.995, -99.99, -99.985}) plateau.step(value);
  CHECK(plateau.lr() < 1);
}

TEST_CASE("a rate that would fall by no more than eps stays as it is") {
  for (const auto& [lr, after] : {std::pair{1e-8, 1e-8}, {1e-6, 1e-7}}) {
    optim::ReduceLROnPlateau plateau(lr, {.patience = 0});
    plateau.step(1);
    CHECK(plateau.step(1) == doctest::Approx(after).epsilon(1e-12));
  }
}

TEST_CASE("early stopping waits, stops, and keeps the best weights") {
  const Parameter w("w", zeros({1}));
  optim::EarlyStopping stopping({.patience = 2, .min_delta = 0.1});
  const std::vector<double> losses{3, 2, 1.95, std::numeric_limits<double>::quiet_NaN(), 1};
  std::vector<bool> stops;
  for (const double loss : losses) {
    stops.push_back(stopping.step(loss, {{"w", w.value()}}));
    w.mutable_value() = w.value() + 1;
    const StateDict state = stopping.state_dict();  // resuming changes nothing
    stopping = optim::EarlyStopping({.patience = 2, .min_delta = 0.1});
    stopping.load_state_dict(state);
  }
  CHECK(stops == std::vector<bool>{false, false, false, true, false});
  CHECK(stopping.best_epoch() == 5);
  CHECK(stopping.best_value() == 1);
  CHECK(stopping.best()[0].first == "w");
  CHECK(stopping.best()[0].second.item() == 4);
  optim::EarlyStopping accuracy({.patience = 1, .mode = optim::Mode::max});
  CHECK_FALSE(accuracy.step(0.5, {}));
  CHECK_FALSE(accuracy.step(0.6, {}));
  CHECK(accuracy.step(0.55, {}));
  CHECK(error_of([&] { stopping.load_state_dict({}); }) == "early_stopping: load_state_dict: value is missing");
}

TEST_CASE("the average follows the weights, and replaces them while apply() is in force") {
  const Parameter w("w", Tensor::from<double>({1, -1}));
  optim::Ema ema({w}, {.decay = 0.75});
  double expected = 1;
  for (int step = 0; step < 5; ++step) {
    w.set_value(w.value() + 1);
    ema.update();
    expected = 0.75 * expected + 0.25 * w.value().to_vector<double>()[0];
  }
  CHECK(ema.averages()[0].to_vector<double>()[0] == doctest::Approx(expected).epsilon(1e-14));
  const Tensor trained = w.value();
  {
    const auto averaged = ema.apply();
    CHECK(equal(w.value(), ema.averages()[0]));
  }
  CHECK(equal(w.value(), trained));

  optim::Ema warm({w}, {.decay = 0.99, .warmup = true});
  w.set_value(w.value() + 11);
  warm.update();  // (1 + 1) / (10 + 1) is kept
  CHECK(equal(to(warm.averages()[0] - trained, Dtype::f32), full({2}, 9)));

  optim::Ema resumed({w}, {.decay = 0.99, .warmup = true});
  resumed.load_state_dict(warm.state_dict());
  for (optim::Ema* one : {&warm, &resumed}) {
    w.set_value(trained);
    one->update();
  }
  CHECK(equal(resumed.averages()[0], warm.averages()[0]));  // the warm-up goes on

  const Parameter again("w", zeros({2}, Dtype::f64));
  optim::Ema second({again}, {.decay = 0.75});
  second.load_state_dict(ema.state_dict());
  CHECK(equal(second.averages()[0], ema.averages()[0]));
  CHECK(error_of([&] {
          second.load_state_dict({{"step", scalar(1, Dtype::i64)}});
        }) == "ema: load_state_dict: w is missing");
  StateDict more = ema.state_dict();
  more.emplace_back("1", zeros({2}));
  CHECK(error_of([&] { second.load_state_dict(more); }) ==
        "ema: load_state_dict: 3 entries, but only 2 are known: there are 1 parameters and buffers");
}

namespace {

// A model with running statistics.
struct Normalised {
  Rng rng{1};
  nn::BatchNorm1d norm{3};
  void train(int step) {
    norm(constant(rng.normal({8, 3}, step, 1 + step)));
    for (const Parameter& p : norm.parameters()) p.set_value(p.value() + 1);
  }
  std::vector<Tensor> buffers() const {
    std::vector<Tensor> all;
    for (const nn::Buffer& b : norm.buffers()) all.push_back(b.value());
    return all;
  }
};

void check_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(equal(a[i], b[i]));
}

}  // namespace

TEST_CASE("buffers that are given are averaged with the weights, and their integers copied") {
  Normalised model;
  optim::Ema ema(model.norm.parameters(), model.norm.buffers(), {.decay = 0.75});
  Tensor mean = zeros({3}), variance = ones({3});
  for (int step = 0; step < 4; ++step) {
    model.train(step);
    ema.update();
    mean = mean * 0.75 + model.buffers()[0] * 0.25;
    variance = variance * 0.75 + model.buffers()[1] * 0.25;
  }
  REQUIRE(ema.averages().size() == 5);
  CHECK(allclose(ema.averages()[2], mean, 1e-6, 0));
  CHECK(allclose(ema.averages()[3], variance, 1e-6, 0));
  CHECK(equal(ema.averages()[4], scalar(4, Dtype::i64)));

  const std::vector<Tensor> trained = model.buffers();
  model.norm.eval();
  const Tensor x = model.rng.normal({5, 3});
  {
    const auto averaged = ema.apply();
    CHECK(equal(model.norm.buffers()[0].value(), ema.averages()[2]));
    const Tensor weight = ema.averages()[0], bias = ema.averages()[1];
    CHECK(allclose(model.norm(constant(x)).value(), (x - mean) * rsqrt(variance + 1e-5) * weight + bias, 1e-5, 1e-5));
    model.norm.train();
    model.norm(constant(x));  // statistics that are counted again last until the end of the block
    CHECK(model.buffers()[2].item() == 5);
  }
  check_equal(model.buffers(), trained);
}

TEST_CASE("without buffers, the averaged weights are used with the model's latest statistics") {
  Normalised model;
  optim::Ema ema(model.norm.parameters(), {.decay = 0.75});
  model.train(3);
  ema.update();
  CHECK(ema.averages().size() == 2);
  const std::vector<Tensor> latest = model.buffers();
  const auto averaged = ema.apply();
  check_equal(model.buffers(), latest);
}

TEST_CASE("averages of buffers are saved with the others, and continue") {
  Normalised model, other;
  optim::Ema whole(model.norm.parameters(), model.norm.buffers()),
      resumed(model.norm.parameters(), model.norm.buffers());
  model.train(1);
  whole.update();
  resumed.load_state_dict(whole.state_dict());
  model.train(2);
  whole.update();
  resumed.update();
  check_equal(resumed.averages(), whole.averages());
  optim::Ema weights(other.norm.parameters());
  CHECK(error_of([&] { weights.load_state_dict(whole.state_dict()); }) ==
        "ema: load_state_dict: 6 entries, but only 3 are known: there are 2 parameters and buffers");
  CHECK(error_of([&] { whole.load_state_dict(weights.state_dict()); }) ==
        "ema: load_state_dict: running_mean is missing");
}
