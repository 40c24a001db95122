// SPDX-License-Identifier: MIT
// Optimizers: the same steps as PyTorch 1.13, on any number of threads; groups, states, copy-on-write and errors.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "optim/adam.h"
#include "optim/adamw.h"
#include "optim/ema.h"
#include "optim/lion.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/numbers.h"
#include "tests/optim/problem.h"
#include "tests/tables/optimizer_table.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// The parameters, and the averages that ASGD keeps.
std::vector<double> with_averages(const Parameters& parameters, const optim::Optimizer& optimizer) {
  std::vector<double> all = values(parameters);
  for (const auto& [name, x] : optimizer.state_dict())
    if (name.ends_with(".ax"))
      for (const double one : to(x, Dtype::f64).to_vector<double>()) all.push_back(one);
  return all;
}

}  // namespace

TEST_CASE("50 steps of every optimizer end where PyTorch's end, in f64 and in f32, on every instruction set") {
  const Json expected = pytorch_optim("trajectories");
  const auto known = [&](const OptimizerRow& row) { return expected.contains(row.name); };
  CHECK(std::count_if(optimizer_table().begin(), optimizer_table().end(), known) == std::ssize(expected.keys()));
  for (const char* set : {"sse2", "avx2", "avx512bw", "neon64"}) {
    const Kernels* const table = kernels_named(set);
    if (table == nullptr) continue;
    CAPTURE(set);
    use_kernels(table);
    for (const OptimizerRow& row : optimizer_table()) {
      CAPTURE(row.name);
      if (!known(row)) continue;
      const Parameters exact = two_parameters(Dtype::f64), single = two_parameters(Dtype::f32);
      const auto exact_optimizer = row.make(exact), single_optimizer = row.make(single);
      for (int step = 1; step <= 50; ++step) {
        exact_optimizer->step(gradients_f64(exact, step));
        single_optimizer->step(gradients_f32(single, step));
      }
      const Json end = expected[row.name];
      check_relative(with_averages(exact, *exact_optimizer), end["f64"].numbers(), 1e-12);
      check_relative(with_averages(single, *single_optimizer), end["f32"].numbers(), 1e-6);
    }
  }
  use_kernels(nullptr);
}

TEST_CASE("Lion moves every number by lr against the sign of its momentum") {
  // 50 steps of the paper's program, number by number.
  const optim::LionOptions o{.lr = 0.01, .betas = {0.8, 0.95}, .weight_decay = 0.1};
  const Parameters parameters = two_parameters(Dtype::f64);
  optim::Lion lion(parameters, o);
  std::vector<double> p = values(parameters), m(p.size(), 0);
  for (int step = 1; step <= 50; ++step) {
    const std::vector<Var> gradients = gradients_f64(parameters, step);
    lion.step(gradients);
    std::vector<double> g = gradients[0].value().to_vector<double>();
    for (const double one : gradients[1].value().to_vector<double>()) g.push_back(one);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double u = o.betas.first * m[i] + (1 - o.betas.first) * g[i];
      p[i] -= o.lr * ((u > 0 ? 1 : u < 0 ? -1 : 0) + o.weight_decay * p[i]);
      m[i] = o.betas.second * m[i] + (1 - o.betas.second) * g[i];
    }
  }
  check_relative(values(parameters), p, 1e-12);
}

TEST_CASE("a gradient of NaN makes its own number NaN, and no other") {
  for (const OptimizerRow& row : optimizer_table()) {
    CAPTURE(row.name);
    const Parameter p("p", ones({2}));
    row.make({p})->step({constant(Tensor::from<float>({static_cast<float>(test::kNan), 0.25F}))});
    const std::vector<float> after = p.value().to_vector<float>();
    // In PyTorch, too, the sign of NaN is 0, and Rprop needs only the sign.
    CHECK(std::isnan(after[0]) == !std::string_view(row.name).starts_with("Rprop"));
    CHECK(std::isfinite(after[1]));
    CHECK(after[1] != 1);
  }
}

TEST_CASE("each group has its own options, learning rate and step count") {
  const Parameters whole = two_parameters(Dtype::f64);
  const Parameters first = two_parameters(Dtype::f64), second = two_parameters(Dtype::f64);
  optim::Adam grouped({whole[0]}, {.lr = 0.05}), alone({first[0]}, {.lr = 0.05});
  optim::Adam late({second[1]}, {.lr = 0.02, .betas = {0.8, 0.95}, .weight_decay = 0.1});
  for (int step = 1; step <= 20; ++step) {
    if (step == 4) grouped.add_param_group({whole[1]}, {.lr = 0.02, .betas = {0.8, 0.95}, .weight_decay = 0.1});
    if (step == 9) {
      grouped.set_lr(1, 0.03);
      late.set_lr(0.03);
    }
    const std::vector<Var> gradients = gradients_f64(whole, step);
    grouped.step(step < 4 ? std::vector<Var>{gradients[0]} : gradients);
    alone.step({gradients[0]});
    if (step >= 4) late.step({gradients[1]});
  }
  CHECK(equal(whole[0].value(), first[0].value()));
  CHECK(equal(whole[1].value(), second[1].value()));
  CHECK(grouped.num_groups() == 2);
  CHECK(grouped.parameters().size() == 2);
  CHECK(grouped.lr() == 0.05);
  CHECK(grouped.lr(1) == 0.03);
  CHECK(grouped.options(1).weight_decay == 0.1);
  CHECK(equal(grouped.state_dict()[0].second, Tensor::from<std::int64_t>({20, 17})));
  CHECK(equal(grouped.state_dict()[1].second, Tensor::from<double>({0.05, 0.03})));
  CHECK(error_of([&] { grouped.lr(2); }) == "adam: there is no group 2, only 2");
  CHECK(error_of([&] { grouped.add_param_group({whole[0]}, {}); }) == "adam: parameter a is given twice");
  CHECK(error_of([&] { grouped.add_param_group({}, {}); }) == "adam: there are no parameters to optimize");
  CHECK(grouped.num_groups() == 2);
}

TEST_CASE("optimizers give equal bits on 1, 2 and 4 threads") {
  const int threads_before = num_threads();
  for (const OptimizerRow& row : optimizer_table()) {
    CAPTURE(row.name);
    std::vector<std::vector<double>> results;
    for (const int threads : {1, 2, 4}) {
      set_num_threads(threads);
      Rng rng(1);
      Parameters parameters;  // sizes that end in the middle of chunks and of registers
      for (const std::int64_t n : {100000, 1, 0, 17, 8191, 3})
        parameters.emplace_back("p" + std::to_string(n), rng.normal({n}));
      parameters.emplace_back("wide", rng.normal({301}, 0, 1, Dtype::f64));
      const auto optimizer = row.make(parameters);
      for (int step = 0; step < 3; ++step) {
        std::vector<Var> gradients;
        for (const Parameter& p : parameters) gradients.push_back(constant(rng.normal(p.shape(), 0, 1, p.dtype())));
        optimizer->step(gradients);
      }
      results.push_back(values(parameters));
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
  }
  set_num_threads(threads_before);
}

TEST_CASE("the step of a number does not depend on its position in the tensor") {
  for (const std::int64_t n : {1, 3, 7, 8, 15, 33}) {
    const Parameter p("p", full({n}, 0.3));
    optim::Adam adam({p}, {.lr = 0.1});
    for (int step = 0; step < 3; ++step) adam.step({constant(full({n}, 0.7))});
    const std::vector<float> x = p.value().to_vector<float>();
    for (const float one : x) CHECK(one == x[0]);
  }
}

TEST_CASE("a gradient may be a view with gaps") {
  Rng rng(2);
  const Tensor start = rng.normal({5, 7}), g = rng.normal({7, 5});
  const Parameter a("a", start), b("b", start);
  optim::Adam first({a}), second({b});
  first.step({constant(transpose(g, 0, 1))});
  second.step({constant(contiguous(transpose(g, 0, 1)))});
  CHECK(equal(a.value(), b.value()));
  first.step({constant(expand(scalar(1), {5, 7}))});
  second.step({constant(ones({5, 7}))});
  CHECK(equal(a.value(), b.value()));
}

TEST_CASE("a graph keeps its values when the optimizer steps") {
  const Parameter w("w", Tensor::from<double>({3}));
  optim::SGD sgd({w}, {.lr = 1});
  const Var y = sum(square(Var(w)));
  const Tensor held = w.value();
  sgd.step({constant(Tensor::from<double>({1}))});
  CHECK(w.value().item() == 2);
  CHECK(held.item() == 3);
  CHECK(grad(y, w).item() == 6);
  // The gradient may even be the parameter's own memory.
  sgd.step({constant(w.value())});
  CHECK(w.value().item() == 0);
}

TEST_CASE("a step writes in place once the graph has released the parameters") {
  const Parameter w("w", ones({4096}));
  optim::Adam adam({w});
  const std::byte* const place = w.value().storage().data();
  for (int step = 0; step < 3; ++step) {
    const Var loss = sum(square(w));
    adam.step(grad(loss, Parameters{w}));
    CHECK(w.value().storage().data() == place);
  }
}

TEST_CASE("an optimizer that continues from its state ends in equal bits") {
  for (const OptimizerRow& row : optimizer_table()) {
    CAPTURE(row.name);
    const Parameters whole = two_parameters(Dtype::f64);
    const auto uninterrupted = row.make(whole);
    StateDict saved;
    std::vector<Tensor> weights;
    for (int step = 1; step <= 20; ++step) {
      uninterrupted->step(gradients_f64(whole, step));
      if (step != 10) continue;
      saved = uninterrupted->state_dict();
      for (const Parameter& p : whole) weights.push_back(p.value());
    }
    const Parameters resumed = two_parameters(Dtype::f64);
    for (std::size_t i = 0; i < 2; ++i) resumed[i].set_value(weights[i]);
    const auto second = row.make(resumed);
    second->load_state_dict(saved);
    CHECK(second->steps() == 10);
    for (int step = 11; step <= 20; ++step) second->step(gradients_f64(resumed, step));
    CHECK(values(resumed) == values(whole));
  }
}

TEST_CASE("centred RMSprop stays finite when all gradients are equal") {
  // v - m² is then only rounding errors, of either sign in f32.
  for (const double g : {0.1, 0.7, 3.3}) {
    CAPTURE(g);
    const Parameter p("p", zeros({33}));
    optim::RMSprop rmsprop({p}, {.lr = 1e-3, .alpha = 0.5, .eps = 1e-3, .centered = true});
    for (int step = 0; step < 200; ++step) rmsprop.step({constant(full({33}, g))});
    CHECK(all(isfinite(p.value())).item() == 1);
    CHECK(max(p.value()).item() < 0);
  }
}

TEST_CASE("parameters of the same name keep states of their own") {
  const auto twins = [] { return Parameters{{"weight", ones({2}, Dtype::f64)}, {"weight", ones({2}, Dtype::f64)}}; };
  const auto gradients = [](double step) {
    return std::vector<Var>{constant(full({2}, step, Dtype::f64)), constant(full({2}, -3 * step, Dtype::f64))};
  };
  for (const OptimizerRow& row : optimizer_table()) {
    CAPTURE(row.name);
    const Parameters whole = twins(), resumed = twins();
    const auto first = row.make(whole), second = row.make(resumed);
    for (const double step : {1.0, 2.0}) first->step(gradients(step));
    second->load_state_dict(first->state_dict());
    for (std::size_t i = 0; i < 2; ++i) resumed[i].set_value(whole[i].value());
    std::set<std::string> keys;
    for (const auto& [key, value] : first->state_dict()) CHECK_MESSAGE(keys.insert(key).second, key);
    first->step(gradients(3));
    second->step(gradients(3));
    CHECK(values(resumed) == values(whole));
  }
  const Parameters pair{{"weight", ones({2})}, {"weight", ones({3})}};  // shapes may differ
  optim::Adam adam(pair);
  CHECK_NOTHROW(adam.load_state_dict(optim::Adam(pair).state_dict()));
  optim::Ema ema(pair), again(pair);
  pair[1].set_value(zeros({3}));
  ema.update();
  again.load_state_dict(ema.state_dict());
  for (std::size_t i = 0; i < 2; ++i) CHECK(equal(again.averages()[i], ema.averages()[i]));
}

TEST_CASE("an optimizer's state is in the order of its parameters, and must fit") {
  const Parameter w("encoder.weight", ones({2, 3}));
  optim::Adam adam({w});
  adam.step({constant(ones({2, 3}))});
  StateDict state = adam.state_dict();
  REQUIRE(state.size() == 4);
  CHECK(state[0].first == "step");
  CHECK(state[0].second.item() == 1);
  CHECK(state[1].first == "lr");
  CHECK(state[2].first == "0.exp_avg");
  CHECK(state[3].first == "0.exp_avg_sq");

  state[3].second = zeros({3, 2});
  CHECK(error_of([&] { adam.load_state_dict(state); }) ==
        "adam: load_state_dict: encoder.weight.exp_avg_sq is f32[2, 3] here and f32[3, 2] there");
  CHECK(error_of([&] {
          adam.load_state_dict({state[0], state[1], state[2]});
        }) == "adam: load_state_dict: encoder.weight.exp_avg_sq is missing");
  state = adam.state_dict();
  state.emplace_back("1.exp_avg", zeros({1}));
  CHECK(error_of([&] { adam.load_state_dict(state); }) ==
        "adam: load_state_dict: 5 entries, but only 4 are known: there are 1 parameters");
  state = adam.state_dict();
  state[0].second = Tensor::from<std::int64_t>({-1});
  CHECK(error_of([&] { adam.load_state_dict(state); }) == "adam: load_state_dict: step must be at least 0, got -1");
  state[0].second = scalar(1, Dtype::i64);
  CHECK(error_of([&] { adam.load_state_dict(state); }) == "adam: load_state_dict: step is i64[1] here and i64[] there");
  CHECK(adam.steps() == 1);
}

TEST_CASE("an error names the gradient that does not fit") {
  const Parameter w("encoder.weight", ones({2, 3})), b("encoder.bias", ones({2}));
  optim::SGD sgd({w, b});
  CHECK(error_of([&] { sgd.step({constant(ones({2, 3}))}); }) == "sgd: 1 gradients for 2 parameters");
  CHECK(error_of([&] {
          sgd.step({constant(ones({2, 3})), constant(ones({3}))});
        }) == "sgd: parameter encoder.bias is f32[2], its gradient f32[3]");
  CHECK(error_of([&] {
          sgd.step({constant(ones({2, 3}, Dtype::f64)), constant(ones({2}))});
        }) == "sgd: parameter encoder.weight is f32[2, 3], its gradient f64[2, 3]");
  CHECK(sgd.steps() == 0);
  CHECK(equal(w.value(), ones({2, 3})));

  optim::Adam adam({b});
  b.set_value(ones({2}, Dtype::f64));
  CHECK(error_of([&] { adam.step({constant(ones({2}, Dtype::f64))}); }) ==
        "adam: parameter encoder.bias became f64 after the optimizer was made; make a new one");
}

TEST_CASE("invalid options are errors") {
  const Parameter w("w", ones({2}));
  CHECK(error_of([&] { optim::Adam({}); }) == "adam: there are no parameters to optimize");
  CHECK(error_of([&] { optim::Adam({w, w.renamed("again")}); }) == "adam: parameter again is given twice");
  CHECK(error_of([&] { optim::Adam({w}, {.lr = -1}); }) ==
        "adam: the learning rate must be a number of at least 0, got -1");
  CHECK(error_of([&] { optim::AdamW({w}, {.betas = {0.9, 1}}); }) == "adamw: betas must lie in [0, 1), got 1");
  CHECK(error_of([&] { optim::SGD({w}, {.nesterov = true}); }) == "sgd: nesterov needs a momentum and no dampening");
}

TEST_CASE("errors of a fused step name what does not fit") {
  Tensor value = ones({2}), memory = ones({3});
  const Tensor gradient = ones({2});
  CHECK(error_of([&] {
          update(AdamUpdate{}, std::vector<UpdateItem>{{value, gradient, {}}});
        }) == "update: needs 2 tensors of memory, got 0");
  CHECK(error_of([&] {
          update(SgdMomentumUpdate{}, std::vector<UpdateItem>{{value, gradient, {&memory, 1}}});
        }) == "update: the parameter is f32[2], its memory f32[3]");
}
