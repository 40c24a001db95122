// SPDX-License-Identifier: MIT
// What watches a training run: reducing the rate on a plateau, stopping early, averaging the weights.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "optim/ema.h"
#include "optim/monitor.h"
#include "tensor/ops.h"
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
        "ema: load_state_dict: 3 entries, but only 2 are known: there are 1 parameters");
}
