// SPDX-License-Identifier: MIT
// Numbers that change over time: learning rates and other annealed numbers. Expected values are
// PyTorch 1.13's.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "optim/schedule.h"
#include "optim/sgd.h"
#include "tests/error_of.h"
#include "tests/optim/problem.h"

using namespace hourglass;
using namespace hourglass::test;

TEST_CASE("schedules are PyTorch's, and so are the weights after training with them") {
  using namespace optim;
  const OneCycleLR cycle{.max_lr = 0.2, .total_steps = 50},
      straight{.max_lr = 0.2,
               .total_steps = 50,
               .pct_start = 0.4,
               .linear = true,
               .div_factor = 10,
               .final_div_factor = 100},
      three{.max_lr = 0.2, .total_steps = 50, .three_phase = true};
  const CyclicLR cyclic{.base_lr = 0.01, .max_lr = 0.1, .step_size_up = 6},
      halving{.base_lr = 0.01,
              .max_lr = 0.1,
              .step_size_up = 4,
              .step_size_down = 7,
              .mode = CyclicMode::triangular2,
              .base_momentum = 0.7,
              .max_momentum = 0.95},
      falling{.base_lr = 0.01, .max_lr = 0.1, .step_size_up = 5, .mode = CyclicMode::exp_range, .gamma = 0.97};
  const std::vector<std::pair<std::string, Schedule>> schedules{
      {"LambdaLR", LambdaLR{.lr = 0.05, .factor = [](auto t) { return 1 / (1 + 0.1 * static_cast<double>(t)); }}},
      {"MultiplicativeLR",
       MultiplicativeLR{.lr = 0.05, .factor = [](auto t) { return 1 - 0.5 / (1 + static_cast<double>(t)); }}},
      {"StepLR", StepLR{.lr = 0.05, .step_size = 7, .gamma = 0.5}},
      {"MultiStepLR", MultiStepLR{.lr = 0.05, .milestones = {5, 12, 12, 30}, .gamma = 0.3}},
      {"ExponentialLR", ExponentialLR{.lr = 0.05, .gamma = 0.9}},
      {"PolynomialLR", PolynomialLR{.lr = 0.05, .total_iters = 30, .power = 2}},
      {"ConstantLR", ConstantLR{.lr = 0.05, .factor = 0.25, .total_iters = 8}},
      {"LinearLR", LinearLR{.lr = 0.05, .start_factor = 0.1, .end_factor = 0.8, .total_iters = 20}},
      {"CosineAnnealingLR", CosineAnnealingLR{.lr = 0.05, .T_max = 13, .eta_min = 0.01}},
      {"CosineAnnealingWarmRestarts", CosineAnnealingWarmRestarts{.lr = 0.05, .T_0 = 5, .T_mult = 2, .eta_min = 0.001}},
      {"CosineAnnealingWarmRestarts, equal", CosineAnnealingWarmRestarts{.lr = 0.05, .T_0 = 6}},
      {"OneCycleLR", cycle},
      {"OneCycleLR, linear", straight},
      {"OneCycleLR, three phases", three},
      {"CyclicLR", cyclic},
      {"CyclicLR, triangular2", halving},
      {"CyclicLR, exp_range", falling},
      {"SequentialLR", SequentialLR{{LinearLR{.lr = 0.05, .start_factor = 0.1, .total_iters = 5},
                                     CosineAnnealingLR{.lr = 0.05, .T_max = 45}},
                                    {5}}},
      {"ChainedScheduler",
       ChainedScheduler{0.05,
                        {ConstantLR{.lr = 1, .factor = 0.1, .total_iters = 4}, ExponentialLR{.lr = 1, .gamma = 0.95}}}},
  };
  CHECK(pytorch_optim("schedules").size() == schedules.size());
  for (const auto& entry : schedules) {
    const auto& [name, schedule] = entry;
    CAPTURE(entry.first);
    const Parameters parameters = two_parameters(Dtype::f64);
    SGD sgd(parameters, {.lr = 1, .momentum = 0.9});
    std::vector<double> rates;
    for (int step = 1; step <= 50; ++step) {
      rates.push_back(schedule(step - 1));
      sgd.set_lr(rates.back());
      sgd.step(gradients_f64(parameters, step));
    }
    check_relative(rates, pytorch_optim("schedules")[name]["rates"].numbers(), 1e-11);
    check_relative(values(parameters), pytorch_optim("schedules")[name]["end"].numbers(), 1e-10);
  }
  const auto check_momenta = [](const char* name, const auto& one) {
    CAPTURE(name);
    std::vector<double> momenta;
    for (int step = 0; step < 50; ++step) momenta.push_back(one.momentum(step));
    check_relative(momenta, pytorch_optim("schedules")[name]["momenta"].numbers(), 1e-12);
  };
  check_momenta("OneCycleLR", cycle);
  check_momenta("OneCycleLR, linear", straight);
  check_momenta("OneCycleLR, three phases", three);
  check_momenta("CyclicLR", cyclic);
  check_momenta("CyclicLR, triangular2", halving);
  check_momenta("CyclicLR, exp_range", falling);
}

TEST_CASE("a milestone is the first epoch of the next schedule, which counts from 0 there") {
  const auto from = [](double lr) {
    return optim::LambdaLR{lr, [](std::int64_t epoch) { return static_cast<double>(1 + epoch); }};
  };
  const optim::SequentialLR all{{from(1), from(10), from(100)}, {2, 4}};
  std::vector<double> rates;
  for (std::int64_t epoch = 0; epoch < 6; ++epoch) rates.push_back(all(epoch));
  CHECK(rates == std::vector<double>{1, 2, 10, 20, 100, 200});
}

TEST_CASE("invalid options and steps of schedules are errors") {
  CHECK(error_of([] { optim::StepLR{.lr = 1, .step_size = 0}(1); }) == "step_lr: step_size must be positive, got 0");
  CHECK(error_of([] { optim::ExponentialLR{.lr = 1, .gamma = 0.5}(-1); }) == "exponential_lr: there is no time -1");
  CHECK(error_of([] { optim::OneCycleLR{.max_lr = 1, .total_steps = 5}(5); }) ==
        "one_cycle_lr: step 5 of a cycle of 5 steps");
  CHECK(error_of([] {
          optim::SequentialLR{{optim::ExponentialLR{1, 1}}, {3}}(0);
        }) == "sequential_lr: 1 schedules need 0 milestones, got 1");
}

TEST_CASE("an annealed number goes from one value to the other, and again after each period") {
  const optim::Anneal beta{.from = 0, .to = 4, .steps = 4, .start = 2};
  std::vector<double> ramp;
  for (int step = 0; step < 8; ++step) ramp.push_back(beta(step));
  CHECK(ramp == std::vector<double>{0, 0, 0, 1, 2, 3, 4, 4});
  const optim::Anneal cyclical{.from = 0, .to = 1, .steps = 2, .period = 4};
  CHECK(cyclical(1) == 0.5);
  CHECK(cyclical(3) == 1);
  CHECK(cyclical(4) == 0);
  CHECK(cyclical(5) == 0.5);
  const optim::Anneal late{.from = 0, .to = 1, .steps = 2, .start = 1, .period = 4};
  std::vector<double> ramps;  // periods begin at the start
  for (int step = 0; step < 8; ++step) ramps.push_back(late(step));
  CHECK(ramps == std::vector<double>{0, 0, 0.5, 1, 1, 0, 0.5, 1});
  const optim::Anneal temperature{.from = 1, .to = 0.25, .steps = 2, .curve = optim::Curve::exponential};
  CHECK(temperature(1) == doctest::Approx(0.5));
  const optim::Anneal smooth{.from = 1, .to = 3, .steps = 4, .curve = optim::Curve::cosine};
  CHECK(smooth(1) == doctest::Approx(3 - (1 + std::sqrt(0.5))));
  CHECK(error_of([] { optim::Anneal{.from = 0, .to = 1, .steps = 2, .curve = optim::Curve::exponential}(1); }) ==
        "anneal: an exponential needs positive ends, got 0 and 1");
}
