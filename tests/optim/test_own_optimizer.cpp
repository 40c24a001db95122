// SPDX-License-Identifier: MIT
// A user's own optimizer, made with for_each_number. It has all properties of the built-in ones.
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/schedule.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tensor/update.h"
#include "tests/error_of.h"
#include "tests/optim/problem.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// Adam without AMSGrad, as a project with Hourglass's public headers alone would write it.
class OwnAdam : public optim::OptimizerWith<optim::AdamOptions> {
 public:
  explicit OwnAdam(std::vector<Parameter> parameters, optim::AdamOptions options = {}) : OptimizerWith("own_adam") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const optim::AdamOptions& o) const override {
    optim::check_betas(name(), o.betas);
    return {{"exp_avg"}, {"exp_avg_sq"}};
  }
  void update(const optim::AdamOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override {
    const auto [beta1, beta2] = o.betas;
    const double bias_correction1 = 1 - std::pow(beta1, t), bias_correction2 = 1 - std::pow(beta2, t);
    for_each_number(items, [=](auto& p, auto g, auto& m, auto& v) {
      g += o.weight_decay * p;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      p -= o.lr * (m / bias_correction1) / (std::sqrt(v / bias_correction2) + o.eps);
    });
  }
};

const optim::AdamOptions kOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1};

}  // namespace

TEST_CASE("a user's own optimizer makes PyTorch's steps, in f64 and in f32, up and down") {
  const std::vector<std::pair<const char*, optim::AdamOptions>> rows{
      {"Adam, all options", kOptions}, {"Adam, maximize", {.lr = 0.001, .maximize = true}}};
  for (const auto& [name, options] : rows) {
    const Parameters exact = two_parameters(Dtype::f64), single = two_parameters(Dtype::f32);
    OwnAdam exact_optimizer(exact, options), single_optimizer(single, options);
    for (int step = 1; step <= 50; ++step) {
      exact_optimizer.step(gradients_f64(exact, step));
      single_optimizer.step(gradients_f32(single, step));
    }
    const Json end = pytorch_optim("trajectories")[name];
    check_relative(values(exact), end["f64"].numbers(), 1e-12);
    check_relative(values(single), end["f32"].numbers(), 1e-6);
  }
}

TEST_CASE("groups, schedules and clipping work for a user's own optimizer as for a built-in one") {
  const Parameters own = two_parameters(Dtype::f64), built_in = two_parameters(Dtype::f64);
  const optim::CosineAnnealingLR schedule{.lr = 0.05, .T_max = 30};
  const auto run = [&](auto&& optimizer, const Parameters& parameters) {
    for (int step = 1; step <= 30; ++step) {
      if (step == 4) optimizer.add_param_group({parameters[1]}, kOptions);
      optimizer.set_lr(0, schedule(step));
      std::vector<Var> gradients = gradients_f64(parameters, step);
      if (step < 4) gradients.pop_back();
      optimizer.step(optim::clip_grad_norm(std::move(gradients), 0.5).gradients);
    }
    CHECK(equal(optimizer.state_dict()[0].second, Tensor::from<std::int64_t>({30, 27})));
  };
  run(OwnAdam({own[0]}), own);
  run(optim::Adam({built_in[0]}), built_in);
  check_relative(values(own), values(built_in), 1e-12);
}

TEST_CASE("a user's own optimizer gives equal bits on 1, 2 and 4 threads") {
  const int threads_before = num_threads();
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    Rng rng(1);
    Parameters parameters;
    for (const std::int64_t n : {100000, 1, 0, 17, 8191, 3})
      parameters.emplace_back("p" + std::to_string(n), rng.normal({n}));
    parameters.emplace_back("wide", rng.normal({40000}, 0, 1, Dtype::f64));
    OwnAdam optimizer(parameters, kOptions);
    for (int step = 0; step < 3; ++step) {
      std::vector<Var> gradients;
      for (const Parameter& p : parameters) gradients.push_back(constant(rng.normal(p.shape(), 0, 1, p.dtype())));
      optimizer.step(gradients);
    }
    results.push_back(values(parameters));
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
  set_num_threads(threads_before);
}

TEST_CASE("a user's own step writes in place; tensors that share the memory keep the old numbers") {
  const Parameter w("w", ones({4096}));
  OwnAdam optimizer({w});
  const std::byte* const place = w.value().storage().data();
  for (int step = 0; step < 3; ++step) {
    const Var loss = sum(square(w));
    optimizer.step(grad(loss, Parameters{w}));
    CHECK(w.value().storage().data() == place);
  }
  const Tensor held = w.value(), copy = held * 1;
  const StateDict state = optimizer.state_dict();
  const Tensor m = state[2].second * 1;
  optimizer.step({constant(w.value())});  // the gradient may be the parameter's own memory
  CHECK(equal(held, copy));
  CHECK(equal(state[2].second, m));
  CHECK_FALSE(equal(w.value(), held));
}

TEST_CASE("a user's own optimizer that continues from its state ends in equal bits") {
  for (const Dtype dtype : {Dtype::f64, Dtype::f32}) {
    const auto gradients = dtype == Dtype::f64 ? gradients_f64 : gradients_f32;
    const Parameters whole = two_parameters(dtype), first = two_parameters(dtype), second = two_parameters(dtype);
    OwnAdam uninterrupted(whole, kOptions), before(first, kOptions), after(second, kOptions);
    for (int step = 1; step <= 20; ++step) uninterrupted.step(gradients(whole, step));
    for (int step = 1; step <= 10; ++step) before.step(gradients(first, step));
    const StateDict saved = before.state_dict();
    CHECK(saved[2].first == "0.exp_avg");
    for (std::size_t i = 0; i < 2; ++i) second[i].set_value(first[i].value());
    after.load_state_dict(saved);
    CHECK(after.steps() == 10);
    for (int step = 11; step <= 20; ++step) after.step(gradients(second, step));
    CHECK(values(second) == values(whole));
  }
}

TEST_CASE("a user's own step remembers as many numbers as its function takes") {
  Tensor p = Tensor::from<double>({1, 2});
  const Tensor g = Tensor::from<double>({10, 20});
  const auto items = [&](std::span<Tensor> memory) { return std::vector<UpdateItem>{{p, g, memory}}; };
  for_each_number(items({}), [](double& x, double dx) { x -= dx; });
  CHECK(equal(p, Tensor::from<double>({-9, -18})));

  std::vector<Tensor> memory{zeros({2}, Dtype::f64), ones({2}, Dtype::f64), full({2}, 5, Dtype::f64)};
  for_each_number(items(memory), [](double& x, double dx, double& a, double& b, double c) {
    a += dx;
    b -= x;
    x = c;
  });
  CHECK(equal(p, full({2}, 5, Dtype::f64)));
  CHECK(equal(memory[0], g));
  CHECK(equal(memory[1], Tensor::from<double>({10, 19})));
  CHECK(equal(memory[2], full({2}, 5, Dtype::f64)));
  CHECK(error_of([&] { for_each_number(items({}), [](double& x, double, double& a) { x = a; }); }) ==
        "update: needs 1 tensors of memory, got 0");
}
