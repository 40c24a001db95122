// Optimizers, schedules and clipping. Expected values are PyTorch 1.13's.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "optim/adadelta.h"
#include "optim/adagrad.h"
#include "optim/adam.h"
#include "optim/adamax.h"
#include "optim/adamw.h"
#include "optim/asgd.h"
#include "optim/clip.h"
#include "optim/ema.h"
#include "optim/lion.h"
#include "optim/monitor.h"
#include "optim/nadam.h"
#include "optim/radam.h"
#include "optim/rmsprop.h"
#include "optim/rprop.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/paths.h"

using namespace hourglass;

namespace {

using Json = nlohmann::json;
using Parameters = std::vector<Parameter>;
using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(Parameters)>;

template <class O, class Options>
MakeOptimizer make(Options options) {
  return [options](Parameters parameters) { return std::make_unique<O>(std::move(parameters), options); };
}

// What pytorch_optim_reference.py has written: where optimizers are after 50 steps, and how it got there.
const Json& reference() {
  static const Json json = Json::parse(std::ifstream(test::source_path("tests/reference/data/pytorch_optim.json")));
  return json;
}

struct Trajectory {
  const char* name;  // in the reference
  MakeOptimizer make;
};

const std::vector<Trajectory> kTrajectories{
    {"SGD", make<optim::SGD>(optim::SGDOptions{.lr = 0.05})},
    {"SGD, weight decay", make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .weight_decay = 0.1})},
    {"SGD, momentum", make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .momentum = 0.9})},
    {"SGD, dampening",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01})},
    {"SGD, Nesterov",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true})},
    {"SGD, maximize",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.001, .momentum = 0.5, .weight_decay = 0.5, .maximize = true})},
    {"Adam", make<optim::Adam>(optim::AdamOptions{.lr = 0.05})},
    {"Adam, all options",
     make<optim::Adam>(optim::AdamOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1})},
    {"Adam, amsgrad",
     make<optim::Adam>(optim::AdamOptions{.lr = 0.02, .betas = {0.9, 0.8}, .weight_decay = 0.1, .amsgrad = true})},
    {"Adam, maximize", make<optim::Adam>(optim::AdamOptions{.lr = 0.001, .maximize = true})},
    {"AdamW", make<optim::AdamW>(optim::AdamWOptions{.lr = 0.05})},
    {"AdamW, all options",
     make<optim::AdamW>(optim::AdamWOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.2})},
    {"AdamW, amsgrad", make<optim::AdamW>(optim::AdamWOptions{.lr = 0.02, .betas = {0.9, 0.8}, .amsgrad = true})},
    {"NAdam", make<optim::NAdam>(optim::NAdamOptions{.lr = 0.05})},
    {"NAdam, all options",
     make<optim::NAdam>(optim::NAdamOptions{
         .lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1, .momentum_decay = 0.1})},
    {"RAdam", make<optim::RAdam>(optim::RAdamOptions{.lr = 0.05})},
    {"RAdam, all options",
     make<optim::RAdam>(optim::RAdamOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1})},
    {"Adamax", make<optim::Adamax>(optim::AdamaxOptions{.lr = 0.05})},
    {"Adamax, all options",
     make<optim::Adamax>(optim::AdamaxOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1})},
    {"RMSprop", make<optim::RMSprop>(optim::RMSpropOptions{.lr = 0.01})},
    {"RMSprop, weight decay",
     make<optim::RMSprop>(optim::RMSpropOptions{.lr = 0.01, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1})},
    {"RMSprop, momentum", make<optim::RMSprop>(optim::RMSpropOptions{.lr = 0.01, .alpha = 0.9, .momentum = 0.7})},
    {"RMSprop, centered",
     make<optim::RMSprop>(optim::RMSpropOptions{.lr = 0.01, .alpha = 0.9, .eps = 1e-2, .centered = true})},
    {"RMSprop, all options",
     make<optim::RMSprop>(optim::RMSpropOptions{
         .lr = 0.005, .alpha = 0.9, .eps = 1e-2, .weight_decay = 0.1, .momentum = 0.5, .centered = true})},
    {"Adagrad", make<optim::Adagrad>(optim::AdagradOptions{.lr = 0.1})},
    {"Adagrad, all options",
     make<optim::Adagrad>(optim::AdagradOptions{
         .lr = 0.2, .lr_decay = 0.1, .weight_decay = 0.1, .initial_accumulator_value = 0.3, .eps = 1e-3})},
    {"Adadelta", make<optim::Adadelta>(optim::AdadeltaOptions{})},
    {"Adadelta, all options",
     make<optim::Adadelta>(optim::AdadeltaOptions{.lr = 5, .rho = 0.8, .eps = 1e-4, .weight_decay = 0.1})},
    {"ASGD", make<optim::ASGD>(optim::ASGDOptions{.lr = 0.05})},
    {"ASGD, all options",
     make<optim::ASGD>(optim::ASGDOptions{.lr = 0.05, .lambd = 0.1, .alpha = 0.6, .t0 = 20, .weight_decay = 0.1})},
    {"Rprop", make<optim::Rprop>(optim::RpropOptions{})},
    {"Rprop, all options",
     make<optim::Rprop>(optim::RpropOptions{.lr = 0.05, .etas = {0.4, 1.3}, .step_sizes = {1e-3, 0.1}})},
};

Tensor noise(int step, std::int64_t first, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t k = first; k < first + count; ++k)
    values.push_back(static_cast<double>((step * 7 + k * 5) % 13 - 6) / 8);
  return Tensor::from(values);
}

Parameters two_parameters(Dtype dtype) {
  return {Parameter("a", to(Tensor::from<double>({0.5, -1.25, 2}), dtype)),
          Parameter("b", to(Tensor::from<double>({0.125, -0.75}), dtype))};
}
std::vector<Var> gradients_f64(const Parameters& parameters, int step) {
  std::vector<Var> all;
  for (std::size_t i = 0; i < 2; ++i) {
    const Tensor& p = parameters[i].value();
    all.push_back(constant(p * p * p - p * 0.5 + noise(step, static_cast<std::int64_t>(i) * 4, p.numel())));
  }
  return all;
}
std::vector<Var> gradients_f32(const Parameters& parameters, int step) {
  std::vector<Var> all;
  for (std::int64_t i = 0; i < 2; ++i) {
    const std::int64_t first = i * 4, count = parameters[static_cast<std::size_t>(i)].numel();
    const Tensor k = to(arange(first, first + count), Dtype::f64);
    all.push_back(constant(to(noise(step, first, count) + k / 8.0 - 0.25, Dtype::f32)));
  }
  return all;
}

std::vector<double> values(const Parameters& parameters) {
  std::vector<double> all;
  for (const Parameter& p : parameters)
    for (const double x : to(p.value(), Dtype::f64).to_vector<double>()) all.push_back(x);
  return all;
}

// ASGD's averages are what it is for.
std::vector<double> with_averages(const Parameters& parameters, const optim::Optimizer& optimizer) {
  std::vector<double> all = values(parameters);
  for (const auto& [name, x] : optimizer.state_dict())
    if (name.ends_with(".ax"))
      for (const double one : to(x, Dtype::f64).to_vector<double>()) all.push_back(one);
  return all;
}

void check_relative(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CAPTURE(got[i]);
    CAPTURE(expected[i]);
    CHECK(std::abs(got[i] - expected[i]) <= tolerance * std::abs(expected[i]));
  }
}

}  // namespace

TEST_CASE("50 steps of every optimizer end where PyTorch's end, in f64 and in f32, on every instruction set") {
  CHECK(reference()["trajectories"].size() == kTrajectories.size());
  for (const char* set : {"sse2", "avx2", "avx512bw", "neon64"}) {
    const Kernels* const table = kernels_named(set);
    if (table == nullptr) continue;
    CAPTURE(set);
    use_kernels(table);
    for (const Trajectory& trajectory : kTrajectories) {
      CAPTURE(trajectory.name);
      const Parameters exact = two_parameters(Dtype::f64), single = two_parameters(Dtype::f32);
      const auto exact_optimizer = trajectory.make(exact), single_optimizer = trajectory.make(single);
      for (int step = 1; step <= 50; ++step) {
        exact_optimizer->step(gradients_f64(exact, step));
        single_optimizer->step(gradients_f32(single, step));
      }
      const Json& end = reference()["trajectories"][trajectory.name];
      check_relative(with_averages(exact, *exact_optimizer), end["f64"], 1e-12);
      check_relative(with_averages(single, *single_optimizer), end["f32"], 1e-6);
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

TEST_CASE("groups have options, learning rates and step counts of their own") {
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
  for (const Trajectory& trajectory : kTrajectories) {
    CAPTURE(trajectory.name);
    std::vector<std::vector<double>> results;
    for (const int threads : {1, 2, 4}) {
      set_num_threads(threads);
      Rng rng(1);
      Parameters parameters;  // sizes that end in the middle of chunks and of registers
      for (const std::int64_t n : {100000, 1, 0, 17, 8191, 3})
        parameters.emplace_back("p" + std::to_string(n), rng.normal({n}));
      parameters.emplace_back("wide", rng.normal({301}, 0, 1, Dtype::f64));
      const auto optimizer = trajectory.make(parameters);
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

TEST_CASE("a number moves the same wherever it stands in its tensor") {
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

TEST_CASE("a step writes in place once the graph has let go of the parameters") {
  const Parameter w("w", ones({4096}));
  optim::Adam adam({w});
  const std::byte* const place = w.value().storage().data();
  for (int step = 0; step < 3; ++step) {
    const Var loss = sum(square(w));
    adam.step(grad(loss, Parameters{w}));
    CHECK(w.value().storage().data() == place);
  }
}

TEST_CASE("an optimizer goes on from its state to equal bits") {
  for (const Trajectory& trajectory : kTrajectories) {
    CAPTURE(trajectory.name);
    const Parameters whole = two_parameters(Dtype::f64);
    const auto uninterrupted = trajectory.make(whole);
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
    const auto second = trajectory.make(resumed);
    second->load_state_dict(saved);
    CHECK(second->steps() == 10);
    for (int step = 11; step <= 20; ++step) second->step(gradients_f64(resumed, step));
    CHECK(values(resumed) == values(whole));
  }
}

TEST_CASE("an optimizer's state is named after its parameters, and must fit") {
  const Parameter w("encoder.weight", ones({2, 3}));
  optim::Adam adam({w});
  adam.step({constant(ones({2, 3}))});
  StateDict state = adam.state_dict();
  REQUIRE(state.size() == 4);
  CHECK(state[0].first == "step");
  CHECK(state[0].second.item() == 1);
  CHECK(state[1].first == "lr");
  CHECK(state[2].first == "encoder.weight.exp_avg");
  CHECK(state[3].first == "encoder.weight.exp_avg_sq");

  state[3].second = zeros({3, 2});
  CHECK(error_of([&] { adam.load_state_dict(state); }) ==
        "adam: load_state_dict: encoder.weight.exp_avg_sq is f32[2, 3] here and f32[3, 2] there");
  CHECK(error_of([&] {
          adam.load_state_dict({state[0], state[1], state[2]});
        }) == "adam: load_state_dict: encoder.weight.exp_avg_sq is missing");
  state = adam.state_dict();
  state.emplace_back("decoder.weight.exp_avg", zeros({1}));
  CHECK(error_of([&] { adam.load_state_dict(state); }) == "adam: load_state_dict: 5 names, but only 4 are known");
  state = adam.state_dict();
  state[0].second = Tensor::from<std::int64_t>({-1});
  CHECK(error_of([&] { adam.load_state_dict(state); }) == "adam: load_state_dict: step must be at least 0, got -1");
  state[0].second = scalar(1, Dtype::i64);
  CHECK(error_of([&] { adam.load_state_dict(state); }) == "adam: load_state_dict: step is i64[1] here and i64[] there");
  CHECK(adam.steps() == 1);
}

TEST_CASE("an optimizer says which gradient does not fit") {
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

TEST_CASE("options that make no sense are errors") {
  const Parameter w("w", ones({2}));
  CHECK(error_of([&] { optim::Adam({}); }) == "adam: there are no parameters to optimize");
  CHECK(error_of([&] { optim::Adam({w, w.renamed("again")}); }) == "adam: parameter again is given twice");
  CHECK(error_of([&] { optim::Adam({w}, {.lr = -1}); }) ==
        "adam: the learning rate must be a number of at least 0, got -1");
  CHECK(error_of([&] { optim::AdamW({w}, {.betas = {0.9, 1}}); }) == "adamw: betas must lie in [0, 1), got 1");
  CHECK(error_of([&] { optim::SGD({w}, {.nesterov = true}); }) == "sgd: nesterov needs a momentum and no dampening");
}

TEST_CASE("a fused step says what does not fit") {
  Tensor value = ones({2}), memory = ones({3});
  const Tensor gradient = ones({2});
  CHECK(error_of([&] {
          update(AdamUpdate{}, std::vector<UpdateItem>{{value, gradient, {}}});
        }) == "update: needs 2 tensors of memory, got 0");
  CHECK(error_of([&] {
          update(SgdMomentumUpdate{}, std::vector<UpdateItem>{{value, gradient, {&memory, 1}}});
        }) == "update: the parameter is f32[2], its memory f32[3]");
}

// ---- clipping and schedules

TEST_CASE("clipping by the norm is PyTorch's") {
  struct Row {
    double max_norm, norm_type, norm;
    std::vector<double> clipped;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Row& row :
       std::vector<Row>{{6.5, 2, 13, {1.4999998846153937, 1.9999998461538582, 5.999999538461575}},
                        {100, 2, 13, {3, 4, 12}},
                        {4, infinity, 12, {0.9999999166666738, 1.3333332222222316, 3.999999666666695}},
                        {3, 1, 19, {0.47368418559556913, 0.6315789141274255, 1.8947367423822765}},
                        {2, 3, 12.207054953820634, {0.4915190052948095, 0.6553586737264127, 1.966076021179238}}}) {
    CAPTURE(row.norm_type);
    const auto [gradients, norm] =
        optim::clip_grad_norm({constant(Tensor::from<double>({3, 4})), constant(Tensor::from<double>({12}, {1, 1}))},
                              row.max_norm, row.norm_type);
    CHECK(norm == doctest::Approx(row.norm).epsilon(1e-14));
    CHECK(gradients[1].shape() == Shape{1, 1});
    std::vector<double> all = gradients[0].value().to_vector<double>();
    all.push_back(gradients[1].item());
    check_relative(all, row.clipped, 1e-14);
  }
}

TEST_CASE("a gradient that is not a number is not hidden by clipping") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double type : {2.0, std::numeric_limits<double>::infinity()}) {
    const auto clipped = optim::clip_grad_norm({constant(full({2}, nan)), constant(ones({2}))}, 1, type);
    CHECK(std::isnan(clipped.norm));
    CHECK(std::isnan(max(clipped.gradients[1].value()).item()));
  }
}

TEST_CASE("clipping by value keeps every number within bounds") {
  const std::vector<Var> clipped = optim::clip_grad_value({constant(Tensor::from<double>({-3, 0.5, 2}))}, 1);
  CHECK(clipped[0].value().to_vector<double>() == std::vector<double>{-1, 0.5, 1});
}

TEST_CASE("schedules are PyTorch's, and so is where training gets to with them") {
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
  CHECK(reference()["schedules"].size() == schedules.size());
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
    check_relative(rates, reference()["schedules"][name]["rates"], 1e-11);
    check_relative(values(parameters), reference()["schedules"][name]["end"], 1e-10);
  }
  const auto check_momenta = [](const char* name, const auto& one) {
    CAPTURE(name);
    std::vector<double> momenta;
    for (int step = 0; step < 50; ++step) momenta.push_back(one.momentum(step));
    check_relative(momenta, reference()["schedules"][name]["momenta"], 1e-12);
  };
  check_momenta("OneCycleLR", cycle);
  check_momenta("OneCycleLR, linear", straight);
  check_momenta("OneCycleLR, three phases", three);
  check_momenta("CyclicLR", cyclic);
  check_momenta("CyclicLR, triangular2", halving);
  check_momenta("CyclicLR, exp_range", falling);
}

TEST_CASE("schedules say what they cannot be asked") {
  CHECK(error_of([] { optim::StepLR{.lr = 1, .step_size = 0}(1); }) == "step_lr: step_size must be positive, got 0");
  CHECK(error_of([] { optim::ExponentialLR{.lr = 1, .gamma = 0.5}(-1); }) == "exponential_lr: there is no time -1");
  CHECK(error_of([] { optim::OneCycleLR{.max_lr = 1, .total_steps = 5}(5); }) ==
        "one_cycle_lr: step 5 of a cycle of 5 steps");
  CHECK(error_of([] {
          optim::SequentialLR{{optim::ExponentialLR{1, 1}}, {3}}(0);
        }) == "sequential_lr: 1 schedules need 0 milestones, got 1");
}

TEST_CASE("what is annealed goes from one value to the other, and anew after each period") {
  const optim::Anneal beta{.from = 0, .to = 4, .steps = 4, .start = 2};
  std::vector<double> ramp;
  for (int step = 0; step < 8; ++step) ramp.push_back(beta(step));
  CHECK(ramp == std::vector<double>{0, 0, 0, 1, 2, 3, 4, 4});
  const optim::Anneal cyclical{.from = 0, .to = 1, .steps = 2, .period = 4};
  CHECK(cyclical(1) == 0.5);
  CHECK(cyclical(3) == 1);
  CHECK(cyclical(4) == 0);
  CHECK(cyclical(5) == 0.5);
  const optim::Anneal temperature{.from = 1, .to = 0.25, .steps = 2, .curve = optim::Curve::exponential};
  CHECK(temperature(1) == doctest::Approx(0.5));
  const optim::Anneal smooth{.from = 1, .to = 3, .steps = 4, .curve = optim::Curve::cosine};
  CHECK(smooth(1) == doctest::Approx(3 - (1 + std::sqrt(0.5))));
  CHECK(error_of([] { optim::Anneal{.from = 0, .to = 1, .steps = 2, .curve = optim::Curve::exponential}(1); }) ==
        "anneal: an exponential needs positive ends, got 0 and 1");
}

// ---- what looks at how training goes

TEST_CASE("the learning rate falls on a plateau when PyTorch's does, also after a break") {
  const std::vector<std::pair<std::string, optim::ReduceLROnPlateauOptions>> all{
      {"relative", {.patience = 3}},
      {"absolute",
       {.factor = 0.5, .patience = 2, .threshold = 0.02, .relative = false, .cooldown = 3, .min_lr = 0.004}},
      {"max", {.mode = optim::Mode::max, .factor = 0.3, .patience = 4}},
  };
  CHECK(reference()["plateaus"].size() == all.size());
  for (const auto& entry : all) {
    const auto& [name, options] = entry;
    CAPTURE(entry.first);
    const Json& expected = reference()["plateaus"][name];
    std::vector<double> rates;
    optim::ReduceLROnPlateau plateau(0.05, options);
    for (const double loss : expected["losses"]) {
      rates.push_back(plateau.step(loss));
      const StateDict state = plateau.state_dict();
      plateau = optim::ReduceLROnPlateau(1, options);
      plateau.load_state_dict(state);
    }
    check_relative(rates, expected["rates"], 1e-12);
  }
}

TEST_CASE("early stopping waits, stops, and has the best weights") {
  const Parameter w("w", zeros({1}));
  optim::EarlyStopping stopping({.patience = 2, .min_delta = 0.1});
  const std::vector<double> losses{3, 2, 1.95, std::numeric_limits<double>::quiet_NaN(), 1};
  std::vector<bool> stops;
  for (const double loss : losses) {
    stops.push_back(stopping.step(loss, {{"w", w.value()}}));
    w.mutable_value() = w.value() + 1;
    const StateDict state = stopping.state_dict();  // a break in between changes nothing
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

TEST_CASE("the average of weights follows them, and steps in for them while it is asked to") {
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

  const Parameter again("w", zeros({2}, Dtype::f64));
  optim::Ema second({again}, {.decay = 0.75});
  second.load_state_dict(ema.state_dict());
  CHECK(equal(second.averages()[0], ema.averages()[0]));
  CHECK(error_of([&] {
          second.load_state_dict({{"step", scalar(1, Dtype::i64)}});
        }) == "ema: load_state_dict: w is missing");
}
